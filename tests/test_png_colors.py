"""The colors that a PNG describes by numbers (gAMA, cHRM, cICP) come along as a profile, or it is told."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from ppgan_lite.images import decode_image, decode_stored, read_image, to_depth, write_image
from ppgan_lite.images.profiles import rgb_profile

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
DISPLAY_P3 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def gama(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def chrm(places: tuple[float, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in places)))


def cicp(*code: int) -> bytes:
    return chunk(b"cICP", bytes(code))


def png(image: np.ndarray, *chunks: bytes) -> bytes:
    """Return a PNG with some chunks after its header."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    data = file.getvalue()
    return data[:33] + b"".join(chunks) + data[33:]


def as_srgb(image: np.ndarray, profile: bytes | None) -> np.ndarray:
    """Return an image as LittleCMS shows it on a display of sRGB."""
    assert profile is not None
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    shown = ImageCms.profileToProfile(Image.fromarray(image), source, ImageCms.createProfile("sRGB"))
    assert shown is not None
    return np.asarray(shown).astype(int)


def encoded(light: np.ndarray) -> np.ndarray:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255


@pytest.mark.parametrize(
    "chunks",
    [
        (),
        (gama(0.45455),),
        (gama(0.45455), chrm((0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06))),
        (cicp(1, 13, 0, 1),),
        (chunk(b"sRGB", b"\0"), gama(1.0)),
        (chunk(b"iCCP", b"ICC\0\0" + zlib.compress(SRGB)), gama(1.0)),
        (chrm(DISPLAY_P3),),  # without a gamma it says too little
        (gama(0.0),),
        (gama(1.0), chrm((0.0,) * 8)),
        (gama(1.0), chrm((0.3, 0.3) * 4)),
    ],
    ids=range(10),
)
def test_colors_of_srgb_and_nonsense_need_no_profile(photo: np.ndarray, chunks: tuple[bytes, ...]) -> None:
    image, metadata = decode_image(png(photo, *chunks), "photo")
    assert np.array_equal(image, photo)
    assert metadata.icc_profile == (SRGB if chunks and b"iCCP" in chunks[0] else None)


@pytest.mark.parametrize("gamma", [1.0, 1 / 1.8, 1 / 2.6])
def test_a_gamma_becomes_a_profile(photo: np.ndarray, gamma: float) -> None:
    _, metadata = decode_image(png(photo, gama(gamma)), "photo")
    ramp = np.repeat(np.arange(64, 256, dtype=np.uint8)[None, :, None], 3, axis=2)
    expected = encoded((ramp / 255) ** (1 / gamma))
    assert np.abs(as_srgb(ramp, metadata.icc_profile) - expected).max() <= 2


@pytest.mark.parametrize(
    "chunks", [(cicp(12, 13, 0, 1),), (gama(0.45455), chrm(DISPLAY_P3)), (cicp(12, 13, 0, 1), gama(1.0))], ids=range(3)
)
def test_primaries_become_a_profile(photo: np.ndarray, chunks: tuple[bytes, ...]) -> None:
    _, metadata = decode_image(png(photo, *chunks), "photo")
    colors = np.array([[[200, 60, 40], [60, 160, 80], [128, 128, 128], [255, 255, 255], [90, 100, 220]]], np.uint8)
    to_srgb = np.array([[1.22494, -0.22494, 0], [-0.042057, 1.042057, 0], [-0.019638, -0.078636, 1.098274]])
    values = colors / 255
    is_power = chunks[0][4:8] == b"gAMA"
    light = values**2.2 if is_power else np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    assert np.abs(as_srgb(colors, metadata.icc_profile) - encoded(light @ to_srgb.T)).max() <= 2


def test_the_profile_of_srgb_is_that_of_srgb() -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    profile = rgb_profile((0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06), None)
    assert np.abs(as_srgb(image, profile) - image).max() <= 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_a_result_shows_the_colors_of_its_photo(tmp_path: Path, photo: np.ndarray, suffix: str) -> None:
    (tmp_path / "photo.png").write_bytes(png(photo, cicp(12, 13, 0, 1)))
    image, metadata = read_image(tmp_path / "photo.png")
    write_image(tmp_path / f"a{suffix}", image, metadata)
    assert metadata.icc_profile is not None
    assert read_image(tmp_path / f"a{suffix}")[1].icc_profile == metadata.icc_profile


def test_gray_and_16_bits_are_described_too(tmp_path: Path, photo: np.ndarray) -> None:
    linear = decode_image(png(photo, gama(1.0)), "a")[1].icc_profile
    for image in (photo[..., 0], to_depth(photo[..., 0], 16)):
        (tmp_path / "a.png").write_bytes(png(image, gama(1.0)))
        assert read_image(tmp_path / "a.png", keeps_16_bits=True)[1].icc_profile == linear is not None
        assert decode_stored(png(image, gama(1.0)), "a")[1].icc_profile is None, "gray has no profile of RGB"


@pytest.mark.parametrize(
    ("code", "kind"), [((9, 16, 0, 1), "PQ"), ((9, 18, 0, 1), "HLG"), ((1, 1, 1, 1), "an unusual kind")]
)
def test_hdr_is_told(photo: np.ndarray, caplog: pytest.LogCaptureFixture, code: tuple[int, ...], kind: str) -> None:
    with caplog.at_level(logging.WARNING):
        image, metadata = decode_image(png(photo, cicp(*code)), "photo.png")
    assert np.array_equal(image, photo) and metadata.icc_profile is None
    text = f"photo.png: its colors are of {kind} (cICP {code[0]}/{code[1]}); they are taken for those of sRGB"
    assert caplog.messages == [text]
