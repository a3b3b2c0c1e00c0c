"""The choice of an engine, by measured agreement.

An engine never changes a picture: each is measured against eager Paddle on a photo, once for each checkpoint, and used
only if it agrees. A checkpoint may hold Paddle's picture, so that Paddle is not needed for that. Where there is neither
Paddle nor its picture, the fastest engine in float32 takes its place.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ppgan_lite.errors import EngineError, UsageError
from ppgan_lite.inference.engines import ENGINES, cache
from ppgan_lite.inference.engines.engine import Engine, Engines, LazyEngine, message_of
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.preparation import COMPARING, tell
from ppgan_lite.runtime.packages import installed_version, is_installed
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.runtime.user_folders import CACHE_VARIABLE
from ppgan_lite.tables import resolve

logger = logging.getLogger(__name__)

AUTO = "auto"
ENGINE_VARIABLE = "PPGAN_LITE_ENGINE"  # of the environment; takes the place of "auto"
PRECISIONS = ("bfloat16", "float16", "float32")  # the fastest first
REFERENCE = next(iter(ENGINES))  # in float32


class Agreement(NamedTuple):
    """The distance of an engine's picture from the reference's, in steps of 1/255.

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


def agreement(picture: np.ndarray, reference: np.ndarray) -> Agreement:
    """Compare two uint8 pictures of one shape."""
    difference = np.abs(picture.astype(np.int16) - reference)
    return Agreement(float(difference.max()), float(difference.mean()), float(np.percentile(difference, 99.9)))


def choose_engines(
    subgraphs: Mapping[str, Subgraph],
    asked: str,
    device: str,
    sample: Callable[[Engines], np.ndarray],
    *,
    paddles_picture: np.ndarray | None = None,
) -> tuple[dict[str, Engine], str]:
    """Load the subgraphs of a net into the engine that was asked for, or into the fastest one that agrees.

    Args:
        subgraphs: By the names that the predictor has for them.
        asked: "auto" or one of `ENGINES`, and after a colon the precision if it must be that: "auto:float32".
        device: Where to compute: "cpu", "gpu:N" or "intel".
        sample: Makes the same uint8 picture with any engines: the picture that they are compared by.
        paddles_picture: That of eager Paddle in float32, if it is known.

    Returns:
        The engines by the names of the subgraphs, and why it is not another one ("" if there is nothing to say).

    Raises:
        UsageError: There is no such engine.
        EngineError: The engine asked for is not installed, cannot execute the net or does not agree.
    """
    if asked == AUTO:
        asked = os.environ.get(ENGINE_VARIABLE, AUTO)
    engine, colon, precision = asked.partition(":")
    if engine not in (AUTO, *ENGINES) or (colon and precision not in PRECISIONS):
        expected = (
            f"one of {', '.join((AUTO, *ENGINES))}, with a precision after a colon if it must be that: auto:float32"
        )
        raise UsageError("engine", f"{asked!r} is not known", expected)
    standard = (REFERENCE, "float32") if is_installed(REFERENCE) else _fastest_in_float32(device)
    reasons: list[EngineError] = []
    with contextlib.ExitStack() as closing:

        @functools.cache
        def reference() -> np.ndarray:
            if paddles_picture is not None:
                return paddles_picture
            engines = _loaded(subgraphs, standard[0], device, standard[1])
            closing.callback(_close, engines)
            return sample(engines)

        origin = cache.paddle_versions() if paddles_picture is None else (_digest_of(paddles_picture),)
        for name, candidate in _candidates(engine, precision, device):
            if name == REFERENCE == standard[0] and candidate == "float32":
                note = f"slower than it could be: {reasons[0].found}" if reasons and engine == AUTO else ""
                return _loaded(subgraphs, name, device, candidate), note
            if (name, candidate) == standard and paddles_picture is None:
                return _loaded(subgraphs, name, device, candidate), ""
            try:
                return _agreeing(subgraphs, name, candidate, device, sample, reference, origin)
            except EngineError as error:
                logger.debug("%s, %s: %s", name, candidate, error)
                reasons.append(error)
    if reasons:
        raise reasons[-1]
    if engine in (AUTO, REFERENCE):
        require_paddle()
    elif not is_installed(engine):
        raise EngineError("engine", f"{engine} is not installed", remedy=f"Install it with: pip install {engine}")
    raise EngineError("engine", f"{asked} does not compute on {device} here", remedy="Choose another engine or device")


def _fastest_in_float32(device: str) -> tuple[str, str]:
    """Return the name and the precision of the engine that stands in for Paddle where that is not installed."""
    return next((found for found in _candidates(AUTO, "float32", device)), (REFERENCE, "float32"))


def _digest_of(picture: np.ndarray) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()


def in_float32(asked: str) -> str:
    """Return the engine that was asked for, in float32 where no precision was asked for: 16 bits need it."""
    if asked == AUTO:
        asked = os.environ.get(ENGINE_VARIABLE, AUTO)
    return asked if ":" in asked else f"{asked}:float32"


def engine_of_caption(caption: str, device: str) -> str | None:
    """Return the engine that a predictor's `engine` names as it is asked for: openvino:bfloat16.

    Returns:
        None if it is not known, or does not compute on the device here.
    """
    name, _, precision = caption.partition(", ")
    asked = name, precision or "float32"
    return ":".join(asked) if name in ENGINES and asked in _candidates(*asked, device) else None


def engine_class(name: str) -> type[Engine]:
    """Return the class of an engine, imported now."""
    return resolve(ENGINES, name, "engine")


def _candidates(engine: str, precision: str, device: str) -> Iterator[tuple[str, str]]:
    """Yield the names and precisions of engines to try, the fastest first, the reference last.

    Args:
        engine: "auto", or the only one that counts.
        precision: The only one that counts; "" for any.
        device: The device that computes.
    """
    for name in [*(name for name in ENGINES if name != REFERENCE), REFERENCE]:
        if engine in (AUTO, name):
            for candidate in PRECISIONS:
                if precision in ("", candidate) and engine_class(name).offers(candidate, device):
                    yield name, candidate


def _agreeing(
    subgraphs: Mapping[str, Subgraph],
    name: str,
    precision: str,
    device: str,
    sample: Callable[[Engines], np.ndarray],
    reference: Callable[[], np.ndarray],
    origin: tuple[str, ...],
) -> tuple[dict[str, Engine], str]:
    """Load the subgraphs into an engine whose agreement with the reference is known, or is measured now.

    Args:
        subgraphs: As above.
        name: Of the engine.
        precision: To compute in.
        device: That computes.
        sample: As above.
        reference: Returns the picture to compare with.
        origin: Identifies the program that made that.

    Returns:
        The engines, and why each start will take as long as this one ("" if it will not).
    """
    keys = [" ".join(cache.words_of(subgraph)) for subgraph in subgraphs.values()]
    identity = (name, str(installed_version(name)), *engine_class(name)(device, precision).identity())
    file = f"{cache.digest(*identity, precision, device, *keys, *origin)}.json"
    found = _read(file)
    if found is not None and not found.holds(precision):
        raise _disagrees(name, precision, found)
    engines = _loaded(subgraphs, name, device, precision)
    if found is None:
        tell(COMPARING)
        found = agreement(_first_picture(name, precision, lambda: sample(engines)), reference())
        cache.keep(file, json.dumps(found._asdict()).encode())
        if not found.holds(precision):
            _close(engines)
            raise _disagrees(name, precision, found)
    why = cache.why_not_written(file)
    if why:
        why = f"slow to start: the cache folder {cache.GRAPHS.folder} cannot be used ({why}); set {CACHE_VARIABLE}"
    return engines, why


def _first_picture(name: str, precision: str, sample: Callable[[], np.ndarray]) -> np.ndarray:
    """Let an engine make its first picture; an operation that it refuses only now is no reason to give up."""
    try:
        return sample()
    except (NotImplementedError, RuntimeError, ValueError) as error:
        raise EngineError("engine", f"{name} in {precision} fails ({message_of(error)})") from error


def _disagrees(name: str, precision: str, found: Agreement) -> EngineError:
    differences = f"{found.largest:.0f}/255 at most, {found.mean:.2f}/255 on average"
    return EngineError("engine", f"{name} in {precision} differs from Paddle by {differences}")


def _read(file: str) -> Agreement | None:
    data = cache.read(file)
    return None if data is None else Agreement(**json.loads(data))


def _loaded(subgraphs: Mapping[str, Subgraph], name: str, device: str, precision: str) -> dict[str, Engine]:
    """Return an engine for each subgraph, which loads it when it is first run."""
    engines: dict[str, Engine] = {}
    for key, subgraph in subgraphs.items():
        engines[key] = LazyEngine(engine_class(name)(device, precision))
        engines[key].load(subgraph)
    return engines


def _close(engines: Engines) -> None:
    for engine in engines.values():
        engine.close()
