"""The cache: what is read is what was written, whoever damages it; it is private, bounded, and shared by processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ppgan_lite.runtime import file_cache
from ppgan_lite.runtime.file_cache import FileCache

DATA = bytes(range(256)) * 5
posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileCache:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    return FileCache("things", 10_000)


def test_a_file_is_read_as_it_was_written(cache: FileCache) -> None:
    assert cache.read("a") is None
    for data in (DATA, b"", b"newer"):
        cache.write("a", data)
        assert cache.read("a") == data
    assert [path.name for path in cache.folder.iterdir()] == ["a"]


@pytest.mark.parametrize("place", [0, 31, 32, 700, -1])
def test_a_file_with_a_changed_bit_is_none_and_is_replaced(cache: FileCache, place: int) -> None:
    cache.write("a", DATA)
    damaged = bytearray((cache.folder / "a").read_bytes())
    damaged[place] ^= 4
    (cache.folder / "a").write_bytes(damaged)
    assert cache.read("a") is None
    cache.write("a", DATA)
    assert cache.read("a") == DATA


def test_every_part_of_a_file_is_none(cache: FileCache) -> None:
    cache.write("a", DATA)
    whole = (cache.folder / "a").read_bytes()
    for length in range(0, len(whole), 13):
        (cache.folder / "a").write_bytes(whole[:length])
        assert cache.read("a") is None
    (cache.folder / "a").write_bytes(whole + b"x")
    assert cache.read("a") is None
    (cache.folder / "a").write_bytes(bytes(len(whole)))
    assert cache.read("a") is None


def test_a_file_under_another_name_is_none(cache: FileCache) -> None:
    cache.write("a", DATA)
    shutil.copy(cache.folder / "a", cache.folder / "b")
    assert cache.read("b") is None


def test_a_folder_in_the_place_of_a_file_is_none(cache: FileCache) -> None:
    (cache.folder / "a").mkdir(parents=True)
    assert cache.read("a") is None
    with pytest.raises(OSError):
        cache.write("a", DATA)


@posix
def test_the_folder_is_this_users_alone_also_where_it_was_not(cache: FileCache) -> None:
    cache.write("a", DATA)
    for folder in (cache.folder, cache.folder.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    for use in (lambda: cache.read("a"), lambda: cache.write("a", DATA)):
        cache.folder.chmod(0o777)
        use()
        assert cache.folder.stat().st_mode & 0o777 == 0o700


@posix
def test_what_another_user_put_there_is_not_read(cache: FileCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write("a", DATA)
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    if own:  # what root put there may be read
        assert cache.read("a") is None
        with pytest.raises(PermissionError, match="belongs to another user"):
            cache.write("a", DATA)
    cache.folder.chmod(0o777)
    assert cache.read("a") is None
    with pytest.raises(PermissionError, match=r"belongs to another user|can be written by other users"):
        cache.write("a", DATA)


def test_what_was_used_last_is_kept(cache: FileCache) -> None:
    for number in range(5):
        cache.write(f"{number}", bytes(3000))
        os.utime(cache.folder / f"{number}", (1_000_000 + number, 1_000_000 + number))
        assert sum(path.stat().st_size for path in cache.folder.iterdir()) <= cache.max_bytes
    assert {path.name for path in cache.folder.iterdir()} == {"2", "3", "4"}
    assert cache.read("2") is not None
    cache.write("5", bytes(3000))
    assert {path.name for path in cache.folder.iterdir()} == {"2", "4", "5"}


def test_a_file_larger_than_the_folder_may_be_is_kept_alone(cache: FileCache) -> None:
    cache.write("a", DATA)
    cache.write("large", bytes(20_000))
    assert [path.name for path in cache.folder.iterdir()] == ["large"]


def test_what_killed_processes_left_goes(cache: FileCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write("a", DATA)
    for name in ("old", "new"):
        (cache.folder / f".{name}.part").write_bytes(b"x")
    os.utime(cache.folder / ".old.part", (1_000_000, 1_000_000))
    cache.write("b", DATA)
    assert {path.name for path in cache.folder.iterdir()} == {"a", "b", ".new.part"}


@pytest.mark.usefixtures("no_home")
def test_without_a_home_nothing_is_there_and_writing_is_an_error_of_the_system() -> None:
    cache = FileCache("things", 10_000)
    assert cache.read("a") is None
    with pytest.raises(OSError):
        cache.write("a", DATA)


def test_a_folder_that_may_only_be_read_is_read(cache: FileCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write("a", DATA)

    def refuses(*details: object, **named: object) -> None:
        raise OSError(30, "Read-only file system")

    for function in ("utime", "chmod"):
        monkeypatch.setattr(os, function, refuses)
    monkeypatch.setattr(file_cache, "replace_file", refuses)
    assert cache.read("a") == DATA
    with pytest.raises(OSError, match="Read-only"):
        cache.write("b", DATA)


def test_processes_that_write_and_evict_at_the_same_time_read_whole_files(cache: FileCache) -> None:
    script = (
        "from ppgan_lite.runtime.file_cache import FileCache\n"
        "cache = FileCache('things', 10_000)\n"
        "for turn in range(300):\n"
        "    name = str(turn % 7)\n"
        "    if turn % 3 == 0: cache.write(name, name.encode() * 3000)\n"
        "    assert cache.read(name) in (None, name.encode() * 3000)\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert not list(cache.folder.glob("*.part"))
