"""The training loop on a recipe of two tiny nets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import paddle
import pytest
import tiny

from ppgan_lite.checkpoint import build_net, read_checkpoint, read_header
from ppgan_lite.config import Config, LoaderSettings, ScheduleSettings, TrainSettings
from ppgan_lite.errors import CheckpointError, PpganError, UsageError
from ppgan_lite.images import read_image
from ppgan_lite.training import TrainingInterrupted, train
from ppgan_lite.training.previews import grid
from ppgan_lite.training.schedule import rate_factor


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch):
    tiny.register(monkeypatch)


def experiment(iterations: int = 6, *, recipe: dict | None = None, workers: int = 0, **settings) -> Config:
    return Config(
        recipe={"name": "TinyRecipe", **(recipe or {})},
        data={"name": "TinyData"},
        loader=LoaderSettings(batch_size=2, workers=workers),
        train=TrainSettings(iterations, **{"log_every": 2, "preview_every": 0, "device": "cpu", **settings}),
    )


def assert_same_state(first: Path, second: Path) -> None:
    """Every tensor of two checkpoints is equal, bit for bit."""
    tensors, others = read_checkpoint(first)[1], read_checkpoint(second)[1]
    assert tensors.keys() == others.keys()
    for name, tensor in tensors.items():
        assert tensor.tobytes() == others[name].tobytes(), name


def stop_after(monkeypatch, iteration: int) -> None:
    """Press Ctrl-C in the middle of a step."""
    update, calls = tiny.TinyRecipe.update, []

    def pressed(self, batch):
        calls.append(1)
        if len(calls) == iteration:
            os.kill(os.getpid(), signal.SIGINT)
        return update(self, batch)

    monkeypatch.setattr(tiny.TinyRecipe, "update", pressed)


def test_resume_gives_the_same_weights_as_one_long_run(tmp_path, monkeypatch):
    schedule = ScheduleSettings("cosine", warmup=2)
    config = experiment(schedule=schedule, workers=2)
    train(config, run_dir=tmp_path / "long")
    with monkeypatch.context() as context:
        stop_after(context, 3)
        with pytest.raises(TrainingInterrupted):
            train(config, run_dir=tmp_path / "cut")
    assert read_header(tmp_path / "cut/latest.ppgan").training["iteration"] == 3
    others = [tiny.TinyNet(8) for _ in range(3)]  # Paddle counts parameter names up over the process.
    train(config, run_dir=tmp_path / "cut", resume=True)
    assert len(others) == 3
    assert_same_state(tmp_path / "long/latest.ppgan", tmp_path / "cut/latest.ppgan")
    assert_same_state(tmp_path / "long/final.ppgan", tmp_path / "cut/final.ppgan")
    tensors = read_checkpoint(tmp_path / "long/latest.ppgan")[1]
    assert "optimizer/painter/painter.first.weight|moment1" in tensors
    assert np.abs(tensors["optimizer/judge/judge.last.bias|moment2"]).max() > 0


def test_a_resumed_run_logs_each_iteration_once(tmp_path, monkeypatch):
    with monkeypatch.context() as context:
        stop_after(context, 3)
        with pytest.raises(TrainingInterrupted):
            train(experiment(), run_dir=tmp_path / "run")
    metrics = tmp_path / "run/metrics.jsonl"
    with metrics.open("a", encoding="utf-8") as file:
        file.write('{"iteration": 4, "losses": {}}\n{"iterat')  # written after the checkpoint, cut by a crash
    train(experiment(), run_dir=tmp_path / "run", resume=True)
    lines = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    assert [line["iteration"] for line in lines] == [2, 4, 6]
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(tmp_path):
    config = experiment(2)
    train(config, run_dir=tmp_path / "a")
    train(config, run_dir=tmp_path / "b")
    train(config, run_dir=tmp_path / "c", seed=1)
    assert_same_state(tmp_path / "a/final.ppgan", tmp_path / "b/final.ppgan")
    weights = [read_checkpoint(tmp_path / run / "final.ppgan")[1]["net/painter/first.weight"] for run in "ac"]
    assert not np.array_equal(*weights)
    assert read_header(tmp_path / "c/final.ppgan").training["seed"] == 1


def test_a_run_folder_holds_config_log_metrics_previews_and_checkpoints(tmp_path):
    seen = []
    config = experiment(4, preview_every=2)
    final = train(config, run_dir=tmp_path / "run", report=seen.append)
    assert final == tmp_path / "run/final.ppgan"
    names = {str(path.relative_to(tmp_path / "run")) for path in (tmp_path / "run").rglob("*") if path.is_file()}
    previews = {f"previews/{iteration:07d}.png" for iteration in (1, 2, 4)}
    assert names == {"config.yaml", "train.log", "metrics.jsonl", "latest.ppgan", "final.ppgan", *previews}
    assert read_image(tmp_path / "run/previews/0000004.png")[0].shape == (8 + 4 + 8, 8 + 4 + 8, 3)
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == seen
    assert [line["iteration"] for line in lines] == [2, 4]
    assert set(lines[0]["losses"]) == {"painter", "judge"}
    assert lines[0]["lr"] == pytest.approx({"painter": 0.01, "judge": 0.01})
    assert "saved at iteration 4" in (tmp_path / "run/train.log").read_text(encoding="utf-8")


def test_the_final_checkpoint_holds_only_what_predictors_use(tmp_path):
    header, tensors = read_checkpoint(train(experiment(1), run_dir=tmp_path / "run"))
    assert list(header.nets) == ["painter"]
    assert header.predictors["paint"].net == "painter"
    assert all(name.startswith("net/painter/") for name in tensors)
    net = build_net("painter", header, tensors)
    assert net(paddle.zeros([1, 3, 5, 7])).shape == [1, 3, 5, 7]


def test_ctrl_c_saves_and_names_the_command_that_continues(tmp_path, monkeypatch):
    stop_after(monkeypatch, 2)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(TrainingInterrupted) as caught:
        train(experiment(), run_dir=tmp_path / "run")
    run = tmp_path / "run"
    command = f"paddlegan train -c {run}/config.yaml --run-dir {run} --resume"
    assert str(caught.value) == f"{run}: stopped and saved at iteration 2. Continue: {command}"
    assert caught.value.exit_code == 130
    assert signal.getsignal(signal.SIGINT) is before
    assert not (run / "final.ppgan").exists()


def test_a_loss_that_is_not_a_number_stops_and_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    update, calls = tiny.TinyRecipe.update, []

    def diverging(self, batch):
        calls.append(1)
        return {**update(self, batch), "judge": float("nan") if len(calls) == 3 else 1.0}

    monkeypatch.setattr(tiny.TinyRecipe, "update", diverging)
    with pytest.raises(PpganError, match=r"^iteration 3: loss judge is nan; expected a finite number\. .*last good"):
        train(experiment(save_every_s=0), run_dir=tmp_path / "run")
    assert read_header(tmp_path / "run/latest.ppgan").training["iteration"] == 2
    assert "loss judge is nan" in (tmp_path / "run/train.log").read_text(encoding="utf-8")


def test_weights_that_are_not_numbers_are_never_saved(tmp_path, monkeypatch):
    def breaking(self, batch):
        self.nets["judge"].last.bias.set_value(paddle.full([3], float("inf")))
        return {"judge": 1.0}

    monkeypatch.setattr(tiny.TinyRecipe, "update", breaking)
    with pytest.raises(PpganError, match=r"iteration 1: tensor net/judge/last\.bias holds NaN or infinity"):
        train(experiment(save_every_s=0), run_dir=tmp_path / "run")
    assert not (tmp_path / "run/latest.ppgan").exists()


def test_a_folder_with_a_run_is_not_written_over(tmp_path):
    train(experiment(1), run_dir=tmp_path / "run")
    with pytest.raises(UsageError) as caught:
        train(experiment(1), run_dir=tmp_path / "run")
    assert str(caught.value) == (
        f"{tmp_path / 'run'}: holds a run already. Continue it with --resume or give another --run-dir"
    )
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_bytes(b"")
    with pytest.raises(UsageError, match="holds other files"):
        train(experiment(1), run_dir=tmp_path / "photos")


def test_a_run_that_ended_before_its_first_checkpoint_can_start_again(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/config.yaml").write_text("")
    assert train(experiment(1), run_dir=tmp_path / "run").is_file()


def test_resuming_where_nothing_is_says_so(tmp_path):
    with pytest.raises(UsageError) as caught:
        train(experiment(), run_dir=tmp_path / "run", resume=True)
    assert str(caught.value) == (f"{tmp_path / 'run'}: has no latest.ppgan to resume from. Start it without --resume")
    assert not (tmp_path / "run").exists()


def test_resuming_a_finished_run_changes_nothing_and_more_iterations_go_on(tmp_path):
    final = train(experiment(2), run_dir=tmp_path / "run")
    tensors = read_checkpoint(final)[1]
    train(experiment(2), run_dir=tmp_path / "run", resume=True)
    again = read_checkpoint(final)[1]
    assert all(np.array_equal(tensors[name], again[name]) for name in tensors)
    train(experiment(5), run_dir=tmp_path / "run", resume=True)
    assert read_header(final).training["iteration"] == 5


def test_resuming_with_other_settings_says_which(tmp_path, capsys):
    train(experiment(1), run_dir=tmp_path / "run")
    train(experiment(2, recipe={"learning_rate": 0.5}), run_dir=tmp_path / "run", resume=True)
    said = "resumed with another recipe.learning_rate: 0.5 instead of None"
    assert said in capsys.readouterr().err
    assert said in (tmp_path / "run/train.log").read_text(encoding="utf-8")


def test_resuming_nets_of_another_size_is_refused(tmp_path):
    train(experiment(1), run_dir=tmp_path / "run")
    with pytest.raises(
        CheckpointError, match=r"its weights do not fit TinyNet: first\.\w+ has shape \[4.*\] instead of \[6"
    ):
        train(experiment(2, recipe={"channels": 6}), run_dir=tmp_path / "run", resume=True)


def test_init_from_loads_the_nets_and_leaves_new_parts_fresh(tmp_path):
    final = train(experiment(2), run_dir=tmp_path / "draft")
    stage = experiment(1, recipe={"learning_rate": 0.0, "tails": 1}, init_from=str(final), seed=9)
    train(stage, run_dir=tmp_path / "stage")
    start, end = read_checkpoint(final)[1], read_checkpoint(tmp_path / "stage/latest.ppgan")[1]
    assert np.array_equal(start["net/painter/first.weight"], end["net/painter/first.weight"])
    assert "net/painter/tails.0.weight" in end
    log = (tmp_path / "stage/train.log").read_text(encoding="utf-8")
    assert f"from {final}: painter; fresh: judge, painter/tails.0" in log


def test_init_from_refuses_nets_of_another_size(tmp_path):
    final = train(experiment(1), run_dir=tmp_path / "draft")
    with pytest.raises(CheckpointError, match=r"net painter: its weights do not fit TinyNet: .*weight has shape"):
        train(experiment(1, recipe={"channels": 6}, init_from=str(final)), run_dir=tmp_path / "stage")


def test_visualdl_gets_scalars_and_pictures(tmp_path):
    train(experiment(2, preview_every=2, visualdl=True), run_dir=tmp_path / "run")
    written = b"".join(path.read_bytes() for path in (tmp_path / "run/visualdl").iterdir())
    assert all(tag in written for tag in (b"losses/painter", b"lr/judge", b"preview"))


def test_an_unknown_device_is_told_before_anything_is_built(tmp_path):
    with pytest.raises(UsageError, match=r"^device: 'gpu:99' is not there; expected one of auto, cpu"):
        train(experiment(), run_dir=tmp_path / "run", device="gpu:99")
    assert not (tmp_path / "run").exists()


def test_training_leaves_no_thread_and_works_outside_the_main_one(tmp_path):
    before = threading.active_count()
    worker = threading.Thread(target=lambda: train(experiment(2, workers=3), run_dir=tmp_path / "run"))
    worker.start()
    worker.join()
    assert (tmp_path / "run/final.ppgan").is_file()
    assert threading.active_count() == before


def test_schedules_are_functions_of_the_iteration():
    def factors(schedule: ScheduleSettings) -> list[float]:
        return [rate_factor(schedule, iteration, 4) for iteration in (1, 2, 3, 4)]

    assert factors(ScheduleSettings()) == [1, 1, 1, 1]
    assert factors(ScheduleSettings("linear")) == [1, 0.75, 0.5, 0.25]
    assert factors(ScheduleSettings("linear", decay_from=2)) == [1, 1, 1, 0.5]
    assert factors(ScheduleSettings("linear", final=0.5)) == [1, 0.875, 0.75, 0.625]
    assert factors(ScheduleSettings("constant", warmup=4)) == [0.25, 0.5, 0.75, 1]
    assert factors(ScheduleSettings("cosine")) == pytest.approx([1, 0.853553, 0.5, 0.146447], abs=1e-6)


def test_a_grid_has_a_column_for_each_name_and_a_row_for_each_sample():
    red = np.zeros((2, 3, 4, 6), np.float32)
    red[:, 0] = 2.0  # beyond the range: clipped
    sheet = grid({"red": red, "grey": np.full((1, 1, 2, 2), 0.5, np.float32)})
    assert sheet.shape == (4 + 4 + 4, 6 + 4 + 2, 3)
    assert sheet[8, 0].tolist() == [255, 0, 0]
    assert sheet[0, 10].tolist() == [128, 128, 128]
    assert sheet[8, 10].tolist() == [255, 255, 255]


def test_importing_the_loop_does_not_import_paddle():
    code = "import sys, ppgan_lite.training; sys.exit('paddle' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
