"""Which work runs, waits, is replaced or refused: a policy for each kind of job; without Qt."""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Policy(Enum):
    """The fate of a job when another of its kind is running or waiting."""

    REPLACE = "replace"  # the newest counts: earlier ones are asked to stop, and their answers are dropped
    QUEUE = "queue"  # all run, one after the other, and each answers
    REFUSE = "refuse"  # the later one does not start


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    Attributes:
        worker: The thread that does it: "painter" or "files".
        policy: What happens where there is one already.
        priority: Those with a larger number are done first.
        idle: Whether it is done for want of better work: it is asked to stop when a job of higher priority comes.
    """

    worker: str
    policy: Policy
    priority: int = 0
    idle: bool = False


KINDS = {
    "photo": Kind("files", Policy.REPLACE, 2),
    "frame": Kind("files", Policy.REPLACE, 2),
    "painting": Kind("files", Policy.REPLACE, 2),
    "history": Kind("files", Policy.QUEUE, 1),
    "save": Kind("files", Policy.QUEUE, 1),
    "faces": Kind("files", Policy.REPLACE, 2),
    "paint": Kind("painter", Policy.REFUSE, 5),
    "checkpoint": Kind("painter", Policy.QUEUE, 4),
    "warm_up": Kind("painter", Policy.REPLACE, 3),
    "preview": Kind("painter", Policy.REPLACE, 2, idle=True),
    "batch": Kind("painter", Policy.REFUSE, 1, idle=True),
    "thumbnail": Kind("painter", Policy.REPLACE, 0, idle=True),
}


@dataclass(frozen=True, eq=False)
class Job:
    """Work handed to a worker thread; `cancelled` asks it to stop."""

    id: int
    kind: str
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def priority(self) -> int:
        return KINDS[self.kind].priority


class Jobs:
    """The jobs that run or wait, by kind; answers of all others are stale. Used by one thread."""

    def __init__(self) -> None:
        self._last_id = 0
        self._current: dict[str, list[Job]] = {}

    def start(self, kind: str) -> Job | None:
        """Start a job by the policy of its kind, and ask idle work on its thread to stop; None where it is refused."""
        described = KINDS[kind]
        if described.policy is Policy.REFUSE and self.is_running(kind):
            return None
        if described.policy is Policy.REPLACE:
            self.drop(kind)
        for name, other in KINDS.items():
            if other.idle and other.worker == described.worker and other.priority < described.priority:
                self.drop(name)
        self._last_id += 1
        job = Job(self._last_id, kind)
        self._current.setdefault(kind, []).append(job)
        return job

    def finish(self, job: Job) -> bool:
        """Mark a job as done; False where its answer is stale and must be discarded."""
        if not self.is_current(job):
            return False
        self._current[job.kind].remove(job)
        return True

    def is_current(self, job: Job) -> bool:
        """Return whether its answer counts."""
        return job in self._current.get(job.kind, ())

    def is_running(self, kind: str) -> bool:
        """Return whether a job of this kind runs or waits."""
        return bool(self._current.get(kind))

    def is_free_for(self, kind: str) -> bool:
        """Return whether a job of this kind would wait for none of its thread, and displace none of its own."""
        described = KINDS[kind]
        return not any(
            jobs and KINDS[other].worker == described.worker and KINDS[other].priority >= described.priority
            for other, jobs in self._current.items()
        )

    def is_idle(self, worker: str) -> bool:
        """Return whether no job of this thread runs or waits."""
        return not any(jobs and KINDS[kind].worker == worker for kind, jobs in self._current.items())

    def drop(self, kind: str) -> bool:
        """Ask the jobs of a kind to stop and forget them; False if there were none."""
        jobs = self._current.pop(kind, [])
        for job in jobs:
            job.cancelled.set()
        return bool(jobs)

    def drop_all(self, *, but: str | None = None) -> None:
        """Ask all jobs to stop, except those of one kind."""
        for kind in tuple(self._current):
            if kind != but:
                self.drop(kind)


class JobQueue(Generic[T]):
    """Jobs that wait for a thread, each with its work: by priority, then in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Job, T]] = []
        self._changed = threading.Condition()
        self._closed = False

    def put(self, job: Job, work: T) -> None:
        """Add a job; it is ignored after `close`."""
        with self._changed:
            heapq.heappush(self._waiting, (-job.priority, job.id, job, work))
            self._changed.notify()

    def take(self) -> tuple[Job, T] | None:
        """Wait for a job and return the next that is not cancelled; None after `close`, when no more wait."""
        with self._changed:
            while True:
                while self._waiting:
                    _, _, job, work = heapq.heappop(self._waiting)
                    if not job.cancelled.is_set():
                        return job, work
                if self._closed:
                    return None
                self._changed.wait()

    def close(self) -> None:
        """End `take` when the jobs that wait are done or cancelled."""
        with self._changed:
            self._closed = True
            self._changed.notify()
