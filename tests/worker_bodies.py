"""Work for workers of the tests, in a module that their processes can import."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ppgan_lite.errors import ImageError, UsageError
from ppgan_lite.workers.task_queue import TaskQueue


@dataclass(frozen=True)
class Tenfold:
    """Multiplies numbers by ten, and does what the text of a task says.

    Attributes:
        folder: For files that tell what happened.
    """

    folder: str

    def __call__(self, queue: TaskQueue) -> None:
        sys.stderr.write(f"in {os.environ.get('OMP_NUM_THREADS')} threads\n")
        for task in queue.tasks():
            word, _, number = str(task.payload).rpartition(" ")
            (Path(self.folder) / f"{task.number}.{os.getpid()}.begun").touch()
            if word == "die" or (word == "die once" and not task.is_retry):
                os._exit(9)
            if word == "refuse":
                raise UsageError("task", f"{number} is refused", "another one")
            if word == "wait":
                while True:
                    queue.raise_if_stopped()
                    time.sleep(0.01)
            if word == "late":
                while not queue.is_stopped:
                    time.sleep(0.01)
                queue.report(task.number, (int(number) * 10, os.getpid()))
                time.sleep(600)
            if word == "slow":
                time.sleep(0.2)
            is_wrong = word == "wrong"
            queue.report(task.number, ImageError(number, "is wrong") if is_wrong else (int(number) * 10, os.getpid()))


def die(queue: TaskQueue) -> None:
    """End the process before any work."""
    os._exit(9)
