"""A folder that is watched: its photos as they appear."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from ppgan_lite.inference.batch_planning import Item, Plan

EVERY_S = 1.0  # between two looks; some file systems of networks tell nothing of changes, so it is looked for them


def watched_items(
    plan: Callable[[], Plan],
    refuse: Callable[[Path, BaseException], None],
    stopped: threading.Event,
    *,
    every_s: float | None = None,
) -> Iterator[Item]:
    """Yield the photos of a folder when they are complete, those that are there and those that come.

    A photo is complete when its size and time stay the same from one look to the next. One that changes later is
    yielded again.

    Args:
        plan: Looks through the folder.
        refuse: Called once for each photo or folder and what is wrong with it.
        stopped: Ends it.
        every_s: Seconds between two looks; None for `EVERY_S`.
    """
    begun: dict[Path, tuple[int, int]] = {}
    before: dict[Path, tuple[int, int]] = {}
    refused: set[tuple[Path, str]] = set()
    while not stopped.is_set():
        found = plan()
        for source, error in found.failures:
            if (source, str(error)) not in refused:
                refused.add((source, str(error)))
                refuse(source, error)
        now = {item: state for item in found.items if (state := _state(item.source))}
        for item, state in now.items():
            if before.get(item.source) == state != begun.get(item.source):
                begun[item.source] = state
                yield item
                if stopped.is_set():
                    return
        before = {item.source: state for item, state in now.items()}
        stopped.wait(EVERY_S if every_s is None else every_s)


def _state(photo: Path) -> tuple[int, int] | None:
    """Return size and time of a file; None for one that is empty or gone."""
    try:
        found = os.stat(photo)
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if found.st_size else None
