"""The folder of a run where a checkpoint or a config is asked for, and what it gives its name to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny
import yaml

from ppgan_lite.checkpoint import read_header
from ppgan_lite.cli import main
from ppgan_lite.foreign.loading import describe_file, open_checkpoint
from ppgan_lite.images import SAMPLE_PHOTO, read_settings, write_image
from ppgan_lite.runs import can_be_resumed, checkpoint_of, is_run, name_of
from ppgan_lite.training import train

SMALL = [
    *("recipe.generator.base_channels=4", "recipe.generator.blocks=1", "recipe.discriminator.base_channels=4"),
    *("data.size=32", "loader.workers=0", "train.preview_every=0", "train.device=cpu", "train.iterations=1"),
]


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.register(monkeypatch)


@pytest.fixture(scope="module")
def translation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the run of a tiny CycleGAN, made by the command line."""
    root = tmp_path_factory.mktemp("translation")
    for number, part in enumerate(("trainA", "trainB")):
        (root / "D" / part).mkdir(parents=True)
        pixels = np.random.default_rng(number).integers(0, 256, (40, 40, 3), np.uint8)
        write_image(root / "D" / part / "1.png", pixels)
    given = [text for setting in (*SMALL, f"data.folder={root / 'D'}") for text in ("-o", setting)]
    assert main(["train", "-c", "cyclegan_photo2monet", *given, "--run-dir", str(root / "runs/monet")]) == 0
    return root / "runs/monet"


def resumed(run: Path) -> int:
    return read_header(run / "latest.ppgan").training["iteration"]


def test_a_run_stands_for_its_best_else_its_final_else_its_latest_checkpoint(tmp_path: Path) -> None:
    assert not is_run(tmp_path) and checkpoint_of(tmp_path) == tmp_path
    for name in ("iteration_0000002.ppgan", "iteration_0000010.ppgan", "latest.ppgan", "final.ppgan", "best.ppgan"):
        (tmp_path / name).touch()
        assert checkpoint_of(tmp_path) == tmp_path / name
        assert can_be_resumed(tmp_path)
    assert is_run(tmp_path)
    assert checkpoint_of(tmp_path / "final.ppgan") == tmp_path / "final.ppgan"


def test_a_checkpoint_of_a_run_has_the_name_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "photo2monet"
    run.mkdir()
    (run / "train.log").touch()
    for name in ("", "best.ppgan", "final.ppgan", "latest.ppgan", "iteration_0000010.ppgan"):
        assert name_of(run / name) == "photo2monet"
    assert name_of(run / "mine.ppgan") == "mine" and name_of(tmp_path / "final.ppgan") == "final"
    monkeypatch.chdir(run)
    assert name_of(".") == name_of("final.ppgan") == "photo2monet"


def test_a_run_is_resumed_by_its_folder_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    train(tiny.experiment(2), run_dir=run)
    for number, given in enumerate((["--resume", run], ["-c", run / "config.yaml"], ["-c", run]), start=3):
        assert main(["train", *map(str, given), "-o", f"train.iterations={number}"]) == 0
        assert resumed(run) == number
        assert (f"{run}: continuing this run" in capsys.readouterr().err) == (number > 3)
    assert not Path("runs").exists()
    assert main(["train", "--resume", str(run), "--run-dir", str(tmp_path)]) == 2
    assert f"--run-dir: is another folder than {run}; expected one of them" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path / "nothing")]) == 2
    assert "has no latest.ppgan to resume from. Start it without --resume" in capsys.readouterr().err


def test_a_run_that_ended_before_its_first_checkpoint_starts_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train(tiny.experiment(1), run_dir="runs/a")
    for file in Path("runs/a").glob("*.ppgan"):
        file.unlink()
    assert main(["train", "-c", "runs/a/config.yaml"]) == 0
    assert [path.name for path in Path("runs").iterdir()] == ["a"]
    (tmp_path / "mine").mkdir()
    shutil.copy("runs/a/config.yaml", "mine/config.yaml")  # a config of that name elsewhere is like any other
    assert main(["train", "-c", "mine/config.yaml"]) == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["a", "config"]


def test_a_new_training_starts_from_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(tiny.experiment(2), run_dir=tmp_path / "old")
    train(tiny.experiment(1, init_from=str(tmp_path / "old")), run_dir=tmp_path / "new")
    assert f"from {tmp_path / 'old/final.ppgan'}: painter; fresh: judge" in capsys.readouterr().err


def test_a_run_translates_and_gives_results_its_name(
    translation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(SAMPLE_PHOTO, tmp_path / "photo.jpg")
    photo = str(tmp_path / "photo.jpg")
    engine = ["--engine", "paddle", "--device", "cpu"]
    assert main(["translate", photo, "--checkpoint", str(translation), *engine]) == 0
    assert "monet on cpu" in capsys.readouterr().err
    settings = read_settings(tmp_path / "photo_monet.jpg")
    assert settings is not None and settings.checkpoint is not None and settings.checkpoint.name == "final.ppgan"
    given = ["--checkpoint", str(translation / "latest.ppgan"), "--direction", "b_to_a"]
    assert main(["translate", photo, *given, *engine]) == 0
    assert (tmp_path / "photo_monet_b_to_a.jpg").is_file()


def test_a_run_is_inspected_and_converted_and_exported(
    translation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert describe_file(translation) == describe_file(translation / "final.ppgan")
    assert open_checkpoint(translation)[0] == open_checkpoint(translation / "final.ppgan")[0]
    assert main(["inspect", str(translation), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["predictors"]
    assert main(["convert", str(translation), "-o", str(tmp_path / "a.pdparams")]) == 0


def test_what_a_program_reads_of_a_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every event is a line of JSON; all else goes to stderr."""
    (tmp_path / "x.yaml").write_text(tiny.experiment(2, validation={"every": 2}).dump())
    command = ["train", "-c", str(tmp_path / "x.yaml"), "--run-dir", str(tmp_path / "run"), "--json"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    kinds = [event["event"] for event in events]
    assert (kinds[0], kinds[-1]) == ("started", "done") and {"losses", "validation", "progress"} < set(kinds)
    assert "device cpu" in err and "|" not in err  # no bar
    assert main(command) == 2
    assert json.loads(capsys.readouterr().out) == {
        "event": "failed",
        "error": f"{tmp_path / 'run'}: holds a run already. Continue it with --resume or give another --run-dir",
    }


def test_quiet_is_quiet_and_verbose_tells_the_whole_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.yaml").write_text(tiny.experiment(2).dump())
    start = ["train", "-c", str(tmp_path / "x.yaml"), "--run-dir"]
    assert main([*start, str(tmp_path / "quiet"), "--quiet"]) == 0
    assert capsys.readouterr() == ("", f"{tmp_path / 'quiet/final.ppgan'}\n")
    assert main([*start, str(tmp_path / "verbose"), "--verbose"]) == 0
    err = capsys.readouterr().err
    assert "recipe:\n  name: TinyRecipe" in err and "iteration 2: painter" in err
    assert main([*start, str(tmp_path / "usual"), "-o", "train.seed=3", "-o", "train.iterations=1"]) == 0
    err = capsys.readouterr().err
    assert "config x.yaml with\n  train.iterations: 1 instead of 2\n  train.seed: 3 instead of 0\n" in err
    assert "recipe:" not in err
    resolved = yaml.safe_load((tmp_path / "usual/config.yaml").read_text())
    assert resolved["train"]["seed"] == 3 and resolved["loader"] == {"batch_size": 2, "workers": 0}
    assert main([*start, str(tmp_path / "a"), "-q", "-v"]) == 2
    assert "--quiet: cannot be combined with --verbose. Leave one of them out" in capsys.readouterr().err


def test_ctrl_c_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    tiny.in_update(monkeypatch, 2, tiny.press_ctrl_c)
    (tmp_path / "x.yaml").write_text(tiny.experiment(4).dump())
    run = tmp_path / "run"
    assert main(["train", "-c", str(tmp_path / "x.yaml"), "--run-dir", str(run), "--json"]) == 130
    out, err = capfd.readouterr()
    told = f"{run}: stopped and saved at iteration 2. Continue: paddlegan train --resume {run}"
    assert json.loads(out.splitlines()[-1]) == {"event": "stopped", "error": told}
    assert err.splitlines()[-1] == f"paddlegan: interrupted: {told}"
    assert "error:" not in err and "ERROR" not in (run / "train.log").read_text()
