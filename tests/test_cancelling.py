"""Where a predictor asks whether to go on: around every execution of a subgraph, engines that are compared included."""

import itertools
from pathlib import Path

import numpy as np
import paddle
import pytest

from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.errors import CancelledError
from ppgan_lite.inference.engines import selection
from ppgan_lite.inference.engines.paddle import PaddleEngine
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.stylization import revising
from ppgan_lite.nets.lapstyle import LapStyleNet
from ppgan_lite.nets.resnet_generator import ResnetGenerator

PHOTO = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
STAGES = 10  # of a residual generator with one block


class Events(list):
    """Events in their order: "ask", or the name of an engine that executed a subgraph."""

    def cancelled(self, at=None):
        """Return a function that is asked whether to stop, and says so when it is asked for the `at`-th time."""
        count = itertools.count(1)

        def cancelled():
            self.append("ask")
            return next(count) == at

        return cancelled

    def check(self):
        """No subgraph is executed without a question since the one before."""
        assert not any("ask" not in pair for pair in itertools.pairwise(self))


@pytest.fixture
def events(monkeypatch, tmp_path):
    """Let Paddle stand for another engine too, and record the calls of each; no agreement is known yet."""
    events = Events()
    monkeypatch.setattr(revising, "threads", lambda: 1)

    class Noted(PaddleEngine):
        def run(self, *inputs):
            events.append(self.name)
            return super().run(*inputs)

    class Other(Noted):
        name = "openvino"

        @staticmethod
        def offers(precision, device):
            return True

    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(selection, "engine_class", {"paddle": Noted, "openvino": Other}.__getitem__)
    return events


def checkpoint(path: Path, net, task) -> Path:
    header = Header({"net": net_spec(net)}, {"net": PredictorSpec("net", task, value_range=(-1.0, 1.0))})
    write_checkpoint(path, header, net_tensors("net", net))
    return path


@pytest.fixture
def generator(tmp_path):
    paddle.seed(3)
    return checkpoint(tmp_path / "net.ppgan", ResnetGenerator(base_channels=4, blocks=1), "translate")


@pytest.fixture
def painter(tmp_path):
    paddle.seed(3)
    net = LapStyleNet([4, 6, 8, 10, 10], [1, 1, 1, 1, 1], 4, 1, True)
    net.update_own_style(net.style_statistics(paddle.rand([1, 3, 64, 64])))
    return checkpoint(tmp_path / "painter.ppgan", net, "stylize")


def load(path: Path, **options):
    return load_predictor(path, device="cpu", engine="openvino:float32", **options)


def test_a_large_picture_asks_around_each_stage_while_engines_are_compared_too(events, generator):
    predictor = load(generator, cancelled=events.cancelled())
    assert [event for event in events if event != "ask"] == ["openvino", "paddle"], "in one go, by both engines"
    events.check()
    events.clear()
    predictor._whole_px = 1000
    predictor(PHOTO, cancelled=events.cancelled())
    executed = [event for event in events if event != "ask"]
    assert executed == ["openvino"] * STAGES + ["paddle"] * STAGES + ["openvino"] * STAGES
    events.check()
    assert events.count("ask") > 3 * len(executed), "before and after each stage is executed, and after it"


def test_cancel_ends_a_comparison_of_engines_and_the_next_picture_does_it_again(events, generator):
    predictor = load(generator)
    predictor._whole_px = 1000
    events.clear()
    for last in (1, 4, 3 * STAGES + 5):
        events.clear()
        with pytest.raises(CancelledError, match=r"^translate: cancelled$"):
            predictor(PHOTO, cancelled=events.cancelled(at=last))
        assert events.count("ask") == last and events[-1] == "ask", "nothing was done after the answer"
    assert "paddle" in events, "the last of these came while the second engine was tried"
    result = predictor(PHOTO)
    again = load(generator)
    again._whole_px = 1000
    assert np.array_equal(result, again(PHOTO))


@pytest.mark.parametrize("at", [1, 2, 4])
def test_loading_a_checkpoint_for_the_first_time_is_cancelled(events, generator, at):
    with pytest.raises(CancelledError, match=r"^translate: cancelled$"):
        load(generator, cancelled=events.cancelled(at=at))
    assert events.count("ask") == at and events[-1] == "ask"


def test_calibration_is_cancelled(events, generator):
    predictor = load(generator)
    with pytest.raises(CancelledError):
        predictor.calibrate(PHOTO, cancelled=events.cancelled(at=2))
    assert events.count("ask") == 2


def test_painting_asks_around_each_subgraph_while_engines_are_compared_too(events, painter):
    predictor = load(painter, cancelled=events.cancelled())
    tried = ["encode", "decode", "revise"]
    assert [event for event in events if event != "ask"] == ["openvino"] * len(tried) + ["paddle"] * len(tried)
    events.check()
    events.clear()
    predictor(PHOTO, cancelled=events.cancelled())
    assert set(events) == {"ask", "openvino"}
    events.check()
    for last in (1, 2, 3, 4):
        events.clear()
        with pytest.raises(CancelledError, match=r"^stylize: cancelled$"):
            predictor(PHOTO, cancelled=events.cancelled(at=last))
        assert events.count("ask") == last and events[-1] == "ask"
    with pytest.raises(CancelledError):
        predictor.calibrate(PHOTO, cancelled=events.cancelled(at=2))
