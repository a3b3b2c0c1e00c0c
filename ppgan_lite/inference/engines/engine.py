"""The protocol of engines, and engines that load on demand."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from ppgan_lite.errors import EngineError
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.preparation import COMPILING, tell

if TYPE_CHECKING:
    import numpy as np


class Engine(Protocol):
    """Executes a subgraph.

    Attributes:
        name: Of the engine, and of the package that it imports; its name in `ENGINES`.
        device: The device that computes: "cpu", "gpu:0" or "intel".
        precision: "float32", "bfloat16" or "float16": how it computes inside; arrays are float32.
        concurrent: Whether several threads may run it at once, each of which has a core; known when it is loaded.
    """

    name: str
    device: str
    precision: str
    concurrent: bool

    def __init__(self, device: str, precision: str) -> None: ...

    @staticmethod
    def offers(precision: str, device: str) -> bool:
        """Say whether the engine is installed and computes in a precision on a device, faster than in float32."""

    def identity(self) -> tuple[str, ...]:
        """Return all that results depend on beside subgraph, device and precision: versions, threads, processor."""

    def load(self, subgraph: Subgraph) -> None:
        """Make ready to run a subgraph.

        Raises:
            EngineError: This engine cannot execute it.
        """

    def load_cached(self, subgraph: Subgraph) -> bool:
        """Make ready from the cache alone, on any thread; False if something that this takes is not there."""

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Execute the subgraph on float32 arrays of its shapes.

        It may be called from one thread at a time, or from any number of them where `concurrent` says so.

        Returns:
            Arrays that no later call changes: one tile is put in its place while the next one is computed.
        """

    def close(self) -> None:
        """Give back the memory; the engine cannot run any more."""


Engines = Mapping[str, Engine]  # by the names that a predictor has for its subgraphs
Execute = Callable[..., "tuple[np.ndarray, ...]"]  # `Engine.run`: arrays in, arrays out


class LazyEngine:
    """Loads a subgraph when it is first run, so that one which a picture does not need costs nothing.

    It may be run and closed from several threads. They take turns, as the processor's cores and the memory of a run are
    for one, unless the engine is concurrent. An engine that was closed may be run again, so that one that is rarely run
    need not keep its memory.
    """

    def __init__(self, engine: Engine) -> None:
        self.name, self.device, self.precision = engine.name, engine.device, engine.precision
        self.concurrent = True  # those who run it need not know whether they take turns
        self._engine = engine
        self._subgraph: Subgraph | None = None
        self._pending: Subgraph | None = None  # until it is loaded
        self._prefetched: Future[bool] | None = None
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._running = 0  # threads that run it without the lock

    @staticmethod
    def offers(precision: str, device: str) -> bool:
        return False  # it is made of engines that were asked

    def identity(self) -> tuple[str, ...]:
        return self._engine.identity()

    def load(self, subgraph: Subgraph) -> None:
        self._subgraph = self._pending = subgraph

    def load_cached(self, subgraph: Subgraph) -> bool:
        return self._engine.load_cached(subgraph)

    @property
    def is_pending(self) -> bool:
        """Whether nobody has begun to load it."""
        return self._pending is not None and self._prefetched is None

    def prefetch(self, executor: Executor) -> None:
        """Load from the cache on another thread; `run` waits for it."""
        with self._lock:
            if self._pending is not None and self._prefetched is None:
                self._prefetched = executor.submit(self._engine.load_cached, self._pending)

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        with self._lock:
            if self._pending is not None:
                tell(COMPILING)
                if self._prefetched is None or not self._prefetched.result():
                    self._engine.load(self._pending)
                self._pending = self._prefetched = None
            if not self._engine.concurrent:
                return self._engine.run(*inputs)
            self._running += 1
        try:
            return self._engine.run(*inputs)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def close(self) -> None:
        with self._idle:
            self._idle.wait_for(lambda: not self._running)
            self._engine.close()
            self._pending = self._subgraph


def prefetch(engines: Engines, names: Iterable[str], *, afterwards: Callable[[], object] | None = None) -> None:
    """Load on other threads, from the cache, engines that are surely needed, while the caller goes on.

    Args:
        engines: By the names of their subgraphs.
        names: Of those that are to be loaded, in the order of their use; those that are loaded already take no time.
        afterwards: Something else to load with them, an import say; called when the first engine may run already.
    """
    found = (engines[name] for name in names)
    pending = [engine for engine in found if isinstance(engine, LazyEngine) and engine.is_pending]
    if not pending:
        return
    executor = ThreadPoolExecutor(2)  # most of the work of loading a subgraph is done by one thread
    for engine in pending:
        engine.prefetch(executor)
    if afterwards is not None:
        executor.submit(afterwards)
    executor.shutdown(wait=False)


def caption_of(engine: Engine) -> str:
    """Return an engine's name, with its precision unless that is float32."""
    return engine.name if engine.precision == "float32" else f"{engine.name}, {engine.precision}"


@contextlib.contextmanager
def required_package(name: str) -> Iterator[None]:
    """Raise for an import that fails which package an engine needs.

    Raises:
        EngineError: The package cannot be imported.
    """
    try:
        yield
    except ImportError as error:
        remedy = f"Install it with: pip install {name}"
        raise EngineError("engine", f"{name} is not installed ({error})", remedy=remedy) from error


def message_of(error: BaseException) -> str:
    """Return the message of another program's error, as one line of at most 200 characters."""
    return " ".join(str(error).split())[:200]
