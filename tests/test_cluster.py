"""Workers in a real Ray of this machine: one is killed, and the cluster is not there or goes away."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from test_cli_translate import save

from ppgan_lite.images import decode_image, write_image
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.runtime.packages import is_installed

pytestmark = [
    pytest.mark.skipif(not is_installed("ray"), reason='Ray is not installed: pip install "ppgan-lite[cluster]"'),
    pytest.mark.skipif(os.name == "nt", reason="Ray's support of Windows is a beta"),
]
Run = Callable[..., tuple[int, str, str]]
LIMIT_S = 600  # a busy machine takes long to start Ray
# Ray ends workers, however small, where other programs fill the machine's memory, and lets all others go first.
UNDISTURBED = {"RAY_memory_monitor_refresh_ms": "0", "RAY_worker_niceness": "0"}
TOO_BUSY = "timed out during startup"  # Ray waits for its own processes for half a minute


def command(tmp_path: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a script that runs tasks with a local cluster of two workers."""
    (tmp_path / "runs.py").write_text(
        "import json, os, sys, threading, time\n"
        "import psutil\n"
        "from worker_bodies import Tenfold\n"
        "from ppgan_lite.workers.cluster import Cluster\n"
        "from ppgan_lite.workers.pool import run_tasks\n" + script
    )
    root = Path(__file__).parents[1]
    environment = {**os.environ, **UNDISTURBED, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")])}
    called = [sys.executable, "runs.py", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(called, cwd=tmp_path, env=environment, stdout=pipe, stderr=pipe, text=True)


def finished(tmp_path: Path, script: str) -> tuple[int, str, str]:
    """Run a script to its end; once again where the machine was too busy for Ray."""
    for _ in range(2):
        with command(tmp_path, script) as process:
            out, err = process.communicate(timeout=LIMIT_S)
        if TOO_BUSY not in err:
            break
    return process.returncode, out, err


def test_tasks_of_killed_actors_are_done_again_and_those_that_kill_are_told(tmp_path: Path) -> None:
    script = (
        "tasks = [*map(str, range(20)), 'die once 20', 'die 21', *map(str, range(22, 30))]\n"
        "told = {'outcomes': {}, 'failures': {}, 'lines': []}\n"
        "on_outcome = lambda number, outcome: told['outcomes'].__setitem__(number, outcome)\n"
        "on_failure = lambda number, error: told['failures'].__setitem__(number, str(error))\n"
        "pool = Cluster(Tenfold(os.getcwd()), 'local', size=2)\n"
        "run_tasks(pool, tasks, on_outcome, on_failure=on_failure, on_line=told['lines'].append)\n"
        "print(json.dumps(told))\n"
    )
    code, out, err = finished(tmp_path, script)
    assert code == 0, err
    told = json.loads(out)  # and nothing else: Ray prints on standard output, too
    values = {int(number): outcome[0] for number, outcome in told["outcomes"].items()}
    assert values == {number: number * 10 for number in range(30) if number != 21}
    assert len({outcome[1] for outcome in told["outcomes"].values()}) >= 2
    assert list(told["failures"]) == ["21"] and "two worker processes died of it" in told["failures"]["21"]
    assert told["lines"] == ["in 1 threads"]


def test_a_cluster_that_goes_away_is_told_in_one_line(tmp_path: Path) -> None:
    script = (
        "def end(number, outcome):\n"
        "    for process in psutil.Process().children(recursive=True):\n"
        "        if process.is_running() and process.name() in ('raylet', 'gcs_server'):\n"
        "            process.kill()\n"
        "pool = Cluster(Tenfold(os.getcwd()), 'local', size=2)\n"
        "try:\n"
        "    run_tasks(pool, ['0', '1', *['slow 2'] * 5000], end, on_failure=print)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error, flush=True)\n"
        "os._exit(0)\n"  # as the command line ends
    )
    code, out, err = finished(tmp_path, script)
    assert code == 0, err
    [line] = out.splitlines()
    assert line.startswith("WorkerError local: the cluster is gone (")
    assert line.endswith("What is done is kept: run the same again with --skip-existing")


def test_a_cluster_that_is_not_there_is_told_in_one_line(run: Run) -> None:
    write_image("photos/a.png", np.zeros((8, 8, 3), np.uint8))
    arguments = ("stylize", "photos", "-o", "out", "--style", "starry_night", "--cluster", "127.0.0.1:1")
    code, out, err = run(*arguments, "--json")
    assert (code, out) == (1, "")
    remedy = "Start one with: ray start --head, or use --cluster local"
    found = f"there is no Ray cluster (ConnectionRefusedError: [Errno {errno.ECONNREFUSED}] Connection refused)"
    assert err.splitlines()[-1] == f"paddlegan: error: 127.0.0.1:1: {found}. {remedy}"
    assert not Path("out").exists()
    for address, wrong in (("", "is empty"), ("ray://here:1", "ray://here:1 is for Ray's client")):
        code, _, err = run(*arguments[:-1], address)
        expected = "expected HOST:PORT of a cluster that has this machine, auto or local"
        assert (code, err) == (2, f"paddlegan: error: --cluster: {wrong}; {expected}\n")


@pytest.mark.parametrize(
    "verb",
    [
        ("stylize", "--style", "starry_night"),
        ("restore",),
        ("translate", "--checkpoint", "zebra.ppgan", "--direction", "b_to_a"),
    ],
    ids=lambda verb: verb[0],
)
def test_photos_are_made_by_a_cluster_of_which_a_worker_is_killed(verb: tuple[str, ...], tmp_path: Path) -> None:
    if verb[0] == "translate":
        kind = {"base_channels": 2, "blocks": 1, "initialization": "kaiming"}
        save(tmp_path / "zebra.ppgan", "translate", **{name: ResnetGenerator(**kind) for name in ("a_to_b", "b_to_a")})
    for number in range(12):
        photo = np.random.default_rng(number).integers(0, 256, (40, 56, 3), np.uint8)
        write_image(tmp_path / f"photos/{number:02}.png", photo)
    (tmp_path / "photos/05b.png").write_text("a letter")
    root = Path(__file__).parents[1]
    environment = {**os.environ, **UNDISTURBED, "PYTHONPATH": str(root)}
    called = [sys.executable, "-m", "ppgan_lite", verb[0], "photos", "-o", "out", *verb[1:]]
    called += ["--strip-metadata", "--cluster", "local", "--workers", "2", "--jsonl", "--skip-existing"]
    pipe = subprocess.PIPE
    for _ in range(2):
        with subprocess.Popen(called, cwd=tmp_path, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            for child in psutil.Process(process.pid).children(recursive=True) if first else ():
                if child.name().startswith("ray::_Actor"):
                    child.kill()
                    break
            out, err = process.communicate(timeout=LIMIT_S)
        if TOO_BUSY not in err:
            break
    told = [json.loads(line) for line in [first, *out.splitlines()]]
    assert sorted(Path(line["photo"]).name for line in told) == sorted(os.listdir(tmp_path / "photos"))
    assert [Path(line["photo"]).name for line in told if "error" in line] == ["05b.png"]
    assert process.returncode == 1 and "12 pictures written to out" in err.splitlines()
    assert all(decode_image(path.read_bytes(), "")[0].shape == (40, 56, 3) for path in (tmp_path / "out").iterdir())
    # what a process of one thread makes, bit for bit; nothing is left to do for it
    environment["OMP_NUM_THREADS"] = "1"
    alone = [*called[: called.index("--cluster")], "-o", "alone"]
    subprocess.run(alone, cwd=tmp_path, env=environment, capture_output=True, check=False)
    for path in (tmp_path / "out").iterdir():
        assert path.read_bytes() == (tmp_path / "alone" / path.name).read_bytes()


def test_a_folder_is_degraded_by_a_cluster_as_by_this_process(tmp_path: Path) -> None:
    for number in range(6):
        photo = np.random.default_rng(number).integers(0, 256, (30, 40, 3), np.uint8)
        write_image(tmp_path / f"clean/{number}.png", photo)
    (tmp_path / "clean/bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    environment = {**os.environ, **UNDISTURBED, "PYTHONPATH": str(Path(__file__).parents[1])}
    called = [sys.executable, "-m", "ppgan_lite", "degrade", "clean"]
    for _ in range(2):
        done = subprocess.run(
            [*called, "worse", "--cluster", "local", "--workers", "2", "--json"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        if TOO_BUSY not in done.stderr:
            break
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert sorted(report["made"]) == [f"{number}.png" for number in range(6)]
    assert [error["picture"] for error in report["errors"]] == ["bad.png"]
    subprocess.run(
        [*called, "alone", "--workers", "1"], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    for number in range(6):
        assert (tmp_path / f"worse/{number}.png").read_bytes() == (tmp_path / f"alone/{number}.png").read_bytes()
