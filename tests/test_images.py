"""Picture files: every kind is read, and metadata is kept."""

from __future__ import annotations

import errno
import io
import os
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from ppgan_lite import images
from ppgan_lite.errors import ImageError
from ppgan_lite.images import (
    ImageMetadata,
    NamedFile,
    ResultSettings,
    check_writable,
    decode_image,
    find_images,
    read_image,
    read_settings,
    reading,
    told_left_out,
    write_image,
    writing,
)

WAVE = ResultSettings("stylize", {"strength": 0.5, "brush": None}, style=NamedFile("wave", "0" * 64))

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG of some bytes whose header promises far more."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".bmp"])
def test_lossless_formats_give_the_same_pixels(tmp_path: Path, photo: np.ndarray, suffix: str) -> None:
    write_image(tmp_path / f"a{suffix}", photo)
    image, metadata = read_image(tmp_path / f"a{suffix}")
    assert np.array_equal(image, photo)
    assert image.dtype == np.uint8
    assert image.flags.writeable
    assert metadata.alpha is None


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".webp"])
def test_lossy_formats_give_nearly_the_same_pixels(tmp_path: Path, photo: np.ndarray, suffix: str) -> None:
    write_image(tmp_path / f"a{suffix}", photo)
    image, _ = read_image(tmp_path / f"a{suffix}")
    assert image.shape == photo.shape
    assert np.abs(image.astype(int) - photo).mean() < 4


def test_jpeg_keeps_full_color_resolution(tmp_path: Path, photo: np.ndarray) -> None:
    write_image(tmp_path / "a.jpg", photo)
    with Image.open(tmp_path / "a.jpg") as picture:
        assert {layer[1:3] for layer in picture.layer} == {(1, 1)}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_photos_come_upright_and_are_not_turned_twice(
    tmp_path: Path, photo: np.ndarray, orientation: int, kind: str
) -> None:
    stored = {
        1: photo,
        2: photo[:, ::-1],
        3: photo[::-1, ::-1],
        4: photo[::-1],
        5: photo.transpose(1, 0, 2),
        6: np.rot90(photo),
        7: photo[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(photo, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    image, metadata = decode_image(encoded(Image.fromarray(stored.copy()), kind, exif=exif, **options), "photo")
    assert image.shape == photo.shape
    assert np.abs(image.astype(int) - photo).mean() < 3
    write_image(tmp_path / "again.png", image, metadata)
    again, _ = read_image(tmp_path / "again.png")
    assert np.array_equal(again, image)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_exif_profile_and_resolution_are_carried_along(tmp_path: Path, photo: np.ndarray, suffix: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Artist] = "Ada"
    exif[ExifTags.Base.ImageDescription] = "harbour"
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ExposureTime: 0.5, ExifTags.Base.ExifImageWidth: 60}
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    data = encoded(Image.fromarray(photo), "JPEG", exif=exif, icc_profile=SRGB, dpi=(300, 300))
    image, metadata = decode_image(data, "photo")
    write_image(tmp_path / f"a{suffix}", image, metadata)
    with Image.open(tmp_path / f"a{suffix}") as picture:
        kept = picture.getexif()
        details = kept.get_ifd(ExifTags.IFD.Exif)
        assert kept[ExifTags.Base.Artist] == "Ada"
        assert kept[ExifTags.Base.ImageDescription] == "harbour"
        assert kept.get(ExifTags.Base.Orientation, 1) == 1
        assert details[ExifTags.Base.ExposureTime] == 0.5
        assert details[ExifTags.Base.ExifImageWidth] == 40
        assert kept.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        assert picture.info["icc_profile"] == SRGB
        if suffix != ".webp":  # which has no place for it
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_exif_larger_than_jpeg_can_hold_does_not_stop_the_writing(tmp_path: Path, photo: np.ndarray) -> None:
    exif = Image.Exif()
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.MakerNote: bytes(100_000)}
    _, metadata = decode_image(encoded(Image.fromarray(photo), "PNG", exif=exif), "photo")
    write_image(tmp_path / "a.jpg", photo, metadata, settings=WAVE)
    assert read_settings(tmp_path / "a.jpg") == WAVE


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "PA", "CMYK", "YCbCr"])
def test_every_kind_of_pixel_becomes_rgb(photo: np.ndarray, mode: str) -> None:
    picture = Image.fromarray(photo)
    expected = np.asarray(picture.convert(mode).convert("RGB"))
    image, metadata = decode_image(encoded(picture.convert(mode), "TIFF"), "photo")
    assert image.shape == photo.shape
    assert np.abs(image.astype(int) - expected).max() <= 1
    assert (metadata.alpha is not None) == (mode in ("LA", "RGBA", "PA"))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_alpha_is_carried_along(tmp_path: Path, photo: np.ndarray, suffix: str) -> None:
    alpha = np.tile(np.arange(60, dtype=np.uint8) * 4, (40, 1))
    _, metadata = decode_image(encoded(Image.fromarray(np.dstack([photo, alpha])), "PNG"), "photo")
    assert metadata.alpha is not None
    assert np.array_equal(metadata.alpha, alpha)
    write_image(tmp_path / f"a{suffix}", photo, metadata)
    _, again = read_image(tmp_path / f"a{suffix}")
    assert again.alpha is not None
    assert np.array_equal(again.alpha, alpha)


def test_alpha_is_left_out_where_the_format_has_none(tmp_path: Path, photo: np.ndarray) -> None:
    write_image(tmp_path / "a.jpg", photo, ImageMetadata(alpha=np.zeros((40, 60), np.uint8)))
    image, metadata = read_image(tmp_path / "a.jpg")
    assert metadata.alpha is None
    assert np.abs(image.astype(int) - photo).mean() < 4


def test_a_transparent_palette_color_becomes_alpha(photo: np.ndarray) -> None:
    palette = Image.fromarray(photo).quantize(8)
    _, metadata = decode_image(encoded(palette, "PNG", transparency=3), "photo")
    assert metadata.alpha is not None
    assert np.array_equal(metadata.alpha == 0, np.asarray(palette) == 3)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grayscale_is_scaled_and_not_clipped(kind: str) -> None:
    ramp = np.linspace(0, 65_535, 256).astype(np.uint16).reshape(16, 16)
    image, _ = decode_image(encoded(Image.fromarray(ramp), kind), "photo")
    assert np.array_equal(image[..., 0].ravel(), np.arange(256))


def test_a_sixteen_bit_portable_map_is_scaled() -> None:
    image, _ = decode_image(b"P5 3 1 65535\n\xff\xff\x80\x80\x00\x00", "photo")
    assert image[0, :, 0].tolist() == [255, 128, 0]


def test_float_pixels_are_taken_from_zero_to_one() -> None:
    values = np.array([[0.0, 0.5, 1.0]], np.float32)
    image, _ = decode_image(encoded(Image.fromarray(values), "TIFF"), "photo")
    assert image[0, :, 1].tolist() == [0, 128, 255]
    with pytest.raises(ImageError, match=r"photo: float pixels outside 0\.\.1; expected 8 or 16 bits per channel"):
        decode_image(encoded(Image.fromarray(values * 300), "TIFF"), "photo")


def test_a_gray_profile_is_applied_and_not_given_to_rgb_pixels(photo: np.ndarray) -> None:
    profile = bytearray(SRGB)
    profile[16:20] = b"GRAY"  # a profile that claims gray, and is broken as such
    _, metadata = decode_image(encoded(Image.fromarray(photo).convert("L"), "PNG", icc_profile=bytes(profile)), "photo")
    assert metadata.icc_profile is None


def test_cmyk_goes_through_its_profile_if_it_is_sound(photo: np.ndarray) -> None:
    picture = Image.fromarray(photo).convert("CMYK")
    for profile in (None, b"no profile at all" * 20):
        image, metadata = decode_image(encoded(picture, "JPEG", icc_profile=profile), "photo")
        assert image.shape == photo.shape
        assert np.abs(image.astype(int) - photo).mean() < 8
        assert metadata.icc_profile is None


def test_only_the_first_frame_of_a_gif_is_read(photo: np.ndarray) -> None:
    first, second = Image.fromarray(photo).quantize(16), Image.fromarray(255 - photo).quantize(16)
    image, _ = decode_image(encoded(first, "GIF", save_all=True, append_images=[second]), "photo")
    assert np.abs(image.astype(int) - photo).mean() < 15


def test_a_picture_of_one_pixel_is_a_picture(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", np.full((1, 1, 3), 7, np.uint8))
    assert read_image(tmp_path / "a.png")[0].tolist() == [[[7, 7, 7]]]


@pytest.mark.parametrize("name", ["with space.png", "照片 夜景.png", "été.png", "🎨 painting.png", "a.b.c.png"])
def test_names_in_any_script_are_read_and_written(tmp_path: Path, photo: np.ndarray, name: str) -> None:
    path = tmp_path / "文件夹 📁" / name
    settings = ResultSettings("stylize", style=NamedFile("星夜"), photo=NamedFile(name))
    write_image(path, photo, settings=settings)
    assert np.array_equal(read_image(str(path))[0], photo)
    assert read_settings(path) == settings
    assert os.listdir(path.parent) == [name]


def test_bad_files_are_told_in_one_line(tmp_path: Path, photo: np.ndarray) -> None:
    jpeg, png = encoded(Image.fromarray(photo), "JPEG"), encoded(Image.fromarray(photo), "PNG")
    files = {
        "text.jpg": b"this is a letter",
        "empty.jpg": b"",
        "half.jpg": jpeg[:-200],
        "half.png": png[: len(png) // 2],
        "bomb.png": png_that_claims(30_000, 30_000),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder.jpg").mkdir()
    expected = {
        "text.jpg": "is not a picture of a known kind; expected one of JPEG, PNG",
        "empty.jpg": "the file is empty; expected a picture",
        "half.jpg": "cannot be decoded",
        "half.png": "cannot be decoded",
        "bomb.png": "30000 x 30000 pixels (900 megapixels); expected at most 400 megapixels. Scale it down first",
        "folder.jpg": "is a folder; expected a picture file",
        "missing.jpg": "does not exist",
    }
    for name, text in expected.items():
        with pytest.raises(ImageError) as caught:
            read_image(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: {text}")
        assert "\n" not in str(caught.value)


def test_a_scan_of_300_megapixels_is_not_too_large() -> None:
    with pytest.raises(ImageError, match="truncated"):  # as far as the pixels, which the test spares itself
        decode_image(png_that_claims(20_000, 15_000) + bytes(2_000_000), "scan")


def test_pillows_own_limit_is_left_as_it_was(photo_file: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    assert before is not None
    threads = [threading.Thread(target=lambda: [read_image(photo_file) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert before == Image.MAX_IMAGE_PIXELS


def test_other_decoders_of_pillow_never_see_a_file(tmp_path: Path, photo: np.ndarray) -> None:
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(photo), "EPS"))
    with pytest.raises(ImageError, match="is not a picture of a known kind"):
        read_image(tmp_path / "a.png")


BYTE, ASCII, SHORT, LONG, RATIONAL = 1, 2, 3, 4, 5
_SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8}
Entries = dict[int, tuple[int, bytes]]  # tag -> type, bytes of the value


def raw_exif(first: Entries, details: Entries, gps: Entries) -> bytes:
    """Return an EXIF block with values of any type, also of types that their tags must not have."""

    def directory(entries: Entries, offset: int) -> bytes:
        head, values = struct.pack("<H", len(entries)), b""
        start = offset + 2 + 12 * len(entries) + 4
        for tag, (kind, value) in sorted(entries.items()):
            place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", start + len(values))
            values += value if len(value) > 4 else b""
            head += struct.pack("<HHI", tag, kind, len(value) // _SIZES[kind]) + place
        return head + bytes(4) + values

    places = {ExifTags.IFD.Exif: (LONG, bytes(4)), ExifTags.IFD.GPSInfo: (LONG, bytes(4))}
    at_details = 8 + len(directory(first | places, 8))
    at_gps = at_details + len(directory(details, at_details))
    places = {
        ExifTags.IFD.Exif: (LONG, struct.pack("<I", at_details)),
        ExifTags.IFD.GPSInfo: (LONG, struct.pack("<I", at_gps)),
    }
    parts = directory(first | places, 8) + directory(details, at_details) + directory(gps, at_gps)
    return b"Exif\0\0II*\0\x08\0\0\0" + parts


GOOD_EXIF = (
    {ExifTags.Base.Make: (ASCII, b"Camera\0")},
    {ExifTags.Base.DateTimeOriginal: (ASCII, b"2024:05:01 10:00:00\0")},
    {ExifTags.GPS.GPSLatitudeRef: (ASCII, b"N\0")},
)


@pytest.mark.filterwarnings("ignore:Metadata Warning")
@pytest.mark.parametrize("directory", range(3))
@pytest.mark.parametrize("tag", [ExifTags.GPS.GPSAltitudeRef, 270, 271, 272, 306, 315, 33432, 0x8827, 0x9000])
@pytest.mark.parametrize(
    ("kind", "value"), [(ASCII, b"0\0"), (RATIONAL, bytes(8)), (SHORT, b"\1\0\2\0"), (BYTE, b"\xff")]
)
def test_a_tag_of_a_wrong_type_costs_no_other_tag(
    photo: np.ndarray, tmp_path: Path, directory: int, tag: int, kind: int, value: bytes
) -> None:
    entries = [dict(part) for part in GOOD_EXIF]
    entries[directory] = {tag: (kind, value)} | entries[directory]
    data = encoded(Image.fromarray(photo), "JPEG", exif=raw_exif(*entries))
    _, metadata = decode_image(data, "photo.jpg")
    write_image(tmp_path / "a.jpg", photo, metadata, settings=WAVE)
    with Image.open(tmp_path / "a.jpg") as written:
        exif = written.getexif()
        assert exif[ExifTags.Base.Make] == "Camera"
        assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2024:05:01 10:00:00"
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
    assert read_settings(tmp_path / "a.jpg") == WAVE


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_damaged_exif_block_does_not_spoil_the_photo(photo: np.ndarray) -> None:
    data = encoded(Image.fromarray(photo), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 40)
    assert decode_image(data, "photo")[0].shape == photo.shape


def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path, photo: np.ndarray) -> None:
    with pytest.raises(ImageError, match=r"a\.xyz: cannot write \.xyz; expected one of \.jpg \.jpeg \.png"):
        write_image(tmp_path / "a.xyz", photo)
    with pytest.raises(ImageError, match="cannot write a file without suffix"):
        write_image(tmp_path / "a", photo)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_replaced_only_when_allowed(photo_file: Path, photo: np.ndarray) -> None:
    with pytest.raises(ImageError, match="exists already"):
        write_image(photo_file, 255 - photo)
    assert np.array_equal(read_image(photo_file)[0], photo)
    write_image(photo_file, 255 - photo, overwrite=True)
    assert np.array_equal(read_image(photo_file)[0], 255 - photo)


def test_missing_folders_are_made(tmp_path: Path, photo: np.ndarray) -> None:
    write_image(tmp_path / "a" / "b" / "c.png", photo)
    assert (tmp_path / "a" / "b" / "c.png").is_file()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path, photo: np.ndarray) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ImageError, match=r"cannot be written \(Permission denied\)"):
            write_image(tmp_path / "a.png", photo)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_may_not_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    for name in ("a.png", "new/deep/a.png"):
        with pytest.raises(ImageError, match=rf"a\.png: cannot be written \({os.strerror(errno.EACCES)}\)"):
            check_writable(tmp_path / name)
    (tmp_path / "old").mkdir()
    check_writable(tmp_path / "old/new/a.png")


@pytest.mark.skipif(os.name == "nt", reason="a path is limited there, not a name")
@pytest.mark.parametrize("name", ["n" * 252 + ".png", "new/" + "n" * 252 + ".png", "n" * 256 + "/a.png"])
def test_a_name_that_is_too_long_is_told_before_the_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match=rf"cannot be written \({os.strerror(errno.ENAMETOOLONG)}\)"):
        check_writable(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_a_folder_is_told(photo_file: Path, photo: np.ndarray) -> None:
    with pytest.raises(ImageError, match="cannot be written"):
        write_image(photo_file / "a.png", photo)


def test_nothing_half_written_is_left_when_the_disk_is_full(
    photo_file: Path, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    before = photo_file.read_bytes()
    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(ImageError, match=r"photo\.png: cannot be written \(No space left on device\)"):
        write_image(photo_file, 255 - photo, overwrite=True)
    assert photo_file.read_bytes() == before
    assert list(photo_file.parent.iterdir()) == [photo_file]


def test_a_size_that_the_format_cannot_hold_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"a\.webp: cannot be written as WEBP"):
        write_image(tmp_path / "a.webp", np.zeros((1, 17_000, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_a_written_file_has_the_usual_permissions(tmp_path: Path, photo: np.ndarray) -> None:
    (tmp_path / "usual").touch()
    write_image(tmp_path / "a.png", photo)
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_folders_are_searched_in_the_order_that_people_expect(tmp_path: Path) -> None:
    for name in ["b10.jpg", "b2.JPG", "a/z.png", "a/notes.txt", ".hidden.jpg", ".trash/c.jpg", "c.webp"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path)]
    assert found == ["a/z.png", "b2.JPG", "b10.jpg", "c.webp"]
    with pytest.raises(ImageError, match="does not exist; expected a folder of pictures"):
        find_images(tmp_path / "nowhere")
    with pytest.raises(ImageError, match="is not a folder"):
        find_images(tmp_path / "c.webp")


@pytest.fixture
def piped(tmp_path: Path) -> Iterator[Callable[[bytes], Path]]:
    """Return a function that writes bytes into a named pipe, on a thread, and returns its path."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("pipes have no names here")
    threads: list[threading.Thread] = []

    def write(data: bytes) -> Path:
        path = tmp_path / f"pipe{len(threads)}"
        os.mkfifo(path)
        threads.append(threading.Thread(target=path.write_bytes, args=(data,)))
        threads[-1].start()
        return path

    yield write
    for thread in threads:
        thread.join(timeout=10)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_a_picture_is_read_from_a_pipe(photo: np.ndarray, piped: Callable[[bytes], Path], kind: str) -> None:
    data = encoded(Image.fromarray(photo), kind)
    assert np.array_equal(read_image(piped(data))[0], images.decode_image(data, "")[0])
    assert images.read_file(piped(data)) == data


def test_an_empty_pipe_and_an_endless_one_are_told(
    piped: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for read in (read_image, images.read_file):
        with pytest.raises(ImageError, match=r"pipe.: the file is empty; expected a picture$"):
            read(piped(b""))
    monkeypatch.setattr(images.opening, "_MAX_STREAM_BYTES", 1_000_000)
    with pytest.raises(ImageError, match=r"pipe.: more than 0 GB; expected a picture$"):
        read_image(piped(b"\xff\xd8" + bytes(1_000_000)))
    for read in (read_image, images.read_file):
        with pytest.raises(ImageError, match=r"^/dev/zero: is not a picture of a known kind; expected one of JPEG"):
            read("/dev/zero")


def found_in(folder: Path, **options: Any) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_images(folder, **options)]


def test_pictures_below_links_to_folders_are_found_and_circles_end(tmp_path: Path) -> None:
    for name in ("elsewhere/b.jpg", "photos/a.jpg", "photos/deep/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "photos/more").symlink_to("../elsewhere")
    (tmp_path / "photos/deep/up").symlink_to("..")
    (tmp_path / "elsewhere/self").symlink_to(".")
    (tmp_path / "photos/again").symlink_to("deep")
    expected = ["a.jpg", "again/c.jpg", "deep/c.jpg", "more/b.jpg"]
    left_out: Counter[str] = Counter()
    assert found_in(tmp_path / "photos", left_out=left_out) == expected
    assert left_out == {"links to a folder that holds them": 3}
    assert found_in(tmp_path / "photos", without=tmp_path / "elsewhere") == expected[:3]


def test_a_link_that_leads_nowhere_is_not_left_out_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "gone").symlink_to("nowhere")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
    assert found_in(tmp_path, by_content=True) == ["gone.jpg"]


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    for name in ("a.jpg", ".b.jpg", ".DS_Store", ".cache/c.jpg", "x/.d.png", "x/@eaDir/e.jpg", "done/f.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    left_out: Counter[str] = Counter()
    assert found_in(tmp_path, without=tmp_path / "done", left_out=left_out) == ["a.jpg"]
    assert told_left_out(left_out) == "folders of the system or a disk station (1), hidden pictures (2)"


def test_folders_that_systems_add_are_left_out(tmp_path: Path) -> None:
    for name in ("@eaDir/a.jpg", "#recycle", "$RECYCLE.BIN", "__MACOSX", "System Volume Information", "@eaDirs"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "thumbnail.jpg").touch()
    assert found_in(tmp_path) == ["@eaDirs/thumbnail.jpg"]


def test_a_folder_that_cannot_be_listed_is_told_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "private/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    private, scandir = str(tmp_path / "private"), os.scandir

    def refusing(path: Any) -> Any:
        if str(path) == private:  # as root every folder may be listed
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), private)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    message = f"{private}: cannot be listed ({os.strerror(errno.EACCES)})"
    with pytest.raises(ImageError) as caught:
        find_images(tmp_path)
    assert str(caught.value) == message
    errors: list[str] = []
    assert found_in(tmp_path, on_error=lambda error: errors.append(str(error))) == ["a.jpg"]
    assert errors == [message]


def test_resizing_keeps_the_mean_and_the_aspect(photo: np.ndarray) -> None:
    small = images.resize(photo, 30, 20)
    assert small.shape == (20, 30, 3)
    assert np.abs(small.mean((0, 1)) - photo.mean((0, 1))).max() < 0.5
    assert images.resize(photo, 60, 40) is photo
    assert images.short_side_to(photo, 80).shape == (80, 120, 3)
    assert images.long_side_at_most(photo, 30).shape == (20, 30, 3)
    assert images.long_side_at_most(photo, 300) is photo
    assert images.short_side_to(np.zeros((1, 500, 3), np.uint8), 2).shape == (2, 1000, 3)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_large_jpeg_is_read_as_a_small_one(tmp_path, monkeypatch, mode, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.random.default_rng(0).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.jpg", exif=exif, quality=95)
    small, _ = read_image(tmp_path / "a.jpg")
    monkeypatch.setattr(reading, "LARGE_PIXELS", 100)
    large, _ = read_image(tmp_path / "a.jpg")
    assert large.shape == ((40, 64, 3) if orientation == 1 else (64, 40, 3))
    assert large.flags.c_contiguous and large.flags.writeable
    np.testing.assert_array_equal(large, small)


@pytest.mark.parametrize("settings", [None, WAVE])
def test_a_large_jpeg_is_written_byte_for_byte_as_a_small_one(monkeypatch, photo, settings):
    metadata = ImageMetadata(icc_profile=SRGB, dpi=(72, 72))
    for about in (None, metadata):
        small = writing.encode_image(Path("a.jpg"), photo, about, settings=settings)
        with monkeypatch.context() as patch:
            patch.setattr(writing, "LARGE_PIXELS", 100)
            patch.setattr(writing.Image, "fromarray", None)  # Pillow has no part in it
            assert writing.encode_image(Path("a.jpg"), photo, about, settings=settings) == small


def test_a_large_jpeg_that_is_cut_short_is_refused(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[: len(data) - 40])
    monkeypatch.setattr(reading, "LARGE_PIXELS", 100)
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_image(tmp_path / "a.jpg")
