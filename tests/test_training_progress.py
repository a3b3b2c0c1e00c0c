"""The progress of a training: the time that is left counts all that is ahead, and a line fits a terminal."""

from __future__ import annotations

import re
import types
from pathlib import Path

import pytest
import tiny

from ppgan_lite.languages.terminal import speaking
from ppgan_lite.languages.width import width
from ppgan_lite.training import train
from ppgan_lite.training.progress import Pace, clock, fitting

LOSSES = {"adversarial_ab": 0.51234, "adversarial_ba": 1.25, "cycle": 3.0}


def run(iteration: int, length: int, **settings: int) -> types.SimpleNamespace:
    """Return what a pace asks of a training."""
    train = {"preview_every": 0, "save_every": 0, "save_every_s": 0, **settings}
    validation = types.SimpleNamespace(every=train.pop("validation", 0))
    config = types.SimpleNamespace(train=types.SimpleNamespace(**train), validation=validation)
    return types.SimpleNamespace(iteration=iteration, length=length, config=config)


def test_the_time_left_counts_validations_previews_and_saves() -> None:
    pace = Pace()
    assert pace.seconds_left(run(0, 100)) == 0
    for seconds in (9.0, 2.0, 2.0, 2.0):  # the first iteration prepares what stays
        pace.add("iteration", seconds)
    assert pace.seconds_per_iteration == pytest.approx(2.0)
    assert pace.seconds_left(run(40, 100)) == pytest.approx(120)
    assert pace.seconds_left(run(40, 100, validation=25, preview_every=10)) == pytest.approx(120), "not known yet"
    pace.add("validation", 30.0)
    pace.add("preview", 1.0)
    assert pace.seconds_left(run(40, 100, validation=25, preview_every=10)) == pytest.approx(120 + 3 * 30 + 6 * 1)
    assert pace.seconds_left(run(99, 100, validation=25)) == pytest.approx(2 + 30)
    assert pace.seconds_left(run(100, 100, validation=25)) == 0
    pace.add("save", 0.5)
    assert pace.seconds_left(run(40, 100, save_every=20, save_every_s=60)) == pytest.approx(120 + 3 * 0.5 + 2 * 0.5)


def test_a_mean_follows_a_machine_that_gets_slower() -> None:
    pace = Pace()
    for seconds in [1.0] * 50 + [3.0] * 100:
        pace.add("iteration", seconds)
    assert 2.9 < pace.seconds_per_iteration < 3.0


@pytest.mark.parametrize(
    ("columns", "shown"),
    [(10, ""), (32, ", adversarial_ab 0.512"), (60, ", adversarial_ab 0.512, adversarial_ba 1.25"), (90, ", cycle 3")],
)
def test_losses_that_fit_are_shown_whole(columns: int, shown: str) -> None:
    text = fitting("4:05 left", LOSSES, columns)
    assert text.endswith(shown) and len(text) <= max(columns, len("4:05 left"))


def test_a_duration_is_a_clock() -> None:
    assert [clock(seconds) for seconds in (0, 7.4, 307, 3907, 90_000)] == [
        "0:00",
        "0:07",
        "5:07",
        "1:05:07",
        "25:00:00",
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_bar_is_a_line_of_80_columns(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.register(monkeypatch)
    update = tiny.TinyRecipe.update

    def with_more(self: tiny.TinyRecipe, batch: dict) -> dict[str, float]:
        return {**update(self, batch), **{f"a_loss_with_a_long_name_{number}": 1.0 for number in range(9)}}

    monkeypatch.setattr(tiny.TinyRecipe, "update", with_more)
    with speaking(language):
        train(tiny.experiment(3, log_every=1), run_dir=tmp_path / "run")
    shown = [text for line in capsys.readouterr().err.splitlines() for text in line.split("\r") if "/3" in text]
    last = shown[-1].rstrip()
    words = r"0:\d\d left, \S+ s each, painter" if language == "en" else r"剩余 0:\d\d，每次 \S+ 秒, painter"
    assert last.startswith("100%|") and re.search(words, last) and "judge" in last
    assert all(width(text.rstrip()) <= 80 for text in shown), shown
