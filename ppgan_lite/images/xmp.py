"""XMP packets: a photo's is carried along to its result, which adds one property of ours.

XMP is XML that any program may add to (ISO 16684-1), so our property displaces nothing that is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.dom.minidom import Document, Element

MAX_JPEG_XMP = 65_533 - len(b"http://ns.adobe.com/xap/1.0/\0")  # one segment

_NAMESPACE = "urn:ppgan-lite:xmp/"
_PROPERTY = "settings"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_HEAD, _TAIL = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n', '\n<?xpacket end="w"?>'
_MAX_BYTES = 4_000_000

# Of the file of the photo, not of its picture: size and orientation of its pixels, pictures and clips that were
# appended to it, its thumbnail, and the second part of its packet.
_OF_THE_FILE = re.compile(
    r"""http://ns\.adobe\.com/tiff/1\.0/\ (Orientation|ImageWidth|ImageLength)
    | http://ns\.adobe\.com/exif/1\.0/\ Pixel[XY]Dimension
    | http://ns\.adobe\.com/xap/1\.0/\ Thumbnails
    | http://ns\.adobe\.com/xmp/note/\ HasExtendedXMP
    | http://ns\.adobe\.com/hdr-gain-map/1\.0/\ .*
    | http://ns\.apple\.com/HDRGainMap/1\.0/\ .*
    | http://ns\.google\.com/photos/1\.0/(container|depthmap|image|audio)/.*
    | http://ns\.google\.com/photos/1\.0/camera/\ (Micro|Motion).*
    | urn:ppgan-lite:xmp/\ .*""",
    re.VERBOSE,
)
# Coordinates: exif:GPSLatitude, and those of drones, such as drone-dji:GpsLongtitude.
_OF_THE_PLACE = re.compile(r".* (gps.*|.*latitude|.*longt?itude|.*altitude)", re.IGNORECASE)


def kept_xmp(packet: object) -> bytes | None:
    """Return the part of a photo's packet that is true of a picture made of it; None for a damaged one.

    Args:
        packet: As a decoder gives it: mostly bytes.
    """
    return _without(packet, lambda name: _OF_THE_FILE.fullmatch(name) is not None)


def without_place(packet: bytes) -> bytes | None:
    """Return a packet without coordinates."""
    return _without(packet, lambda name: _OF_THE_PLACE.fullmatch(name) is not None)


def with_settings(packet: bytes | None, settings: str) -> bytes:
    """Return a packet of `kept_xmp` with a text as our property; a new packet where there is none."""
    if packet is not None and (document := _parsed(packet)) is not None:
        for parent in document.getElementsByTagNameNS(_RDF, "RDF")[:1]:
            about = [element.getAttributeNS(_RDF, "about") for element in _children(parent)]
            own = document.createElementNS(_RDF, "rdf:Description")
            own.setAttribute("xmlns:rdf", _RDF)
            own.setAttribute("rdf:about", about[0] if about else "")  # the same in all of a packet
            own.setAttribute("xmlns:ppgan", _NAMESPACE)
            own.setAttribute(f"ppgan:{_PROPERTY}", settings)
            parent.appendChild(own)
            return _packet(document) or with_settings(None, settings)
    return (
        f'{_HEAD}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
        f'<rdf:Description rdf:about="" xmlns:ppgan="{_NAMESPACE}" ppgan:{_PROPERTY}="{settings.translate(_ESCAPES)}"/>'
        f"</rdf:RDF></x:xmpmeta>{_TAIL}"
    ).encode()


def settings_of(packet: object) -> str | None:
    """Return our property of a packet, however another program has written it since; None where there is none."""
    if not isinstance(packet, (bytes, str)) or (isinstance(packet, bytes) and _NAMESPACE.encode() not in packet):
        return None
    document = _parsed(packet)
    if document is None:
        return None
    for element in _elements(document):
        if element.hasAttributeNS(_NAMESPACE, _PROPERTY):
            return element.getAttributeNS(_NAMESPACE, _PROPERTY)
        if (element.namespaceURI, element.localName) == (_NAMESPACE, _PROPERTY):
            return "".join(node.data for node in element.childNodes if node.nodeType == node.TEXT_NODE)
    return None


def _without(packet: object, is_left_out: Callable[[str], bool]) -> bytes | None:
    """Return a packet without the properties of some names, "namespace name"."""
    document = _parsed(packet)
    if document is None:
        return None
    for element in _elements(document):
        for attribute in list(element.attributes.values()):
            if is_left_out(f"{attribute.namespaceURI} {attribute.localName}"):
                element.removeAttributeNode(attribute)
        if is_left_out(f"{element.namespaceURI} {element.localName}") and element.parentNode is not None:
            element.parentNode.removeChild(element)
    for element in document.getElementsByTagNameNS(_RDF, "Description"):
        if element.parentNode is not None and not _has_properties(element):
            element.parentNode.removeChild(element)
    return _packet(document) if document.getElementsByTagNameNS(_RDF, "Description") else None


def _parsed(packet: object) -> Document | None:
    """Parse a packet; None for a damaged one, and for one with entities of its own, which may grow without end."""
    data = packet.encode("utf-8", "replace") if isinstance(packet, str) else packet
    if not isinstance(data, bytes) or len(data) > _MAX_BYTES or re.search(rb"<!\0?D", data):
        return None
    from xml.dom.minidom import parseString  # takes longer to load than most photos need, which have no XMP

    try:
        document = parseString(data.strip(b"\0 \t\r\n"))
        return document if document.getElementsByTagNameNS(_RDF, "RDF") else None
    except Exception:  # noqa: BLE001 - a damaged packet may raise anything, and is no reason to refuse the picture
        return None


def _packet(document: Document) -> bytes | None:
    try:
        root = document.documentElement
        return f"{_HEAD}{root.toxml()}{_TAIL}".encode() if root is not None else None
    except (RecursionError, UnicodeError):
        return None


def _elements(document: Document) -> list[Element]:
    return list(document.getElementsByTagName("*"))


def _has_properties(description: Element) -> bool:
    attributes = description.attributes.values()
    namespaces = {attribute.namespaceURI for attribute in attributes}
    return not namespaces <= {_RDF, _XMLNS} or next(_children(description), None) is not None


def _children(parent: Element) -> Iterator[Element]:
    return (node for node in parent.childNodes if node.nodeType == node.ELEMENT_NODE)
