"""A run folder after any damage: a resume repairs it, or says in a line what is left; no whole checkpoint is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from hypothesis import strategies as st
from mutations import mutated, prop

from ppgan_lite import cli
from ppgan_lite.checkpoint import read_checkpoint
from ppgan_lite.errors import CheckpointError
from ppgan_lite.training import train

SETTINGS = {"save_every": 2, "log_every": 1, "preview_every": 2, "validation": {"every": 2}}
LAST = 6

Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def tables():
    with pytest.MonkeyPatch.context() as context:
        tiny.register(context)
        yield


@pytest.fixture(scope="module")
def ended(tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of 4 iterations."""
    return train(tiny.experiment(4, **SETTINGS), run_dir=tmp_path_factory.mktemp("ended") / "run").parent


@pytest.fixture(scope="module")
def final(ended: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the tensors of the same run, resumed without damage."""
    run = Path(shutil.copytree(ended, tmp_path_factory.mktemp("longer") / "run"))
    return tiny.tensors_of(train(tiny.experiment(LAST, **SETTINGS), run_dir=run, resume=True))


NAMES = (
    *("config.yaml", "environment.json", "train.log", "metrics.jsonl", "latest.ppgan", "best.ppgan", "final.ppgan"),
    *("iteration_0000002.ppgan", "iteration_0000004.ppgan", "previews/0000004.png", "previews", "run.lock", "data.txt"),
)


@st.composite
def damages(draw: st.DrawFn) -> list[tuple[str, str, int]]:
    """Draw damages: a file, what happens to it, and a number that says where."""
    kinds = ["cut", "flip", "zeros", "empty", "gone", "folder", "other", "link", "twice", "splice"]
    one = st.tuples(st.sampled_from(NAMES), st.sampled_from(kinds), st.integers(0, 2**20))
    return draw(st.lists(one, min_size=1, max_size=4))


def damage(run: Path, name: str, kind: str, number: int) -> None:
    """Damage a file of a run, if it is there and is one."""
    path = run / name
    if not os.path.lexists(path) and kind not in ("folder", "link", "other"):
        return
    if path.is_dir() and not path.is_symlink():
        if kind in ("gone", "other"):
            shutil.rmtree(path)
        return
    data = path.read_bytes() if path.is_file() else b""
    if path.is_symlink():
        path.unlink()  # an earlier damage
    place = number % max(len(data), 1)
    if kind == "cut":
        path.write_bytes(data[:place])
    elif kind == "flip" and data:
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << number % 8)]) + data[place + 1 :])
    elif kind == "zeros":
        path.write_bytes(data[:place] + bytes(len(data) - place))
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "twice":
        path.write_bytes(data + data[place:])
    elif kind == "splice":
        path.write_bytes(data[:place] + data[number % 97 :])
    elif kind in ("gone", "folder", "link"):
        path.unlink(missing_ok=True)
        if kind == "folder":
            (path / "inside").mkdir(parents=True)
        elif kind == "link":
            path.symlink_to("nowhere" if number % 2 else path.name)
    elif kind == "other":
        others = [run / other for other in NAMES if (run / other).is_file() and other != name]
        if others:
            path.parent.mkdir(exist_ok=True)
            shutil.copyfile(others[number % len(others)], path)


def whole_checkpoints(run: Path) -> dict[str, bytes]:
    """Return the checkpoints of a folder that can be read."""
    found = {}
    for path in [*run.glob("*.ppgan"), *run.glob("*.ppgan.*")]:
        try:
            read_checkpoint(path)
        except CheckpointError:
            continue
        found[path.name] = path.read_bytes()
    return found


def resume(run: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    code = cli.main(["train", "--run-dir", str(run), "--resume", "-o", f"train.iterations={LAST}"])
    said = capsys.readouterr().err
    assert "unexpected" not in said and "Traceback" not in said, said
    return code, said


@prop(damages=damages(), weight=0.2)
def test_any_damage_is_repaired_or_told(
    ended: Path,
    final: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    damages: list[tuple[str, str, int]],
) -> None:
    run = Path(shutil.copytree(ended, tmp_path_factory.getbasetemp() / "damaged", symlinks=True, dirs_exist_ok=False))
    try:
        for name, kind, number in damages:
            damage(run, name, kind, number)
        before = whole_checkpoints(run)
        of_the_run = [name for name in before if name == "latest.ppgan" or name.startswith("iteration_")]
        config = run / "config.yaml"
        has_own_config = config.is_file() and config.read_bytes() == (ended / "config.yaml").read_bytes()
        code, said = resume(run, capsys)
        if code:
            assert said.strip().splitlines()[-1].startswith("paddlegan: error: ") or "faults" in said, said
            resumable = [name for name in of_the_run if _state(before[name], run) == "resumable"]
            assert not (resumable and has_own_config), said
        else:
            assert tiny.tensors_of(run / "final.ppgan") == final
            assert not list(run.rglob("*.part"))
            lines = tiny.losses_of(run)
            assert [line["iteration"] for line in lines] == sorted(line["iteration"] for line in lines)
        # Every whole checkpoint is still there, under its name or another; later ones replace `final` and `best`.
        after = set(whole_checkpoints(run).values())
        lost = [name for name, data in before.items() if data not in after]
        assert {*lost} <= {"best.ppgan", "final.ppgan", "latest.ppgan"}, lost
        assert code == 0 or not lost
    finally:
        shutil.rmtree(run)


def _state(data: bytes, run: Path) -> str:
    """Say whether a checkpoint holds all that a resume needs; one of the predictors alone does not."""
    path = run / "looked_at"
    path.write_bytes(data)
    header = read_checkpoint(path)[0]
    path.unlink()
    return "resumable" if "seconds" in header.training and "config" in header.training else "predictors"


@prop(data=st.deferred(lambda: mutated([_METRICS])), weight=0.2)
def test_any_metrics_are_repaired(
    ended: Path,
    final: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    data: bytes,
) -> None:
    run = Path(shutil.copytree(ended, tmp_path_factory.getbasetemp() / "damaged"))
    try:
        whole = (run / "metrics.jsonl").read_bytes()
        place = len(whole) * len(data) // (len(_METRICS) + 1) if data else 0
        damaged = whole[:place] + data + whole[place:]
        (run / "metrics.jsonl").write_bytes(damaged)
        code, said = resume(run, capsys)
        assert code == 0, said
        assert tiny.tensors_of(run / "final.ppgan") == final
        kept = [path.read_bytes() for path in run.glob("metrics.jsonl*")]
        # What was changed is told, and nothing is thrown away.
        assert damaged.startswith(whole) or ("metrics.jsonl" in said and damaged in kept)
    finally:
        shutil.rmtree(run)


_METRICS = b'{"iteration": 3, "losses": {"painter": 0.5, "judge": 0.25}, "seconds": 0.01, "data_share": 0.1}\n'
