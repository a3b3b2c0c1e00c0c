"""Learning a painting: the training, previews, stopping and going on, wrong requests; with tiny nets."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ppgan_lite import learning
from ppgan_lite.checkpoint import NetSpec, read_checkpoint, read_header, sha256_of
from ppgan_lite.config import load_config
from ppgan_lite.errors import UsageError
from ppgan_lite.images import read_image, short_side_to, write_image
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.learning import learning as steps
from ppgan_lite.learning import plan, previews
from ppgan_lite.learning.plan import CONFIG, DRAFT, PHOTOS, Request
from ppgan_lite.styles import shipped
from ppgan_lite.styles.users import find_user_style, user_styles
from ppgan_lite.training.run_folder import locked

Run = Callable[..., tuple[int, str, str]]  # the command line


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_vgg16: str) -> Iterator[Path]:
    """Have tiny nets learn; return the folder of a user without styles."""
    monkeypatch.setenv("PPGAN_LITE_DATA", str(tmp_path / "data"))
    path = tmp_path / "tiny.yaml"
    path.write_text(f"base: tiny/style_draft\nrecipe: {{perceptual: {tiny_vgg16}, draft_px: 32}}\n", encoding="utf-8")
    monkeypatch.setattr(plan, "CONFIG", str(path))
    monkeypatch.setattr(plan, "_PAINTING_PX", 64)
    monkeypatch.setattr(previews, "EVERY_S", 0.05)
    monkeypatch.setattr(steps, "_FINISH_S", 0.0)
    monkeypatch.setattr(steps, "_LEAST_S", 0.3)
    yield tmp_path / "data"


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    """Return the file of a painting, 90 x 72 pixels."""
    path = tmp_path / "Aunt's_garden.png"
    write_image(path, np.random.default_rng(3).integers(0, 256, (72, 90, 3), np.uint8))
    return path


def events(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def interrupting(monkeypatch: pytest.MonkeyPatch, iteration: int = 2) -> None:
    """Have Ctrl-C come after an iteration."""
    paint = previews.Previews.__call__

    def call(self: previews.Previews, run: Any) -> None:
        paint(self, run)
        if run.iteration == iteration:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(previews.Previews, "__call__", call)


# From a painting to a style


def test_a_painting_becomes_a_style_that_is_used_by_its_name(
    tiny: Path, painting: Path, run: Run, photo: np.ndarray
) -> None:
    code, out, err = run("learn", painting, "--minutes", "0.05", "--json")
    assert code == 0, err
    told = events(out)
    first, last = told[0], told[-1]
    folder, path = tiny / "runs" / "aunt_s_garden", tiny / "styles" / "aunt_s_garden.ppgan"
    assert first == {
        "event": "started",
        "name": "aunt_s_garden",
        "title": "Aunt's garden",
        "run": str(folder),
        "minutes": 0.05,
    }
    assert last == {"event": "done", "name": "aunt_s_garden", "path": str(path), "minutes": last["minutes"]}
    progress = [event for event in told if event["event"] == "progress"]
    assert [event["iteration"] for event in progress] == list(range(1, len(progress) + 1))
    assert all(a["seconds"] <= b["seconds"] for a, b in itertools.pairwise(progress))
    assert all(abs(event["seconds"] + event["seconds_left"] - 3) < 0.2 for event in progress if event["seconds"] < 2.9)
    (style,), _ = user_styles()
    assert (style.name, style.title, style.path) == ("aunt_s_garden", "Aunt's garden", path)
    assert load_predictor("aunt_s_garden")(photo).shape == photo.shape
    assert style.thumbnail().shape == (160, 160, 3)
    assert err.splitlines()[-1] == "Paint with it: paddlegan stylize PHOTO --style aunt_s_garden"


def test_a_style_tells_where_it_comes_from_and_names_no_folder(tiny: Path, painting: Path, run: Run) -> None:
    assert run("learn", painting, "--minutes", "0.02", "--content", "0.3", "--scale", "1.5", "--name", "G")[0] == 0
    header = read_header(find_user_style("g"))
    about = header.about
    assert about["title"] == {"en": "G", "zh": "G"}
    assert about["painting"] == {"file": painting.name, "sha256": sha256_of(painting)}
    assert about["minutes"] == pytest.approx(0.02, abs=0.3)
    assert about["settings"] == {
        "content": 0.3,
        "scale": 1.5,
        "photos": "those that ship",
        "started_from": None,
    }
    records = header.training["history"]
    assert [record["recipe"]["name"] for record in records] == ["StyleTransferDraft"]
    assert records[0]["recipe"]["content"] == 0.3
    assert str(tiny) not in json.dumps([about, header.training, header.recipe])
    draft = read_header(tiny / "runs/g/draft/latest.ppgan").training["config"]
    assert draft["data"]["style_short_side"] == [96, 96]
    mean = read_checkpoint(find_user_style("g"))[1]["net/painter/image_mean"]
    of_painting = short_side_to(read_image(painting)[0], 96).mean((0, 1)) / 255
    np.testing.assert_allclose(mean.ravel(), of_painting, atol=1e-2)  # and not those of the style it started from


def test_previews_show_the_photo_that_is_asked_for(tiny: Path, painting: Path, run: Run, photo_file: Path) -> None:
    code, out, _ = run("learn", painting, "--minutes", "0.04", "--preview", photo_file, "--json", "--name", "g")
    assert code == 0
    shown = [Path(event["file"]) for event in events(out) if event["event"] == "preview"]
    assert shown and all(path.parent == tiny / "runs/g/previews" for path in shown)
    assert read_image(shown[0])[0].shape == (54, 81, 3)  # 40 x 60, at twice its draft


def test_a_bar_counts_the_minutes(tiny: Path, painting: Path, run: Run) -> None:
    code, out, err = run("learn", painting, "--minutes", "0.03", "--name", "g")
    assert (code, out) == (0, "")
    assert "g: 0.03 minutes; Ctrl-C stops and keeps" in err
    assert re.search(r"\d+%\|.*\| 0:0\d left", err)
    assert "preview: " in err
    assert "config:" not in err  # the log is in the run's folder


def test_photos_of_the_users_are_learned_on(tiny: Path, painting: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (48, 50, 3), np.uint8)
        write_image(tmp_path / f"photos/{number}.png", noise)
    assert run("learn", painting, "--minutes", "0.02", "--photos", "photos", "--name", "g")[0] == 0
    config = read_header(tiny / "runs/g/draft/latest.ppgan").training["config"]
    assert config["data"]["content"] == [str(tmp_path / "photos")]
    assert read_header(find_user_style("g")).about["settings"]["photos"] == "photos"


# The start


def test_learning_starts_from_a_style_that_ships_with_the_same_net() -> None:
    config = load_config(CONFIG)
    start = read_header(shipped(config.train.init_from))
    assert start.nets["painter"] == NetSpec("StyleTransferNet", config.recipe["net"])


# Stopping and going on


def test_ctrl_c_keeps_what_is_learned_and_resume_goes_on(
    tiny: Path, painting: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupting(patch, 1)
        code, out, err = run("learn", painting, "--minutes", "5", "--name", "My Garden", "--json")
    assert code == 130, err
    assert events(out)[-1] == {"event": "kept", "name": "my_garden", "path": str(find_user_style("my_garden"))}
    line = err.splitlines()[-1]
    assert line.startswith("paddlegan: interrupted: my_garden: stopped after 0.") and "of 5 minutes" in line
    assert line.endswith("--name 'My Garden' --resume") and "Continue: paddlegan learn " in line
    (style,), _ = user_styles()
    before = read_header(tiny / "runs/my_garden/draft/latest.ppgan").training["iteration"]
    with monkeypatch.context() as patch:
        interrupting(patch, before + 1)
        code, out, err = run("learn", painting, "--name", "My Garden", "--resume", "--json")
    assert code == 130, err
    told = events(out)
    assert told[0]["minutes"] == 5
    progress = [event["iteration"] for event in told if event["event"] == "progress"]
    assert progress[0] == before + 1
    (longer,), _ = user_styles()
    assert longer.minutes >= style.minutes


def test_more_minutes_train_on(tiny: Path, painting: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("learn", painting, "--minutes", "0.02", "--name", "g")[0] == 0
    before = read_header(tiny / "runs/g/draft/latest.ppgan").training["iteration"]
    code, _, err = run("learn", painting, "--name", "g", "--resume", "--minutes", "0.02")
    expected = "paddlegan: error: g: has learned for its 0.02 minutes. Give it more: --minutes 0.04\n"
    assert (code, err) == (2, expected)
    interrupting(monkeypatch, before + 1)
    code, out, err = run("learn", painting, "--name", "g", "--resume", "--minutes", "5", "--json")
    assert code == 130, err
    assert next(event["iteration"] for event in events(out) if event["event"] == "progress") == before + 1


def test_a_line_on_stdin_stops_as_ctrl_c_does(
    tiny: Path, painting: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(os.fdopen(reading, "rb")))
    paint = previews.Previews.__call__

    def call(self: previews.Previews, run: Any) -> None:
        paint(self, run)
        if run.iteration == 2:
            os.write(writing, b"go on\nstop\n")

    monkeypatch.setattr(previews.Previews, "__call__", call)
    code, out, _ = run("learn", painting, "--minutes", "1", "--name", "g", "--json")
    os.close(writing)
    assert code == 130
    assert events(out)[-1]["event"] == "kept"


def test_an_interrupt_before_the_first_iteration_keeps_nothing(
    tiny: Path, painting: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(steps, "begin", interrupted)
        code, _, err = run("learn", painting, "--minutes", "1", "--name", "g")
    assert (code, err.splitlines()[-1]) == (130, "paddlegan: interrupted")
    assert find_user_style("g") is None
    assert run("learn", painting, "--minutes", "0.02", "--name", "g")[0] == 0  # the name is free


# Wrong requests


def refusal(run: Run, *arguments: object) -> tuple[int, str]:
    """Return exit code and the only line of a refused request."""
    code, out, err = run("learn", *map(str, arguments))
    assert out == "" and err.count("\n") == 1, err
    return code, err.strip()


def test_wrong_requests_are_one_line_each(tiny: Path, painting: Path, run: Run, tmp_path: Path) -> None:
    write_image(tmp_path / "small.png", np.zeros((63, 900, 3), np.uint8))
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    expected: list[tuple[tuple[object, ...], int, str]] = [
        (("missing.png",), 1, "paddlegan: error: missing.png: "),
        (("text.png",), 1, "paddlegan: error: text.png: "),
        (
            ("small.png",),
            2,
            "paddlegan: error: small.png: is a picture of 900 x 63 pixels; "
            "expected sides of at least 64 pixels, better 64. Find a larger one",
        ),
        ((painting, "--minutes", "0"), 2, "paddlegan: error: Invalid value for '--minutes': "),
        ((painting, "--minutes", "nan"), 2, "paddlegan: error: Invalid value for '--minutes': "),
        ((painting, "--minutes", "-1"), 2, "paddlegan: error: Invalid value for '--minutes': "),
        ((painting, "--content", "inf"), 2, "paddlegan: error: Invalid value for '--content': "),
        ((painting, "--scale", "5"), 2, "paddlegan: error: Invalid value for '--scale': "),
        ((painting, "--name", "udnie"), 2, "paddlegan: error: --name: udnie is the name of a style that ships; "),
        ((painting, "--name", "??"), 2, "paddlegan: error: --name: '??' gives no name for a file; "),
        ((painting, "--resume"), 2, "paddlegan: error: --resume: there is no run of the name aunt_s_garden. "),
        ((painting, "--preview", "missing.png"), 1, "paddlegan: error: missing.png: "),
        ((painting, "--photos", "missing"), 2, "paddlegan: error: missing: there is no such file or folder; expected "),
    ]
    for arguments, code, line in expected:
        found = refusal(run, *arguments)
        assert found[0] == code and found[1].startswith(line), (arguments, found)
    assert not (tiny / "styles").exists()


def test_a_folder_of_the_user_that_cannot_be_written_is_told(
    tiny: Path, painting: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PPGAN_LITE_DATA", str(painting / "data"))
    code, message = refusal(run, painting)
    assert code == 2 and message.startswith(f"paddlegan: error: {painting}")
    assert message.endswith("cannot be written. Set PPGAN_LITE_DATA to a folder that can be written")


def test_a_name_that_is_taken_or_begun_is_refused(
    tiny: Path, painting: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupting(patch)
        assert run("learn", painting, "--minutes", "1", "--name", "g")[0] == 130
    helpful = "Go on with it: --resume; remove it: paddlegan styles --remove g"
    taken = f"paddlegan: error: --name: you have a style of the name g; expected another one. {helpful}"
    assert refusal(run, painting, "--name", "G") == (2, taken)
    find_user_style("g").unlink()
    begun = f"paddlegan: error: --name: g was begun and is not finished; expected another one. {helpful}"
    assert refusal(run, painting, "--name", "g") == (2, begun)


def test_a_resume_with_other_wishes_is_refused(
    tiny: Path, painting: Path, run: Run, monkeypatch: pytest.MonkeyPatch, photo_file: Path
) -> None:
    with monkeypatch.context() as patch:
        interrupting(patch)
        assert run("learn", painting, "--minutes", "1", "--name", "g")[0] == 130
    assert refusal(run, painting, "--name", "g", "--resume", "--scale", "1.5") == (
        2,
        "paddlegan: error: --scale: 1.5 instead of 1.0; expected what g was begun with. "
        "Leave it out, or start anew with another --name",
    )
    assert refusal(run, photo_file, "--name", "g", "--resume") == (
        2,
        f"paddlegan: error: {photo_file}: is not the painting of g; expected {painting.name}. Give another --name",
    )
    (tiny / "runs/g/request.json").write_text("{", encoding="utf-8")
    assert refusal(run, painting, "--name", "g", "--resume") == (
        2,
        f"paddlegan: error: {tiny / 'runs/g/request.json'}: cannot be read; expected the plan of a run. "
        "Start it without --resume",
    )


def test_a_run_of_a_version_that_trained_otherwise_is_learned_anew(
    tiny: Path, painting: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupting(patch)
        assert run("learn", painting, "--minutes", "1", "--name", "g")[0] == 130
    monkeypatch.setattr(plan, "_PAINTING_PX", plan._PAINTING_PX // 2)
    code, _, err = run("learn", painting, "--name", "g", "--resume")
    assert (code, err.splitlines()[-1]) == (
        2,
        "paddlegan: error: --resume: g was begun by another version of paddlegan, with other training settings; "
        "expected a run of this version. Learn it anew: paddlegan styles --remove g, then the same command without "
        "--resume",
    )
    assert run("styles", "--remove", "g")[0] == 0
    interrupting(monkeypatch)
    assert run("learn", painting, "--minutes", "1", "--name", "g")[0] == 130


def test_without_paddle_the_extra_is_named(
    tiny: Path, painting: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "paddle", None)
    code, _, err = run("learn", painting)
    assert code == 1
    assert 'pip install "ppgan-lite[cpu]"' in err and err.count("\n") == 1


# The plan


def test_of_a_scroll_the_middle_is_learned(tiny: Path, tmp_path: Path) -> None:
    scroll = np.zeros((70, 700, 3), np.uint8)
    scroll[:, 280:420] = 255
    write_image(tmp_path / "scroll.png", scroll)
    _, image = plan.new_plan(Request(tmp_path / "scroll.png"))
    assert image.shape == (70, 140, 3) and image.min() == 255


def test_a_large_painting_is_kept_as_large_as_it_is_needed(tiny: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "canvas.png", np.zeros((400, 500, 3), np.uint8))
    for scale, height in ((None, 128), (2.0, 256)):
        _, image = plan.new_plan(Request(tmp_path / "canvas.png", scale=scale))
        assert image.shape[0] == height


def test_training_gets_the_time_that_start_and_end_leave(
    tiny: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    trained: list[tuple[str, float]] = []

    def train(config: Any, *, run_dir: Path, **_options: object) -> None:
        trained.append((run_dir.name, config.train.minutes))

    def begun(*arguments: Any) -> None:
        begin(*arguments)
        clock[0] += 20.0

    begin = steps.begin
    monkeypatch.setattr(steps.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(steps, "begin", begun)
    monkeypatch.setattr(steps, "train", train)
    monkeypatch.setattr(steps, "_FINISH_S", 4.0)
    monkeypatch.setattr(steps._Learning, "_keep", lambda self: None)
    learning.learn(Request(painting), lambda event: None)
    assert trained == [(DRAFT, pytest.approx((360 - 20 - 4) / 60))]


# The photos that ship


def test_the_photos_that_ship_are_small_and_attributed() -> None:
    files = sorted(PHOTOS.glob("*.jpg"))
    assert len(files) == 40
    assert sum(path.stat().st_size for path in files) < 1.5e6
    with (PHOTOS / "attribution.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["file"] for row in rows] == [path.name for path in files]
    for row in rows:
        assert row["license"] == "CC BY 2.0" and row["author and title at"].startswith("https://"), row
    for path in files:
        with Image.open(path) as image:
            assert min(image.size) >= 300 and image.mode == "RGB"
            assert not image.getexif()


def test_a_style_is_learned_by_one_process_at_a_time(tiny: Path, painting: Path) -> None:
    with locked(tiny / "runs/aunt_s_garden"), pytest.raises(UsageError, match="another training is running in it"):
        learning.learn(Request(painting), lambda event: None)
