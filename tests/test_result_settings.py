"""The settings that a result holds: written, read, and displacing nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from ppgan_lite.errors import ImageError
from ppgan_lite.images import ImageMetadata, NamedFile, ResultSettings, decode_image, read_image, read_settings
from ppgan_lite.images import write_image as write
from ppgan_lite.images.xmp import MAX_JPEG_XMP, kept_xmp, settings_of, with_settings, without_place

WAVE = ResultSettings(
    "stylize",
    {"strength": 0.5, "keep_colors": True, "brush": None, "faces": 0.6},
    style=NamedFile("great_wave", "0" * 64),
    photo=NamedFile("照片 1.jpg", "f" * 64),
    engine="openvino, bfloat16",
    device="cpu",
)
ANY = ResultSettings("stylize", {}, style=NamedFile("any", "1" * 64), painting=NamedFile("畫 🎨.png", "2" * 64))
ZEBRA = ResultSettings("translate", {"direction": "b_to_a"}, checkpoint=NamedFile('<zebra> & "co"\'.ppgan', "3" * 64))

# As Lightroom and a drone write it, with Chinese text and another program's prefix for rdf.
PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 5.6.0">
 <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <r:Description r:about="uuid:1" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:dji="http://www.dji.com/drone-dji/1.0/" xmp:Rating="4" tiff:Orientation="6" exif:PixelXDimension="6000"
    exif:GPSLatitude="31,14.4N" dji:GpsLongtitude="+121.47" dji:AbsoluteAltitude="+12.0" dji:FlightYawDegree="+7.1">
   <dc:title><r:Alt><r:li xml:lang="x-default">外灘 &amp; 夜</r:li></r:Alt></dc:title>
   <dc:subject><r:Bag><r:li>上海</r:li><r:li>night</r:li></r:Bag></dc:subject>
   <exif:GPSAltitude>12/1</exif:GPSAltitude>
  </r:Description>
 </r:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()

SUFFIXES = (".jpg", ".png", ".webp", ".tif")


def with_packet(photo: np.ndarray, kind: str, packet: bytes) -> bytes:
    """Return a picture file with an XMP packet, as other programs write it."""
    file, options = io.BytesIO(), {"xmp": packet}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
        options = {"pnginfo": text}
    elif kind == "TIFF":
        options = {"tiffinfo": {700: packet}}
    Image.fromarray(photo).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("settings", [WAVE, ANY, ZEBRA], ids=["style", "painting", "checkpoint"])
def test_settings_are_found_again_and_replace_older_ones(
    tmp_path: Path, photo: np.ndarray, suffix: str, dtype: type, settings: ResultSettings
) -> None:
    if dtype == np.uint16 and suffix not in (".png", ".tif"):
        pytest.skip("holds 8 bits")
    path = tmp_path / f"a{suffix}"
    image = photo.astype(dtype) * (257 if dtype == np.uint16 else 1)
    write(path, image, settings=settings)
    assert read_settings(path) == settings
    _, metadata = read_image(path)
    assert metadata.xmp is None, "settings of a photo are not those of its result"
    write(path, image, metadata, overwrite=True, settings=WAVE)
    assert read_settings(path) == WAVE


def test_bmp_holds_no_settings(tmp_path: Path, photo: np.ndarray) -> None:
    write(tmp_path / "a.bmp", photo, settings=WAVE)
    assert read_settings(tmp_path / "a.bmp") is None


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photos_packet_gets_one_property_more(tmp_path: Path, photo: np.ndarray, kind: str, suffix: str) -> None:
    _, metadata = decode_image(with_packet(photo, kind, PACKET), "photo")
    write(tmp_path / f"a{suffix}", photo, metadata, settings=WAVE)
    assert read_settings(tmp_path / f"a{suffix}") == WAVE
    with Image.open(tmp_path / f"a{suffix}") as picture:
        packet = picture.info["xmp"]
        text = packet.decode()
        assert picture.getexif().get(ExifTags.Base.Orientation, 1) == 1, "of the packet too"
    for kept in (
        'xmp:Rating="4"',
        "外灘 &amp; 夜",
        "上海",
        'exif:GPSLatitude="31,14.4N"',
        'dji:FlightYawDegree="+7.1"',
    ):
        assert kept in text
    for gone in ("tiff:Orientation", "PixelXDimension"):
        assert gone not in text
    assert text.count("ppgan:settings") == 1 and text.count('r:about="uuid:1"') == 1
    again = kept_xmp(packet)
    assert again is not None and "ppgan" not in again.decode()


def test_a_packet_loses_the_place_and_nothing_else() -> None:
    packet = without_place(with_settings(kept_xmp(PACKET), "{}"))
    assert packet is not None
    text = packet.decode()
    for gone in ("Latitude", "Longtitude", "Altitude"):
        assert gone not in text
    assert "外灘" in text and 'dji:FlightYawDegree="+7.1"' in text and settings_of(packet) == "{}"


@pytest.mark.parametrize(
    "packet",
    [
        b"<x:xmpmeta",
        b"",
        b"\xff\xfe\0",
        PACKET[:-200],
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + PACKET.split(b"?>", 1)[1],
        PACKET.replace(b"x:xmptk", b"y:xmptk"),
        b"<a>" * 5000 + b"</a>" * 5000,
        7,
        None,
    ],
)
def test_a_damaged_packet_is_left_out_alone(tmp_path: Path, photo: np.ndarray, packet: object) -> None:
    assert kept_xmp(packet) is None and settings_of(packet) is None
    if isinstance(packet, bytes) and packet:
        _, metadata = decode_image(with_packet(photo, "JPEG", packet), "photo")
        write(tmp_path / "a.jpg", photo, metadata, settings=WAVE)
        assert read_settings(tmp_path / "a.jpg") == WAVE


def test_a_packet_that_another_program_has_rewritten_is_read(tmp_path: Path, photo: np.ndarray) -> None:
    text = json.dumps(WAVE.to_json())
    packet = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="">'
        f'<p:settings xmlns:p="urn:ppgan-lite:xmp/">{text}</p:settings></rdf:Description></rdf:RDF>'
    ).encode()
    (tmp_path / "a.jpg").write_bytes(with_packet(photo, "JPEG", packet))
    assert read_settings(tmp_path / "a.jpg") == WAVE


def test_a_packet_too_large_for_jpeg_gives_way_to_the_settings(tmp_path: Path, photo: np.ndarray) -> None:
    large = PACKET.replace("上海".encode(), b"a" * MAX_JPEG_XMP)
    _, metadata = decode_image(with_packet(photo, "PNG", large), "photo")
    for suffix in (".png", ".jpg"):
        write(tmp_path / f"a{suffix}", photo, metadata, settings=WAVE)
        assert read_settings(tmp_path / f"a{suffix}") == WAVE
        with Image.open(tmp_path / f"a{suffix}") as picture:
            assert (b"aaaa" in picture.info["xmp"]) == (suffix == ".png")


def test_no_file_name_of_settings_has_a_folder(tmp_path: Path, photo: np.ndarray) -> None:
    for name, kept in (("/home/ada/a.jpg", "a.jpg"), ("C:\\Users\\a.jpg", "a.jpg"), ("../b", "b"), ("a\nb", "a?b")):
        write(tmp_path / "a.png", photo, overwrite=True, settings=ResultSettings("stylize", photo=NamedFile(name)))
        settings = read_settings(tmp_path / "a.png")
        assert settings is not None and settings.photo == NamedFile(kept)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "7", "{}", "[" * 10_000, "\xe9{", '{"format": 0}', '{"format": "1"}', '{"format": 1}'),
        *(
            '{"format": 1, "verb": "a"}',
            '{"format": true, "verb": 1}',
            '{"format": 1, "verb": "stylize", "options": 1}',
        ),
    ],
)
def test_a_text_that_is_no_settings_is_none(tmp_path: Path, photo: np.ndarray, text: str) -> None:
    (tmp_path / "a.jpg").write_bytes(with_packet(photo, "JPEG", with_settings(None, text)))
    assert read_settings(tmp_path / "a.jpg") is None


def test_settings_of_a_newer_version_say_so(tmp_path: Path, photo: np.ndarray) -> None:
    (tmp_path / "a.jpg").write_bytes(with_packet(photo, "JPEG", with_settings(None, '{"format": 2}')))
    with pytest.raises(ImageError, match=r"a\.jpg: holds settings of format 2; expected at most 1\. Update ppgan_lite"):
        read_settings(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        (
            {"style": "starry_night", "strength": 0.5, "brush": None, "faces": 0.6},
            ("stylize", {"strength": 0.5, "brush": None, "faces": 0.6}, "starry_night", None, None),
        ),
        ({"style": "/home/ada/畫.PNG"}, ("stylize", {}, "any", None, "畫.PNG")),
        ({"style": "any", "painting": "a.jpg"}, ("stylize", {}, "any", None, "a.jpg")),
        ({"style": "a pasted picture"}, ("stylize", {}, "any", None, "a pasted picture")),
        ({"style": "nets\\wave.ppgan"}, ("stylize", {}, None, "wave.ppgan", None)),
        ({"checkpoint": "a.pth", "direction": "ab"}, ("translate", {"direction": "ab"}, None, "a.pth", None)),
        ({"checkpoint": None}, ("restore", {}, None, "photos.ppgan", None)),
    ],
)
def test_settings_of_earlier_versions_are_read(
    tmp_path: Path, photo: np.ndarray, old: dict[str, object], expected: tuple[object, ...]
) -> None:
    exif = Image.Exif()
    comment = b"ASCII\0\0\0ppgan_lite " + json.dumps(old, sort_keys=True).encode()
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.UserComment: comment}
    exif[ExifTags.Base.Software] = "ppgan_lite 0.1.0"
    for suffix in SUFFIXES:
        Image.fromarray(photo).save(tmp_path / f"a{suffix}", exif=exif.tobytes())
        settings = read_settings(tmp_path / f"a{suffix}")
        assert settings is not None
        names = [file and file.name for file in (settings.style, settings.checkpoint, settings.painting)]
        assert (settings.verb, settings.options, *names) == expected
    image, metadata = read_image(tmp_path / "a.jpg")
    write(tmp_path / "b.jpg", image, metadata)
    assert read_settings(tmp_path / "b.jpg") is None, "they were those of the photo"


def test_a_photo_has_no_settings(photo_file: Path) -> None:
    assert read_settings(photo_file) is None
    assert ImageMetadata().xmp is None
