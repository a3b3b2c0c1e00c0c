"""Engines: the same picture as eager Paddle, or not used; graphs that are kept, bounded and shared."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle import nn

from ppgan_lite.errors import EngineError, UsageError
from ppgan_lite.inference.engines import ENGINES, selection
from ppgan_lite.inference.engines import cache as engine_cache
from ppgan_lite.inference.engines.engine import Engines
from ppgan_lite.inference.engines.onnxruntime import OnnxRuntimeEngine
from ppgan_lite.inference.engines.openvino import OpenVinoEngine
from ppgan_lite.inference.engines.paddle import PaddleEngine
from ppgan_lite.inference.engines.selection import ENGINE_VARIABLE, Agreement, agreement, choose_engines
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.onnx import graphs
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.nets.unet_generator import UnetGenerator
from ppgan_lite.restoration import restorer
from ppgan_lite.runtime import files
from ppgan_lite.runtime.file_cache import FileCache
from ppgan_lite.styles import shipped

pytest.importorskip("paddle2onnx")
needs_openvino = pytest.mark.skipif(not OpenVinoEngine.offers("float32", "cpu"), reason="openvino is not installed")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(ENGINE_VARIABLE, raising=False)
    return tmp_path / "cache" / "graphs"


def photo(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(rows / 9 + columns / 17), np.cos(rows / 5), np.sin(columns / 7)]
    return np.rint(np.stack(waves, axis=-1) * 100 + 128).astype(np.uint8)


class TimesTwo(nn.Layer):
    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return x * 2


def times_two(built: list[str] | None = None, key: str = "times_two") -> dict[str, Subgraph]:
    def build() -> nn.Layer:
        if built is not None:
            built.append(key)
        return TimesTwo()

    return {"net": Subgraph("net", key, ((1, 3, None, None),), build)}


def run(used: Engines) -> np.ndarray:
    values = np.linspace(0, 100, 3 * 8 * 8, dtype=np.float32).reshape(1, 3, 8, 8)
    return np.rint(used["net"].run(values)[0]).astype(np.uint8)


def only_openvino_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave one engine beside the reference."""
    monkeypatch.delitem(ENGINES, "onnxruntime")
    monkeypatch.setattr(selection, "PRECISIONS", ("float32",))


def offering(monkeypatch: pytest.MonkeyPatch, engine: type, *precisions: str) -> None:
    """Let an engine offer some precisions on any device."""
    monkeypatch.setattr(engine, "offers", staticmethod(lambda precision, device: precision in precisions))


@needs_openvino
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_engine_paints_what_paddle_paints(engine: str) -> None:
    pytest.importorskip(engine)
    image = photo(150, 203)
    reference = load_predictor(shipped("starry_night"), engine="paddle")(image, brush=20)
    predictor = load_predictor(shipped("starry_night"), engine=engine)
    found = agreement(predictor(image, brush=20), reference)
    assert predictor.engine.startswith(engine)
    assert found.holds("bfloat16" if "bfloat16" in predictor.engine else "float32"), found


@pytest.mark.parametrize("engine", ["paddle", "openvino", "onnxruntime"])
def test_a_result_stays_when_the_engine_runs_again(engine: str) -> None:
    """A tile is put in its place while the next one is computed."""
    pytest.importorskip(engine)
    used = choose_engines(times_two(), f"{engine}:float32", "cpu", run)[0]["net"]
    first, second = (np.full((1, 3, 8, 8), value, np.float32) for value in (1, 5))
    found = used.run(first)[0]
    used.run(second)
    np.testing.assert_array_equal(found, 2 * first)


@needs_openvino
def test_what_restores_agrees_with_paddle_too() -> None:
    """A branch in its graph once let OpenVINO overwrite the picture that the first convolution reads."""
    assert load_predictor(restorer(), engine="openvino:float32").engine == "openvino"


@needs_openvino
def test_sizes_in_a_graph_are_integers() -> None:
    """522 is no number in bfloat16, which OpenVINO would take on some processors if it were left to it."""
    predictor = load_predictor(shipped("wheat_field"), engine="openvino")
    detail, coarser = np.zeros((1, 3, 522, 20), np.float32), np.zeros((1, 3, 261, 10), np.float32)
    assert predictor._revisions[0](detail, coarser)[0].shape == (1, 3, 522, 20)


@needs_openvino
def test_ctrl_c_after_painting_is_a_signal_and_no_crash() -> None:
    predictor = load_predictor(shipped("starry_night"), engine="openvino")
    predictor(photo(64, 64))
    del predictor
    gc.collect()
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]


@needs_openvino
@pytest.mark.parametrize(
    "net",
    [
        lambda: ResnetGenerator(base_channels=4, blocks=1, initialization="kaiming"),
        lambda: ResnetGenerator(base_channels=4, blocks=1, upsample="nearest", initialization="kaiming"),
        lambda: UnetGenerator(base_channels=4, depth=3, norm="instance", initialization="kaiming"),
        lambda: UnetGenerator(base_channels=4, depth=3, initialization="kaiming"),
    ],
)
def test_a_graph_of_a_generator_gives_its_numbers_at_other_sizes(net) -> None:
    from ppgan_lite.inference.translation.subgraphs import stage_subgraphs, whole_subgraph
    from ppgan_lite.nets.stages import stages_of

    paddle.seed(1)
    made = net()
    made.eval()
    stages = stage_subgraphs(made, stages_of(made), "net")
    for name, subgraph in {**whole_subgraph(made, "net"), **stages}.items():
        pair = PaddleEngine(), OpenVinoEngine()
        for engine in pair:
            engine.load(subgraph)
        for height, width in ((32, 48), (45, 37) if name == "whole" else (36, 40)):
            shape = (1, subgraph.inputs[0][1], height, width)
            values = [np.random.default_rng(height).standard_normal(shape, np.float32)]
            for wanted in subgraph.inputs[1:]:  # a map of the photo's size, statistics
                sides = [4 * height, 4 * width] if None in wanted else wanted[2:]
                other = np.random.default_rng(0).standard_normal((*wanted[:2], *sides), np.float32)
                values.append(np.abs(other) + 0.1)
            for wanted, found in zip(*(engine.run(*values) for engine in pair), strict=True):
                assert found.shape == wanted.shape
                assert np.abs(found - wanted).max() <= 1e-4 * max(1.0, np.abs(wanted).max()), name


@needs_openvino
def test_a_graph_is_made_once(cache: Path) -> None:
    built: list[str] = []
    for _ in range(2):
        used, note = choose_engines(times_two(built), "openvino", "cpu", run)
        assert run(used).max() == 200 and note == ""
    assert len(built) == 2  # for the graph, and for the reference; nothing the second time
    assert len(list(cache.glob("*.onnx"))) == 1 and not list(cache.glob("*.tmp"))


@needs_openvino
@pytest.mark.parametrize("engine", ["auto", "openvino:float32", "onnxruntime"])
def test_a_painter_with_a_reference_needs_no_paddle_at_its_first_use_nor_later(engine: str, tmp_path: Path) -> None:
    """Threads, engine and message do not depend on whether the graph had to be compiled."""
    pytest.importorskip("onnxruntime")
    from ppgan_lite.images import read_image, write_image
    from ppgan_lite.inference.stylization.reference import add_reference

    painter = tmp_path / "painter.ppgan"
    shutil.copy(shipped("wheat_field") or "", painter)
    add_reference(painter)

    write_image(tmp_path / "photo.png", photo(190, 260))
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    script = "import sys\nfrom ppgan_lite.cli import main\nprint(main(sys.argv[1:]), 'paddle' in sys.modules)"
    said, painted = [], []
    for number in range(2):
        output = tmp_path / f"{number}.png"
        command = ["stylize", "photo.png", "-o", str(output), "--style", str(painter), "--engine", engine]
        done = subprocess.run(
            [sys.executable, "-c", script, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        said.append((done.stdout, done.stderr.splitlines()[0]))
        painted.append(read_image(output)[0])
    message = said[0][1]
    assert said == [("0 False\n", message)] * 2
    np.testing.assert_array_equal(*painted)


@needs_openvino
def test_an_engine_that_changes_the_picture_is_not_used(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    right = OpenVinoEngine.run
    monkeypatch.setattr(OpenVinoEngine, "run", lambda self, *inputs: tuple(x + 3 for x in right(self, *inputs)))
    only_openvino_in_float32(monkeypatch)
    used, note = choose_engines(times_two(), "auto", "cpu", run)
    assert used["net"].name == "paddle"
    assert (
        note == "slower than it could be: openvino in float32 differs from Paddle by 3/255 at most, 3.00/255 on average"
    )
    with pytest.raises(EngineError, match="openvino in float32 differs from Paddle"):
        choose_engines(times_two(), "openvino", "cpu", run)
    [known] = cache.glob("*.json")
    assert json.loads(engine_cache.read(known.name) or b"")["largest"] == 3


@needs_openvino
def test_a_net_that_cannot_be_a_graph_is_executed_by_paddle(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(TimesTwo):
        def forward(self, x: paddle.Tensor) -> paddle.Tensor:
            if not paddle.in_dynamic_mode():
                raise ValueError("only eagerly")
            return x * 2

    only_openvino_in_float32(monkeypatch)
    subgraphs = {"net": Subgraph("net", "odd", ((1, 3, None, None),), Odd)}
    used, note = choose_engines(subgraphs, "auto", "cpu", run)
    assert used["net"].name == "paddle" and run(used).max() == 200
    assert note.startswith("slower than it could be: Paddle cannot make a graph of it (")


def test_an_engine_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found(name) if name == "paddle" else None)
    with pytest.raises(EngineError) as caught:
        choose_engines(times_two(), "onnxruntime", "cpu", run)
    assert str(caught.value) == "engine: onnxruntime is not installed. Install it with: pip install onnxruntime"
    used, note = choose_engines(times_two(), "auto", "cpu", run)
    assert (used["net"].name, note) == ("paddle", "")


@pytest.mark.parametrize("asked", ["turbo", "openvino:float8", "auto:"])
def test_an_unknown_engine_or_precision_is_refused(asked: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose_engines(times_two(), asked, "cpu", run)
    assert str(caught.value) == (
        f"engine: {asked!r} is not known; expected one of auto, paddle, openvino, onnxruntime, "
        "with a precision after a colon if it must be that: auto:float32"
    )


@needs_openvino
@pytest.mark.parametrize(
    ("asked", "name", "precision"),
    [
        ("auto", "openvino", "bfloat16"),
        ("openvino:bfloat16", "openvino", "bfloat16"),
        ("auto:float32", "openvino", "float32"),
        ("openvino:float32", "openvino", "float32"),
        ("onnxruntime", "onnxruntime", "float32"),
        ("paddle:float32", "paddle", "float32"),
    ],
)
def test_a_precision_can_be_insisted_on(monkeypatch: pytest.MonkeyPatch, asked: str, name: str, precision: str) -> None:
    offering(monkeypatch, OpenVinoEngine, "bfloat16", "float32")
    offering(monkeypatch, OnnxRuntimeEngine, "float32")
    monkeypatch.setattr(selection, "agreement", lambda picture, reference: Agreement(0, 0, 0))
    used, note = choose_engines(times_two(), asked, "cpu", lambda used: np.zeros((2, 2, 3), np.uint8))
    assert (used["net"].name, used["net"].precision, note) == (name, precision, "")


@pytest.mark.parametrize(
    ("asked", "device"), [("auto:float16", "cpu"), ("paddle:bfloat16", "cpu"), ("openvino", "gpu:0"), ("auto", "intel")]
)
def test_what_does_not_compute_there_is_told(asked: str, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for engine in (PaddleEngine, OpenVinoEngine, OnnxRuntimeEngine):
        offering(monkeypatch, engine)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    with pytest.raises(EngineError) as caught:
        choose_engines(times_two(), asked, device, run)
    assert str(caught.value) == (f"engine: {asked} does not compute on {device} here. Choose another engine or device")


@needs_openvino
def test_bfloat16_that_differs_too_much_gives_way_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    right = OpenVinoEngine.run

    def wrong(self: OpenVinoEngine, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(x + 2 * (self.precision == "bfloat16") for x in right(self, *inputs))

    offering(monkeypatch, OpenVinoEngine, "bfloat16", "float32")
    monkeypatch.setattr(OpenVinoEngine, "run", wrong)
    used, note = choose_engines(times_two(), "auto", "cpu", run)
    assert (used["net"].name, used["net"].precision, note) == ("openvino", "float32", "")
    with pytest.raises(EngineError, match=r"openvino in bfloat16 differs from Paddle by 2/255 at most, 2\.00/255"):
        choose_engines(times_two(), "openvino:bfloat16", "cpu", run)


@needs_openvino
def test_an_engine_that_fails_at_its_first_picture_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: OpenVinoEngine, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        raise RuntimeError("no\nmemory")

    only_openvino_in_float32(monkeypatch)
    monkeypatch.setattr(OpenVinoEngine, "run", fails)
    used, note = choose_engines(times_two(), "auto", "cpu", run)
    assert (used["net"].name, note) == (
        "paddle",
        "slower than it could be: openvino in float32 fails (no memory)",
    )


class AnotherEngine(PaddleEngine):
    """An engine as somebody may add it."""

    name = "another"

    @staticmethod
    def offers(precision: str, device: str) -> bool:
        return (precision, device) == ("float32", "cpu")


def test_an_engine_is_added_by_a_line_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ENGINES, "openvino")
    monkeypatch.delitem(ENGINES, "onnxruntime")
    monkeypatch.setitem(ENGINES, "another", f"{__name__}:AnotherEngine")
    for asked in ("auto", "another", "another:float32"):
        used, note = choose_engines(times_two(), asked, "cpu", run)
        assert (used["net"].name, used["net"].precision, note) == ("another", "float32", "")
    with pytest.raises(EngineError, match="another:bfloat16 does not compute on cpu here"):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
        choose_engines(times_two(), "another:bfloat16", "cpu", run)


def test_on_a_gpu_auto_is_paddle(monkeypatch: pytest.MonkeyPatch) -> None:
    offering(monkeypatch, PaddleEngine, "float32")
    used, _ = choose_engines(times_two(), "auto", "gpu:0", run)
    assert (used["net"].name, used["net"].device, used["net"].precision) == ("paddle", "gpu:0", "float32")


def test_on_a_gpu_mixed_precision_is_used_where_it_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none here: the choice is tested, the GPU is not."""
    offering(monkeypatch, PaddleEngine, "bfloat16", "float32")
    seen: list[str] = []

    def sample(used: Engines) -> np.ndarray:
        seen.append(used["net"].precision)
        return np.zeros((2, 2, 3), np.uint8)

    used, _ = choose_engines(times_two(), "auto", "gpu:0", sample)
    assert (used["net"].name, used["net"].precision, seen) == ("paddle", "bfloat16", ["bfloat16", "float32"])


def test_making_a_graph_leaves_the_layer_as_it_was() -> None:
    layer = TimesTwo()
    graphs.make_graph(Subgraph("net", "key", ((1, 3, None, None),), lambda: layer))
    assert type(layer.forward).__name__ == "method"
    assert layer(paddle.ones([1, 3, 2, 2])).sum() == 24


def test_the_cache_is_bounded_and_keeps_what_was_used_last(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_cache, "GRAPHS", FileCache("graphs", 1000))
    cache.mkdir(parents=True)
    for age in range(5):
        old = cache / f"old{age}.onnx"
        old.write_bytes(b"x" * 300)
        os.utime(old, (1_000_000 - age, 1_000_000 - age))
    graph = graphs.graph_of(times_two()["net"])
    assert graphs.cached_graph(times_two()["net"]) == graph
    left = {path.name for path in cache.iterdir()}
    assert "old0.onnx" in left and "old4.onnx" not in left
    assert sum(path.stat().st_size for path in cache.iterdir()) <= 1000


@needs_openvino
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_without_a_cache_the_engine_is_the_same_and_slow_starts_are_told(
    engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip(engine)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(engine_cache, "_in_memory", {})
    built: list[str] = []
    for _ in range(2):
        used, note = choose_engines(times_two(built), engine, "cpu", run)
        assert used["net"].name == engine and run(used).max() == 200
        where = tmp_path / "file" / "graphs"
        assert note == (
            f"slow to start: the cache folder {where} cannot be used (Not a directory); set PPGAN_LITE_CACHE"
        )
        used["net"].close()
        assert run(used).max() == 200
    assert len(built) == 2  # for the graph and the reference: what cannot be written is kept in memory


def test_what_is_kept_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(engine_cache, "_in_memory", {})
    monkeypatch.setattr(engine_cache, "_MAX_BYTES_IN_MEMORY", 1000)
    for number in range(5):
        engine_cache.keep(str(number), bytes(300))
        assert engine_cache.why_not_written(str(number)) == "Not a directory"
    assert [engine_cache.read(str(number)) is None for number in range(5)] == [True, True, False, False, False]


@needs_openvino
@pytest.mark.parametrize("kind", ["json", "blob", "onnx"])
def test_a_changed_byte_anywhere_in_the_cache_changes_no_picture(kind: str, cache: Path) -> None:
    first = run(choose_engines(times_two(), "openvino", "cpu", run)[0])
    (path,) = cache.glob(f"*.{kind}")
    whole = path.read_bytes()
    if kind == "onnx":
        next(cache.glob("*.blob")).unlink()
    path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    assert np.array_equal(run(choose_engines(times_two(), "openvino", "cpu", run)[0]), first)
    assert path.read_bytes() == whole


def test_without_a_temporary_folder_there_is_no_new_graph(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    monkeypatch.setattr(files, "_IN_MEMORY", tmp_path / "missing")
    monkeypatch.setenv("PPGAN_LITE_CACHE", os.devnull)
    used, note = choose_engines(times_two(), "auto", "cpu", run)
    assert used["net"].name == "paddle"
    assert note == "slower than it could be: there is no folder for temporary files"


def test_agreement_is_measured_in_steps_of_a_pixel() -> None:
    reference = np.zeros((10, 10, 3), np.uint8)
    picture = reference.copy()
    picture[0, 0, 0] = 2
    found = agreement(picture, reference)
    assert (found.largest, found.mean) == (2, 2 / 300)
    assert not found.holds("float32") and found.holds("bfloat16")


@needs_openvino
@needs_openvino
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells where threads may compute")
@pytest.mark.parametrize("threads", ["1", ""])
def test_openvino_computes_on_any_core(threads: str) -> None:
    """Pinned, as it does by default, workers of one thread each would all compute on the first core."""
    script = (
        "import os, threading, numpy as np\n"
        "from ppgan_lite.inference.loading import load_stylizer\n"
        "paint = load_stylizer('starry_night', engine='openvino')\n"
        "paint(np.zeros((256, 256, 3), np.uint8))\n"
        "done, seen, tasks = threading.Event(), set(), '/proc/self/task'\n"
        "def look():\n"
        "    while not done.is_set():\n"
        "        seen.update(frozenset(os.sched_getaffinity(int(thread))) for thread in os.listdir(tasks))\n"
        "looking = threading.Thread(target=look)\n"
        "looking.start()\n"
        "paint(np.zeros((384, 384, 3), np.uint8))\n"
        "done.set()\n"
        "looking.join()\n"
        "assert seen == {frozenset(os.sched_getaffinity(0))}, seen\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": threads}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_openvino_compiled_is_kept_and_a_damaged_copy_is_replaced(cache: Path) -> None:
    first = run(choose_engines(times_two(), "openvino", "cpu", run)[0])
    (compiled,) = cache.glob("*.blob")
    whole = compiled.read_bytes()
    next(cache.glob("*.onnx")).unlink()
    built: list[str] = []
    assert np.array_equal(run(choose_engines(times_two(built), "openvino", "cpu", run)[0]), first)
    assert built == []
    compiled.write_bytes(whole[: len(whole) // 2])
    assert np.array_equal(run(choose_engines(times_two(built), "openvino", "cpu", run)[0]), first)
    assert built == ["times_two"]
    assert len(compiled.read_bytes()) == len(whole)
