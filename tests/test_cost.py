"""The cost of a picture, known before work on it begins."""

import json

import numpy as np
import pytest

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import UsageError
from ppgan_lite.images import NamedFile
from ppgan_lite.inference import cost, estimate, loading
from ppgan_lite.inference.cost import Cost, Rates
from ppgan_lite.inference.estimate import estimate_cost
from ppgan_lite.runtime import memory


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path))
    return tmp_path


def taking(monkeypatch, *times):
    """Let each timed block take so many seconds."""
    clock = iter(time for seconds in times for time in (0.0, seconds))
    monkeypatch.setattr(cost.time, "perf_counter", lambda: next(clock))


def test_what_was_never_done_has_no_price_yet():
    assert Rates("a").seconds({"draft": 1e6}) is None
    assert Rates("a").seconds({}) == 0


def test_the_price_is_measured_for_each_kind_of_work_and_each_key(monkeypatch):
    taking(monkeypatch, 2.0, 3.0)
    with Rates("a").timed("draft", 1e6):
        pass
    assert Rates("a").seconds({"draft": 1e6, "revise": 1e6}) is None
    with Rates("a").timed("revise", 1e6):
        pass
    assert Rates("a").seconds({"draft": 5e5, "revise": 10e6}) == pytest.approx(1.0 + 30.0)
    assert Rates("b").seconds({"draft": 1e6}) is None


def test_a_slow_picture_counts_half_and_a_fast_one_whole(monkeypatch):
    taking(monkeypatch, 2.0, 6.0, 1.0)
    prices = []
    for _ in range(3):
        with Rates("a").timed("draft", 1e6):
            pass
        prices.append(Rates("a").seconds({"draft": 1e6}))
    assert prices == pytest.approx([2.0, 4.0, 1.0])


def test_small_and_failed_pictures_are_not_measured(cache):
    with Rates("a").timed("draft", 1000):
        pass
    with pytest.raises(ValueError, match="no"), Rates("a").timed("draft", 1e6):
        raise ValueError("no")
    assert not list(cache.rglob("*.json"))


def test_pictures_that_are_made_at_once_are_not_measured(cache):
    one, other = Rates("a").timed("draft", 1e6), Rates("a").timed("draft", 1e6)
    with one:
        other.__enter__()
    other.__exit__(None, None, None)
    assert Rates("a").seconds({"draft": 1e6}) is None
    with Rates("a").timed("draft", 1e6):
        pass
    assert Rates("a").seconds({"draft": 1e6}) is not None


def test_a_damaged_file_is_no_knowledge(cache):
    with Rates("a").timed("draft", 1e6):
        pass
    (path,) = cache.rglob("*.json")
    for text in ("", "[1]", json.dumps({"draft": "x"})):
        path.write_text(text)
        assert Rates("a").seconds({"draft": 1e6}) is None


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (Cost(40.2, 1.24e9), "about 40 s, 1.2 GB"),
        (Cost(0.2, 5e8), "about 1 s, 0.5 GB"),
        (Cost(300, 3e9), "about 5 min, 3.0 GB"),
        (Cost(None, 2e9), "2.0 GB"),
    ],
)
def test_a_cost_in_words(price, text):
    assert str(price) == text


class Costly:
    """A predictor that knows its price from the second question on, and records its calls."""

    name, device, device_note, engine, direction, directions = "costly", "cpu", "", "paddle", "", ()
    spec = PredictorSpec("net", "stylize")
    checkpoint, painting, blend, colors = NamedFile("costly.ppgan"), None, (), None

    def __init__(self):
        self.asked = []

    def cost(self, height, width, **options):
        self.asked.append((height, width, options))
        return Cost(None if len(self.asked) == 1 else 12.0, 1e9)

    def calibrate(self, image, *, cancelled):
        self.asked.append((image.shape, cancelled))

    def __call__(self, image, *, progress, **options):
        return image


def test_the_cost_of_a_large_picture_is_known_ahead_from_one_calibration(monkeypatch):
    painter, image, cancelled = Costly(), np.zeros((20, 30, 3), np.uint8), lambda: False
    assert estimate_cost(painter, image, {}) is None and painter.asked == [], "it is not large"
    monkeypatch.setattr(estimate, "LARGE_PX", 600)
    found = estimate_cost(painter, image, {"brush": 7.0, "strength": 1.0}, cancelled=cancelled)
    asked = (20, 30, {"brush": 7.0})
    assert found == Cost(12.0, 1e9) and painter.asked == [asked, ((20, 30, 3), cancelled), asked]
    assert estimate_cost(painter, image, {}) == Cost(12.0, 1e9), "and is not made a part of again"
    assert painter.asked[3:] == [(20, 30, {})]


def test_a_large_picture_that_does_not_fit_is_refused_before_anything_is_made(monkeypatch):
    monkeypatch.setattr(estimate, "LARGE_PX", 600)
    monkeypatch.setattr(memory, "free_memory", lambda: -(10**12))
    painter = Costly()
    with pytest.raises(UsageError, match=r"^30 x 20 pixels: needs about 1\.0 GB of memory"):
        estimate_cost(painter, np.zeros((20, 30, 3), np.uint8), {})
    assert len(painter.asked) == 1


def test_the_command_line_tells_what_a_large_picture_will_take(run, monkeypatch, photo_file):
    monkeypatch.setattr(loading, "load_predictor", lambda *arguments, **options: Costly())
    code, _, said = run("stylize", photo_file, "-o", "small.png", "--style", "starry_night")
    assert code == 0, said
    assert "pixels:" not in said
    monkeypatch.setattr(estimate, "LARGE_PX", 600)
    code, _, said = run("stylize", photo_file, "-o", "large.png", "--style", "starry_night")
    assert code == 0 and "60 x 40 pixels: about 12 s, 1.0 GB\n" in said
