"""Workers that are processes of this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from ppgan_lite.workers.task_queue import ENDING_S, Message, Task, TaskQueue, WorkerExit

_LAST_S = 0.2  # after the last word
_LOOK_S = 1.0  # between two looks whether the process that gave the work is still there
_BROKEN = (EOFError, OSError, pickle.UnpicklingError)
_END, _STOP = "end", "stop"  # beside groups of tasks


class Processes:
    """A pool of processes, each with its share of the threads.

    They are started afresh, not forked: the libraries of a process take the number of its threads from the environment
    when they are loaded. A script that starts them needs the usual `if __name__ == "__main__":`.

    Args:
        body: The work, which can be pickled.
        size: How many.
        threads: That each computes in.
    """

    largest_group = 1  # they ask for the next task when they begin one

    def __init__(self, body: Callable[[TaskQueue], None], size: int, *, threads: int) -> None:
        self.size = size
        self._body = body
        self._threads = threads
        self._workers: dict[int, Connection] = {}  # of those that have not ended
        self._working: set[int] = set()  # those that were assigned a task
        self._processes: list[BaseProcess] = []

    def start(self, worker: int) -> None:
        """Start a process; see `WorkerPool`."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._body, os.getpid()), daemon=True)
        variables = {"OMP_NUM_THREADS": str(self._threads), "OPENCV_FOR_THREADS_NUM": str(self._threads)}
        with _environment(**variables), _without_interrupts():
            process.start()
        theirs.close()
        self._workers[worker] = ours
        self._working.discard(worker)
        self._processes.append(process)

    def assign(self, worker: int, group: Sequence[Task]) -> None:
        """Assign tasks to a process; see `WorkerPool`."""
        self._working.add(worker)
        self._send(worker, list(group))

    def messages(self, timeout_s: float) -> list[tuple[int, Message | None]]:
        """Return what came; see `WorkerPool`."""
        ready = wait(self._workers.values(), timeout_s)
        found: list[tuple[int, Message | None]] = []
        for worker, connection in list(self._workers.items()):
            if connection not in ready:
                continue
            try:
                message = connection.recv()
            except _BROKEN:
                message = None
            found.append((worker, message))
            if message is None or isinstance(message, WorkerExit):
                connection.close()
                del self._workers[worker]
        return found

    def close(self, *, at_once: bool) -> Generator[tuple[int, Message | None]]:
        """End all processes; see `WorkerPool`."""
        try:
            for worker in list(self._workers):
                if worker in self._working:
                    self._send(worker, _STOP if at_once else _END)
                else:  # it has nothing to tell, and may be loading for long
                    self._workers.pop(worker).close()
            while self._workers and (came := self.messages(ENDING_S)):
                yield from came
        finally:
            for process in self._processes:
                process.join(_LAST_S)
                if process.is_alive():
                    process.kill()
                    process.join()

    def _send(self, worker: int, message: object) -> None:
        if worker in self._workers:
            with contextlib.suppress(OSError):  # it died, which will be read
                self._workers[worker].send(message)


def _work(connection: Connection, body: Callable[[TaskQueue], None], parent: int) -> None:
    """Work in a process."""
    # Ctrl-C reaches all processes of a terminal; the first one tells the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    sending = threading.Lock()

    def send(message: Message) -> None:
        with sending, contextlib.suppress(OSError):  # nobody is there any more: `listen` stops the work
            connection.send(message)

    queue = TaskQueue(send, asks=True)

    def listen() -> None:
        try:
            while os.name == "nt" or os.getppid() == parent:
                if not connection.poll(_LOOK_S):
                    continue
                message = connection.recv()
                if message == _END:
                    queue.end()
                elif message == _STOP:
                    break
                else:
                    for task in message:
                        queue.put(task)
        except _BROKEN:
            pass
        queue.stop()

    threading.Thread(target=listen, daemon=True).start()
    queue.run(body)
    os._exit(0)  # tearing down Python and the engines takes longer


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back during a block; processes that are started in it begin so, and do not end with a trace."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # which processes start if it does not run; it would let Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set variables of the environment for a block, for processes that are started in it."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
