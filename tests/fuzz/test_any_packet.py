"""XMP packets and records of settings: whatever they hold, the picture is read, and its result says how it was made."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from hypothesis import strategies as st
from mutations import bounded, mutated, prop
from PIL import Image

from ppgan_lite.errors import ImageError
from ppgan_lite.images import NamedFile, ResultSettings, decode_image, encode_image, read_settings, write_image
from ppgan_lite.images.settings import parse_settings
from ppgan_lite.images.xmp import kept_xmp, settings_of, with_settings, without_place

PIXELS = (np.mgrid[0:12, 0:20].sum(axis=0)[..., None] * [7, 5, 3]).astype(np.uint8)
SETTINGS = ResultSettings("stylize", {"strength": 0.5}, style=NamedFile("wave", "0" * 64), photo=NamedFile("照片.jpg"))
PACKET = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="31,14.4N" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:subject><rdf:Bag><rdf:li>\xe4\xb8\x8a\xe6\xb5\xb7</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF>
</x:xmpmeta><?xpacket end="w"?>"""
OWN = with_settings(PACKET, json.dumps(SETTINGS.to_json()))

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=6,
)
keys = st.sampled_from(["format", "verb", "options", "style", "checkpoint", "painting", "photo", "engine", "program"])
records = st.dictionaries(keys, st.one_of(values, st.sampled_from([1, "stylize", "restore"])), max_size=9)


@prop(mutated([PACKET, OWN]), st.sampled_from([".jpg", ".png", ".webp", ".tif"]), weight=2)
def test_any_packet_comes_along_or_is_left_out(tmp_path_factory: Any, packet: bytes, suffix: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, "WEBP", lossless=True, xmp=packet)
    path = tmp_path_factory.getbasetemp() / f"x{suffix}"
    with bounded():
        image, metadata = decode_image(stream.getvalue(), "photo")
        path.write_bytes(encode_image(path, image, metadata, settings=SETTINGS))
    assert np.array_equal(image, PIXELS)
    assert read_settings(path) == SETTINGS
    if metadata.xmp is not None:
        again = kept_xmp(metadata.xmp)
        assert again is not None and settings_of(again) is None
        placeless = without_place(metadata.xmp)
        assert placeless is None or b"GPSLatitude=" not in placeless


@prop(records)
def test_any_record_is_read_or_refused_in_a_line(record: dict[str, Any]) -> None:
    try:
        settings = parse_settings(json.dumps(record), "a.jpg")
    except ImageError as error:
        assert "\n" not in str(error)
        return
    if settings is not None:
        assert parse_settings(json.dumps(settings.to_json()), "a.jpg") == settings
        for file in (settings.style, settings.checkpoint, settings.painting, settings.photo):
            assert file is None or (file.name and not {"/", "\\"} & set(file.name))


@prop(st.text(max_size=40), st.dictionaries(st.text(max_size=9), values, max_size=3))
def test_any_name_and_options_are_stored(tmp_path_factory: Any, name: str, options: dict[str, Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "named.jpg"
    settings = ResultSettings("stylize", options, photo=NamedFile(name))
    write_image(path, PIXELS, settings=settings, overwrite=True)
    found = read_settings(path)
    assert found is not None and json.dumps(found.options, sort_keys=True) == json.dumps(options, sort_keys=True)
