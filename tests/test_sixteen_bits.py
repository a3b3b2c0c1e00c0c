"""16 bits per channel in, 16 bits out: read, painted, translated, restored and written without steps of 1/255."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from inverter import Inverter, painted_with, replace_module
from PIL import Image
from test_cli_translate import save
from test_predictor import learned_checkpoint, picture, tiny_checkpoint
from tiff_files import FLOAT, RGB, UINT, UNASSOCIATED, Kind, stored, tiff

from ppgan_lite.images import (
    ImageMetadata,
    fitting_metadata,
    profiles,
    read_image,
    read_settings,
    resize,
    to_depth,
    write_image,
)
from ppgan_lite.inference.engines.selection import in_float32
from ppgan_lite.inference.faces.sparing import spare_faces
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.stylization import stylizer
from ppgan_lite.inference.translation import translator
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.nets.sr_resnet import SRResNet

Run = Callable[..., tuple[int, str, str]]


def gradient(height: int, width: int) -> np.ndarray:
    """Return a sky, a photo of 16 bits: from its top to its bottom not 40 of 255 steps."""
    rows, columns = np.mgrid[0:height, 0:width]
    light = 0.55 + 0.12 * rows / height + 0.02 * columns / width
    return np.rint(light[..., None] * [0.8, 0.9, 1.0] * 65_535).astype(np.uint16)


def longest_step(image: np.ndarray) -> int:
    """Return the length of the longest run of equal values in the columns of an image."""
    longest = 0
    for column in image[..., 1].T:
        ends = np.flatnonzero(np.diff(column.astype(int)) != 0)
        longest = max(longest, int(np.diff(np.concatenate([[-1], ends, [len(column) - 1]])).max()))
    return longest


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_has_16_bits_is_read_so(tmp_path: Path, suffix: str, channels: int) -> None:
    values = np.random.default_rng(0).integers(0, 65_536, (9, 7, channels), np.uint16)
    colors = values[..., : channels // 3 * 2 + 1]
    alpha = np.ascontiguousarray(values[..., -1]) if channels in (2, 4) else None
    write_image(tmp_path / f"a{suffix}", colors[..., 0] if channels < 3 else colors, ImageMetadata(alpha=alpha))
    image, metadata = read_image(tmp_path / f"a{suffix}", keeps_16_bits=True)
    assert image.dtype == np.uint16 and np.array_equal(image, np.broadcast_to(colors, (9, 7, 3)))
    assert (metadata.alpha is None) if alpha is None else np.array_equal(metadata.alpha, alpha)
    small, _ = read_image(tmp_path / f"a{suffix}")
    assert small.dtype == np.uint8 and np.abs(to_depth(image, 8).astype(int) - small).max() <= 1


@pytest.mark.parametrize("kind", [Kind(16, FLOAT, RGB), Kind(32, FLOAT, RGB, UNASSOCIATED), Kind(12, UINT, RGB)])
def test_floats_and_12_bits_are_read_with_16(tmp_path: Path, kind: Kind) -> None:
    values = np.random.default_rng(0).random((8, 12, kind.channels))
    samples = stored(values, kind)
    (tmp_path / "a.tif").write_bytes(tiff(samples, kind))
    image, _ = read_image(tmp_path / "a.tif", keeps_16_bits=True)
    assert image.dtype == np.uint16
    assert np.abs(image / 65_535 - values[..., :3]).max() < (1 / 4096 if kind.bits == 12 else 1e-3)
    assert len(np.unique(image)) > 256


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_what_has_8_bits_is_read_as_ever(tmp_path: Path, photo: np.ndarray, kind: str) -> None:
    Image.fromarray(photo).save(tmp_path / "a", kind)
    expected, _ = read_image(tmp_path / "a")
    image, _ = read_image(tmp_path / "a", keeps_16_bits=True)
    assert image.dtype == np.uint8 and np.array_equal(image, expected)


def gray_profile(curve: bytes) -> bytes:
    """Return the profile of a gray picture."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63_190, 65_536, 54_061)
    text = b"text\0\0\0\0none\0\0\0\0"
    tags, place, table = [(b"wtpt", white), (b"kTRC", curve), (b"cprt", text), (b"desc", text)], 128 + 4 + 48, b""
    for name, data in tags:
        table += struct.pack(">4sII", name, place, len(data))
        place += len(data)
    head = struct.pack(
        ">I4s4s4s4s4s12s4s", place, b"lcms", b"\x02\x40\0\0", b"mntr", b"GRAY", b"XYZ ", bytes(12), b"acsp"
    )
    head = (head + bytes(28) + struct.pack(">3i", 63_190, 65_536, 54_061)).ljust(128, b"\0")
    return head + struct.pack(">I", len(tags)) + table + b"".join(data for _, data in tags)


def srgb(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


PARAMETERS = b"".join(struct.pack(">i", round(value * 65_536)) for value in (2.4, 0.948, 0.052, 0.077, 0.04))
VALUES = np.arange(256) / 255


@pytest.mark.parametrize(
    ("curve", "light"),
    [
        (b"curv\0\0\0\0\0\0\0\1\1\xcd\0\0", VALUES ** (0x1CD / 256)),
        (b"curv\0\0\0\0" + struct.pack(">I3H", 3, 0, 13_107, 65_535), np.interp(VALUES, [0, 0.5, 1], [0, 0.2, 1])),
        (b"curv\0\0\0\0\0\0\0\0", VALUES),
        (b"para\0\0\0\0\0\3\0\0" + PARAMETERS, ((VALUES + 0.055) / 1.055) ** 2.4),  # nearly that of sRGB
    ],
    ids=["gamma", "table", "linear", "parametric"],
)
def test_a_gray_profile_is_applied_to_16_bits(tmp_path: Path, curve: bytes, light: np.ndarray) -> None:
    profile = gray_profile(curve)
    file = io.BytesIO()
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(to_depth(ramp, 16)).save(file, "PNG", icc_profile=profile)
    (tmp_path / "a.png").write_bytes(file.getvalue())
    image, metadata = read_image(tmp_path / "a.png", keeps_16_bits=True)
    assert metadata.icc_profile is None and np.array_equal(image[..., 0], image[..., 2])
    expected = srgb(light).reshape(16, 16) * 255
    assert np.abs(image[..., 0] / 257 - expected)[1:].max() < 0.2
    by_littlecms, _ = read_image(tmp_path / "a.png")  # which interpolates in a table of few values
    assert np.abs(by_littlecms[..., 0] - expected).mean() < 1.5
    assert profiles.gray_curve(profile[:150]) is None


def test_resizing_keeps_16_bits_and_agrees_with_8(photo: np.ndarray) -> None:
    for width, height in ((30, 20), (90, 60)):
        large = resize(to_depth(photo, 16), width, height)
        difference = np.abs(large / 257 - resize(photo, width, height))
        assert large.dtype == np.uint16 and difference.mean() < 0.5
        assert difference.max() <= 1 or width > 60, "enlarging, Pillow clips 8 bits at each of two steps"
    alpha = fitting_metadata(ImageMetadata(alpha=photo[..., 0]), to_depth(photo, 16)).alpha
    assert alpha is not None and np.array_equal(alpha, to_depth(photo[..., 0], 16))


def test_depths_are_converted_by_rounding() -> None:
    every = np.arange(65_536, dtype=np.uint16)[None]
    assert np.array_equal(to_depth(every, 8), np.rint(every / 257).astype(np.uint8))
    small = np.arange(256, dtype=np.uint8)
    assert np.array_equal(to_depth(to_depth(small, 16), 8), small)
    assert to_depth(small, 16)[[0, 255]].tolist() == [0, 65_535]


@pytest.fixture(scope="module", params=["LapStyleNet", "StyleTransferNet"])
def painter(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("weights") / "one.ppgan"
    if request.param == "LapStyleNet":
        tiny_checkpoint(path, own_style=True)
    else:
        learned_checkpoint(path, noise_std=0.05)
    return load_predictor(path, device="cpu", engine="paddle")


@pytest.mark.parametrize("size", [(1, 1), (40, 60), (333, 251), (700, 520)])
@pytest.mark.parametrize(
    "options", [{}, {"keep_colors": True}, {"strength": 0.5}, {"strength": 0.0}, {"brush": 30.0}], ids=str
)
def test_a_photo_is_painted_with_16_bits_as_with_8(
    painter: Any, size: tuple[int, int], options: dict[str, Any]
) -> None:
    photo = picture(*size)
    small, large = painter(photo, **options), painter(to_depth(photo, 16), **options)
    assert (small.dtype, large.dtype, large.shape) == (np.uint8, np.uint16, photo.shape)
    difference = np.abs(large / 257 - small)
    assert difference.mean() <= 1.2 and np.percentile(difference, 99) <= 9  # the draft's photo was rounded to 8 bits


@pytest.mark.parametrize("options", [{"strength": 0.3}, {"strength": 0.3, "keep_colors": True}], ids=str)
def test_a_gradient_stays_without_steps(options: dict[str, Any]) -> None:
    """With a style that ships: the nets of the other tests answer as they like."""
    photo = gradient(700, 120)
    assert longest_step(to_depth(photo, 8)) > 15 and longest_step(photo) <= 1
    result = load_predictor("starry_night", device="cpu", engine="auto:float32")(photo, **options)
    assert len(np.unique(result[..., 1])) > 2000
    assert longest_step(result) <= 5 < longest_step(to_depth(result, 8))


def test_strips_of_a_large_photo_give_what_one_gives(painter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = gradient(700, 520)
    whole = painter(photo)
    monkeypatch.setattr(stylizer, "strip_px", lambda width: 64 * width)
    assert np.abs(painter(photo).astype(int) - whole).max() <= 2


def generator(**arguments: Any) -> ResnetGenerator:
    return ResnetGenerator(base_channels=4, blocks=1, initialization="kaiming", **arguments)


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize(
    ("task", "make"),
    [
        ("restore", lambda: SRResNet(base_channels=4, blocks=1)),  # in tiles
        ("restore", lambda: SRResNet(base_channels=4, blocks=1, scale=2)),
        ("translate", generator),  # in stages
        ("translate", lambda: generator(in_channels=1, out_channels=1)),
    ],
    ids=["restore", "enlarge", "translate", "gray"],
)
def test_a_photo_is_translated_with_16_bits_as_with_8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, make: Callable[[], Any], is_large: bool
) -> None:
    paddle.seed(3)
    net = make()
    predictor = load_predictor(save(tmp_path / "net.ppgan", task, net=net), device="cpu", engine="paddle")
    photo = picture(233, 150)
    whole = predictor(to_depth(photo, 16))
    if is_large:
        monkeypatch.setattr(predictor, "_whole_px", 1000)
        monkeypatch.setattr(translator, "TILE_PX", 96)
    small, large = predictor(photo), predictor(to_depth(photo, 16))
    scale = net.arguments.get("scale", 1)
    assert (large.dtype, large.shape) == (np.uint16, (233 * scale, 150 * scale, 3))
    is_gray = net.arguments["in_channels"] == 1
    assert np.abs(large / 257 - small).max() <= (12 if is_gray else 0.6), "the luma of 8 bits is rounded"
    assert np.abs(large / 257 - whole / 257).max() <= 1.5, "maps between stages are of half precision"
    assert len(np.unique(large[..., 0])) > 256


def test_memory_for_16_bits_is_told(painter: Any) -> None:
    small, large = painter.cost(4000, 6000), painter.cost(4000, 6000, depth=16)
    assert large.memory - small.memory == pytest.approx(8 * 4000 * 6000 + stylizer.DEEP_BYTES)


def test_faces_are_found_in_16_bits() -> None:
    from ppgan_lite.images import SAMPLE_PHOTO

    photo, _ = read_image(SAMPLE_PHOTO)
    expected, strokes = spare_faces(photo), spare_faces(to_depth(photo, 16))
    assert strokes is not None and np.array_equal(strokes, expected)


def test_an_engine_for_16_bits_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PPGAN_LITE_ENGINE", raising=False)
    assert [in_float32(asked) for asked in ("auto", "openvino", "openvino:bfloat16")] == [
        *("auto:float32", "openvino:float32", "openvino:bfloat16"),
    ]
    monkeypatch.setenv("PPGAN_LITE_ENGINE", "paddle")
    assert in_float32("auto") == "paddle:float32"


class DeepInverter(Inverter):
    """Inverts a photo of any depth, and records the depths."""

    def __init__(self) -> None:
        super().__init__()
        self.depths: list[int] = []

    def __call__(self, image: np.ndarray, **settings: Any) -> np.ndarray:
        self.depths.append(8 * image.dtype.itemsize)
        return np.iinfo(image.dtype).max - image


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace loading; return the engines that predictors are loaded with."""
    import ppgan_lite.inference  # noqa: F401 - so that it can be given another attribute

    asked: list[str] = []

    def load_predictor(source: str, *, device: str = "auto", engine: str = "auto") -> DeepInverter:
        asked.append(engine)
        return DeepInverter()

    replace_module(monkeypatch, "ppgan_lite.inference.loading", load_predictor=load_predictor)
    monkeypatch.delenv("PPGAN_LITE_ENGINE", raising=False)
    return asked


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(
    ("options", "source_depth", "depth"),
    [((), 16, 16), ((), 8, 8), (("--depth", "8"), 16, 8), (("--depth", "16"), 8, 16), (("--depth", "16"), 16, 16)],
)
def test_a_result_has_the_depth_of_its_photo_or_the_one_asked_for(
    run: Run, engines: list[str], suffix: str, options: tuple[str, ...], source_depth: int, depth: int
) -> None:
    photo = to_depth(gradient(40, 60), source_depth)
    alpha = photo[..., 0]
    write_image(f"photo{suffix}", photo, ImageMetadata(alpha=alpha))
    code, _, err = run("stylize", f"photo{suffix}", "-o", f"a{suffix}", "--style", "wave", *options)
    assert code == 0, err
    result, metadata = read_image(f"a{suffix}", keeps_16_bits=True)
    assert result.dtype == (np.uint16 if depth == 16 else np.uint8)
    expected, _ = read_image(f"photo{suffix}", keeps_16_bits=depth == 16)
    assert np.array_equal(result, np.iinfo(result.dtype).max - to_depth(expected, depth))
    assert metadata.alpha is not None and metadata.alpha.dtype == result.dtype
    assert np.abs(to_depth(metadata.alpha, 8).astype(int) - to_depth(alpha, 8)).max() <= 1
    assert engines == ["auto:float32" if depth == 16 else "auto"]
    settings = read_settings(f"a{suffix}")
    asked = int(options[1]) if options else None
    assert settings == painted_with(Path(f"photo{suffix}"), depth=asked)


def test_a_format_of_8_bits_gets_8(run: Run, engines: list[str]) -> None:
    write_image("photo.png", gradient(40, 60))
    assert run("stylize", "photo.png", "-o", "a.jpg", "--style", "wave")[0] == 0
    assert engines == ["auto"]
    code, _, err = run("stylize", "photo.png", "-o", "b.jpg", "--style", "wave", "--depth", "16")
    expected = "b.jpg: holds 8 bits per channel, not 16; expected one of .png .tif .tiff, or --depth 8"
    assert (code, err) == (1, f"paddlegan: error: {expected}\n")
    assert run("stylize", "photo.png", "-o", "b.png", "--style", "wave", "--depth", "12")[0] == 2


def test_a_folder_of_both_depths_uses_an_engine_for_each(run: Run, engines: list[str], photo: np.ndarray) -> None:
    for name, image in (("a.png", photo), ("b.png", gradient(40, 60)), ("c.jpg", photo), ("d.tif", gradient(9, 9))):
        write_image(Path("photos", name), image)
    assert run("stylize", "photos", "-o", "out", "--style", "wave")[0] == 0
    depths = [read_image(path, keeps_16_bits=True)[0].dtype.itemsize for path in sorted(Path("out").iterdir())]
    assert (depths, engines) == ([1, 2, 1, 2], ["auto", "auto:float32"])
