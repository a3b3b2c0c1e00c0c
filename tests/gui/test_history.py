"""The last results: undo, redo, comparison, and bounds in memory and on disk."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ppgan_lite.gui.choices import Choice
from ppgan_lite.gui.history import THUMBNAIL_PX, History
from ppgan_lite.gui.history_store import StoredPicture
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.state import Picture, Request, Result, StyleSettings
from ppgan_lite.images import ImageMetadata
from ppgan_lite.runtime.private_folder import PrivateFolder

SIDE = 200


def in_memory(side: int) -> int:
    """Return the size of a picture with its pyramid."""
    return StoredPicture(Picture.of(np.zeros((side, side, 3), np.uint8))).bytes


BYTES = in_memory(SIDE)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def pixels(seed: int, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def picture(seed: int, *, alpha: bool = False) -> Picture:
    image = pixels(seed)
    metadata = ImageMetadata(icc_profile=b"profile", alpha=image[..., 0].copy() if alpha else None)
    return Picture.of(image, metadata, Path(f"photo{seed}.png"))


def result(seed: int, photo: Picture | None = None, painting: Picture | None = None, side: int = SIDE) -> Result:
    image = pixels(1000 + seed, side)
    request = Request(photo or picture(seed), Choice(f"style{seed}", "style"), StyleSettings(seed / 100), painting)
    return Result(image, Pyramid.of(image), request, 1.0, "cpu")


def files(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.npz"))


class Later:
    """Does work in the background when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []

    def __call__(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.waiting.append((work, done))

    def go(self) -> None:
        while self.waiting:
            work, done = self.waiting.pop(0)
            try:
                value = work()
            except Exception as error:  # noqa: BLE001 - as the window's thread
                value = error
            done(value)


def test_undo_and_redo_step_through_the_results_and_a_new_one_comes_last() -> None:
    shown: list[Any] = []
    history, photo = History(shown=shown.append), picture(0)
    first, second, third = (history.add(result(seed, photo)) for seed in (1, 2, 3))
    assert history.current is third and history.neighbor(1) is None
    history.step(-1)
    assert (history.neighbor(-1), history.current, history.neighbor(1)) == (first, second, third)
    history.step(-1)
    history.step(-1)
    assert history.neighbor(-1) is None
    assert [one.request.choice.source for one in shown] == ["style2", "style1"]
    fourth = history.add(result(4, photo))
    assert history.entries == [first, second, third, fourth] and history.current is fourth


def test_another_photo_keeps_the_results_and_each_comes_back_with_its_own_photo() -> None:
    shown: list[Any] = []
    history, photos = History(shown=shown.append), [picture(seed) for seed in (1, 2)]
    entries = [history.add(result(seed, photo)) for seed, photo in enumerate(photos)]
    history.leave()
    assert history.current is None and history.neighbor(-1) is entries[1] and history.neighbor(1) is None
    history.show(entries[0])
    assert shown[0].request.photo is photos[0]


def test_results_on_disk_come_back_as_they_were(cache: Path) -> None:
    shown: list[Any] = []
    history = History(memory_bytes=0, shown=shown.append)
    painting = picture(50)
    first = result(1, picture(1, alpha=True), painting)
    image, photo, alpha = first.image.copy(), first.request.photo.image.copy(), first.request.photo.metadata.alpha
    assert alpha is not None
    alpha, strokes = alpha.copy(), painting.image.copy()
    entry = history.add(first)
    history.add(result(2))
    del first, painting
    assert not any(stored.picture for stored in entry.pictures), "all is on disk alone"
    assert len(files(cache)) == 3
    history.show(entry)
    (back,) = shown
    assert history.entry_of(back) is entry
    np.testing.assert_array_equal(back.image, image)
    np.testing.assert_array_equal(back.request.photo.image, photo)
    np.testing.assert_array_equal(back.request.photo.metadata.alpha, alpha)
    assert back.request.painting is not None
    np.testing.assert_array_equal(back.request.painting.image, strokes)
    assert back.request.photo.metadata.icc_profile == b"profile"
    assert back.file_name() == "photo1_style1.png" and back.request.settings.strength == 0.01
    assert entry.result.picture is not None, "what is shown stays in memory"


def test_captions_need_no_pixels() -> None:
    history = History(memory_bytes=0)
    entry = history.add(result(1))
    history.add(result(2))
    assert entry.outline.image.shape == (SIDE, SIDE, 3)
    assert entry.outline.request.photo.size == (SIDE, SIDE)
    assert entry.outline.request.stored_options["strength"] == 0.01
    assert entry.outline.image.strides == (0, 0, 0), "it takes no memory"
    assert max(entry.thumbnail.shape) <= THUMBNAIL_PX


def test_a_photo_that_is_open_is_not_read_from_disk_and_one_of_several_results_is_kept_once(cache: Path) -> None:
    shown: list[Any] = []
    history, photo = History(memory_bytes=0, shown=shown.append), picture(0)
    first = history.add(result(1, photo))
    history.add(result(2, photo))
    history.add(result(3))
    assert len(files(cache)) == 3, "two results and one photo; the newest of each is shown"
    for file in files(cache):
        if file.stem == first.photo.path.stem:  # type: ignore[union-attr]
            file.write_bytes(b"")
    history.show(first)
    assert shown[0].request.photo is photo


def test_fifty_paintings_level_off_in_memory_and_on_disk(cache: Path) -> None:
    size = in_memory(800)
    history, photo = History(limit=10, memory_bytes=3 * size), picture(0)
    used, on_disk = [], []
    tracemalloc.start()
    try:
        for seed in range(50):
            history.add(result(seed, photo, side=800))
            used.append(tracemalloc.get_traced_memory()[0])
            on_disk.append(sum(file.stat().st_size for file in files(cache)))
    finally:
        tracemalloc.stop()
    assert max(used[10:]) < 4 * size + 10 * 3 * THUMBNAIL_PX**2, "three in memory, the current one, and thumbnails"
    assert max(used[40:]) < 1.02 * max(used[10:20])
    assert max(on_disk) < 11 * (size + 2000) and on_disk[-1] <= max(on_disk[:15])
    assert len(history.entries) == 10
    history.close()
    assert files(cache) == [] and not list((cache / "history").iterdir())


def test_fifty_photos_level_off_too(cache: Path) -> None:
    history = History(limit=10, memory_bytes=3 * BYTES)
    for seed in range(50):
        history.leave()
        history.add(result(seed))
    assert history.bytes_in_memory <= 4 * BYTES and len(files(cache)) <= 20


def test_the_oldest_result_makes_room_for_a_new_one() -> None:
    history = History(limit=3)
    entries = [history.add(result(seed)) for seed in range(5)]
    assert history.entries == entries[2:]
    history.compare(entries[2])
    history.add(result(9))
    assert history.compared is None, "it is gone"


def test_two_results_are_compared_and_both_stay_in_memory() -> None:
    compared: list[Any] = []
    history = History(memory_bytes=0, compared_shown=compared.append)
    entries = [history.add(result(seed)) for seed in range(4)]
    history.compare(entries[0])
    assert [one.request.choice.source for one in compared] == ["style0"]
    assert [entry.result.kept for entry in entries] == [True, False, False, True]
    history.remove(entries[0])
    assert history.compared is None and history.current is entries[3] and compared[1:] == [None]


def test_removing_the_current_result_shows_the_nearest_of_its_photo_or_none() -> None:
    shown: list[Any] = []
    history, photo = History(shown=shown.append), picture(0)
    first, other, last = history.add(result(1, photo)), history.add(result(2)), history.add(result(3, photo))
    history.remove(last)
    assert history.current is first and shown[-1].request.choice.source == "style1"
    history.remove(last)
    assert history.entries == [first, other], "it was gone already"
    history.remove(first)
    assert history.current is None and shown[-1] is None and history.entries == [other]


def test_unsaved_results_are_known(tmp_path: Path) -> None:
    changes: list[int] = []
    history = History(changed=lambda: changes.append(len(history.unsaved)))
    first, second = history.add(result(1)), history.add(result(2))
    history.mark_saved(first, tmp_path / "a.png")
    assert history.unsaved == [second] and first.saved == tmp_path / "a.png"
    assert changes == [1, 2, 1]


@pytest.mark.parametrize("fails", ["no space", "limit"])
def test_a_full_disk_is_told_once_and_the_oldest_saved_results_go_first(
    monkeypatch: pytest.MonkeyPatch, cache: Path, fails: str
) -> None:
    if fails == "no space":

        def refuse(file: Any, **arrays: np.ndarray) -> None:
            file.write(b"half of it")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(np, "savez", refuse)
    troubles: list[Exception] = []
    history = History(
        memory_bytes=BYTES,
        without_disk_bytes=4 * BYTES,
        disk_bytes=1e12 if fails == "no space" else 0,
        troubled=troubles.append,
    )
    photo = picture(0)
    entries = [history.add(result(seed, photo)) for seed in range(3)]
    assert history.entries == entries, "they fit into memory"
    assert len(troubles) == 1 and ("No space" in str(troubles[0]) or "MB free" in str(troubles[0]))
    history.mark_saved(entries[1], Path("saved.png"))
    entries.append(history.add(result(3, photo)))
    assert history.entries == [entries[0], *entries[2:]]
    entries.append(history.add(result(4, photo)))
    assert history.entries == entries[2:], "unsaved ones go only where no saved one is left"
    assert len(troubles) == 1 and files(cache) == []


def test_a_result_whose_file_is_gone_is_told_and_removed(cache: Path) -> None:
    troubles: list[Exception] = []
    shown: list[Any] = []
    history = History(memory_bytes=0, troubled=troubles.append, shown=shown.append)
    entries = [history.add(result(seed)) for seed in range(3)]
    for file in files(cache):
        file.write_bytes(file.read_bytes()[:1000])
    history.show(entries[0])
    assert shown == [None] and entries[0] not in history.entries
    assert "cannot be read again" in str(troubles[0])
    assert history.current is None


def test_only_the_last_of_several_wanted_results_is_shown(cache: Path) -> None:
    later = Later()
    shown: list[str] = []
    history = History(
        memory_bytes=0, background=later, shown=lambda one: shown.append(one.request.choice.source if one else "")
    )
    entries = [history.add(result(seed)) for seed in range(4)]
    later.go()
    for _ in range(3):
        history.step(-1)
    assert history.current is entries[0] and shown == []
    later.go()
    assert shown == ["style0"]


def test_closing_while_a_result_is_written_leaves_nothing(cache: Path) -> None:
    troubles: list[Exception] = []
    later = Later()
    history = History(memory_bytes=0, background=later, troubled=troubles.append)
    for seed in range(4):
        history.add(result(seed))
    assert later.waiting
    history.close()
    later.go()
    assert files(cache) == [] and troubles == []


def test_a_result_removed_while_it_is_written_leaves_no_file(cache: Path) -> None:
    later = Later()
    history = History(memory_bytes=0, background=later)
    entries = [history.add(result(seed)) for seed in range(2)]
    history.remove(entries[0])
    later.go()
    assert files(cache) == []


def test_the_folder_of_a_killed_process_goes_at_the_next_start_and_that_of_a_living_one_stays(cache: Path) -> None:
    script = (
        "import os, signal\n"
        "from ppgan_lite.runtime.private_folder import PrivateFolder\n"
        "folder = PrivateFolder('history')\n"
        "(folder.path / 'a.npz').write_bytes(b'x')\n"
        "print(folder.path, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert left.is_dir(), done.stderr
    living = PrivateFolder("history")
    assert not left.exists()
    assert living.path.stat().st_mode & 0o077 == 0
    other = PrivateFolder("history")
    assert living.path.is_dir()
    living.close()
    other.close()
    living.close()
    assert list((cache / "history").iterdir()) == []


def test_without_a_cache_folder_temporary_files_hold_the_history(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PPGAN_LITE_CACHE", "/dev/null/cache")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = PrivateFolder("history")
    assert tmp_path in folder.path.parents
    folder.close()
