"""Preparation: the steps before a predictor can make its first picture, reported as they begin.

Much of it happens deep inside: an engine compiles a subgraph when it is first run. So whoever wants to know says so for
a block of code, and everything in it, on its thread, may tell.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

# What may be told.
READING = "reading"  # a checkpoint
STARTING = "starting"  # Paddle
TRACING = "tracing"  # a net, to a graph
COMPILING = "compiling"  # a graph, by an engine
COMPARING = "comparing"  # an engine with Paddle
MEASURING = "measuring"  # the time of a part of a large picture
FACES = "faces"  # are looked for
STEPS = (READING, STARTING, TRACING, COMPILING, COMPARING, MEASURING, FACES)

_told: ContextVar[Callable[[str], None] | None] = ContextVar("told", default=None)


@contextlib.contextmanager
def telling(told: Callable[[str], None]) -> Iterator[None]:
    """Have each of `STEPS` that begins in this block, on this thread, told to a function."""
    before = _told.set(told)
    try:
        yield
    finally:
        _told.reset(before)


def tell(step: str) -> None:
    """Tell that one of `STEPS` begins, if anybody wants to know."""
    told = _told.get()
    if told is not None:
        told(step)
