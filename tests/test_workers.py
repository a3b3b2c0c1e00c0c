"""Workers: tasks given as they are asked for, outcomes gathered, tasks of dead workers done again."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from worker_bodies import Tenfold, die

from ppgan_lite.errors import CheckpointError, ImageError, UsageError, WorkerError
from ppgan_lite.workers.pool import run_tasks
from ppgan_lite.workers.processes import Processes
from ppgan_lite.workers.task_queue import portable


class Reports:
    """What a run of tasks reports."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Any] = {}
        self.failures: dict[int, WorkerError] = {}
        self.lines: list[str] = []

    def on_outcome(self, number: int, outcome: Any) -> None:
        assert number not in self.outcomes
        self.outcomes[number] = outcome

    def run(self, tasks: list[str], check: Callable[[], None] = lambda: None, body: Any = None) -> None:
        pool = Processes(body or Tenfold(os.getcwd()), 2, threads=1)
        on_failure = self.failures.__setitem__
        run_tasks(pool, tasks, self.on_outcome, on_failure=on_failure, on_line=self.lines.append, check=check)

    @property
    def values(self) -> dict[int, int]:
        return {number: outcome[0] for number, outcome in self.outcomes.items()}


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reports:
    monkeypatch.chdir(tmp_path)
    return Reports()


def children() -> list[psutil.Process]:
    """Return the processes of workers, without the one that multiprocessing keeps."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "spawn_main" in " ".join(child.cmdline())]


def test_every_task_is_done_once_by_one_of_the_workers(reports: Reports) -> None:
    reports.run([f"slow {number}" for number in range(12)])
    assert reports.values == {number: number * 10 for number in range(12)}
    assert len({outcome[1] for outcome in reports.outcomes.values()}) == 2
    assert len(list(Path().glob("*.begun"))) == 12
    assert reports.lines == ["in 1 threads"]  # both say it
    assert not reports.failures and not children()


def test_the_tasks_of_a_worker_that_dies_are_done_again(reports: Reports) -> None:
    reports.run(["0", "1", "die once 2", "3", "4", "die once 5", "6", "7"])
    assert reports.values == {number: number * 10 for number in range(8)}
    assert not reports.failures


def test_a_task_that_two_workers_die_of_is_told_and_the_others_are_done(reports: Reports) -> None:
    reports.run(["0", "die 1", "2", "3", "die 4", "5"])
    assert reports.values == {0: 0, 2: 20, 3: 30, 5: 50}
    remedy = "Is there enough memory? Try it alone, without --workers"
    assert {number: str(error) for number, error in reports.failures.items()} == {
        1: f"die 1: two worker processes died of it. {remedy}",
        4: f"die 4: two worker processes died of it. {remedy}",
    }


def test_workers_that_die_before_any_work_end_it(reports: Reports) -> None:
    with pytest.raises(WorkerError, match="6 died one after the other"):
        reports.run([str(number) for number in range(9)], body=die)
    assert not children()


def test_an_outcome_may_be_an_error_and_an_error_of_the_work_ends_it(reports: Reports) -> None:
    reports.run(["0", "wrong 1"])
    assert isinstance(reports.outcomes[1], ImageError) and str(reports.outcomes[1]) == "1: is wrong"
    again = Reports()
    with pytest.raises(UsageError, match="task: 3 is refused; expected another one"):
        again.run(["0", "1", "2", "refuse 3", *["slow 4"] * 100])
    assert again.values[0] == 0 and len(again.values) < 100
    assert not children()


def test_an_interruption_ends_all_workers_and_what_was_done_is_told(reports: Reports) -> None:
    def check() -> None:
        if len(reports.outcomes) >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reports.run(["0", "1", "wait 2", "wait 3"], check)
    assert reports.values == {0: 0, 1: 10}
    assert not children()


def test_a_second_interruption_ends_workers_at_once_and_keeps_what_came(reports: Reports) -> None:
    def check() -> None:
        if len(list(Path().glob("*.begun"))) == 2:
            raise KeyboardInterrupt

    def take(number: int, outcome: tuple[int, int]) -> None:
        reports.outcomes[number] = outcome
        raise KeyboardInterrupt  # the second one: the worker that told this does not end by itself

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_tasks(
            Processes(Tenfold("."), 2, threads=1),
            ["late 0", "wait 1"],
            take,
            on_failure=reports.failures.__setitem__,
            check=check,
        )
    assert time.monotonic() - began < 60
    assert reports.values == {0: 0}
    assert not children()


@pytest.mark.skipif(os.name == "nt", reason="the process is killed by a signal")
def test_workers_do_not_survive_whoever_gives_the_work(reports: Reports) -> None:
    script = (
        "import sys, os\nsys.path[:0] = [os.environ['TESTS']]\n"
        "from worker_bodies import Tenfold\n"
        "from ppgan_lite.workers.pool import run_tasks\n"
        "from ppgan_lite.workers.processes import Processes\n"
        "if __name__ == '__main__':\n"
        "    run_tasks(Processes(Tenfold('.'), 2, threads=1), ['wait 0', 'wait 1'], print, on_failure=print)\n"
    )
    Path("runs.py").write_text(script)
    environment = {**os.environ, "TESTS": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, "runs.py"], env=environment) as parent:
        while len(list(Path().glob("*.begun"))) < 2:
            assert parent.poll() is None
            time.sleep(0.05)
        workers = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs(workers, timeout=60)
    assert len(gone) >= 2 and not alive


def test_errors_are_the_same_in_another_process() -> None:
    for error in (
        ImageError("a.png", "is wrong", "a picture", "Try again", code="damaged", values={"why": "it"}),
        CheckpointError("a.ppgan", "x" * 600),
        UsageError("--option", "is wrong"),
    ):
        other = pickle.loads(pickle.dumps(error))
        assert type(other) is type(error) and str(other) == str(error)
        assert vars(other) == vars(error)

    class Local(Exception):
        pass

    assert str(portable(Local("a reason"))) == "Local: a reason"
