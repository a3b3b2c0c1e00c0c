"""The predictors of a service: each loaded once, when it is first asked for, and shared by all threads."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from ppgan_lite.errors import MissingDependencyError, PpganError
from ppgan_lite.inference.engines.selection import in_float32
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.predictor import Predictor

logger = logging.getLogger(__name__)

_Key = tuple[str, str | None, bool]


class UnavailableError(PpganError):
    """Something that is served cannot be loaded; the reason is for the operator, in the log."""

    code = "unavailable"


@dataclass
class _Place:
    """A predictor, or the place where it is being loaded."""

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
        self._most = most
        self._lock = threading.Lock()
        self._places: OrderedDict[_Key, _Place] = OrderedDict()

    @property
    def loaded(self) -> int:
        """How many are in memory."""
        with self._lock:
            return sum(place.predictor is not None for place in self._places.values())

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
        key = (source, direction, is_deep)
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > self._most:
                self._places.popitem(last=False)  # whoever uses it goes on; its memory is free after that
        with place.lock:
            if place.predictor is None:
                place.predictor = self._load(key)
            return place.predictor

    def _load(self, key: _Key) -> Predictor:
        source, direction, is_deep = key
        engine = in_float32(self._engine) if is_deep else self._engine
        try:
            return load_predictor(source, device=self._device, engine=engine, predictor=direction)
        except MissingDependencyError:
            raise
        except PpganError as error:
            logger.error("%s", error)
            raise UnavailableError("service", "this cannot be used now", remedy="Its log tells why") from error
