"""What executes the pieces of a predictor's net, and which of it is to be used.

An engine never changes a picture: each is measured against eager Paddle on a photo, once for each checkpoint, and used
only if it agrees.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ppgan_lite.errors import EngineError, UsageError
from ppgan_lite.inference.engines import graphs
from ppgan_lite.inference.engines.executors import (
    OnnxRuntimeEngine,
    OpenVinoEngine,
    PaddleEngine,
    openvino_core,
)
from ppgan_lite.inference.engines.piece import Engine, Piece
from ppgan_lite.runtime.device import INTEL
from ppgan_lite.runtime.packages import installed_version

logger = logging.getLogger(__name__)

AUTO = "auto"
ENGINE_VARIABLE = "PPGAN_LITE_ENGINE"  # what "auto" is, where somebody has set it
ENGINES: dict[str, Callable[[str, str], Engine]] = {
    "paddle": PaddleEngine,
    "openvino": OpenVinoEngine,
    "onnxruntime": OnnxRuntimeEngine,
}
PRECISIONS = ("float32", "bfloat16", "float16")
# What is tried before eager Paddle in float32, on each kind of device: the fastest first. For CPUs as measured by
# benchmarks/stylize_speed.py; nobody has measured on GPUs yet.
_PREFERRED = {
    "cpu": (("openvino", "bfloat16"), ("openvino", "float32"), ("onnxruntime", "float32")),
    "gpu": (("paddle", "bfloat16"),),
    INTEL: (("openvino", "float16"), ("openvino", "float32")),
}

Engines = Mapping[str, Engine]


@dataclass(frozen=True)
class Agreement:
    """How far an engine's picture is from eager Paddle's, in steps of 1/255.

    Attributes:
        largest: The largest difference of a value.
        mean: The mean difference.
        high: The 99.9th percentile of the differences.
    """

    largest: float
    mean: float
    high: float

    def holds(self, precision: str) -> bool:
        """Say whether the engine may be used."""
        return self.largest <= 1 if precision == "float32" else self.mean <= 1 and self.high <= 6


def caption_of(engine: Engine) -> str:
    """Say what computes, and how exactly if not in float32."""
    return engine.name if engine.precision == "float32" else f"{engine.name}, {engine.precision}"


def agreement(picture: np.ndarray, reference: np.ndarray) -> Agreement:
    """Compare two uint8 pictures of one shape."""
    difference = np.abs(picture.astype(np.int16) - reference)
    return Agreement(float(difference.max()), float(difference.mean()), float(np.percentile(difference, 99.9)))


def choose_engines(
    pieces: Mapping[str, Piece], asked: str, device: str, sample: Callable[[Engines], np.ndarray]
) -> tuple[dict[str, Engine], str]:
    """Load the pieces of a net into the engine that was asked for, or into the fastest one that agrees.

    Args:
        pieces: By what the predictor calls them.
        asked: "auto" or one of `ENGINES`, and behind a colon the precision if it must be that: "auto:float32".
        device: Where to compute: "cpu", "gpu:N" or "intel".
        sample: Makes the same uint8 picture with any engines: what they are compared by.

    Returns:
        The engines by the pieces' names, and why it is not another one ("" if there is nothing to say).

    Raises:
        UsageError: There is no such engine.
        EngineError: The engine asked for is not installed, cannot execute the net or does not agree.
    """
    if asked == AUTO:
        asked = os.environ.get(ENGINE_VARIABLE, AUTO)
    engine, colon, wanted = asked.partition(":")
    if engine not in (AUTO, *ENGINES) or (colon and wanted not in PRECISIONS):
        expected = (
            f"one of {', '.join((AUTO, *ENGINES))}, with a precision behind a colon if it must be that: auto:float32"
        )
        raise UsageError("engine", f"{asked!r} is not known", expected)
    reasons = []
    with contextlib.ExitStack() as kept:
        references: list[np.ndarray] = []

        def reference() -> np.ndarray:
            if not references:
                references.append(sample(kept.enter_context(_closing(_loaded(pieces, "paddle", device, "float32")))))
            return references[0]

        for name, precision in _PREFERRED[device.partition(":")[0]]:
            if engine not in (AUTO, name) or wanted not in ("", precision) or not _offers(name, precision, device):
                continue
            try:
                return _agreeing(pieces, name, precision, device, sample, reference), ""
            except EngineError as error:
                logger.debug("%s, %s: %s", name, precision, error)
                reasons.append(error)
    if engine in (AUTO, "paddle") and wanted in ("", "float32") and device != INTEL:
        note = f"slower than it could be: {reasons[0].found}" if reasons and engine == AUTO else ""
        return _loaded(pieces, "paddle", device, "float32"), note
    if reasons:
        raise reasons[-1]
    if engine != AUTO and importlib.util.find_spec(engine) is None:
        raise EngineError("engine", f"{engine} is not installed", remedy=f"Install it with: pip install {engine}")
    raise EngineError("engine", f"{asked} does not compute on {device} here", remedy="Choose another engine or device")


def _agreeing(
    pieces: Mapping[str, Piece],
    name: str,
    precision: str,
    device: str,
    sample: Callable[[Engines], np.ndarray],
    reference: Callable[[], np.ndarray],
) -> dict[str, Engine]:
    """Load the pieces into an engine whose agreement with Paddle is known, or is found out now."""
    keys = [f"{piece.name} {piece.key}" for piece in pieces.values()]
    known = graphs.folder() / f"{graphs.digest(name, str(installed_version(name)), precision, device, *keys)}.json"
    found = _read(known)
    if found is not None and not found.holds(precision):
        raise _disagrees(name, precision, found)
    engines = _loaded(pieces, name, device, precision)
    if found is None:
        found = agreement(_tried(name, precision, lambda: sample(engines)), reference())
        graphs.write(known, json.dumps(asdict(found)).encode())
        if not found.holds(precision):
            _close(engines)
            raise _disagrees(name, precision, found)
    return engines


def _tried(name: str, precision: str, sample: Callable[[], np.ndarray]) -> np.ndarray:
    """Let an engine make its first picture; what it stumbles over only now is no reason to give up."""
    try:
        return sample()
    except (NotImplementedError, RuntimeError, ValueError) as error:
        raise EngineError("engine", f"{name} in {precision} fails ({' '.join(str(error).split())[:200]})") from error


def _disagrees(name: str, precision: str, found: Agreement) -> EngineError:
    differences = f"{found.largest:.0f}/255 at most, {found.mean:.2f}/255 on average"
    return EngineError("engine", f"{name} in {precision} differs from Paddle by {differences}")


def _read(path: Path) -> Agreement | None:
    try:
        return Agreement(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _loaded(pieces: Mapping[str, Piece], name: str, device: str, precision: str) -> dict[str, Engine]:
    """Return an engine for each piece, which loads it when it is first run."""
    engines: dict[str, Engine] = {key: Lazily(ENGINES[name](device, precision)) for key in pieces}
    for key, piece in pieces.items():
        engines[key].load(piece)
    return engines


class Lazily:
    """An engine that loads its piece when it is run: what a picture does not need costs nothing.

    It may be closed and run again: what runs once in a while need not keep its memory.
    """

    def __init__(self, engine: Engine) -> None:
        self.name, self.device, self.precision = engine.name, engine.device, engine.precision
        self._engine = engine
        self._given: Piece | None = None
        self._piece: Piece | None = None  # until it is loaded
        self._beginning: Future[bool] | None = None

    def load(self, piece: Piece) -> None:
        self._given = self._piece = piece

    def load_kept(self, piece: Piece) -> bool:
        return self._engine.load_kept(piece)

    def begin(self, loader: Executor) -> None:
        """Load on another thread; what is to be run meanwhile waits."""
        if self._piece is not None and self._beginning is None:
            self._beginning = loader.submit(self._engine.load_kept, self._piece)

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        if self._piece is not None:
            if self._beginning is None or not self._beginning.result():
                self._engine.load(self._piece)
            self._piece = self._beginning = None
        return self._engine.run(*inputs)

    def close(self) -> None:
        self._engine.close()
        self._piece = self._given


def begin(engines: Engines, *names: str, then: Callable[[], object]) -> None:
    """Load on other threads what is surely needed, as far as the cache has it, while the caller goes on.

    Args:
        engines: By their pieces' names.
        names: Of those that are to be loaded, in the order of their use.
        then: What there is to load beside engines; called when the first one may run already.
    """
    loader = ThreadPoolExecutor(2)  # most of the work of loading a piece is done by one thread
    for name in names:
        engine = engines[name]
        if isinstance(engine, Lazily):
            engine.begin(loader)
    loader.submit(then)
    loader.shutdown(wait=False)


def _offers(name: str, precision: str, device: str = "cpu") -> bool:
    """Say whether an engine is installed and computes in a precision quickly on this device."""
    if importlib.util.find_spec(name) is None:
        return False
    if device == INTEL:
        return any(other.startswith("GPU") for other in openvino_core().available_devices)
    if precision == "float32":
        return True
    if name == "paddle":
        import paddle

        return paddle.amp.is_bfloat16_supported()  # asks for the device that is set
    return "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@contextlib.contextmanager
def _closing(engines: dict[str, Engine]) -> Iterator[dict[str, Engine]]:
    try:
        yield engines
    finally:
        _close(engines)


def _close(engines: Engines) -> None:
    for engine in engines.values():
        engine.close()
