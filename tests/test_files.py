"""Files of one writer: the old one or the new one is there, and nothing else."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest

from ppgan_lite.errors import UsageError
from ppgan_lite.runtime import files
from ppgan_lite.runtime.files import remove_parts_of, replace_file, scratch_folder
from ppgan_lite.runtime.user_folders import cache_folder


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a.bin"
    for content in (b"old", b"newer"):
        replace_file(path, content, durable=durable)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_made_only_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "no/such/a.bin"
    with pytest.raises(FileNotFoundError):
        replace_file(path, b"x")
    assert not list(tmp_path.iterdir())
    replace_file(path, b"x", make_folder=True)
    assert path.read_bytes() == b"x"


def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    replace_file(path, b"old")

    def interrupted(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("no_home")
def test_the_cache_of_a_user_without_a_home_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError):
        replace_file(cache_folder() / "a", b"", make_folder=True)
    monkeypatch.setenv("PPGAN_LITE_CACHE", "~nobody-of-this-name/cache")
    assert cache_folder() == Path("~nobody-of-this-name/cache")


def test_a_scratch_folder_lies_in_the_cache_where_there_is_no_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    with scratch_folder() as folder:
        (folder / "a").write_bytes(b"x")
        assert folder.parent == tmp_path / "cache"
    assert not list((tmp_path / "cache").iterdir())
    monkeypatch.setenv("PPGAN_LITE_CACHE", os.devnull)
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(files, "_IN_MEMORY", tmp_path / "memory")
    with scratch_folder() as folder:
        assert folder.parent == tmp_path / "memory"
    monkeypatch.setattr(files, "_IN_MEMORY", tmp_path / "missing")
    message = "TMPDIR: there is no folder for temporary files. Set TMPDIR or PPGAN_LITE_CACHE to a folder that can be"
    with pytest.raises(UsageError, match=re.escape(message)), scratch_folder():
        pass


def test_what_killed_writers_of_one_file_left_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = tmp_path / "一 [a].png", tmp_path / "b.png"
    monkeypatch.setattr(Path, "replace", lambda *_: None)  # killed before the file gets its name
    for path in (mine, mine, other):
        replace_file(path, b"half")
    (tmp_path / "my.part").touch()
    assert len(list(tmp_path.iterdir())) == 4
    remove_parts_of(mine)
    assert len(list(tmp_path.glob(".*.part"))) == 1 and (tmp_path / "my.part").exists()
    remove_parts_of(other)
    assert [path.name for path in tmp_path.iterdir()] == ["my.part"]
