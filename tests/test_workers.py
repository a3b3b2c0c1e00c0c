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
from ppgan_lite.workers.desk import portable
from ppgan_lite.workers.gathering import gather
from ppgan_lite.workers.processes import Processes


class Heard:
    """What a gathering tells."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Any] = {}
        self.failures: dict[int, WorkerError] = {}
        self.lines: list[str] = []

    def hear(self, number: int, outcome: Any) -> None:
        assert number not in self.outcomes
        self.outcomes[number] = outcome

    def gather(self, tasks: list[str], check: Callable[[], None] = lambda: None, body: Any = None) -> None:
        crew = Processes(body or Tenfold(os.getcwd()), 2, threads=1)
        failed = self.failures.__setitem__
        gather(crew, tasks, self.hear, failed=failed, said=self.lines.append, check=check)

    @property
    def values(self) -> dict[int, int]:
        return {number: outcome[0] for number, outcome in self.outcomes.items()}


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Heard:
    monkeypatch.chdir(tmp_path)
    return Heard()


def children() -> list[psutil.Process]:
    """Return the processes of workers, without the one that multiprocessing keeps."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "spawn_main" in " ".join(child.cmdline())]


def test_every_task_is_done_once_by_one_of_the_workers(heard: Heard) -> None:
    heard.gather([f"slow {number}" for number in range(12)])
    assert heard.values == {number: number * 10 for number in range(12)}
    assert len({outcome[1] for outcome in heard.outcomes.values()}) == 2
    assert len(list(Path().glob("*.begun"))) == 12
    assert heard.lines == ["in 1 threads"]  # both say it
    assert not heard.failures and not children()


def test_the_tasks_of_a_worker_that_dies_are_done_again(heard: Heard) -> None:
    heard.gather(["0", "1", "die once 2", "3", "4", "die once 5", "6", "7"])
    assert heard.values == {number: number * 10 for number in range(8)}
    assert not heard.failures


def test_a_task_that_two_workers_die_of_is_told_and_the_others_are_done(heard: Heard) -> None:
    heard.gather(["0", "die 1", "2", "3", "die 4", "5"])
    assert heard.values == {0: 0, 2: 20, 3: 30, 5: 50}
    remedy = "Is there enough memory? Try it alone, without --workers"
    assert {number: str(error) for number, error in heard.failures.items()} == {
        1: f"die 1: two worker processes died of it. {remedy}",
        4: f"die 4: two worker processes died of it. {remedy}",
    }


def test_workers_that_die_before_any_work_end_it(heard: Heard) -> None:
    with pytest.raises(WorkerError, match="6 died one after the other"):
        heard.gather([str(number) for number in range(9)], body=die)
    assert not children()


def test_an_outcome_may_be_an_error_and_an_error_of_the_work_ends_it(heard: Heard) -> None:
    heard.gather(["0", "wrong 1"])
    assert isinstance(heard.outcomes[1], ImageError) and str(heard.outcomes[1]) == "1: is wrong"
    again = Heard()
    with pytest.raises(UsageError, match="task: 3 is refused; expected another one"):
        again.gather(["0", "1", "2", "refuse 3", *["slow 4"] * 100])
    assert again.values[0] == 0 and len(again.values) < 100
    assert not children()


def test_an_interruption_ends_all_workers_and_what_was_done_is_told(heard: Heard) -> None:
    def check() -> None:
        if len(heard.outcomes) >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        heard.gather(["0", "1", "wait 2", "wait 3"], check)
    assert heard.values == {0: 0, 1: 10}
    assert not children()


@pytest.mark.skipif(os.name == "nt", reason="the process is killed by a signal")
def test_workers_do_not_survive_whoever_gives_the_work(heard: Heard) -> None:
    script = (
        "import sys, os\nsys.path[:0] = [os.environ['TESTS']]\n"
        "from worker_bodies import Tenfold\n"
        "from ppgan_lite.workers.gathering import gather\n"
        "from ppgan_lite.workers.processes import Processes\n"
        "if __name__ == '__main__':\n"
        "    gather(Processes(Tenfold('.'), 2, threads=1), ['wait 0', 'wait 1'], print, failed=print)\n"
    )
    Path("gathers.py").write_text(script)
    environment = {**os.environ, "TESTS": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, "gathers.py"], env=environment) as parent:
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
