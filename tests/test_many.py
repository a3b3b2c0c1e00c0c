"""Many photos by several processes: what they make, in which order it is told, and what happens when one dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import numpy as np
import psutil
import pytest
from inverter import Inverter, stdin_of

from ppgan_lite.cli.batch_workers import run_worker
from ppgan_lite.errors import ImageError
from ppgan_lite.images import decode_image, write_image
from ppgan_lite.inference.batch_planning import Item
from ppgan_lite.workers.task_queue import Task, TaskQueue

Run = Callable[..., tuple[int, str, str]]
STYLIZE = ("stylize", "photos", "--style", "starry_night", "--strip-metadata")


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a temporary folder, processes of their own too."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.chdir(tmp_path)


def photos(count: int) -> list[str]:
    """Write photos into a folder, and a file that is none; return the names of the photos."""
    names = [f"{number:02}.png" for number in range(count)]
    for number, name in enumerate(names):
        write_image(Path("photos", name), np.random.default_rng(number).integers(0, 256, (40, 56, 3), np.uint8))
    Path("photos/01b.png").write_text("a letter")
    return names


def painted(folder: str) -> dict[str, np.ndarray]:
    return {path.name: decode_image(path.read_bytes(), "")[0] for path in sorted(Path(folder).iterdir())}


def test_two_workers_make_the_pictures_of_one_in_as_many_threads(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    names = photos(6)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    code, out, err = run(*STYLIZE, "-o", "two", "--workers", "2", "--json")
    assert code == 1
    report = json.loads(out)
    assert [Path(made["photo"]).name for made in report["results"]] == names
    assert report["style"] == "starry_night" and report["device"] == "cpu"
    assert [Path(wrong["photo"]).name for wrong in report["errors"]] == ["01b.png"]
    lines = err.splitlines()
    assert sum(line.startswith("starry_night on cpu") for line in lines) == 1
    assert "6 pictures written to two" in lines and lines[-1] == "1 of 7 pictures failed"
    assert any("7/7" in line for line in lines)  # the bar
    assert run(*STYLIZE, "-o", "one")[0] == 1
    one, two = painted("one"), painted("two")
    assert list(one) == list(two) == names
    assert all(np.array_equal(one[name], two[name]) for name in names)


def the_rest(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return what is left of stdout and stderr; `communicate` loses what `readline` has read ahead."""
    assert process.stdout is not None and process.stderr is not None
    with ThreadPoolExecutor(1) as thread:
        err = thread.submit(process.stderr.read)
        return process.stdout.read(), err.result(timeout=600)


@pytest.mark.skipif(os.name == "nt", reason="processes are killed by a signal")
def test_the_photos_of_a_killed_worker_are_painted_all_the_same() -> None:
    names = photos(12)
    command = [sys.executable, "-m", "ppgan_lite", *STYLIZE, "-o", "out", "--workers", "2", "--jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        first = parent.stdout.readline()
        workers = [child for child in psutil.Process(parent.pid).children() if is_worker(child)]
        workers[0].send_signal(signal.SIGKILL)
        out, err = the_rest(parent)
        parent.wait(60)
    told = [json.loads(line) for line in [first, *out.splitlines()]]
    assert sorted(Path(line["photo"]).name for line in told) == sorted([*names, "01b.png"])
    assert [Path(line["photo"]).name for line in told if "error" in line] == ["01b.png"]
    assert parent.returncode == 1 and "12 pictures written to out" in err
    assert sorted(path.name for path in Path("out").iterdir()) == names


@pytest.mark.skipif(os.name == "nt", reason="processes are interrupted by a signal")
def test_an_interruption_stops_all_workers_and_leaves_whole_files() -> None:
    photos(100)
    command = [sys.executable, "-m", "ppgan_lite", *STYLIZE, "-o", "out", "--workers", "2", "--jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        first = [parent.stdout.readline(), parent.stdout.readline()]  # a picture, and the file that is none
        workers = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGINT)
        out, err = the_rest(parent)
        parent.wait(60)
    assert parent.returncode == 130 and err.splitlines()[-1] == "paddlegan: interrupted"
    assert not psutil.wait_procs(workers, timeout=30)[1]
    told = [json.loads(line) for line in [*first, *out.splitlines()]]
    made = sorted(Path(line["photo"]).name for line in told if "error" not in line)
    assert sorted(path.name for path in Path("out").iterdir()) == made
    assert 0 < len(made) < 100 and len(painted("out")) == len(made)


@pytest.mark.skipif(os.name == "nt", reason="processes are interrupted by a signal")
def test_ctrl_c_while_workers_start_ends_all_of_them_in_one_line() -> None:
    photos(8)
    command = [sys.executable, "-m", "ppgan_lite", *STYLIZE, "-o", "out", "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as parent:
        assert parent.stderr is not None
        workers: list[psutil.Process] = []
        while len(workers) < 2 or sum(workers[0].cpu_times()) < 0.06:  # it imports
            workers = [child for child in psutil.Process(parent.pid).children() if is_worker(child)]
            assert parent.poll() is None
        os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to all processes
        err = parent.stderr.read()
    assert parent.returncode == 130
    assert [line for line in err.splitlines() if line and "%|" not in line] == ["paddlegan: interrupted"]
    assert not psutil.wait_procs(workers, timeout=30)[1]


def is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in str(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def test_workers_do_not_share_standard_input(run: Run, inverter: Inverter, monkeypatch: pytest.MonkeyPatch) -> None:
    names = photos(2)
    monkeypatch.setattr(sys, "stdin", stdin_of(b""))
    code, _, err = run("stylize", "-", f"photos/{names[0]}", "-o", "out/", "--style", "wave", "--workers", "2")
    assert code == 2
    assert err.splitlines()[-1] == (
        "paddlegan: error: --workers: cannot read standard input; expected files and folders"
    )
    code, _, err = run("stylize", f"photos/{names[0]}", "-o", "out/", "--style", "wave", "--workers", "2")
    assert code == 0, "one photo needs one process"


def test_an_error_that_concerns_all_photos_is_told_once(run: Run) -> None:
    photos(4)
    code, _, err = run("stylize", "photos", "--style", "starry_nigt", "-o", "out", "--workers", "2")
    assert code == 2
    assert [line for line in err.splitlines() if "starry_nigt" in line] == [err.splitlines()[-1]]
    assert "Did you mean 'starry_night'?" in err.splitlines()[-1]
    assert not Path("out").exists()


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_photo_that_is_done_again_takes_no_file_away_that_was_there_before(overwrite: bool) -> None:
    target = Path("out.png")
    target.write_bytes(b"an earlier result, or what a worker that died left")
    item = Item(Path("in.png"), target)
    told: list[object] = []
    queue = TaskQueue(told.append, asks=False)
    queue.put(Task(0, item, is_retry=True))
    queue.end()

    def read(_item: Item) -> NoReturn:
        raise ImageError("in.png", "is broken")

    def prepare(_item: Item) -> Callable[[object, object], object]:
        return lambda picture, _progress: picture

    run_worker(queue, read, prepare, lambda _item, _result: {}, overwrite=overwrite, about={})
    assert target.exists() is overwrite
    assert len(told) == 1
