"""A run folder after a crash, whatever that did to its files: a resume repairs it and writes over nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny

from ppgan_lite import cli
from ppgan_lite.checkpoint import read_header
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.images import write_image
from ppgan_lite.training import train


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch):
    tiny.register(monkeypatch)


SETTINGS = {"save_every": 2, "log_every": 1, "preview_every": 2, "validation": {"every": 2}}


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> Path:
    """Return a run of 4 iterations."""
    with pytest.MonkeyPatch.context() as context:
        tiny.register(context)
        return train(tiny.experiment(4, **SETTINGS), run_dir=tmp_path_factory.mktemp("ended") / "run").parent


@pytest.fixture(scope="module")
def longer(ended, tmp_path_factory) -> Path:
    """Return the same run, resumed without a crash up to iteration 6."""
    run = tmp_path_factory.mktemp("longer") / "run"
    with pytest.MonkeyPatch.context() as context:
        tiny.register(context)
        shutil.copytree(ended, run)
        train(tiny.experiment(6, **SETTINGS), run_dir=run, resume=True)
    return run


@pytest.fixture
def run_cli(capsys) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs the command line and gives exit code, stdout and stderr."""

    def run_cli(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run_cli


@pytest.fixture
def run(ended, tmp_path) -> Path:
    return Path(shutil.copytree(ended, tmp_path / "run"))


def resume(run: Path) -> Path:
    return train(tiny.experiment(6, **SETTINGS), run_dir=run, resume=True)


def a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").touch()


def kept(number: int) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes()[: len(path.read_bytes()) * number // 2])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": kept(0),
    "half": kept(1),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "zeros at the end": lambda path: path.write_bytes(path.read_bytes()[:-9] + bytes(9)),
    "missing": Path.unlink,
    "a folder": a_folder,
    "a link to itself": a_link_to_itself,
}
FILES = ("config.yaml", "environment.json", "train.log", "metrics.jsonl", "latest.ppgan", "best.ppgan", "final.ppgan")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [*FILES, "iteration_0000004.ppgan", "previews/0000004.png"])
def test_a_damaged_file_of_a_run_is_repaired_by_resuming_it(run, longer, name, damage):
    # A copy has no hard links: a power cut damages the file that was written last.
    DAMAGES[damage](run / name)
    shapes = {path.name: path.is_dir() for path in run.iterdir()}
    resume(run)
    assert tiny.tensors_of(run / "latest.ppgan") == tiny.tensors_of(longer / "latest.ppgan")
    assert tiny.tensors_of(run / "final.ppgan") == tiny.tensors_of(longer / "final.ppgan")
    assert read_header(run / "latest.ppgan").training["iteration"] == 6
    assert (run / "config.yaml").read_bytes() == (longer / "config.yaml").read_bytes()
    assert json.loads((run / "environment.json").read_bytes())[-1]["iteration"] == 4
    found, expected = tiny.losses_of(run), tiny.losses_of(longer)
    assert found == [line for line in expected if line in found]  # none twice, all in order
    assert found[-3:] == expected[-3:] and (name == "metrics.jsonl" or found == expected)
    if shapes.get(name):  # a folder: it was moved, with its contents
        assert any((run / f"{name}{ending}/inside").exists() for ending in ("", ".damaged"))
    assert not list(run.rglob("*.part"))


@pytest.mark.parametrize("damage", ["empty", "half", "zeros", "a folder", "a link to itself"])
def test_a_damaged_lock_hinders_nothing(run, damage):
    (run / "run.lock").write_text("process 4711 on another\n")
    DAMAGES[damage](run / "run.lock")
    resume(run)
    assert not (run / "run.lock").exists()


@pytest.mark.parametrize("name", ["previews", "visualdl"])
def test_a_file_where_a_folder_belongs_is_renamed(run, name):
    shutil.rmtree(run / name, ignore_errors=True)
    (run / name).write_text("mine")
    resume(run)
    assert (run / f"{name}.damaged").read_text() == "mine"
    assert name != "previews" or (run / "previews/0000006.png").is_file()


def test_every_file_may_be_gone_but_one_numbered_checkpoint(run, longer):
    for path in run.iterdir():
        if path.name not in ("iteration_0000002.ppgan", "previews"):
            path.unlink()
    resume(run)
    assert tiny.tensors_of(run / "final.ppgan") == tiny.tensors_of(longer / "final.ppgan")
    lines = tiny.losses_of(run)
    assert lines == [line for line in tiny.losses_of(longer) if line["iteration"] > 2]


@pytest.mark.parametrize("damage", ["half", "missing", "zeros"])
def test_the_newest_whole_checkpoint_goes_on_where_latest_is_gone_or_cut(run, longer, damage, capsys):
    DAMAGES[damage](run / "latest.ppgan")
    DAMAGES["half"](run / "iteration_0000004.ppgan")
    bytes_before = {path.name: path.read_bytes() for path in run.glob("*.ppgan")}
    resume(run)
    said = capsys.readouterr().err
    assert f"{run / 'latest.ppgan'}: " in said and "; going on from iteration_0000002.ppgan" in said
    assert tiny.tensors_of(run / "final.ppgan") == tiny.tensors_of(longer / "final.ppgan")
    # metrics.jsonl is not doubled: its lines after iteration 2 are those of the new start.
    assert tiny.losses_of(run) == tiny.losses_of(longer)
    # Every file is still there, under its name or another one.
    contents = {path.read_bytes() for path in run.iterdir() if path.is_file()}
    replaced = {"best.ppgan", "final.ppgan"}  # by design, when a better or a later one is written
    assert not [name for name, data in bytes_before.items() if name not in replaced and data not in contents]


def test_going_back_to_an_earlier_checkpoint_keeps_the_later_ones(run):
    later = (run / "iteration_0000004.ppgan").read_bytes()
    shutil.copyfile(run / "iteration_0000002.ppgan", run / "latest.ppgan")
    train(tiny.experiment(4, **SETTINGS, keep=1), run_dir=run, resume=True)
    assert (run / "iteration_0000004.ppgan.earlier").read_bytes() == later
    assert [path.name for path in sorted(run.glob("iteration_*"))] == [
        "iteration_0000004.ppgan",
        "iteration_0000004.ppgan.earlier",
    ]


def test_pruning_never_takes_the_checkpoint_that_was_just_written(run):
    shutil.copyfile(run / "iteration_0000004.ppgan", run / "iteration_0000009.ppgan")
    shutil.copyfile(run / "iteration_0000002.ppgan", run / "latest.ppgan")
    train(tiny.experiment(3, **{**SETTINGS, "save_every": 1}, keep=1), run_dir=run, resume=True)
    assert [path.name for path in sorted(run.glob("iteration_*"))] == [
        "iteration_0000003.ppgan",
        "iteration_0000004.ppgan",
        "iteration_0000009.ppgan",
    ]


def test_a_run_without_a_checkpoint_that_can_go_on_names_the_others(run, capsys):
    for path in (run / "latest.ppgan", *run.glob("iteration_*")):
        path.unlink()
    with pytest.raises(UsageError) as caught:
        resume(run)
    assert str(caught.value) == (
        f"{run}: has no latest.ppgan to resume from, only best.ppgan, final.ppgan. Start another run from these"
        f" weights: -o train.init_from={run / 'final.ppgan'}"
    )
    with pytest.raises(UsageError, match="holds a run already"):
        train(tiny.experiment(6, **SETTINGS), run_dir=run)
    (run / "latest.ppgan").write_bytes(b"\x00" * 100)
    with pytest.raises(CheckpointError) as damaged:
        resume(run)
    assert "Start another run from the weights of final.ppgan: -o train.init_from=" in str(damaged.value)
    assert (run / "latest.ppgan").read_bytes() == b"\x00" * 100


@pytest.mark.parametrize("name", ["latest.ppgan", "best.ppgan", "iteration_0000002.ppgan"])
def test_a_folder_with_any_checkpoint_is_not_begun_anew(ended, tmp_path, name):
    shutil.copyfile(ended / name, tmp_path / name)
    before = (tmp_path / name).read_bytes()
    with pytest.raises(UsageError, match="holds a run already"):
        train(tiny.experiment(1), run_dir=tmp_path)
    assert (tmp_path / name).read_bytes() == before


def test_a_start_without_a_checkpoint_begins_its_metrics_anew(tmp_path):
    (tmp_path / "train.log").write_text("cut")
    (tmp_path / "metrics.jsonl").write_text('{"iteration": 1, "losses": {}}\n{"iteration": 2, "losses": {}}\n')
    train(tiny.experiment(2, log_every=1), run_dir=tmp_path)
    assert [line["iteration"] for line in tiny.losses_of(tmp_path)] == [1, 2]
    assert all(line["losses"] for line in tiny.losses_of(tmp_path))
    assert (tmp_path / "train.log").read_text(encoding="utf-8").startswith("cut\n20")


def test_lines_that_are_no_metrics_are_kept_elsewhere(run, capsys):
    path = run / "metrics.jsonl"
    first, *lines = path.read_bytes().splitlines(keepends=True)
    damaged = (
        first + b'{"itera\x00\x00tion": 1}\n\xff\n[1]\n{"iteration": true}\n{"iteration": "2"}\n' + b"".join(lines)
    )
    path.write_bytes(damaged)
    resume(run)
    assert (
        "has damaged lines, which are left out; the whole file is metrics.jsonl.damaged now" in capsys.readouterr().err
    )
    assert (run / "metrics.jsonl.damaged").read_bytes() == damaged
    assert [line["iteration"] for line in tiny.losses_of(run)] == [1, 2, 2, 3, 4, 4, 5, 6, 6]


@pytest.mark.parametrize("change", ["a number", "a line twice", "a line less", "cut at a line"])
def test_a_change_within_the_metrics_is_told_and_kept(run, longer, change, capsys):
    path = run / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    if change == "a number":
        lines[0] = lines[0].replace(b'"seconds": 0.', b'"seconds": 1.')
    elif change == "a line twice":
        lines.insert(3, lines[0])
    elif change == "a line less":
        del lines[1]
    else:
        lines = lines[:-1]
    changed = b"".join(lines)
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    resume(run)
    told = "metrics.jsonl: has changed since it was saved; the whole file is metrics.jsonl.damaged now"
    assert told in capsys.readouterr().err
    assert (run / "metrics.jsonl.damaged").read_bytes() == changed
    iterations = [line["iteration"] for line in tiny.losses_of(run)]
    assert iterations == sorted(iterations) and iterations[-1] == 6


def test_lines_after_the_checkpoint_go_without_a_word(run, longer, capsys):
    with (run / "metrics.jsonl").open("ab") as file:
        file.write(b'{"iteration": 4, "losses": {}}\n{"iteration": 5, "los')
    resume(run)
    assert "metrics.jsonl" not in capsys.readouterr().err
    assert tiny.losses_of(run) == tiny.losses_of(longer)


def test_leftovers_of_killed_writers_go_and_nothing_else_does(run):
    leftovers = [f".{os.urandom(16).hex()}.part", ".latest.ppgan.4711.tmp", f"previews/.{os.urandom(16).hex()}.part"]
    others = [".part", ".hidden", "notes.part", f".{'x' * 32}.part", "previews/.hidden"]
    for name in (*leftovers, *others):
        (run / name).write_bytes(b"x")
    resume(run)
    assert not [name for name in leftovers if (run / name).exists()]
    assert all((run / name).exists() for name in others)


def test_the_log_of_a_crashed_run_goes_on_in_a_line_of_its_own(run):
    with (run / "train.log").open("ab") as file:
        file.write(b"2026-01-01 INFO half a li")
    resume(run)
    lines = (run / "train.log").read_text(encoding="utf-8").splitlines()
    after = lines[lines.index("2026-01-01 INFO half a li") + 1]
    assert " INFO device cpu" in after


# The config


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_is_resumed_without_a_config_of_its_own(run, longer, damage, run_cli):
    before = (run / "config.yaml").read_bytes()
    DAMAGES[damage](run / "config.yaml")
    for number, given in enumerate((("-c", run / "config.yaml"), ())):
        (run / "final.ppgan").unlink(missing_ok=True)
        code, _, err = run_cli("train", *given, "--run-dir", run, "--resume", "-o", "train.iterations=6")
        assert code == 0, err
        assert ("config.yaml: was missing or damaged, and is written anew from latest.ppgan" in err) == (not number)
        assert tiny.tensors_of(run / "final.ppgan") == tiny.tensors_of(longer / "final.ppgan")
    assert (run / "config.yaml").read_bytes() == before.replace(b"iterations: 4", b"iterations: 6")


def test_an_error_that_somebody_made_in_a_config_is_told_and_stays(run, run_cli):
    text = (run / "config.yaml").read_bytes().replace(b"iterations: 4", b"iteratoins: 6")
    (run / "config.yaml").write_bytes(text)
    code, _, err = run_cli("train", "--run-dir", run, "--resume")
    assert code == 2 and "Did you mean 'iterations'?" in err
    assert (run / "config.yaml").read_bytes() == text


def test_a_config_is_needed_for_a_new_run(tmp_path, run_cli):
    for arguments in ((), ("--run-dir", tmp_path), ("--resume",)):
        code, _, err = run_cli("train", *arguments)
        assert code == 2
        assert err == (
            "paddlegan: error: --config: is missing; expected the name of an experiment, or a YAML file."
            " See `paddlegan configs`\n"
        )


# The data


def painted(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        pixels = np.random.default_rng(sum(name.encode())).integers(0, 256, (12, 12, 3), dtype=np.uint8)
        write_image(folder / name, pixels)


def test_a_data_file_that_vanished_before_a_resume_is_told(tmp_path, capsys):
    painted(tmp_path / "photos", *(f"{number}.png" for number in range(6)))
    data = {"name": "Folder", "folders": [str(tmp_path / "photos")], "size": 8}
    validation = {"every": 1, "data": {"folders": [str(tmp_path / "photos/5.png")]}}
    run = tmp_path / "run"
    train(tiny.experiment(1, data=data, validation=validation), run_dir=run)
    noted = (run / "data.txt").read_text(encoding="utf-8").splitlines()
    assert noted[:2] == ["# 7 files", "photo\tphotos/0.png"] and noted[-1] == "validation photo\t5.png"
    capsys.readouterr()
    train(tiny.experiment(2, data=data, validation=validation), run_dir=run, resume=True)
    assert "data: " not in capsys.readouterr().err
    for number in range(5):
        (tmp_path / f"photos/{number}.png").unlink()
    painted(tmp_path / "photos", "new.png")
    train(tiny.experiment(3, data=data, validation=validation), run_dir=run, resume=True)
    said = capsys.readouterr().err
    assert "data: 5 files are gone since the run was saved: photos/0.png, photos/1.png, photos/2.png, ...\n" in said
    assert "data: 1 file is new since the run was saved: photos/new.png\n" in said
    assert "samples come in another order" in said


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_list_of_data_files_is_written_anew(tmp_path, damage, capsys):
    painted(tmp_path / "photos", "a.png", "b.png")
    data = {"name": "Folder", "folders": [str(tmp_path / "photos")], "size": 8}
    run = tmp_path / "run"
    train(tiny.experiment(1, data=data), run_dir=run)
    before = (run / "data.txt").read_bytes()
    DAMAGES[damage](run / "data.txt")
    train(tiny.experiment(2, data=data), run_dir=run, resume=True)
    assert (run / "data.txt").read_bytes() == before
    assert " gone " not in capsys.readouterr().err.replace("are gone cannot be told", "")


def test_moved_data_is_not_told_as_gone(tmp_path, capsys):
    painted(tmp_path / "photos/cats", "a.png", "b.png")
    data = {"name": "Folder", "folders": [str(tmp_path / "photos")], "size": 8}
    run = tmp_path / "run"
    train(tiny.experiment(1, data=data), run_dir=run)
    (tmp_path / "other").mkdir()
    (tmp_path / "photos").rename(tmp_path / "other/photos")
    data = {**data, "folders": [str(tmp_path / "other/photos")]}
    train(tiny.experiment(2, data=data), run_dir=run, resume=True)
    assert "data: " not in capsys.readouterr().err
