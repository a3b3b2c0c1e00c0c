"""TIFF files of every combination of bits, colors, alpha, planes, tiles, compression and predictor."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from tiff_files import (
    ASSOCIATED,
    BLACK_IS_ZERO,
    DEFLATE,
    FLOAT,
    INT,
    LZW,
    NONE,
    PACKBITS,
    RGB,
    UINT,
    UNASSOCIATED,
    WHITE_IS_ZERO,
    Kind,
    stored,
    tiff,
)

from ppgan_lite.errors import ImageError
from ppgan_lite.images import ImageMetadata, bounds, decode_image, decode_stored
from ppgan_lite.images import tiff as tiff_module

HEIGHT, WIDTH = 19, 37  # two strips and a part of one, two tiles and a part of one
SAMPLES = [(bits, UINT) for bits in (1, 2, 4, 8, 10, 12, 14, 16)] + [(bits, FLOAT) for bits in (16, 32, 64)]
COLORS = [(WHITE_IS_ZERO, None), *itertools.product((BLACK_IS_ZERO, RGB), (None, ASSOCIATED, UNASSOCIATED))]


def picture(channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return colors and opacity, floats in 0..1; nothing is quite transparent."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    colors = np.stack([columns / (WIDTH - 1), rows / (HEIGHT - 1), (rows + columns) / 60], axis=-1)
    alpha = 0.25 + 0.75 * np.abs(np.sin(columns / 9 + rows / 7))
    return colors[..., 3 - channels :], alpha[..., None]


def layouts(bits: int, sample_format: int, photometric: int, alpha: int | None) -> Iterator[Kind]:
    """Yield every way of laying out such samples that programs write."""
    predictors = [1, *([2] if bits in (8, 16, 32) and sample_format == UINT else [3] * (sample_format == FLOAT))]
    for compression, predictor, is_planar, is_tiled, order in itertools.product(
        (NONE, LZW, DEFLATE, PACKBITS), predictors, (False, True), (False, True), "<>"
    ):
        kind = Kind(bits, sample_format, photometric, alpha, compression, predictor, is_planar, is_tiled, order)
        if (predictor == 1 or compression in (LZW, DEFLATE)) and (kind.channels > 1 or not is_planar):
            yield kind
    yield Kind(bits, sample_format, photometric, alpha, pages=2)


def expected(samples: np.ndarray, kind: Kind) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the colors and the opacity, in 0..1, that a file with these samples shows."""
    values = samples.astype(f"f{kind.bits // 8}" if kind.sample_format == FLOAT else float).astype(float) / kind.white
    colors, alpha = (values, None) if kind.alpha is None else (values[..., :-1], values[..., -1])
    if kind.photometric == WHITE_IS_ZERO:
        colors = 1 - colors
    if kind.alpha == ASSOCIATED and alpha is not None:
        colors = np.minimum(colors / np.maximum(alpha[..., None], 1e-9), 1) * (alpha[..., None] > 0)
    return colors, alpha


@pytest.mark.parametrize(("photometric", "alpha"), COLORS)
@pytest.mark.parametrize(("bits", "sample_format"), SAMPLES)
def test_every_layout_is_read_right(bits: int, sample_format: int, photometric: int, alpha: int | None) -> None:
    for kind in layouts(bits, sample_format, photometric, alpha):
        colors, opacity = picture(3 if photometric == RGB else 1)
        samples = stored(colors, kind, None if alpha is None else opacity)
        data = tiff(samples, kind)
        shown, covered = expected(samples, kind)
        for decode in (decode_image, decode_stored):
            found, metadata = decode(data, "a.tif")
            deep = decode is decode_stored and (bits > 8 or sample_format == FLOAT)
            assert found.dtype == (np.uint16 if deep else np.uint8), kind
            assert found.shape == (
                (HEIGHT, WIDTH) if decode is decode_stored and photometric != RGB else (HEIGHT, WIDTH, 3)
            )
            white = 65_535 if deep else 255
            wanted = shown[..., 0] if found.ndim == 2 else np.broadcast_to(shown, found.shape)
            # Colors that were multiplied with little opacity are as coarse as their numbers.
            allowed = 1.01 if alpha != ASSOCIATED or bits > 8 else 1.01 + 2 * white / kind.white
            assert np.abs(found - wanted * white).max() <= allowed, kind
            assert (metadata.alpha is None) == (alpha is None), kind
            if metadata.alpha is not None:
                assert np.abs(metadata.alpha - covered * white).max() <= 1.01, kind


def test_the_white_of_12_bits_is_white() -> None:
    kind = Kind(bits=12, photometric=BLACK_IS_ZERO)
    data = tiff(np.full((4, 4, 1), 4095), kind)
    assert (decode_image(data, "a")[0] == 255).all() and (decode_stored(data, "a")[0] == 65_535).all()


def test_colors_of_premultiplied_alpha_are_whole_again() -> None:
    color = np.array([50_000, 30_000, 10_000])
    samples = np.broadcast_to([*color // 4, 65_535 // 4], (3, 5, 4)).copy()
    samples[0, 0] = (7, 7, 7, 0)
    data = tiff(samples, Kind(bits=16, alpha=ASSOCIATED))
    found, metadata = decode_stored(data, "a")
    assert np.abs(found[1, 1].astype(int) - color).max() <= 4
    assert found[0, 0].tolist() == [0, 0, 0] and metadata.alpha is not None and metadata.alpha[0, 0] == 0
    assert np.abs(decode_image(data, "a")[0][1, 1].astype(int) - color // 256).max() <= 1


@pytest.mark.parametrize("kind", [Kind(bits=12, compression=LZW), Kind(bits=32, sample_format=FLOAT, order=">")])
def test_metadata_comes_along(kind: Kind) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    colors, _ = picture(3)
    more = {
        ExifTags.Base.Orientation: ("H", [6]),
        ExifTags.Base.Artist: ("s", list(b"Ada\0")),
        282: ("II", [300, 1]),
        283: ("II", [150, 1]),
        296: ("H", [2]),
        34675: ("B", list(profile)),
    }
    upright = decode_image(tiff(stored(colors, kind), kind), "a")[0]
    for decode in (decode_image, decode_stored):
        found, metadata = decode(tiff(stored(colors, kind), kind, more), "a")
        assert found.shape == (WIDTH, HEIGHT, 3)
        assert metadata.dpi == (300, 150) and metadata.icc_profile == profile
        exif = Image.Exif()
        exif.load(metadata.exif or b"")
        assert exif[ExifTags.Base.Artist] == "Ada" and ExifTags.Base.Orientation not in exif
    assert np.array_equal(decode_image(tiff(stored(colors, kind), kind, more), "a")[0], np.rot90(upright, -1))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Kind(bits=16, sample_format=INT), "is a TIFF of signed integers of 16 bits"),
        (Kind(bits=8, sample_format=INT, photometric=BLACK_IS_ZERO), "is a TIFF of signed integers of 8 bits"),
        (Kind(bits=24, photometric=BLACK_IS_ZERO), "is a TIFF of integers of 24 bits"),
        (Kind(bits=64), "is a TIFF of integers of 64 bits"),
        (Kind(bits=12, compression=LZW, predictor=2), "is a TIFF with predictor 2 for 12-bit integers"),
        (Kind(bits=16, compression=LZW, predictor=3), "is a TIFF with predictor 3 for 16-bit integers"),
    ],
)
def test_what_is_not_read_is_refused_by_name(kind: Kind, message: str) -> None:
    data = tiff(np.zeros((4, 4, kind.channels)), kind)
    for decode in (decode_image, decode_stored):
        with pytest.raises(ImageError) as caught:
            decode(data, "a.tif")
        assert str(caught.value) == f"a.tif: {message}; expected {tiff_module.EXPECTED}"


def test_a_kind_that_neither_reads_is_refused_by_name() -> None:
    data = tiff(np.zeros((4, 4, 1)), Kind(bits=12, photometric=BLACK_IS_ZERO, compression=LZW), {259: ("H", [34712])})
    with pytest.raises(ImageError) as caught:
        decode_image(data, "a.tif")
    found = "is a TIFF of 1 channels of 12 bits, photometric 1, compression 34712"
    assert str(caught.value) == f"a.tif: {found}; expected {tiff_module.EXPECTED}"


@pytest.mark.parametrize(
    ("kind", "number", "message"),
    [
        (Kind(bits=32, sample_format=FLOAT), 1.5, "float pixels outside 0..1"),
        (Kind(bits=32, sample_format=FLOAT), np.nan, "float pixels outside 0..1"),
        (Kind(bits=16, sample_format=FLOAT), -0.5, "float pixels outside 0..1"),
        (Kind(bits=32), 70_000, "32-bit pixels outside 0..65535"),
    ],
)
def test_numbers_out_of_range_are_refused(kind: Kind, number: float, message: str) -> None:
    samples = np.zeros((4, 4, 3))
    samples[1, 2, 0] = number
    for decode in (decode_image, decode_stored):
        with pytest.raises(ImageError) as caught:
            decode(tiff(samples, kind), "a.tif")
        assert str(caught.value) == f"a.tif: {message}; expected 8 or 16 bits per channel, or floats in 0..1"


def test_a_tiff_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_PIXELS", 100)
    with pytest.raises(ImageError, match=r"a\.tif: 37 x 19 pixels \(0 megapixels\)"):
        decode_image(tiff(np.zeros((HEIGHT, WIDTH, 3)), Kind(bits=12)), "a.tif")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "kind", [Kind(bits=12), Kind(bits=16, compression=LZW), Kind(bits=16, is_planar=True, is_tiled=True)]
)
def test_a_damaged_tiff_is_refused_or_read(kind: Kind) -> None:
    colors, _ = picture(3)
    data = tiff(stored(colors, kind), kind)
    whole = decode_stored(data, "a")[0]
    for length in range(0, len(data), 29):
        try:
            found = decode_stored(data[:length], "a")[0]
        except ImageError as error:
            assert str(error).startswith("a: ")
        else:
            assert np.array_equal(found, whole), "only numbers are missing that are the usual ones"
    directory = struct.unpack("<I", data[4:8])[0]
    rng = np.random.default_rng(0)
    for _ in range(300):
        place, value = int(rng.integers(directory, len(data))), int(rng.integers(256))
        changed = data[:place] + bytes([value]) + data[place + 1 :]
        try:
            found, metadata = decode_stored(changed, "a")
        except ImageError as error:
            assert str(error).startswith("a: ")
        else:
            assert found.dtype in (np.uint8, np.uint16) and isinstance(metadata, ImageMetadata)
