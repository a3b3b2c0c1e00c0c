"""The training loop on a recipe of two tiny nets."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import paddle
import pytest
import tiny

from ppgan_lite.checkpoint import build_net, read_checkpoint, read_header
from ppgan_lite.errors import CheckpointError, PpganError, UsageError
from ppgan_lite.training import train


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch):
    tiny.register(monkeypatch)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(tmp_path):
    config = tiny.experiment(2)
    train(config, run_dir=tmp_path / "a")
    train(config, run_dir=tmp_path / "b")
    train(config, run_dir=tmp_path / "c", seed=1)
    assert tiny.tensors_of(tmp_path / "a/final.ppgan") == tiny.tensors_of(tmp_path / "b/final.ppgan")
    weights = [read_checkpoint(tmp_path / run / "final.ppgan")[1]["net/painter/first.weight"] for run in "ac"]
    assert not np.array_equal(*weights)
    assert read_header(tmp_path / "c/final.ppgan").training["seed"] == 1


def test_the_final_checkpoint_holds_only_what_predictors_use(tmp_path):
    header, tensors = read_checkpoint(train(tiny.experiment(1), run_dir=tmp_path / "run"))
    assert list(header.nets) == ["painter"]
    assert header.predictors["paint"].net == "painter"
    assert all(name.startswith("net/painter/") for name in tensors)
    net = build_net("painter", header, tensors)
    assert net(paddle.zeros([1, 3, 5, 7])).shape == [1, 3, 5, 7]


def test_a_loss_that_is_not_a_number_stops_and_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    update, calls = tiny.TinyRecipe.update, []

    def diverging(self, batch):
        calls.append(1)
        return {**update(self, batch), "judge": float("nan") if len(calls) == 3 else 1.0}

    monkeypatch.setattr(tiny.TinyRecipe, "update", diverging)
    with pytest.raises(PpganError, match=r"^iteration 3: loss judge is nan; expected a finite number\. .*last good"):
        train(tiny.experiment(save_every_s=0), run_dir=tmp_path / "run")
    assert read_header(tmp_path / "run/latest.ppgan").training["iteration"] == 2
    assert "loss judge is nan" in (tmp_path / "run/train.log").read_text(encoding="utf-8")


def test_weights_that_are_not_numbers_are_never_saved(tmp_path, monkeypatch):
    def breaking(self, batch):
        self.nets["judge"].last.bias.set_value(paddle.full([3], float("inf")))
        return {"judge": 1.0}

    monkeypatch.setattr(tiny.TinyRecipe, "update", breaking)
    with pytest.raises(PpganError, match=r"iteration 1: tensor net/judge/last\.bias holds NaN or infinity"):
        train(tiny.experiment(save_every_s=0), run_dir=tmp_path / "run")
    assert not (tmp_path / "run/latest.ppgan").exists()


def test_init_from_loads_the_nets_and_leaves_new_parts_fresh(tmp_path):
    final = train(tiny.experiment(2), run_dir=tmp_path / "draft")
    stage = tiny.experiment(1, recipe={"learning_rate": 0.0, "tails": 1}, init_from=str(final), seed=9)
    train(stage, run_dir=tmp_path / "stage")
    start, end = read_checkpoint(final)[1], read_checkpoint(tmp_path / "stage/latest.ppgan")[1]
    assert np.array_equal(start["net/painter/first.weight"], end["net/painter/first.weight"])
    assert "net/painter/tails.0.weight" in end
    log = (tmp_path / "stage/train.log").read_text(encoding="utf-8")
    assert f"from {final}: painter; fresh: judge, painter/tails.0" in log


def test_init_from_refuses_nets_of_another_size(tmp_path):
    final = train(tiny.experiment(1), run_dir=tmp_path / "draft")
    with pytest.raises(CheckpointError, match=r"net painter: its weights do not fit TinyNet: .*weight has shape"):
        train(tiny.experiment(1, recipe={"channels": 6}, init_from=str(final)), run_dir=tmp_path / "stage")


def test_an_unknown_device_is_told_before_anything_is_built(tmp_path):
    with pytest.raises(UsageError, match=r"^device: 'gpu:99' is not there; expected one of auto, cpu"):
        train(tiny.experiment(), run_dir=tmp_path / "run", device="gpu:99")
    assert not (tmp_path / "run").exists()


def test_training_leaves_no_thread_and_works_outside_the_main_one(tmp_path):
    before = threading.active_count()
    worker = threading.Thread(target=lambda: train(tiny.experiment(2, loader={"workers": 3}), run_dir=tmp_path / "run"))
    worker.start()
    worker.join()
    assert (tmp_path / "run/final.ppgan").is_file()
    assert threading.active_count() == before


def test_importing_the_loop_does_not_import_paddle():
    code = "import sys, ppgan_lite.training; sys.exit('paddle' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
