"""The predictors of a service: each loaded once, when it is first asked for, and shared by all threads."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from ppgan_lite.errors import MissingDependencyError, PpganError, UsageError
from ppgan_lite.inference.engines.selection import in_float32
from ppgan_lite.inference.loading import load_blend, load_predictor
from ppgan_lite.inference.predictor import Predictor

logger = logging.getLogger(__name__)

_MOST_MIXTURES = 2  # there are as many as clients think of, so that they must not drive out single styles


class UnavailableError(PpganError):
    """Something that is served cannot be loaded; the reason is for the operator, in the log."""

    code = "unavailable"


@dataclass
class _Entry:
    """A predictor, or one that is being loaded."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    predictor: Predictor | None = None


class Predictors:
    """Loads predictors and keeps those that were used last.

    Args:
        device: As of `load_predictor`.
        engine: As of `load_predictor`.
        most: How many are kept; a large one takes some hundred MB.
    """

    def __init__(self, device: str = "auto", engine: str = "auto", most: int = 8) -> None:
        self._device = device
        self._engine = engine
        self._single = _Kept(most)
        self._mixed = _Kept(_MOST_MIXTURES)

    @property
    def loaded(self) -> int:
        """The number of predictors in memory."""
        return self._single.loaded + self._mixed.loaded

    def get(self, source: str, *, direction: str | None = None, is_deep: bool = False) -> Predictor:
        """Return a predictor; threads that want the same one wait while one of them loads it.

        Args:
            source: As of `load_predictor`.
            direction: Which of a checkpoint's predictors; None for the first.
            is_deep: Whether it is for photos of 16 bits, which are computed in float32.

        Raises:
            MissingDependencyError: A package that it needs is not installed.
            UnavailableError: It cannot be loaded for another reason.
        """

        def load() -> Predictor:
            return load_predictor(source, device=self._device, engine=self._engine_for(is_deep), predictor=direction)

        with _telling_the_log(MissingDependencyError):
            return self._single.get((source, direction, is_deep), load)

    def get_blend(self, shares: Mapping[str, float], *, is_deep: bool = False) -> Predictor:
        """Return a predictor that paints in a mixture, likewise.

        Args:
            shares: As of `load_blend`.
            is_deep: See `get`.

        Raises:
            UsageError: They do not mix.
            PpganError: See `get`.
        """

        def load() -> Predictor:
            return load_blend(shares, device=self._device, engine=self._engine_for(is_deep))

        try:
            with _telling_the_log(MissingDependencyError, UsageError):
                return self._mixed.get((tuple(shares.items()), is_deep), load)
        except UsageError as error:  # it names the operator's files
            logger.info("%s", error)
            raise UsageError("style", "these do not mix", "styles that ship, or that were learned from them") from error

    def _engine_for(self, is_deep: bool) -> str:
        return in_float32(self._engine) if is_deep else self._engine


class _Kept:
    """The predictors that were used last.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    @property
    def loaded(self) -> int:
        with self._lock:
            return sum(entry.predictor is not None for entry in self._entries.values())

    def get(self, key: Hashable, load: Callable[[], Predictor]) -> Predictor:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)  # whoever uses it goes on; its memory is free after that
        with entry.lock:
            if entry.predictor is None:
                entry.predictor = load()
            return entry.predictor


@contextlib.contextmanager
def _telling_the_log(*passed: type[PpganError]) -> Iterator[None]:
    """Tell the log alone why something cannot be loaded, but for errors of some kinds."""
    try:
        yield
    except passed:
        raise
    except PpganError as error:
        logger.error("%s", error)
        raise UnavailableError("service", "this cannot be used now", remedy="Its log tells why") from error
