"""Any file in the place of a picture is read as one or refused in a line, quickly; what is written is read the same."""

from __future__ import annotations

import functools
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from mutations import bounded, check_line, mend_png, mutated, prop
from PIL import Image, ImageCms

from ppgan_lite.data.inspection import inspect
from ppgan_lite.errors import ImageError
from ppgan_lite.images import (
    WRITABLE,
    ImageMetadata,
    NamedFile,
    ResultSettings,
    decode_image,
    decode_stored,
    encode_image,
    read_image,
    read_settings,
)
from ppgan_lite.images.settings import parse_settings, settings_text

WHERE = "photo"
SETTINGS = ResultSettings("stylize", {"strength": 0.5}, NamedFile("wave", "0" * 64), photo=NamedFile("a.jpg"))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def scene(channels: int = 3, kind: type = np.uint8, height: int = 24, width: int = 36) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [rows * 9, columns * 7, rows * 5 + columns * 3, 255 - rows * 8][:channels]
    image = (np.stack(planes, axis=-1) % 256).astype(kind) * (257 if kind is np.uint16 else 1)
    return image[..., 0] if channels == 1 else image


def photo_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera", 6
    exif[0x8769] = {0x9003: "2024:05:01 10:00:00", 0x9286: b"ASCII\0\0\0words"}
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 1.5)}
    return exif.tobytes()


@functools.cache
def originals() -> tuple[bytes, ...]:
    """Return small files: of every format that we write, and of the others that we read, in their variants."""
    metadata = ImageMetadata(SRGB, photo_exif(), (72.0, 72.0), None)
    files = []
    for suffix in sorted({*WRITABLE} - {".jpeg", ".tiff"}):
        path = Path(f"x{suffix}")
        files += [encode_image(path, scene(channels), metadata) for channels in (1, 3)]
        files.append(encode_image(path, scene(), ImageMetadata(alpha=scene(1))))
        if suffix in (".png", ".tif"):
            files.append(encode_image(path, scene(3, np.uint16), metadata))

    def saved(image: np.ndarray, name: str, mode: str = "", **options: Any) -> None:
        stream = io.BytesIO()
        picture = Image.fromarray(image)
        (picture.convert(mode) if mode else picture).save(stream, name, **options)
        files.append(stream.getvalue())

    saved(scene(), "JPEG", progressive=True, subsampling=2)
    saved(scene(), "JPEG", "CMYK")
    saved(scene(), "PNG", "P", transparency=0)
    saved(scene(), "PNG", "1")
    saved(scene(1, np.uint16), "PNG")
    saved(scene(), "GIF")
    saved(scene(), "GIF", append_images=[Image.fromarray(255 - scene())], save_all=True)
    saved(scene(4), "WEBP", lossless=True)
    saved(scene(), "WEBP", append_images=[Image.fromarray(255 - scene())], save_all=True)
    saved(scene(), "PPM")
    saved(scene(1), "PPM")
    saved(scene(), "BMP", "P")
    saved(scene(), "TIFF", compression="tiff_lzw")
    saved(scene(), "TIFF", compression="tiff_adobe_deflate")
    saved(scene(), "TIFF", compression="jpeg")
    saved(scene(1).astype(np.float32) / 255, "TIFF")
    if "AVIF" in Image.SAVE:
        saved(scene(), "AVIF", exif=photo_exif(), speed=10)
    files += tifffiles()
    plain = encode_image(Path("x.png"), scene(), ImageMetadata())
    chromaticities = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    files.append(with_chunks(plain, (b"gAMA", struct.pack(">I", 45455)), (b"cHRM", chromaticities)))
    files.append(with_chunks(plain, (b"cICP", bytes([12, 13, 0, 1])), (b"sRGB", b"\0")))
    files += [encode_image(Path(f"x{suffix}"), scene(), metadata, settings=SETTINGS) for suffix in (".png", ".jpg")]
    for data in files:  # everything that readers import is imported
        decode_image(data, WHERE), decode_stored(data, WHERE)
    return tuple(files)


def with_chunks(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG with more chunks after its header."""
    parts = [struct.pack(">I", len(data)) + kind + data + bytes(4) for kind, data in chunks]
    return mend_png(png[:33] + b"".join(parts) + png[33:])


def tifffiles() -> list[bytes]:
    import tifffile

    files = []
    for image, options in (
        (scene(3, np.uint16), {"photometric": "rgb", "predictor": 2, "compression": "zlib"}),
        (scene(3), {"photometric": "rgb", "planarconfig": "separate", "tile": (16, 16)}),
        (scene(4), {"photometric": "rgb", "extrasamples": ["assocalpha"]}),
        (scene(1), {"photometric": "miniswhite", "rowsperstrip": 4}),
        (scene(3).astype(np.float32) / 255, {"photometric": "rgb", "bigtiff": True}),
        (scene(1).astype(np.float16) / 255, {"photometric": "minisblack"}),
    ):
        if options.get("planarconfig") == "separate":
            image = np.moveaxis(image, -1, 0)
        stream = io.BytesIO()
        tifffile.imwrite(stream, image, metadata=None, **options)
        files.append(stream.getvalue())
    return files


def decoded(read: Callable[[bytes, str], Any], data: bytes) -> np.ndarray | None:
    """Return the pixels of a file; None if it is refused in a line."""
    try:
        with bounded(len(data)):
            pixels, metadata = read(data, WHERE)
    except ImageError as error:
        check_line(error, WHERE)
        return None
    assert pixels.ndim in (2, 3) and pixels.size and (pixels.ndim == 2 or pixels.shape[2] == 3)
    assert metadata.alpha is None or metadata.alpha.shape == pixels.shape[:2]
    return pixels


@prop(st.deferred(lambda: mutated(originals(), mend_png)), weight=8)
def test_any_file_is_read_as_a_picture_or_refused_in_a_line(data: bytes) -> None:
    pixels = decoded(decode_image, data)
    if pixels is not None:
        assert pixels.dtype == np.uint8 and pixels.ndim == 3
        # What was read can be written, with all that came along.
        encode_image(Path("x.png"), *decode_image(data, WHERE))


@prop(st.deferred(lambda: mutated(originals(), mend_png)), weight=4)
def test_painting_and_training_see_the_same_picture(data: bytes) -> None:
    painted, trained = decoded(decode_image, data), decoded(decode_stored, data)
    assert (painted is None) == (trained is None)
    if painted is not None and trained is not None:
        assert trained.dtype in (np.uint8, np.uint16)
        as_painted = trained if trained.ndim == 3 else np.stack([trained] * 3, axis=-1)
        step = 257 if trained.dtype == np.uint16 else 1
        assert np.abs(painted.astype(np.float32) - as_painted / np.float32(step)).max(initial=0) <= 1


@prop(st.binary(max_size=200), weight=2)
def test_bytes_that_are_no_picture_are_refused_in_a_line(data: bytes) -> None:
    decoded(decode_image, data)
    decoded(decode_stored, data)


@prop(st.deferred(lambda: mutated(originals())), weight=0.5)
def test_a_file_that_was_read_stays_as_it_was(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "read.png"
    path.write_bytes(data)
    before = path.stat()
    try:
        pixels = read_image(path)[0]
    except ImageError as error:
        check_line(error, path)
        pixels = None
    facts = inspect(path)  # the doctor's
    assert bool(facts.fault) == (pixels is None)
    assert pixels is None or (facts.height, facts.width) == pixels.shape[:2]
    after = path.stat()
    assert path.read_bytes() == data and (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.just("stylize")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(sorted(SETTINGS.to_json())), st.text(max_size=6)), inner, max_size=4),
    ),
    max_leaves=8,
)


@prop(st.deferred(lambda: mutated(originals(), mend_png)), weight=1)
def test_the_settings_of_any_file_are_read_or_refused_in_a_line(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "settings.png"
    path.write_bytes(data)
    try:
        with bounded(len(data)):
            found = read_settings(path)
    except ImageError as error:
        check_line(error, path)
    else:
        assert found is None or parse_settings(settings_text(found), path) == found


@prop(st.sampled_from([*SETTINGS.to_json(), ""]), _JSON, weight=2)
def test_any_settings_are_read_or_none(key: str, value: Any) -> None:
    text = json.dumps({**SETTINGS.to_json(), key: value} if key else value)
    try:
        found = parse_settings(text, WHERE)
    except ImageError as error:
        check_line(error, WHERE)
    else:
        assert found is None or settings_text(found)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray | None]:
    """Draw a picture of a few pixels, and alpha."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    kind = draw(st.sampled_from([np.uint8, np.uint16]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def values(*shape: int) -> np.ndarray:
        return rng.integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)

    image = values(height, width, 3) if draw(st.booleans()) else values(height, width)
    return image, values(height, width) if draw(st.booleans()) else None


@prop(pictures(), st.sampled_from([".png", ".tif", ".bmp"]), st.floats(2, 5000), weight=2)
def test_what_is_written_without_loss_is_read_the_same(
    picture: tuple[np.ndarray, np.ndarray | None], suffix: str, resolution: float
) -> None:
    image, alpha = picture
    if suffix == ".bmp" and image.dtype != np.uint8:
        return  # it holds 8 bits
    metadata = ImageMetadata(SRGB, None, (resolution, resolution), alpha)
    data = encode_image(Path(f"x{suffix}"), image, metadata)
    found, found_metadata = decode_stored(data, WHERE)
    if image.ndim == 2 and found.ndim == 3:
        image = np.stack([image] * 3, axis=-1)
    assert found.dtype == image.dtype and np.array_equal(found, image)
    if suffix != ".bmp":
        assert (alpha is None) == (found_metadata.alpha is None)
        assert alpha is None or np.array_equal(alpha, found_metadata.alpha)
        assert image.ndim == 2 or found_metadata.icc_profile == SRGB
        assert found_metadata.dpi is not None and abs(found_metadata.dpi[0] - resolution) <= 0.02 + resolution * 1e-4
