"""The folder of a run: locks, contents, and full disks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
import tiny

from ppgan_lite.checkpoint import read_header
from ppgan_lite.errors import UsageError
from ppgan_lite.images import read_image
from ppgan_lite.training import TrainingInterrupted, run_folder, train
from ppgan_lite.training.previews import CAPTION_PX
from ppgan_lite.training.run_folder import NoSpaceError


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch):
    tiny.register(monkeypatch)


def lines_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_run_folder_holds_all_that_is_to_know_of_a_run(tmp_path):
    seen = []
    run = tmp_path / "run"
    config = tiny.experiment(4, preview_every=2, save_every=1, keep=2, validation={"every": 2})
    assert train(config, run_dir=run, report=seen.append) == run / "final.ppgan"
    names = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    previews = {f"previews/{iteration:07d}.png" for iteration in (1, 2, 4)}
    checkpoints = {f"{name}.ppgan" for name in ("latest", "best", "final", "iteration_0000003", "iteration_0000004")}
    assert (
        names
        == {"config.yaml", "environment.json", "train.log", "metrics.jsonl", "report.html"} | previews | checkpoints
    )
    assert len(read_image(run / "previews/0000004.png")[0]) == CAPTION_PX + 4 * 8 + 3 * 4  # four samples
    lines = lines_of(run)
    measured = [event for event in seen if event["event"] in ("losses", "validation")]
    assert measured == [{"event": "losses" if "losses" in line else "validation", **line} for line in lines]
    assert seen[0] == {"event": "started", "run": str(run), "iteration": 0, "iterations": 4}
    assert seen[-1] == {"event": "done", "path": str(run / "final.ppgan"), "iteration": 4}
    assert [event["file"] for event in seen if event["event"] == "preview"] == sorted(
        str(run / name) for name in previews
    )
    assert {"event": "progress", "iteration": 1, "iterations": 4}.items() <= seen[2].items()
    assert [(line["iteration"], "losses" in line, "validation" in line) for line in lines] == [
        (2, True, False),
        (2, False, True),
        (4, True, False),
        (4, False, True),
    ]
    assert set(lines[0]["losses"]) == {"painter", "judge"}
    assert lines[0]["lr"] == pytest.approx({"painter": 0.01, "judge": 0.01})
    assert 0 <= lines[0]["data_share"] <= 1
    assert [read_header(run / f"iteration_000000{number}.ppgan").training["iteration"] for number in (3, 4)] == [3, 4]
    log = (run / "train.log").read_text(encoding="utf-8")
    assert "saved at iteration 4" in log
    assert config.dump() in log


def test_a_run_folder_whose_name_is_not_utf_8_is_like_any_other(tmp_path, capfd):
    run = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        run.mkdir()
    except OSError:
        pytest.skip("every name is UTF-8 here")
    shutil.rmtree(run)
    for iterations in (2, 4):
        train(tiny.experiment(iterations), run_dir=run, resume=iterations == 4)
    err = capfd.readouterr().err
    assert "Logging error" not in err and "Traceback" not in err
    log = (run / "train.log").read_text(encoding="utf-8")
    assert f"iteration 2 of 4 in {tmp_path}{os.sep}caf\\udce9" in log
    assert read_header(run / "final.ppgan").training["iteration"] == 4


def test_the_environment_of_every_start_is_noted(tmp_path):
    for iterations in (1, 2):
        train(tiny.experiment(iterations), run_dir=tmp_path, resume=iterations == 2)
    starts = json.loads((tmp_path / "environment.json").read_text(encoding="utf-8"))
    assert [start["iteration"] for start in starts] == [0, 1]
    assert starts[0]["device"].startswith("cpu (")
    assert starts[0]["processes"] == 1
    assert starts[0]["python"] == sys.version.split()[0]
    assert starts[0]["packages"]["numpy"]


def test_ctrl_c_saves_and_names_the_command_that_continues(tmp_path, monkeypatch, capfd):
    tiny.in_update(monkeypatch, 2, tiny.press_ctrl_c)
    before = signal.getsignal(signal.SIGINT)
    run = tmp_path / "run"
    with pytest.raises(TrainingInterrupted) as caught:
        train(tiny.experiment(), run_dir=run)
    command = f"paddlegan train --resume {run}"
    assert str(caught.value) == f"{run}: stopped and saved at iteration 2. Continue: {command}"
    assert caught.value.exit_code == 130
    assert signal.getsignal(signal.SIGINT) is before
    assert read_header(run / "latest.ppgan").training["iteration"] == 2
    assert not (run / "final.ppgan").exists()
    assert "stopping after this iteration; Ctrl-C again ends at once" in capfd.readouterr().err


def test_a_second_ctrl_c_ends_at_once_and_damages_nothing(tmp_path, monkeypatch):
    train(tiny.experiment(2), run_dir=tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in ("latest.ppgan", "final.ppgan")}

    def press_twice() -> None:
        tiny.press_ctrl_c()
        tiny.press_ctrl_c()

    tiny.in_update(monkeypatch, 4, press_twice)
    with pytest.raises(KeyboardInterrupt):
        train(tiny.experiment(6), run_dir=tmp_path, resume=True)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]
    monkeypatch.undo()
    tiny.register(monkeypatch)
    train(tiny.experiment(6), run_dir=tmp_path, resume=True)


def test_a_folder_with_a_run_is_not_written_over(tmp_path):
    train(tiny.experiment(1), run_dir=tmp_path / "run")
    with pytest.raises(UsageError) as caught:
        train(tiny.experiment(1), run_dir=tmp_path / "run")
    assert str(caught.value) == (
        f"{tmp_path / 'run'}: holds a run already. Continue it with --resume or give another --run-dir"
    )
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_bytes(b"")
    with pytest.raises(UsageError, match="holds other files"):
        train(tiny.experiment(1), run_dir=tmp_path / "photos")
    with pytest.raises(UsageError, match="is a file; expected a folder for the run"):
        train(tiny.experiment(1), run_dir=tmp_path / "photos/cat.jpg")


def test_a_run_that_ended_before_its_first_checkpoint_can_start_again(tmp_path, monkeypatch):
    def fail() -> None:
        raise RuntimeError

    with monkeypatch.context() as context:
        tiny.in_update(context, 1, fail)
        with pytest.raises(RuntimeError):
            train(tiny.experiment(1), run_dir=tmp_path)
    assert train(tiny.experiment(1), run_dir=tmp_path).is_file()


def test_a_second_training_in_the_same_folder_is_refused(tmp_path, monkeypatch):
    found = []

    def start_another() -> None:
        with pytest.raises(UsageError) as caught:
            train(tiny.experiment(1), run_dir=tmp_path)
        found.append(str(caught.value))

    tiny.in_update(monkeypatch, 2, start_another)
    train(tiny.experiment(3), run_dir=tmp_path)
    assert found == [
        f"{tmp_path}: another training is running in it (process {os.getpid()} on {os.uname().nodename})."
        " Wait for it, stop it, or give another --run-dir"
    ]


def test_the_lock_of_another_process_holds_until_that_ends(tmp_path):
    script = (
        "import sys; from pathlib import Path; from ppgan_lite.training.run_folder import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        with (
            pytest.raises(UsageError, match=rf"another training is running in it \(process {other.pid} on "),
            run_folder.locked(tmp_path),
        ):
            pass
        other.kill()
    assert (tmp_path / "run.lock").exists()
    with run_folder.locked(tmp_path):
        assert (tmp_path / "run.lock").read_text().startswith(f"process {os.getpid()} on ")
    assert not (tmp_path / "run.lock").exists()


Usage = namedtuple("Usage", ["total", "used", "free"])


def test_a_disk_without_room_is_told_before_the_first_iteration(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 5_000_000))
    with pytest.raises(NoSpaceError) as caught:
        train(tiny.experiment(1), run_dir=tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: 5 MB free on its disk; expected 16 MB for the run's checkpoints. Free some space, or move the run"
        " to another disk"
    )
    assert not (tmp_path / "metrics.jsonl").exists()


def test_a_disk_that_fills_up_costs_no_checkpoint_and_is_told(tmp_path, monkeypatch, capsys):
    room = [10**9]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 0, room[0]))
    tiny.in_update(monkeypatch, 3, lambda: room.__setitem__(0, 1000))
    tiny.in_update(monkeypatch, 5, lambda: room.__setitem__(0, 10**9))
    saved = []

    def note(event) -> None:
        latest = tmp_path / "latest.ppgan"
        if event["event"] != "losses":
            return
        saved.append(read_header(latest).training["iteration"] if latest.exists() else None)

    train(tiny.experiment(6, save_every_s=0, log_every=1), run_dir=tmp_path, report=note)
    assert saved == [None, 1, 2, 2, 2, 5]
    told = f"{tmp_path}: 0 MB free on its disk; expected 16 MB for latest.ppgan"
    assert capsys.readouterr().err.count(told) == 2
    assert read_header(tmp_path / "latest.ppgan").training["iteration"] == 6


def test_a_disk_that_is_full_at_the_end_keeps_the_checkpoint_from_before(tmp_path, monkeypatch):
    room = [10**9]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 0, room[0]))
    tiny.in_update(monkeypatch, 3, lambda: room.__setitem__(0, 1000))
    with pytest.raises(NoSpaceError, match=r"0 MB free on its disk; expected 16 MB for latest\.ppgan"):
        train(tiny.experiment(4, save_every_s=0), run_dir=tmp_path)
    assert read_header(tmp_path / "latest.ppgan").training["iteration"] == 2
