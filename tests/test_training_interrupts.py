"""Ctrl-C and SIGTERM at any moment of a training: 130, no partial file, and a run that goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny

from ppgan_lite import cli, config
from ppgan_lite.checkpoint import read_checkpoint
from ppgan_lite.training import loop, run_checkpoints, run_folder, train
from ppgan_lite.training import run as training_run
from ppgan_lite.training.metrics_file import Metrics
from ppgan_lite.training.run import TrainingRun


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch):
    tiny.register(monkeypatch)


@pytest.fixture(autouse=True)
def usual_handlers() -> Iterator[None]:
    """Have the usual handlers, also where the tests run in the background and ignore Ctrl-C."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


SETTINGS = {"save_every_s": 0, "save_every": 2, "log_every": 1, "preview_every": 2, "validation": {"every": 2}}


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as context:
        tiny.register(context)
        return train(tiny.experiment(4, **SETTINGS), run_dir=tmp_path_factory.mktemp("long") / "run").parent


def written(folder: Path) -> Path:
    path = folder / "experiment.yaml"
    path.write_text(tiny.experiment(4, **SETTINGS).dump(), encoding="utf-8")
    return path


MOMENTS: dict[str, tuple[Any, str]] = {
    "reading the config": (config, "load_config"),
    "before the folder": (run_folder, "check_folder"),
    "repairing the folder": (run_folder, "repair"),
    "looking at the data": (loop, "examine"),
    "building the nets": (TrainingRun, "__init__"),
    "noting the data": (training_run, "note_data_files"),
    "noting the start": (loop, "append_start"),
    "the first preview batch": (TrainingRun, "preview_batch"),
    "an update": (TrainingRun, "update"),
    "a line of metrics": (Metrics, "append"),
    "a preview": (TrainingRun, "preview"),
    "a validation": (TrainingRun, "measure"),
    "a checkpoint": (run_checkpoints, "write_checkpoint"),
    "a numbered checkpoint": (training_run, "keep_numbered"),
    "the end": (TrainingRun, "finish"),
}
# From here on, the training ends after the operation in progress, and saves.
DELAYED = list(MOMENTS)[list(MOMENTS).index("an update") :]


def interrupt_at(monkeypatch: pytest.MonkeyPatch, moment: str, number: int, *, times: int = 1) -> None:
    """Raise a signal, once or twice, when something is done for the first time."""
    owner, name = MOMENTS[moment]
    real, left = getattr(owner, name), [times]

    def interrupted(*arguments: Any, **named: Any) -> Any:
        while left[0]:
            left[0] -= 1
            signal.raise_signal(number)
        return real(*arguments, **named)

    monkeypatch.setattr(owner, name, interrupted)


def assert_goes_on(run: Path, yaml: Path, long: Path) -> None:
    """Resume a run, or start it if it has no checkpoint; it must end as one that was not interrupted."""
    assert not list(run.rglob("*.part")) and not (run / "run.lock").exists()
    for path in run.glob("*.ppgan"):
        read_checkpoint(path)
    resuming = ["--resume"] if (run / "latest.ppgan").exists() else []
    assert cli.main(["train", "-c", str(yaml), "--run-dir", str(run), *resuming]) == 0
    assert tiny.tensors_of(run / "final.ppgan") == tiny.tensors_of(long / "final.ppgan")
    assert tiny.losses_of(run) == tiny.losses_of(long)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_ends_a_training_and_leaves_nothing_half(tmp_path, long, monkeypatch, capsys, moment, number):
    run, yaml = tmp_path / "run", written(tmp_path)
    with monkeypatch.context() as context:
        interrupt_at(context, moment, number)
        code = cli.main(["train", "-c", str(yaml), "--run-dir", str(run)])
    err = capsys.readouterr().err
    assert "Traceback" not in err
    if moment == "the end":  # all is done
        assert code == 0
    else:
        assert code == 130
        last = err.splitlines()[-1]
        assert last.startswith(
            f"paddlegan: interrupted: {run}: stopped and saved" if moment in DELAYED else "paddlegan: interrupted"
        )
    assert_goes_on(run, yaml, long)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("moment", DELAYED)
def test_a_second_ctrl_c_ends_a_training_at_once_and_leaves_nothing_half(tmp_path, long, monkeypatch, capsys, moment):
    run, yaml = tmp_path / "run", written(tmp_path)
    with monkeypatch.context() as context:
        interrupt_at(context, moment, signal.SIGINT, times=2)
        assert cli.main(["train", "-c", str(yaml), "--run-dir", str(run)]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "paddlegan: interrupted"
    assert_goes_on(run, yaml, long)


@pytest.mark.parametrize("index", range(8))
def test_an_interruption_in_the_middle_of_a_file_leaves_none_of_it(tmp_path, long, monkeypatch, capsys, index):
    """The first two are config.yaml and environment.json, then come checkpoints and previews."""
    run, yaml = tmp_path / "run", written(tmp_path)
    real: Callable[..., int] = Path.write_bytes
    count = 0

    def half(self: Path, data: bytes) -> int:
        nonlocal count
        count += 1
        if count == index + 1:
            real(self, data[: len(data) // 2])
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return real(self, data)

    with monkeypatch.context() as context:
        context.setattr(Path, "write_bytes", half)
        assert cli.main(["train", "-c", str(yaml), "--run-dir", str(run)]) == 130
    assert count == index + 1
    assert capsys.readouterr().err.splitlines()[-1] == "paddlegan: interrupted"
    assert_goes_on(run, yaml, long)


@pytest.mark.skipif(os.name == "nt", reason="no such signals there")
@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.9])
def test_sigterm_while_modules_are_loaded_is_told_and_makes_nothing(tmp_path, after_s):
    yaml = written(tmp_path)
    command = [sys.executable, "-m", "ppgan_lite", "train", "-c", str(yaml), "--run-dir", str(tmp_path / "run")]
    running = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    loaded = f"/proc/{running.pid}/maps"
    while running.poll() is None and os.path.exists(loaded) and "libpaddle" not in Path(loaded).read_text():
        time.sleep(0.02)
    time.sleep(after_s)
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=120)
    if running.returncode == 2:  # it was too late: this process does not know the tiny recipe
        assert "TinyRecipe" in err
        return
    assert (running.returncode, err.strip()) == (130, "paddlegan: interrupted")
    assert not (tmp_path / "run").exists()
