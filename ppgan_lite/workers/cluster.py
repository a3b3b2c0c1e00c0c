"""Workers that are actors in a cluster of Ray's, on this machine or on others."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import platform
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from types import ModuleType
from typing import Any

from ppgan_lite import __version__
from ppgan_lite.errors import UsageError, WorkerError, missing_extra, one_line
from ppgan_lite.workers.task_queue import (
    ENDING_S,
    LogLine,
    Message,
    Task,
    TaskQueue,
    TaskRequest,
    TaskResult,
    WorkerExit,
)

LOCAL = "local"  # instead of an address: a cluster of this machine, for as long as the work takes

_AHEAD = 2  # groups that a worker has: it begins the second one without waiting for the first process
_PATIENCE_S = 20.0  # before it is told that the cluster is busy
_LOOK_S = 3.0  # between two looks whether the cluster is still there
_GONE_S = 20.0  # without its control service: it may be restarted, but after a minute Ray would end this process
_REACH_S = 10.0  # for a machine to answer
_CONTROL = "control"


class Cluster:
    """A pool of Ray's actors with one thread each, which have the work of a process with one thread.

    All machines need this version of ppgan_lite, and the same files under the same names.

    Args:
        body: The work, which can be pickled.
        address: Of a cluster that runs and has this machine: "10.0.0.1:6379", or "auto"; or `LOCAL`.
        size: How many actors; None for one per processor of the cluster.

    Raises:
        MissingDependencyError: Ray is not installed.
        UsageError: The address is none.
        WorkerError: There is no cluster.
    """

    largest_group = 8

    def __init__(self, body: Callable[[TaskQueue], None], address: str, *, size: int | None = None) -> None:
        self._ray = _connected(address, size)
        self._address = address
        with self._telling():
            self.size = size or max(int(self._ray.cluster_resources().get("CPU", 1)), 1)
        self._body = body
        self._actors: dict[int, Any] = {}
        self._starting: dict[Any, int] = {}
        self._streams: dict[Any, int] = {}
        self._began = time.monotonic()
        self._has_begun = False
        self._looked = self._reached = self._began
        self._is_gone = False

    def start(self, worker: int) -> None:
        """Start an actor; see `WorkerPool`."""
        with self._telling():
            kind = self._ray.remote(num_cpus=1, max_restarts=0, concurrency_groups={_CONTROL: 1})(_Actor)
            actor = kind.remote(self._body, os.getcwd(), __version__)
            self._actors[worker] = actor
            self._starting[actor.begin.remote()] = worker

    def assign(self, worker: int, group: Sequence[Task]) -> None:
        """Assign tasks to an actor; see `WorkerPool`."""
        with self._telling():
            stream = self._actors[worker].work.options(num_returns="streaming").remote(list(group))
        self._streams[stream] = worker

    def messages(self, timeout_s: float) -> list[tuple[int, Message | None]]:
        """Return what came; see `WorkerPool`."""
        waiting = [*self._starting, *self._streams]
        found: list[tuple[int, Message | None]] = []
        with self._telling():
            if waiting:
                ready, _ = self._ray.wait(waiting, timeout=timeout_s)
            else:
                ready = []
                time.sleep(timeout_s)
            for reference in ready:
                found += self._come(reference)
        now = time.monotonic()
        if now > self._looked + _LOOK_S:
            self._looked = now
            self._check_alive(is_silent=not found)
        self._has_begun |= bool(found)
        if not self._has_begun and now > self._began + _PATIENCE_S:
            self._has_begun = True
            found.append((0, LogLine(f"waiting for the cluster {self._address}: no processor has begun yet")))
        return found

    def close(self, *, at_once: bool) -> Generator[tuple[int, Message | None]]:
        """End all actors, and the cluster if it is a local one; see `WorkerPool`."""
        if self._is_gone:
            atexit.unregister(self._ray.shutdown)  # it would wait for the control service until Ray ends the process
            return
        try:
            with contextlib.suppress(WorkerError):  # the cluster is gone
                if at_once:
                    with self._telling():
                        for actor in self._actors.values():
                            actor.stop.options(concurrency_group=_CONTROL).remote()
                    self._starting.clear()
                    yield from self._last_messages()
                with self._telling():
                    for actor in self._actors.values():
                        self._ray.kill(actor)
        finally:
            with contextlib.suppress(Exception):
                self._ray.shutdown()

    def _last_messages(self) -> Iterator[tuple[int, Message | None]]:
        """Yield what actors send until all of them have ended, or are silent for long."""
        ends = time.monotonic() + ENDING_S
        while self._streams and time.monotonic() < ends:
            for sent in self.messages(0.1):
                yield sent
                ends = time.monotonic() + ENDING_S

    def _check_alive(self, *, is_silent: bool) -> None:
        """Raise a WorkerError if the cluster's control service is gone for long, or the node of this process is."""
        context = self._ray.get_runtime_context()
        host, _, port = context.gcs_address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), _LOOK_S).close()
            self._reached = time.monotonic()
        except OSError as error:
            if time.monotonic() > self._reached + _GONE_S:
                self._is_gone = True
                raise self._gone(error) from error
            return
        with self._telling():
            own = context.get_node_id()
            if is_silent and not any(node["Alive"] for node in self._ray.nodes() if node["NodeID"] == own):
                raise ConnectionError("its node here is dead")

    def _come(self, reference: Any) -> Iterator[tuple[int, Message | None]]:
        """Yield what a reference or a stream of references brings."""
        worker = self._starting.get(reference, self._streams.get(reference))
        if worker is None:
            return  # of an actor that died
        try:
            if reference in self._starting:
                problem = self._ray.get(reference)
                del self._starting[reference]
                yield from [
                    (worker, WorkerExit(WorkerError(self._address, problem)) if problem else TaskRequest())
                ] * _AHEAD
                return
            yield worker, self._ray.get(next(reference))
        except StopIteration:
            del self._streams[reference]
            yield worker, TaskRequest()
        except self._ray.exceptions.RayActorError:
            for references in (self._starting, self._streams):
                for other in [other for other, owner in references.items() if owner == worker]:
                    del references[other]
            yield worker, None

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Raise a WorkerError where the cluster is gone."""
        try:
            yield
        except (ConnectionError, self._ray.exceptions.RaySystemError) as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> WorkerError:
        remedy = "What is done is kept: run the same again with --skip-existing"
        return WorkerError(self._address, f"the cluster is gone ({one_line(error)})", remedy=remedy)


class _Actor:
    """A worker on a machine of the cluster.

    Args:
        body: The work.
        folder: To which relative paths refer.
        version: Of whoever gives the work.
    """

    def __init__(self, body: Callable[[TaskQueue], None], folder: str, version: str) -> None:
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._queue = TaskQueue(self._messages.put, asks=False)
        self._body, self._folder, self._version = body, folder, version

    def begin(self) -> str:
        """Begin to work; return what keeps it from that, or ""."""
        if self._version != __version__:
            return f"{platform.node()} has ppgan_lite {__version__}, not {self._version}"
        try:
            os.chdir(self._folder)
        except OSError as error:
            return f"{platform.node()} has no folder {self._folder} ({error.strerror}), in which the command runs"
        os.environ.setdefault("OPENCV_FOR_THREADS_NUM", os.environ.get("OMP_NUM_THREADS", "1"))
        threading.Thread(target=self._queue.run, args=(self._body,), daemon=True).start()
        return ""

    def work(self, group: list[Task]) -> Iterator[Message]:
        """Yield what is told of tasks, until all of them are done."""
        left = {task.number for task in group}
        for task in group:
            self._queue.put(task)
        while left:
            message = self._messages.get()
            yield message
            if isinstance(message, WorkerExit):
                return
            if isinstance(message, TaskResult):
                left.discard(message.number)

    def stop(self) -> None:
        """Let the work end as soon as it can."""
        self._queue.stop()


def _connected(address: str, size: int | None) -> ModuleType:
    """Return Ray, connected to a cluster."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it reports to its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # without it Ray (2.60) warns of the next version
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # errors are told by us, in one line
    try:
        import ray
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "ray":
            raise
        raise missing_extra("--cluster", "Ray", "cluster") from error
    if not address or "://" in address:
        found = f"{address} is for Ray's client" if address else "is empty"
        raise UsageError("--cluster", found, "HOST:PORT of a cluster that has this machine, auto or local")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        options |= {"num_cpus": max(size or 0, cores), "include_dashboard": False}
    with _keeping_handlers():
        remedy = "Start one with: ray start --head, or use --cluster local"
        try:
            if _reaches(address):
                remedy = "If it wants a token, set RAY_AUTH_MODE=token"
            ray.init(address=address, **options)
            _without_notes(ray)
        except Exception as error:
            raise WorkerError(address, f"there is no Ray cluster ({one_line(error)})", remedy=remedy) from error
    return ray


def _reaches(address: str) -> bool:
    """Return whether an address is that of a machine that answers.

    Raises:
        OSError: It does not; Ray would try for minutes.
    """
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdigit()):
        return False
    socket.create_connection((host, int(port)), _REACH_S).close()
    return True


def _without_notes(ray: ModuleType) -> None:
    """Keep Ray (2.60) from printing that a worker died, on standard output, where JSON goes; it is told by us."""
    if hasattr(ray._private.worker, "print_to_stdstream"):
        ray._private.worker.print_to_stdstream = lambda *details, **options: None


@contextlib.contextmanager
def _keeping_handlers() -> Iterator[None]:
    """Keep the handlers of signals during a block: Ray installs its own for SIGTERM."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
