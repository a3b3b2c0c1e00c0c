"""A folder that is watched: photos are painted when they are complete, and what is broken does not end it."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inverter import Inverter

from ppgan_lite.images import read_image, write_image
from ppgan_lite.inference import watching
from ppgan_lite.inference.batch_planning import plan_batch
from ppgan_lite.inference.watching import watched_items

Run = Callable[..., tuple[int, str, str]]


class Folder:
    """A watched folder, looked at by hand: each question after a photo is a look."""

    def __init__(self) -> None:
        Path("photos").mkdir()
        self.refused: list[str] = []
        self.stopped = threading.Event()
        self.looks = 0
        self._items = watched_items(self.plan, lambda path, error: self.refused.append(str(error)), self.stopped)

    def plan(self) -> Any:
        self.looks += 1
        if self.looks > 3:
            self.stopped.set()
        return plan_batch(["photos"], "out", overwrite=False, skip_existing=True, may_be_empty=True)

    def next(self) -> str | None:
        """Return the next photo, None if there is none in three looks; then its result is there."""
        self.looks = 0
        item = next(self._items, None)
        if item is None:
            self.stopped.clear()
            self._items = self._again()
            return None
        write_image(item.target, np.zeros((2, 2, 3), np.uint8))
        return item.source.name

    def _again(self) -> Iterator[Any]:
        return watched_items(self.plan, lambda path, error: self.refused.append(str(error)), self.stopped, every_s=0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watching, "EVERY_S", 0)
    found = Folder()
    found._items = found._again()
    return found


def test_photos_are_taken_as_they_come(folder: Folder) -> None:
    assert folder.next() is None
    Path("photos/a.png").write_bytes(b"1")
    assert (folder.next(), folder.next()) == ("a.png", None)
    Path("photos/in").mkdir()
    Path("photos/in/b.png").write_bytes(b"2")
    Path("photos/notes.txt").write_bytes(b"3")
    assert (folder.next(), folder.next()) == ("b.png", None)
    assert folder.refused == []


def test_a_photo_that_grows_is_not_complete(folder: Folder) -> None:
    photo = Path("photos/a.png")
    photo.touch()
    assert folder.next() is None
    plan = folder.plan

    def growing() -> Any:
        with photo.open("ab") as file:
            file.write(b"more")
        return plan()

    folder.plan = growing  # type: ignore[method-assign]
    folder._items = folder._again()
    assert folder.next() is None
    folder.plan = plan  # type: ignore[method-assign]
    folder._items = folder._again()
    assert folder.next() == "a.png"


def test_a_photo_without_result_is_taken_again_when_it_changes(folder: Folder) -> None:
    Path("photos/a.png").write_bytes(b"1")
    assert folder.next() == "a.png"
    Path("out/a.png").unlink()  # as if it could not be painted
    assert next(folder._items, None) is None
    folder.stopped.clear()
    items = folder._again()
    folder.looks = 0
    assert next(items).source.name == "a.png"
    folder.looks = 0
    Path("photos/a.png").write_bytes(b"12")
    assert next(items).source.name == "a.png"


def test_what_is_wrong_is_told_once(folder: Folder) -> None:
    Path("photos/a.png").write_bytes(b"1")
    Path("photos/a.gif").write_bytes(b"1")  # its result is a.png, too
    items = folder._again()
    assert next(items).source.name == "a.gif"
    folder.looks = 0
    assert next(items, None) is None
    assert [error.partition(";")[0] for error in folder.refused] == [
        f"photos/a.png: its result {Path('out/a.png')} is that of another picture too"
    ]
    folder.stopped.clear()
    Path("photos").rename("elsewhere")
    folder.looks, folder.refused[:] = 0, []
    assert next(folder._again(), None) is None
    assert folder.refused == ["photos: does not exist"]


def test_the_command_paints_what_comes_and_ends_with_ctrl_c(
    run: Run,
    inverter: Inverter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    write_image("photos/a.png", photo)
    write_image("painted/done.png", photo)
    write_image("photos/done.png", photo)
    monkeypatch.setattr(watching, "EVERY_S", 0.05)

    def come() -> None:
        until(lambda: Path("painted/a.png").exists())
        Path("photos/broken.png").write_bytes(b"a letter")
        write_image("photos/new/b.png", photo)
        until(lambda: Path("painted/new/b.png").exists() and len(inverter.calls) == 2)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    def until(condition: Callable[[], bool]) -> None:
        ends = time.monotonic() + 60
        while not condition() and time.monotonic() < ends:
            time.sleep(0.02)

    comer = threading.Thread(target=come)
    comer.start()
    code, out, err = run("stylize", "photos", "-o", "painted", "--style", "wave", "--faces", "1", "--watch", "--jsonl")
    comer.join()
    assert code == 1  # for the broken one
    told = [json.loads(line) for line in out.splitlines()]
    assert sorted(Path(line["photo"]).name for line in told) == ["a.png", "b.png", "broken.png"]
    assert np.array_equal(read_image("painted/new/b.png")[0], 255 - photo)
    lines = err.splitlines()
    assert lines[0] == "watching; Ctrl-C ends it"
    for line in ("painted/a.png", "painted/new/b.png", "2 pictures written to painted", "1 of 3 pictures failed"):
        assert lines.count(line) == 1
    assert sum("broken.png: is not a picture of a known kind" in line for line in lines) == 1
    assert len(inverter.calls) == 2


def test_what_cannot_be_watched_is_refused(run: Run, inverter: Inverter) -> None:
    write_image("a.png", np.zeros((4, 4, 3), np.uint8))
    for arguments, found in (
        (("a.png",), "--watch: a.png is not a folder; expected one folder"),
        ((".", "--workers", "2"), "--watch: and --workers are both given; expected one of them"),
        ((".", "--shard", "1/2"), "--watch: and --shard are both given; expected one of them"),
    ):
        code, _, err = run("stylize", *arguments, "--style", "wave", "--watch")
        assert (code, err) == (2, f"paddlegan: error: {found}\n")
