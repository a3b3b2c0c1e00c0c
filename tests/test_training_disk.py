"""Disks that are full or read-only, and folders that cannot be: one line, and the last checkpoint is whole."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny

from ppgan_lite.checkpoint import read_checkpoint, read_header
from ppgan_lite.errors import CheckpointError, PpganError
from ppgan_lite.runtime.files import append_line, end_last_line, replace_file
from ppgan_lite.training import run_folder, train
from ppgan_lite.training.run_folder import FolderError, NoSpaceError


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch):
    tiny.register(monkeypatch)


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """Mount a disk of 20 MB at a folder."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(["mount", *options], capture_output=True, check=False)
    except OSError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("only root may mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    with mounted(tmp_path / "disk") as folder:
        yield folder


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


def make_read_only(folder: Path) -> None:
    """Put a read-only disk over a folder; the system would not change one with an open file."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], check=True)


def make_writable(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


SETTINGS = {"save_every_s": 0, "save_every": 2, "log_every": 1, "preview_every": 1, "validation": {"every": 1}}


def assert_quiet(err: str) -> None:
    assert "Traceback" not in err and "Logging error" not in err


@pytest.mark.parametrize("checked", [True, False])
def test_a_disk_that_fills_up_keeps_the_last_checkpoint(disk, tmp_path, monkeypatch, capsys, checked):
    if not checked:  # as where a quota leaves less than the free space
        monkeypatch.setattr(run_folder, "require_space", lambda *arguments: None)
    tiny.in_update(monkeypatch, 4, lambda: fill(disk))
    run = disk / "run"
    with pytest.raises(PpganError) as caught:
        train(tiny.experiment(6, **SETTINGS), run_dir=run)
    assert isinstance(caught.value, NoSpaceError if checked else CheckpointError)
    told = "Free some space" if checked else "Check the folder, its rights and the free space"
    assert "\n" not in str(caught.value) and told in str(caught.value)
    err = capsys.readouterr().err
    assert_quiet(err)
    for number in (4, 5, 6):
        picture = run / f"previews/{number:07d}.png"
        assert err.count(f"{picture}: cannot be written (No space left on device); the training goes on") == 1
    assert read_checkpoint(run / "latest.ppgan")[0].training["iteration"] == 3
    assert read_checkpoint(run / "iteration_0000002.ppgan")[0].training["iteration"] == 2
    assert not (run / "iteration_0000004.ppgan").exists() and not list(run.rglob("*.part"))

    (disk / "filler").unlink()
    monkeypatch.undo()
    tiny.register(monkeypatch)
    train(tiny.experiment(6, **SETTINGS), run_dir=run, resume=True)
    train(tiny.experiment(6, **SETTINGS), run_dir=tmp_path / "long")
    assert tiny.tensors_of(run / "latest.ppgan") == tiny.tensors_of(tmp_path / "long/latest.ppgan")
    assert tiny.losses_of(run) == tiny.losses_of(tmp_path / "long")


def test_a_disk_that_is_full_at_the_start_is_told_in_one_line(disk, capsys):
    fill(disk)
    with pytest.raises(NoSpaceError) as caught:
        train(tiny.experiment(2), run_dir=disk / "run")
    assert "\n" not in str(caught.value) and "Free some space" in str(caught.value)
    assert_quiet(capsys.readouterr().err)
    (disk / "filler").unlink()
    assert train(tiny.experiment(2), run_dir=disk / "run").is_file()


def test_a_disk_that_becomes_read_only_keeps_the_last_checkpoint(disk, monkeypatch, capsys):
    run = disk / "run"
    tiny.in_update(monkeypatch, 4, lambda: make_read_only(run))
    try:
        with pytest.raises(CheckpointError, match=r"latest\.ppgan: cannot be written \(Read-only file system\)"):
            train(tiny.experiment(6, **SETTINGS), run_dir=run)
        assert_quiet(capsys.readouterr().err)
        for folder, refused in ((run, "run.lock"), (run / "other", "other")):
            with pytest.raises(FolderError) as caught:
                train(tiny.experiment(6, **SETTINGS), run_dir=folder)
            assert str(caught.value) == (
                f"{run / refused}: cannot be used for a run (Read-only file system). Check its rights, or give another"
                " --run-dir"
            )
    finally:
        make_writable(run)
    monkeypatch.undo()
    tiny.register(monkeypatch)
    train(tiny.experiment(6, **SETTINGS), run_dir=run, resume=True)
    assert [line["iteration"] for line in tiny.losses_of(run)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux alone")
def test_a_file_that_may_not_grow_is_as_a_full_disk(tmp_path, monkeypatch, capsys):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    run = tmp_path / "run"
    tiny.in_update(monkeypatch, 3, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard)))
    tiny.in_update(monkeypatch, 5, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)))
    try:
        train(tiny.experiment(6, save_every_s=0, save_every=1, preview_every=1), run_dir=run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    err = capsys.readouterr().err
    assert_quiet(err)
    assert err.count(f"{run / 'latest.ppgan'}: cannot be written (File too large)") == 2
    assert sorted(path.name for path in run.glob("iteration_*")) == [
        f"iteration_000000{number}.ppgan" for number in (1, 2, 5, 6)
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="of Linux alone")
def test_a_log_that_cannot_be_written_is_told_once_and_hinders_nothing(tmp_path, capsys):
    (tmp_path / "train.log").symlink_to("/dev/full")
    train(tiny.experiment(4, log_every=1), run_dir=tmp_path)
    err = capsys.readouterr().err
    assert_quiet(err)
    assert err.count("train.log: cannot be written (No space left on device); the training goes on") == 1
    assert read_header(tmp_path / "final.ppgan").training["iteration"] == 4


@pytest.mark.skipif(os.name == "nt", reason="Windows has other names that cannot be")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("file/run", "Not a directory"),
        (f"{'x' * 300}/run", "File name too long"),
        ("loop/run", "Too many levels of symbolic links"),
        ("gone/run", "File exists"),
    ],
)
def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path, name, reason):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    for resume in (False, True):
        with pytest.raises(PpganError) as caught:
            train(tiny.experiment(1), run_dir=tmp_path / name, resume=resume)
        assert caught.value.exit_code == 2
        assert f"cannot be used for a run ({reason})" in str(caught.value) or resume


def test_a_terminal_that_is_gone_hinders_nothing(tmp_path, monkeypatch):
    read, write = os.pipe()
    os.close(read)
    with contextlib.suppress(BrokenPipeError), open(write, "w", encoding="ascii", buffering=1) as gone:
        monkeypatch.setattr(sys, "stderr", gone)
        train(tiny.experiment(2, log_every=1), run_dir=tmp_path / "夜")
        monkeypatch.undo()
    tiny.register(monkeypatch)
    assert "saved at iteration 2" in (tmp_path / "夜/train.log").read_text(encoding="utf-8")


def test_a_line_is_appended_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "lines"
    append_line(path, "a \udce9 夜")
    assert path.read_text(encoding="utf-8") == "a \\udce9 夜\n"
    before = path.read_bytes()
    write = Path.open

    def half(self: Path, *arguments: object, **named: object) -> object:
        file = write(self, *arguments, **named)  # type: ignore[arg-type, call-overload]

        class Full:
            def __enter__(self):
                return self

            def __exit__(self, *details: object) -> None:
                file.close()

            def write(self, data: memoryview) -> int:
                if len(data) < 5:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return file.write(data[: len(data) // 2])

            def __getattr__(self, name: str) -> object:
                return getattr(file, name)

        return Full()

    monkeypatch.setattr(Path, "open", half)
    with pytest.raises(OSError) as caught:
        append_line(path, "b" * 100)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    path.write_bytes(before + b"half")
    for _ in range(2):
        end_last_line(path)
        assert path.read_bytes() == before + b"half\n"
    end_last_line(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_error_of_a_file_that_cannot_be_written_names_it(tmp_path):
    (tmp_path / "a").mkdir()
    for path in (tmp_path / "a", tmp_path / "no/such", tmp_path / ("x" * 300)):
        with pytest.raises(OSError) as caught:
            replace_file(path, b"x")
        assert caught.value.filename == str(path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]


def test_the_handlers_of_a_training_go_with_it(tmp_path):
    before = list(logging.getLogger("ppgan_lite").handlers)
    train(tiny.experiment(1), run_dir=tmp_path)
    assert logging.getLogger("ppgan_lite").handlers == before
