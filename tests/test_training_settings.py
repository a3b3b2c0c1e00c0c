"""The `train` and `validation` sections: averages, accumulation, clipping, mixed precision, early stopping."""

from __future__ import annotations

import contextlib
import json
import math
import re
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import paddle
import pytest
import tiny
from paddle import nn

from ppgan_lite.autodiff import executor
from ppgan_lite.checkpoint import build_net, read_checkpoint, read_header
from ppgan_lite.cli import main
from ppgan_lite.config import ScheduleSettings, ValidationSettings, load_config
from ppgan_lite.errors import ConfigError, DataError, PpganError
from ppgan_lite.images import write_image
from ppgan_lite.recipes.recipe import TrainedGroup
from ppgan_lite.training import clock as training_clock
from ppgan_lite.training import dry_run, train
from ppgan_lite.training.averaging import MovingAverages
from ppgan_lite.training.distributed import Processes
from ppgan_lite.training.run import TrainingRun
from ppgan_lite.training.schedule import rate_factor, seed_of
from ppgan_lite.training.validation import EarlyStopping, Validation, evaluation_mode


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch):
    tiny.register(monkeypatch)


# Schedules and seeds


def factors(schedule: ScheduleSettings, iterations: int = 4) -> list[float]:
    return [rate_factor(schedule, iteration, iterations) for iteration in range(1, iterations + 1)]


def test_schedules_are_functions_of_the_iteration():
    assert factors(ScheduleSettings()) == [1, 1, 1, 1]
    assert factors(ScheduleSettings("linear")) == [1, 0.75, 0.5, 0.25]
    assert factors(ScheduleSettings("linear", decay_from=2)) == [1, 1, 1, 0.5]
    assert factors(ScheduleSettings("linear", final=0.5)) == [1, 0.875, 0.75, 0.625]
    assert factors(ScheduleSettings("constant", warmup=4)) == [0.25, 0.5, 0.75, 1]
    assert factors(ScheduleSettings("cosine")) == pytest.approx([1, 0.853553, 0.5, 0.146447], abs=1e-6)
    assert factors(ScheduleSettings("step", step_every=2, step_factor=0.5), 6) == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert factors(ScheduleSettings("step", step_every=1, step_factor=0.5, warmup=2)) == [0.5, 0.5, 0.25, 0.125]


def test_every_iteration_and_process_draws_from_a_seed_of_its_own():
    seeds = {seed_of(seed, iteration, rank) for seed in range(3) for iteration in range(20) for rank in range(3)}
    assert len(seeds) == 3 * 20 * 3


# Averages


class Counter(nn.Layer):
    """A net with a weight, a statistic and an integer."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = self.create_parameter([2])
        self.register_buffer("statistic", paddle.zeros([1]))
        self.register_buffer("seen", paddle.zeros([1], "int64"))


def test_an_average_is_the_sum_that_its_decay_says():
    net = Counter()
    net.weight.set_value(paddle.to_tensor([1.0, 2.0]))
    averages = MovingAverages({"net": net}, 0.5)
    expected = np.array([1.0, 2.0])
    for iteration in range(1, 12):
        net.weight.set_value(paddle.to_tensor([float(iteration), 2.0]))
        net.statistic.set_value(paddle.to_tensor([float(iteration)]))
        net.seen.set_value(paddle.to_tensor([iteration]))
        averages.update(iteration)
        decay = min(0.5, (1 + iteration) / (10 + iteration))
        expected = decay * expected + (1 - decay) * np.array([iteration, 2.0])
    with averages.applied():
        np.testing.assert_allclose(net.weight.numpy(), expected, rtol=1e-6)
        assert net.weight.numpy()[1] == 2.0  # A weight that never changes is its own average, to the bit.
        assert 9 < net.statistic.item() < 11
        assert net.seen.item() == 11
    np.testing.assert_array_equal(net.weight.numpy(), [11.0, 2.0])
    assert net.statistic.item() == 11


def test_weights_come_back_from_their_averages_even_after_an_error():
    net = Counter()
    averages = MovingAverages({"net": net}, 0.5)
    net.weight.set_value(paddle.to_tensor([5.0, 6.0]))
    with contextlib.suppress(RuntimeError), averages.applied():
        raise RuntimeError
    np.testing.assert_array_equal(net.weight.numpy(), [5.0, 6.0])


def test_every_file_of_a_run_gives_predictors_the_average(tmp_path):
    config = tiny.experiment(4, ema=0.9, validation={"every": 4})
    train(config, run_dir=tmp_path / "averaged")
    train(tiny.experiment(4, validation={"every": 4}), run_dir=tmp_path / "plain")
    averaged, plain = (read_checkpoint(tmp_path / run / "latest.ppgan")[1] for run in ("averaged", "plain"))
    photo = paddle.rand([1, 3, 8, 8])
    outputs = []
    for name in ("latest", "best", "final"):
        header, tensors = read_checkpoint(tmp_path / f"averaged/{name}.ppgan")
        outputs.append(build_net("painter", header, tensors)(photo).numpy())
    assert all(np.array_equal(output, outputs[0]) for output in outputs)
    key = "painter/first.weight"
    assert np.array_equal(averaged[f"raw/{key}"], plain[f"net/{key}"])  # Averaging does not change the learned weights.
    assert not np.array_equal(averaged[f"net/{key}"], plain[f"net/{key}"])
    assert "raw/judge/first.weight" not in averaged  # The recipe does not average it.


# Accumulation, clipping, mixed precision


def test_accumulated_batches_give_the_step_of_one_large_batch():
    """Two of batch 1 against one of batch 2, on a loss that is a mean over the batch."""
    data = paddle.rand([2, 3])
    weights = []
    for parts in ([data], [data[:1], data[1:]]):
        net = nn.Linear(3, 1, weight_attr=nn.initializer.Constant(0.5))
        optimizer = paddle.optimizer.SGD(0.1, parameters=net.parameters())
        group = TrainedGroup(optimizer, ("net",), 0.1, micro_batches=len(parts))
        for number, part in enumerate(parts, start=1):
            group.backward_step(net(part).square().mean())
            assert group.pending == number % len(parts)
        weights.append(net.weight.numpy())
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-6)
    assert not np.array_equal(weights[0], np.full([3, 1], 0.5, np.float32))


@pytest.mark.parametrize(("clip_norm", "step"), [(None, 5.0), (10.0, 5.0), (1.0, 1.0)])
def test_a_steps_gradient_is_no_longer_than_the_clip_norm(clip_norm, step):
    net = Counter()
    net.weight.set_value(paddle.zeros([2]))
    optimizer = paddle.optimizer.SGD(1.0, parameters=net.parameters())
    group = TrainedGroup(optimizer, ("net",), 1.0, clip_norm=clip_norm)
    group.backward_step((net.weight * paddle.to_tensor([3.0, 4.0])).sum())  # a gradient of length 5
    assert np.linalg.norm(net.weight.numpy()) == pytest.approx(step, rel=1e-5)


def test_losses_are_scaled_and_gradients_scaled_back_before_they_are_clipped():
    class Scaler:
        """Paddle's, which works on GPUs alone, in short."""

        def __init__(self) -> None:
            self.did = []

        def scale(self, loss):
            return loss * 1024

        def unscale_(self, optimizer):
            self.did.append("unscale")
            for parameter in optimizer._parameter_list:
                parameter.grad.set_value(parameter.grad / 1024)

        def step(self, optimizer):
            self.did.append("step")
            optimizer.step()

        def update(self):
            self.did.append("update")

    net = Counter()
    net.weight.set_value(paddle.zeros([2]))
    optimizer = paddle.optimizer.SGD(1.0, parameters=[net.weight])
    group = TrainedGroup(optimizer, ("net",), 1.0, clip_norm=1.0, scaler=Scaler())
    group.backward_step((net.weight * paddle.to_tensor([3.0, 4.0])).sum())
    np.testing.assert_allclose(net.weight.numpy(), [-0.6, -0.8], rtol=1e-5)
    assert group.scaler.did == ["unscale", "step", "update"]


def test_mixed_precision_on_a_cpu_is_off_and_said_to_be(tmp_path, capsys):
    train(tiny.experiment(2, amp="float16"), run_dir=tmp_path / "amp")
    assert "train.amp: mixed precision is for GPUs; this training computes in float32" in capsys.readouterr().err
    train(tiny.experiment(2), run_dir=tmp_path / "plain")
    assert tiny.tensors_of(tmp_path / "amp/final.ppgan") == tiny.tensors_of(tmp_path / "plain/final.ppgan")


NEEDS = "train.amp: on a CPU bfloat16 needs OpenVINO and a processor that has it; this training computes in float32"
KNOWS_NONE = "train.amp: no net of this recipe is computed in bfloat16 on a CPU; it trains in float32"


@pytest.mark.parametrize(
    ("precision", "said"),
    [("bf16", KNOWS_NONE), ("f32", NEEDS), (None, NEEDS)],
    ids=["nets that OpenVINO does not know", "no bfloat16", "no OpenVINO"],
)
def test_bfloat16_on_a_cpu_that_cannot_be_had_is_said_and_changes_nothing(
    tmp_path, capsys, monkeypatch, precision, said
):
    monkeypatch.setattr(executor, "has_openvino", lambda: precision is not None)
    monkeypatch.setattr(executor, "fastest_precision", lambda: precision)
    train(tiny.experiment(2, amp="bfloat16"), run_dir=tmp_path / "amp")
    assert said in capsys.readouterr().err
    train(tiny.experiment(2), run_dir=tmp_path / "plain")
    assert tiny.tensors_of(tmp_path / "amp/final.ppgan") == tiny.tensors_of(tmp_path / "plain/final.ppgan")


def test_a_recipe_that_leaves_half_a_gradient_is_not_saved(tmp_path, monkeypatch):
    def forgetful(self, batch):
        if not self.groups["judge"].pending:
            self.groups["judge"].backward_step(self.nets["judge"](batch["photo"]).mean())
        return {}

    monkeypatch.setattr(tiny.TinyRecipe, "update", forgetful)
    with pytest.raises(AssertionError, match="a loss was not minimized in every batch"):
        train(tiny.experiment(1, accumulate=2), run_dir=tmp_path)


# Validation


def validations(run: Path) -> dict[int, float]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return {line["iteration"]: line["validation"]["error"] for line in lines if "validation" in line}


def test_validation_measures_the_same_samples_in_evaluation_mode_each_time(tmp_path):
    config = tiny.experiment(2, validation={"every": 1, "samples": 3, "data": {"samples": 7}})
    train(config, run_dir=tmp_path)
    header, tensors = read_checkpoint(tmp_path / "final.ppgan")
    net, data = build_net("painter", header, tensors), tiny.TinyData(samples=7)
    photos = [data.get(index, np.random.default_rng((0, 0, index)))["photo"] for index in range(3)]
    errors = [np.abs(net(paddle.to_tensor(photo[None])).numpy() - photo).mean() for photo in photos]
    assert validations(tmp_path)[2] == pytest.approx(np.mean(errors), rel=1e-5)
    assert header.training["config"]["validation"]["data"] == {"name": "TinyData", "samples": 7, "size_px": 8}


def test_the_end_of_a_training_is_validated_too(tmp_path):
    train(tiny.experiment(5, validation={"every": 2}), run_dir=tmp_path)
    assert list(validations(tmp_path)) == [2, 4, 5]


def test_validation_and_previews_change_nothing_of_what_is_learned(tmp_path):
    train(tiny.experiment(4, preview_every=1, validation={"every": 1}), run_dir=tmp_path / "measured")
    train(tiny.experiment(4), run_dir=tmp_path / "plain")
    assert tiny.tensors_of(tmp_path / "measured/latest.ppgan") == tiny.tensors_of(tmp_path / "plain/latest.ppgan")


def measured(monkeypatch, numbers: list[float]) -> None:
    """Let the validations of a training find these numbers, one after another."""
    found = iter(numbers)
    monkeypatch.setattr(Validation, "measure", lambda self, recipe, processes, **_: {"error": next(found)})


def test_the_best_checkpoint_is_that_of_the_best_validation(tmp_path, monkeypatch):
    measured(monkeypatch, [3.0, 1.0, float("nan"), 2.0, 1.0])
    train(tiny.experiment(5, validation={"every": 1}), run_dir=tmp_path)
    best = read_header(tmp_path / "best.ppgan").training
    assert (best["iteration"], best["validation"]) == (2, {"error": 1.0})
    assert list(validations(tmp_path).values()) == [3.0, 1.0, None, 2.0, 1.0]
    standing = read_header(tmp_path / "latest.ppgan").training["standing"]
    assert standing == {"best": 1.0, "iteration": 2, "since": 3}


def test_a_training_without_progress_ends_when_patience_does(tmp_path, monkeypatch, capsys):
    measured(monkeypatch, [3.0, 1.0, 1.5, 1.2, 0.5])
    settings = {"every": 2, "patience": 2}
    assert train(tiny.experiment(20, validation=settings), run_dir=tmp_path).is_file()
    assert read_header(tmp_path / "final.ppgan").training["iteration"] == 8
    assert "stopping: no better error than 1.0 of iteration 4 in 2 validations" in capsys.readouterr().err
    train(tiny.experiment(20, validation=settings), run_dir=tmp_path, resume=True)
    assert read_header(tmp_path / "final.ppgan").training["iteration"] == 8
    train(tiny.experiment(10, validation={**settings, "patience": 3}), run_dir=tmp_path, resume=True)
    assert read_header(tmp_path / "best.ppgan").training["iteration"] == 10


def test_what_is_better_depends_on_the_direction():
    for direction, expected in (("min", [True, False, True, False]), ("max", [True, True, False, False])):
        stopping = EarlyStopping()
        values = (2.0, 3.0, 1.0, float("inf"))
        assert [stopping.update(value, number, direction) for number, value in enumerate(values)] == expected
        assert not stopping.exhausted(ValidationSettings(patience=None))
        assert stopping.exhausted(ValidationSettings(patience=stopping.since))


def test_every_layer_gets_its_own_mode_back():
    net = nn.Sequential(nn.BatchNorm2D(2), nn.Dropout())
    net[0].eval()
    with evaluation_mode([net]):
        assert not net.training
        assert not net[1].training
    assert (net.training, net[0].training, net[1].training) == (True, False, True)


# A dry run


def test_a_dry_run_does_one_iteration_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    config = tiny.experiment(1000, ema=0.9, accumulate=2, validation={"every": 500})
    found = dry_run(config, verbose=True)
    assert set(found) == {"painter", "judge", "error"}
    assert list(tmp_path.iterdir()) == []
    assert config.dump() in capsys.readouterr().err
    dry_run(config)
    assert "recipe:" not in capsys.readouterr().err
    dry_run(config, quiet=True)
    assert capsys.readouterr().err == ""


def test_a_dry_run_on_the_command_line_tells_the_losses(tmp_path, capsys):
    (tmp_path / "x.yaml").write_text(tiny.experiment().dump(), encoding="utf-8")
    command = ["train", "-c", str(tmp_path / "x.yaml"), "--run-dir", str(tmp_path / "run"), "--dry-run"]
    assert main(command) == 0
    assert re.search(r"^one iteration: painter [\d.]+, judge [\d.]+$", capsys.readouterr().err, re.MULTILINE)
    assert not (tmp_path / "run").exists()
    assert main([*command, "--resume"]) == 2
    assert "--dry-run: cannot be combined with --resume. Leave one of them out" in capsys.readouterr().err


def test_broken_pictures_stop_a_training_before_its_first_iteration(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/1.jpg").write_bytes(b"")
    write_image(tmp_path / "photos/2.png", np.zeros((16, 16, 3), np.uint8))
    data = {"name": "Folder", "folders": [str(tmp_path / "photos")], "size": 8}
    with pytest.raises(DataError, match=r"1\.jpg: the file is empty. .*; `paddlegan doctor` tells of all"):
        dry_run(tiny.experiment(data=data))


def test_a_dry_run_finds_what_a_training_would(monkeypatch):
    monkeypatch.setattr(tiny.TinyRecipe, "update", lambda self, batch: {"painter": float("inf")})
    with pytest.raises(PpganError, match=r"^iteration 1: loss painter is inf"):
        dry_run(tiny.experiment())


def test_one_process_agrees_with_itself():
    alone = Processes()
    assert alone.is_first
    assert alone.all_reduce_sum([1.0, 2.0]) == [1.0, 2.0]
    assert alone.all_gather("x") == ["x"]


# Minutes instead of iterations


@pytest.fixture
def slow(monkeypatch) -> None:
    """Have each iteration take six seconds, by the clock that the training looks at."""
    clock = [0.0]
    update = tiny.TinyRecipe.update

    def with_time(self: tiny.TinyRecipe, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        clock[0] += 6.0
        return update(self, batch)

    monkeypatch.setattr(tiny.TinyRecipe, "update", with_time)
    monkeypatch.setattr(training_clock, "time", types.SimpleNamespace(monotonic=lambda: clock[0]))


def rates(folder: Path) -> dict[int, float]:
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return {line["iteration"]: line["lr"]["painter"] for line in lines}


@pytest.mark.usefixtures("slow")
def test_a_training_ends_with_its_minutes_and_the_rate_falls_with_the_time(tmp_path):
    config = tiny.experiment(1000, minutes=1, log_every=1, schedule={"name": "linear"})
    header = read_header(train(config, run_dir=tmp_path / "run"))
    assert header.training["iteration"] == 10
    expected = [1.0, *(1 - done / 10 for done in range(1, 10))]
    found = rates(tmp_path / "run")
    assert list(found) == list(range(1, 11))
    np.testing.assert_allclose([rate / 0.01 for rate in found.values()], expected, atol=1e-6)


@pytest.mark.usefixtures("slow")
def test_more_minutes_go_on_where_fewer_ended(tmp_path):
    config = tiny.experiment(1000, minutes=0.5, log_every=100)
    assert read_header(train(config, run_dir=tmp_path)).training["iteration"] == 5
    assert list(rates(tmp_path)) == [5]  # the last iteration is told, whatever `log_every` says
    longer = replace(config, train=replace(config.train, minutes=1.0))
    header = read_header(train(longer, run_dir=tmp_path, resume=True))
    assert (header.training["iteration"], header.training["seconds"]) == (10, 60.0)


@pytest.mark.usefixtures("slow")
def test_iterations_end_a_training_before_its_minutes(tmp_path):
    assert read_header(train(tiny.experiment(3, minutes=9), run_dir=tmp_path)).training["iteration"] == 3


def test_minutes_are_more_than_none(tmp_path):
    for minutes in (0, -1, float("nan")):
        with pytest.raises(ConfigError, match=r"train\.minutes"):
            tiny.experiment(3, minutes=minutes)


def test_a_watcher_is_called_after_every_iteration_and_quiet_is_quiet(tmp_path, capsys):
    watched = []

    def watch(run: TrainingRun) -> None:
        with run.as_in_use():
            watched.append((run.iteration, run.recipe.nets["painter"].training, paddle.is_grad_enabled()))

    train(tiny.experiment(3), run_dir=tmp_path / "run", watch=watch, quiet=True)
    assert watched == [(1, False, False), (2, False, False), (3, False, False)]
    assert capsys.readouterr() == ("", "")
    assert "finished after" in (tmp_path / "run/train.log").read_text()


# Epochs instead of iterations


def test_epochs_are_as_many_iterations_as_the_data_needs(tmp_path):
    """TinyData has as many samples as it says; a decay that begins at a share of the training follows."""
    schedule = {"name": "linear", "decay_from": 0.5}
    config = tiny.experiment(1000, epochs=2.5, accumulate=2, log_every=1, schedule=schedule)
    config = replace(config, loader=replace(config.loader, batch_size=1), train=replace(config.train, iterations=None))
    samples = config.data["samples"]
    header = read_header(train(config, run_dir=tmp_path))
    iterations = math.ceil(2.5 * samples / 2)
    assert header.training["iteration"] == iterations
    assert header.training["config"]["train"]["iterations"] == iterations
    falling = [rate for rate in rates(tmp_path).values() if rate < 0.01]
    assert len(falling) == math.ceil(iterations / 2) - 1
    again = load_config(tmp_path / "config.yaml", ["train.iterations=3"]).train
    assert (again.iterations, again.epochs) == (3, None)
    again = load_config(tmp_path / "config.yaml", ["train.epochs=3"]).train
    assert (again.iterations, again.epochs) == (None, 3)


def test_a_share_of_the_training_is_between_0_and_1():
    assert factors(ScheduleSettings("linear", decay_from=0.5)) == factors(ScheduleSettings("linear", decay_from=2))
    with pytest.raises(ConfigError, match=r"train\.schedule\.decay_from: 1\.5"):
        tiny.experiment(3, schedule={"decay_from": 1.5})
