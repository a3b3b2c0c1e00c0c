"""Pictures that are made at once in one process: in which order they are told, and how all of it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ppgan_lite.images import read_image, write_image
from ppgan_lite.inference.batch import ProgressCallback, run_batch
from ppgan_lite.inference.batch_planning import Item

Run = Callable[..., tuple[int, str, str]]
WAIT_S = 60


class Notes:
    """An observer that takes notes."""

    def __init__(self, end: Callable[[], None] = lambda: None) -> None:
        self.told: list[str] = []
        self._end = end

    def check(self, error: BaseException | None = None) -> None:
        self._end()

    def started(self, item: Item) -> None:
        pass

    def progressed(self, item: Item, fraction: float) -> None:
        self._end()

    def written(self, item: Item, about: Mapping[str, Any], seconds: float) -> None:
        self.told.append(item.source.name)

    def failed(self, item: Item, error: Exception) -> None:
        self.told.append(f"{item.source.name}: {error}")


def make(items: list[Item], process: Callable[[str, ProgressCallback], str], observer: Notes) -> None:
    def write(item: Item, result: str) -> dict[str, Any]:
        item.target.write_text(result)
        return {}

    run_batch(items, lambda item: item.source.name, lambda first: process, write, observer, at_once=2)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    return [Item(Path(f"{number}"), tmp_path / f"{number}") for number in range(5)]


def test_two_pictures_are_made_at_once_and_told_in_their_order(items: list[Item]) -> None:
    second_is_done = threading.Event()

    def process(name: str, progress: ProgressCallback) -> str:
        if name == "0":
            assert second_is_done.wait(WAIT_S), "the second picture waits for the first"
        if name == "1":
            raise ValueError("odd")
        if name == "2":
            second_is_done.set()
        return name

    notes = Notes()
    make(items, process, notes)
    assert notes.told == ["0", "1: odd", "2", "3", "4"]
    assert [item.target.exists() for item in items] == [True, False, True, True, True]


def test_no_more_than_two_are_made_at_once(items: list[Item]) -> None:
    now, most, counting = 0, 0, threading.Lock()

    def process(name: str, progress: ProgressCallback) -> str:
        nonlocal now, most
        with counting:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.02)
        with counting:
            now -= 1
        return name

    make(items, process, Notes())
    assert most == 2


def test_an_interruption_ends_all_that_are_being_made(items: list[Item]) -> None:
    both_work, interrupted = threading.Barrier(2), threading.Event()

    def process(name: str, progress: ProgressCallback) -> str:
        if name == "0":
            return name
        both_work.wait(WAIT_S)
        interrupted.set()
        progress(0.5)
        raise AssertionError("it goes on")

    def end() -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt

    notes = Notes(end)
    with pytest.raises(KeyboardInterrupt):
        make(items, process, notes)
    assert notes.told == ["0"]
    assert [item.target.exists() for item in items] == [True, False, False, False, False]


def test_a_result_that_is_written_is_told_after_an_interruption_though_the_one_before_failed(items: list[Item]) -> None:
    interrupted = threading.Event()

    def process(name: str, progress: ProgressCallback) -> str:
        if name == "0":
            while not items[1].target.exists():
                threading.Event().wait(0.01)
            interrupted.set()
            raise ValueError("odd")
        return name

    def end() -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt

    notes = Notes(end)
    with pytest.raises(KeyboardInterrupt):
        make(items[:2], process, notes)
    assert notes.told == ["1"]


def test_one_thing_is_told_at_a_time(items: list[Item]) -> None:
    telling, collisions = threading.Lock(), 0

    class Slow(Notes):
        def told_alone(self, *_about: object) -> None:
            nonlocal collisions
            if not telling.acquire(blocking=False):
                collisions += 1
                return
            threading.Event().wait(0.01)
            telling.release()

        started = progressed = written = failed = told_alone  # type: ignore[assignment]

    def process(name: str, progress: ProgressCallback) -> str:
        for step in range(5):
            progress(step / 5)
        return name

    make(items, process, Slow())
    assert not collisions


def test_a_folder_looks_like_its_photos_one_by_one(run: Run, photo: np.ndarray) -> None:
    """Each photo is painted in all threads, whether another one is painted at once or not: not a bit differs."""
    names = [f"{number}.png" for number in range(4)]
    for number, name in enumerate(names):
        write_image(Path("photos", name), np.roll(photo, 9 * number, axis=1))
    assert run("stylize", "photos", "-o", "all", "--style", "starry_night")[0] == 0
    for name in names:
        assert run("stylize", f"photos/{name}", "-o", f"alone/{name}", "--style", "starry_night")[0] == 0
        assert np.array_equal(read_image(f"all/{name}")[0], read_image(f"alone/{name}")[0])
