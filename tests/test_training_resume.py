"""A training that was cut, in whatever way, goes on as if it had not been."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import paddle
import pytest
import tiny

from ppgan_lite.autodiff import executor
from ppgan_lite.checkpoint import Header, net_spec, net_tensors, read_checkpoint, read_header, write_checkpoint
from ppgan_lite.config import Config, load_config
from ppgan_lite.errors import CheckpointError, ConfigError, UsageError
from ppgan_lite.images import write_image
from ppgan_lite.nets import blocks, winograd
from ppgan_lite.nets.vgg import VGGEncoder
from ppgan_lite.training import train


@pytest.fixture(autouse=True)
def tiny_tables(monkeypatch):
    tiny.register(monkeypatch)


EVERYTHING_ON = {
    "accumulate": 2,
    "clip_norm": 1.0,
    "ema": 0.9,
    "schedule": {"name": "cosine", "warmup": 2},
    "save_every": 1,
    "log_every": 3,
}


def assert_resumes_alike(config: Config, folder: Path, cuts: tuple[int, ...]) -> None:
    """Train through, and again from the checkpoint of each cut; weights, states and losses must be the same bits."""
    long = folder / "long"
    train(config, run_dir=long)
    for iteration in cuts:
        cut = folder / f"cut{iteration}"
        shutil.copytree(long, cut, ignore=shutil.ignore_patterns("final.ppgan", "best.ppgan", "iteration_*"))
        shutil.copyfile(long / f"iteration_{iteration:07d}.ppgan", cut / "latest.ppgan")
        others = [tiny.TinyNet(8) for _ in range(3)]  # Paddle counts parameter names up over the process.
        train(config, run_dir=cut, resume=True)
        assert len(others) == 3
        assert tiny.tensors_of(long / "latest.ppgan") == tiny.tensors_of(cut / "latest.ppgan")
        assert tiny.tensors_of(long / "final.ppgan") == tiny.tensors_of(cut / "final.ppgan")
        assert tiny.losses_of(long) == tiny.losses_of(cut)
        standing = [read_header(run / "latest.ppgan").training["standing"] for run in (long, cut)]
        assert standing[0] == standing[1]


def test_a_run_cut_after_any_iteration_equals_one_that_was_not(tmp_path):
    config = tiny.experiment(5, loader={"workers": 2}, validation={"every": 2}, **EVERYTHING_ON)
    assert_resumes_alike(config, tmp_path, (1, 2, 3, 4))
    tensors = read_checkpoint(tmp_path / "long/latest.ppgan")[1]
    assert np.abs(tensors["optimizer/painter/painter.first.weight|moment1"]).max() > 0
    assert np.abs(tensors["optimizer/judge/judge.last.bias|moment2"]).max() > 0
    assert tensors["state/0/brightest"] > 0
    assert not np.array_equal(tensors["raw/painter/first.weight"], tensors["net/painter/first.weight"])


def test_compiled_nets_learn_the_same_and_resume_bit_for_bit(tmp_path):
    assert_resumes_alike(tiny.experiment(4, to_static=True, save_every=1), tmp_path, (2,))
    train(tiny.experiment(4), run_dir=tmp_path / "eager")
    eager, compiled = (tiny.losses_of(tmp_path / run)[-1]["losses"] for run in ("eager", "long"))
    assert compiled == pytest.approx(eager, rel=1e-4)


RESNET = {"name": "ResnetGenerator", "base_channels": 2, "blocks": 1, "norm": "batch", "dropout": True}
PATCH = {"name": "PatchDiscriminator", "base_channels": 2, "layers": 1, "spectral_norm": True}
PAINTERS = ("LapStyleDraft", "LapStyleRevision")
SALT = [{"name": "salt_and_pepper", "amount": 0.1}]


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Return a folder with the pictures of two domains."""
    rng = np.random.default_rng(0)
    for domain in ("trainA", "trainB"):
        (tmp_path / "pictures" / domain).mkdir(parents=True)
        for number in range(3):
            image = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            write_image(tmp_path / "pictures" / domain / f"{number}.png", image)
    return tmp_path / "pictures"


@pytest.fixture
def encoder(tmp_path) -> Path:
    """Return a checkpoint with a tiny perceptual encoder."""
    paddle.seed(1)
    net = VGGEncoder([4, 4, 4, 4, 4], [1, 1, 1, 1, 1])
    path = tmp_path / "encoder.ppgan"
    write_checkpoint(path, Header({"encoder": net_spec(net)}), net_tensors("encoder", net))
    return path


def recipes(pictures: Path, encoder: Path) -> dict[str, dict[str, dict]]:
    """Return recipe and data of each paper's training, as small as they can be."""
    lapstyle = {"encoder_channels": [4] * 5, "encoder_convs": [1] * 5, "revision_channels": 4}
    paintings = {"content": [str(pictures / "trainA")], "style": [str(pictures / "trainB")]}
    sides = {"content_short_side": [32, 32], "style_short_side": [32, 32], "size": 32}
    return {
        "CycleGAN": {
            "recipe": {"name": "CycleGAN", "generator": RESNET, "discriminator": PATCH, "pool": 2},
            "data": {"name": "Unpaired", "folder": str(pictures), "size": 16},
        },
        "Pix2Pix": {
            "recipe": {"name": "Pix2Pix", "generator": RESNET, "discriminator": {**PATCH, "in_channels": 6}},
            "data": {"name": "Paired", "folder": str(pictures), "size": 16},
        },
        "Restoration": {
            "recipe": {"name": "Restoration", "generator": {"name": "SRResNet", "base_channels": 2, "blocks": 1}},
            "data": {"name": "Degraded", "clean": [str(pictures / "trainA")], "chain": SALT, "size": 16},
        },
        "LapStyleDraft": {
            "recipe": {"name": "LapStyleDraft", "net": lapstyle, "perceptual": str(encoder), "noise_std": 0.1},
            "data": {"name": "ContentAndStyle", **paintings, **sides},
        },
        "LapStyleRevision": {
            "recipe": {
                "name": "LapStyleRevision",
                "net": {"name": "LapStyleNet", **lapstyle},
                "perceptual": str(encoder),
            },
            "data": {"name": "ContentAndStyle", **paintings, **sides},
        },
    }


@pytest.mark.parametrize("name", ["CycleGAN", "Pix2Pix", "Restoration", "LapStyleDraft", "LapStyleRevision"])
def test_every_papers_recipe_resumes_bit_for_bit(tmp_path, pictures, encoder, name):
    parts = recipes(pictures, encoder)[name]
    settings = {key: value for key, value in EVERYTHING_ON.items() if key != "ema" or name not in PAINTERS}
    validation = {"every": 2, "samples": 1} if name in ("Pix2Pix", "Restoration") else {}
    config = tiny.experiment(3, loader={"batch_size": 1}, validation=validation, **parts, **settings)
    assert_resumes_alike(config, tmp_path, (2,))
    tensors = read_checkpoint(tmp_path / "long/latest.ppgan")[1]
    assert any(key.startswith("state/0/pool_a/") for key in tensors) == (name == "CycleGAN")


@pytest.mark.parametrize("name", ["CycleGAN", "Pix2Pix"])
def test_a_recipe_in_bfloat16_on_a_cpu_resumes_bit_for_bit(tmp_path, pictures, encoder, monkeypatch, name):
    pytest.importorskip("openvino")
    if executor.fastest_precision() != "bf16":
        pytest.skip("the processor has no bfloat16")
    parts = recipes(pictures, encoder)[name]
    parts["recipe"]["generator"] = {"name": "ResnetGenerator", "base_channels": 4, "blocks": 1}
    channels = 6 if name == "Pix2Pix" else 3
    patch = {"name": "PatchDiscriminator", "base_channels": 4, "layers": 1, "norm": "instance", "in_channels": channels}
    parts["recipe"]["discriminator"] = patch
    calls = []
    called = executor.Executors.__call__
    monkeypatch.setattr(executor.Executors, "__call__", lambda *given: calls.append(given[1]) or called(*given))
    settings = {**EVERYTHING_ON, "amp": "bfloat16"}
    assert_resumes_alike(tiny.experiment(3, loader={"batch_size": 1}, **parts, **settings), tmp_path, (2,))
    # Of 3 iterations and of the one after the cut: 2 batches each, of so many calls of generators and discriminators.
    assert len(calls) == (3 + 1) * 2 * (6 + 6 if name == "CycleGAN" else 1 + 3)


def test_a_recipe_whose_convolutions_go_winograds_way_resumes_bit_for_bit(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(blocks, "WINOGRAD_CHANNELS", 8)
    monkeypatch.setattr(blocks, "WINOGRAD_PIXELS", 16)
    shapes = []
    convolve = winograd.convolve
    monkeypatch.setattr(
        winograd, "convolve", lambda x, *rest, **how: shapes.append(x.shape) or convolve(x, *rest, **how)
    )
    generator = {"name": "ResnetGenerator", "base_channels": 2, "blocks": 1}
    recipe = {"name": "CycleGAN", "generator": generator, "discriminator": PATCH, "pool": 2, "objective": "wgan-gp"}
    data = {"name": "Unpaired", "folder": str(pictures), "size": 16}
    config = tiny.experiment(3, loader={"batch_size": 2}, recipe=recipe, data=data, **EVERYTHING_ON)
    assert_resumes_alike(config, tmp_path, (2,))
    # Of 3 iterations and of the one after the cut: 2 batches each, 6 pictures made, 2 convolutions in each generator.
    assert shapes == [[2, 8, 4, 4]] * (3 + 1) * 2 * 6 * 2


def test_a_run_killed_by_the_system_goes_on_bit_for_bit(tmp_path):
    """Kill -9 whenever it happens to hit: somewhere after the second checkpoint."""
    config = tiny.experiment(2000, save_every_s=0, ema=0.9, log_every=1)
    (tmp_path / "x.yaml").write_text(config.dump(), encoding="utf-8")
    script = (
        "import sys, pytest, tiny; tiny.register(pytest.MonkeyPatch())\n"
        "from ppgan_lite.config import load_config; from ppgan_lite.training import train\n"
        f"train(load_config({str(tmp_path / 'x.yaml')!r}), run_dir={str(tmp_path / 'cut')!r})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    child = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL)
    metrics = tmp_path / "cut/metrics.jsonl"
    while child.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") > 2):
        time.sleep(0.005)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    assert (tmp_path / "cut/run.lock").exists()  # left behind by the killed one, and no hindrance
    done = read_header(tmp_path / "cut/latest.ppgan").training["iteration"]
    iterations = [f"train.iterations={done + 3}"]
    train(load_config(tmp_path / "x.yaml", iterations), run_dir=tmp_path / "cut", resume=True)
    train(load_config(tmp_path / "x.yaml", [*iterations, "train.save_every_s=100"]), run_dir=tmp_path / "long")
    assert tiny.tensors_of(tmp_path / "long/latest.ppgan") == tiny.tensors_of(tmp_path / "cut/latest.ppgan")
    assert tiny.losses_of(tmp_path / "long") == tiny.losses_of(tmp_path / "cut")
    assert not (tmp_path / "cut/run.lock").exists()


def test_what_was_written_after_the_checkpoint_is_dropped(tmp_path):
    run = tmp_path / "run"
    train(tiny.experiment(2), run_dir=run)
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"iteration": 4, "losses": {}}\n{"iterat')  # cut by a crash
    train(tiny.experiment(6), run_dir=run, resume=True)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["iteration"] for line in lines] == [2, 4, 6]
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)
    assert all(line["losses"] for line in lines)


def test_resuming_a_finished_run_changes_nothing_and_more_iterations_go_on(tmp_path):
    final = train(tiny.experiment(2), run_dir=tmp_path / "run")
    tensors = tiny.tensors_of(final)
    train(tiny.experiment(2), run_dir=tmp_path / "run", resume=True)
    assert tiny.tensors_of(final) == tensors
    train(tiny.experiment(5), run_dir=tmp_path / "run", resume=True)
    assert read_header(final).training["iteration"] == 5
    assert "train.iterations is 5 instead of 2" in (tmp_path / "run/train.log").read_text(encoding="utf-8")


def test_resuming_where_nothing_is_says_so(tmp_path):
    with pytest.raises(UsageError) as caught:
        train(tiny.experiment(), run_dir=tmp_path / "run", resume=True)
    assert str(caught.value) == f"{tmp_path / 'run'}: has no latest.ppgan to resume from. Start it without --resume"
    assert not (tmp_path / "run").exists()


def test_settings_that_change_what_is_learned_are_refused_each_with_old_and_new_value(tmp_path):
    run = tmp_path / "run"
    train(tiny.experiment(1), run_dir=run)
    before = tiny.tensors_of(run / "latest.ppgan")
    other = tiny.experiment(2, recipe={"learning_rate": 0.5, "channels": 6}, ema=0.9, seed=1, log_every=1)
    with pytest.raises(ConfigError) as caught:
        train(other, run_dir=run, resume=True)
    assert str(caught.value) == (
        f"{run}: was trained with another config: recipe.learning_rate is 0.5 instead of 0.01; recipe.channels is 6"
        " instead of 4; train.ema is 0.9 instead of null; train.seed is 1 instead of 0; expected settings that do not"
        " change what is learned "
        "(iterations, log_every, workers, device ...). Go on with the old values, or start a new"
        " run from these weights with train.init_from"
    )
    assert caught.value.exit_code == 2
    assert tiny.tensors_of(run / "latest.ppgan") == before


def test_settings_that_do_no_harm_may_change_and_are_told(tmp_path):
    run = tmp_path / "run"
    train(tiny.experiment(1), run_dir=run)
    harmless = {"log_every": 1, "preview_every": 5, "save_every": 7, "save_every_s": 9, "keep": 3}
    train(tiny.experiment(2, loader={"workers": 1}, **harmless), run_dir=run, resume=True)
    said = (run / "train.log").read_text(encoding="utf-8")
    for change in ("loader.workers is 1 instead of 0", "train.preview_every is 5 instead of 0", "train.keep is 3 inst"):
        assert f"resumed with another setting: {change}" in said


def test_batch_size_and_accumulation_may_change_if_an_iteration_sees_the_same_samples(tmp_path):
    run = tmp_path / "run"
    train(tiny.experiment(1, loader={"batch_size": 4}), run_dir=run)
    train(tiny.experiment(2, loader={"batch_size": 2}, accumulate=2), run_dir=run, resume=True)
    assert read_header(run / "latest.ppgan").training["iteration"] == 2
    with pytest.raises(ConfigError, match=r"loader\.batch_size is 3 instead of 2"):
        train(tiny.experiment(3, loader={"batch_size": 3}, accumulate=2), run_dir=run, resume=True)


def test_data_that_was_moved_is_the_same_data(tmp_path, pictures, encoder):
    parts = recipes(pictures, encoder)["Restoration"]
    train(tiny.experiment(1, **parts), run_dir=tmp_path / "run")
    other = tmp_path / "other" / "trainA"
    other.parent.mkdir()
    parts["data"]["clean"] = [str(other)]
    shutil.copytree(pictures / "trainA", other)
    with pytest.raises(ConfigError, match=r"data\.clean is "):  # The old folder is still there, so this is another one.
        train(tiny.experiment(2, **parts), run_dir=tmp_path / "run", resume=True)
    shutil.rmtree(pictures)
    train(tiny.experiment(2, **parts), run_dir=tmp_path / "run", resume=True)


def test_a_checkpoint_that_no_training_wrote_cannot_be_resumed(tmp_path):
    final = train(tiny.experiment(1), run_dir=tmp_path / "run")
    header, tensors = read_checkpoint(final)
    run = tmp_path / "other"
    run.mkdir()
    write_checkpoint(run / "latest.ppgan", Header(header.nets, header.predictors), tensors)
    with pytest.raises(CheckpointError, match="does not say how far its training was"):
        train(tiny.experiment(1), run_dir=run, resume=True)
    shutil.copyfile(final, run / "latest.ppgan")  # the one without optimizers
    with pytest.raises(CheckpointError, match=r"net judge: its weights do not fit TinyNet: .* is missing"):
        train(tiny.experiment(1), run_dir=run, resume=True)
