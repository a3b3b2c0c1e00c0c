"""Predictors in many threads: each picture is as from one thread, and the process is left as it was."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import LAPSTYLE, STYLE_TRANSFER, fill
from paddle import nn

from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.inference.engines.engine import LazyEngine
from ppgan_lite.inference.engines.selection import ENGINE_VARIABLE
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.nets.lapstyle import LapStyleNet
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.nets.style_transfer import StyleTransferNet

THREADS = 16


def write(path: Path, net: nn.Layer, task: str) -> Path:
    value_range = (0.0, 1.0) if task == "stylize" else (-1.0, 1.0)
    header = Header({"net": net_spec(net)}, {"net": PredictorSpec("net", task, value_range=value_range)})
    write_checkpoint(path, header, net_tensors("net", net))
    return path


NETS: dict[str, tuple[Callable[[], nn.Layer], str]] = {
    "style": (lambda: fill(StyleTransferNet(**STYLE_TRANSFER)), "stylize"),
    "lapstyle": (lambda: fill(LapStyleNet(**LAPSTYLE, own_style=True)), "stylize"),
    "translate": (lambda: ResnetGenerator(base_channels=4, blocks=1), "translate"),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(ENGINE_VARIABLE, raising=False)
    paddle.seed(3)


def photos() -> list[np.ndarray]:
    """Return photos of as many sizes."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (64 + 3 * number, 90 - 2 * number, 3), np.uint8) for number in range(THREADS)]


def at_once(functions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Call each function on a thread of its own, all at the same moment, and return the results."""
    ready = Barrier(len(functions))

    def call(function: Callable[[], Any]) -> Any:
        ready.wait()
        return function()

    with ThreadPoolExecutor(len(functions)) as threads:
        return list(threads.map(call, functions))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "paddle"])
@pytest.mark.parametrize("name", NETS)
def test_sixteen_threads_get_the_pictures_of_one(name: str, engine: str, tmp_path: Path) -> None:
    pytest.importorskip(engine)
    net, task = NETS[name]
    path = write(tmp_path / "net.ppgan", net(), task)
    one = load_predictor(path, engine=engine)
    expected = [one(photo) for photo in photos()]
    many = load_predictor(path, engine=engine)  # its engines load when all threads want them
    for _ in range(2):
        found = at_once([lambda photo=photo: many(photo) for photo in photos()])
        for picture, wanted in zip(found, expected, strict=True):
            np.testing.assert_array_equal(picture, wanted)


@pytest.mark.parametrize("engine", ["openvino", "paddle"])
def test_large_pictures_in_stages_get_along_with_small_ones(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a net, a stage's engine and that of small pictures are closed by one thread while others use them."""
    pytest.importorskip(engine)
    from ppgan_lite.inference.translation import translator

    monkeypatch.setattr(translator, "WHOLE_PX", 6000)
    path = write(tmp_path / "net.ppgan", NETS["translate"][0](), "translate")
    one, many = (load_predictor(path, engine=engine) for _ in range(2))
    expected = [one(photo) for photo in photos()]
    found = at_once([lambda photo=photo: many(photo) for photo in photos()])
    for picture, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(picture, wanted)


def test_predictors_loaded_at_once_for_the_first_time_leave_streams_warnings_and_paddle_as_they_were(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Making a graph silences the process and switches Paddle's mode, for all threads."""
    pytest.importorskip("openvino")
    pytest.importorskip("paddle2onnx")
    sources = []
    for number in range(3):
        sources.append(write(tmp_path / f"{number}.ppgan", NETS["translate"][0](), "translate"))
    filters = list(warnings.filters)
    photo = photos()[0]
    engines = ["openvino", "paddle", "openvino:float32"]

    def paint(path: Path, engine: str) -> np.ndarray:
        return load_predictor(path, engine=engine)(photo)

    found = at_once([functools.partial(paint, path, engine) for path, engine in zip(sources, engines)])
    assert warnings.filters == filters
    assert paddle.in_dynamic_mode()
    capfd.readouterr()
    os.write(1, b"out")
    os.write(2, b"err")
    assert capfd.readouterr() == ("out", "err")
    for picture, path, engine in zip(found, sources, engines, strict=True):
        np.testing.assert_array_equal(picture, paint(path, engine))


def test_engines_take_turns() -> None:
    running = [0]

    class Alone:
        name, device, precision, concurrent = "alone", "cpu", "float32", False

        def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
            running[0] += 1
            assert running == [1]
            total = inputs[0].sum()
            running[0] -= 1
            return (np.float32(total),)

    engine = LazyEngine(Alone())
    found = at_once([lambda number=number: engine.run(np.full((300, 300), number, np.float32)) for number in range(8)])
    assert [int(result[0]) for result in found] == [90_000 * number for number in range(8)]
