"""The metrics that a config names for validation: what may be named, what is measured, what chooses the best."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import paddle
import pytest
import tiny
from test_gan_recipes import batch_of, cyclegan, pix2pix

from ppgan_lite.checkpoint import read_header
from ppgan_lite.cli import main
from ppgan_lite.config import load_config
from ppgan_lite.errors import CheckpointError, ConfigError
from ppgan_lite.evaluation import features, measuring
from ppgan_lite.evaluation.measuring import Measurer
from ppgan_lite.images import SAMPLE_PHOTO, read_image, write_image
from ppgan_lite.training.loop import train
from ppgan_lite.training.named_metrics import NamedMetrics
from ppgan_lite.training.previews import to_pixels
from ppgan_lite.training.report.record import read_record
from ppgan_lite.training.validation import Validation


@pytest.fixture(autouse=True)
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.register(monkeypatch)
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    for module in (features, measuring):
        monkeypatch.setattr(module, "MEASURED_PX", 64)  # in a sixteenth of the time


# What is measured


def test_pairs_are_measured_as_evaluate_does():
    recipe, batch = pix2pix(), batch_of(size=32)
    with paddle.no_grad():
        found = NamedMetrics(["perceptual_vgg16", "psnr"]).measure(recipe, batch)
        shown = {name: to_pixels(picture.numpy()) for name, picture in recipe.preview(batch).items()}
    expected = Measurer(["perceptual_vgg16", "psnr"]).pair(shown["fake_b"], shown["b"])
    assert found.numbers == pytest.approx(expected, rel=0.2)  # dropout draws anew


def test_sets_are_those_of_both_directions_on_average():
    recipe = cyclegan()
    metrics = NamedMetrics(["kid_vgg16", "diversity"])
    with paddle.no_grad():
        measured = [metrics.measure(recipe, batch_of(size=32, seed=seed)) for seed in range(4)]
    assert [sample.numbers for sample in measured] == [{}] * 4
    found = metrics.of_sets(measured)
    each = []
    for name in ("fake_b", "fake_a"):
        results, others = zip(*(sample.pooled[name] for sample in measured))
        each.append(Measurer(["kid_vgg16"]).sets(results, others)["kid_vgg16"].value)
    assert found["kid_vgg16"] == pytest.approx(np.mean(each))
    assert found["diversity"] > 0
    few = metrics.of_sets(measured[:2])
    assert math.isnan(few["kid_vgg16"]) and not math.isnan(few["diversity"])


def test_weights_that_are_not_there_are_told_at_the_start():
    with pytest.raises(CheckpointError, match="Run `paddlegan fetch lpips`"):
        NamedMetrics(["lpips"])


# A whole training


@pytest.fixture
def two_domains(tmp_path: Path) -> Path:
    image, _ = read_image(SAMPLE_PHOTO)
    for place in range(4):
        for side, shade in (("A", 1.0), ("B", 0.5)):
            part = image[30 * place : 30 * place + 32, 100:132] * shade
            for split in ("train", "val"):
                write_image(tmp_path / f"data/{split}{side}/{split}{side}{place}.png", part.astype(np.uint8))
    return tmp_path / "data"


def overrides(folder: Path, *others: str) -> list[str]:
    settings = [f"data.folder={folder}", "data.size=24", "train.iterations=2", "train.device=cpu"]
    settings += ["validation.every=1", "validation.samples=4", "validation.data.split=val"]
    return [*settings, *others]


def test_a_training_measures_what_its_config_names_and_keeps_the_best_by_it(two_domains, tmp_path):
    named = ["validation.metrics=[kid_vgg16, diversity]", "validation.best=kid_vgg16"]
    config = load_config("tiny/cyclegan_photo2monet", overrides=overrides(two_domains, *named))
    train(config, run_dir=tmp_path / "run", bar=False)
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    measured = {line["iteration"]: line["validation"] for line in lines if "validation" in line}
    wanted = ["cycle_l1", "style", "content", "style_and_content", "kid_vgg16", "diversity"]
    assert [list(numbers) for numbers in measured.values()] == [wanted, wanted]
    least = min(measured, key=lambda iteration: measured[iteration]["kid_vgg16"])
    best = read_header(tmp_path / "run/best.ppgan").training
    assert (best["iteration"], best["validation"]["kid_vgg16"]) == (least, measured[least]["kid_vgg16"])
    record = read_record(tmp_path / "run")
    assert (record.best, record.more_is_better) == ("kid_vgg16", False)
    assert main(["train", "--resume", str(tmp_path / "run"), "-o", "train.iterations=3", "--quiet"]) == 0


def numbers(monkeypatch: pytest.MonkeyPatch, *found: float) -> None:
    """Let the validations of a training find these numbers, one after another, as error and as SSIM."""
    values = iter(found)

    def measure(self: Validation, recipe: object, processes: object, **_: object) -> dict[str, float]:
        return dict.fromkeys(("error", "ssim"), next(values))

    monkeypatch.setattr(Validation, "measure", measure)
    monkeypatch.setattr(tiny.TinyRecipe, "measures", ("error", "ssim"))


def test_more_of_a_similarity_is_better(tmp_path, monkeypatch):
    numbers(monkeypatch, 0.3, 0.9, 0.5)
    train(tiny.experiment(3, validation={"every": 1, "best": "ssim"}), run_dir=tmp_path)
    assert read_header(tmp_path / "best.ppgan").training["iteration"] == 2
    assert read_record(tmp_path).more_is_better


def test_another_metric_for_the_best_begins_anew(tmp_path, monkeypatch):
    numbers(monkeypatch, 0.3, 0.9, 0.5, 0.4)
    train(tiny.experiment(2, validation={"every": 1}), run_dir=tmp_path)
    assert read_header(tmp_path / "best.ppgan").training["iteration"] == 1
    train(tiny.experiment(4, validation={"every": 1, "best": "ssim"}), run_dir=tmp_path, resume=True)
    assert read_header(tmp_path / "best.ppgan").training["iteration"] == 3  # 0.5, since 0.3 was an error
    assert read_header(tmp_path / "latest.ppgan").training["standing"] == {"best": 0.5, "iteration": 3, "since": 1}


# What may be named


@pytest.mark.parametrize(
    ("experiment", "override", "message"),
    [
        (
            "tiny/cyclegan_photo2monet",
            "validation.metrics=[psnr]",
            "validation.metrics: CycleGAN has no metric 'psnr'; expected one of kid, fid, kid_vgg16, frechet_vgg16, "
            "cycle_l1, diversity, style, content, style_and_content",
        ),
        (
            "tiny/cyclegan_photo2monet",
            "validation.metrics=[kid_vgg16]",
            "validation.metrics: kid_vgg16 of 1 samples; expected validation.samples of 3 or more",
        ),
        (
            "tiny/restore_saltpepper",
            "validation.metrics=[lpip]",
            "validation.metrics: Restoration has no metric 'lpip'; expected one of psnr, ssim, ms_ssim, lpips, "
            "perceptual_vgg16, kid, fid, kid_vgg16, frechet_vgg16, diversity. Did you mean 'lpips'?",
        ),
        (
            "tiny/restore_saltpepper",
            "validation.metrics=[ms_ssim]",
            "validation.metrics: ms_ssim of crops of 32 px; expected validation.data.size of 161 or more",
        ),
        (
            "tiny/restore_saltpepper",
            "validation.best=perceptual_vgg16",
            "validation.best: perceptual_vgg16 is not measured; expected one of psnr, ssim. "
            "Add it to validation.metrics",
        ),
        ("tiny/restore_saltpepper", "validation.metrics=lpips", "validation.metrics: 'lpips' (text); expected a list"),
    ],
)
def test_metrics_that_cannot_be_measured_are_faults_of_the_config(experiment, override, message):
    with pytest.raises(ConfigError) as caught:
        load_config(experiment, overrides=[override])
    assert message in str(caught.value)


def test_metrics_that_suit_are_taken():
    config = load_config(
        "tiny/restore_saltpepper", overrides=["validation.metrics=[lpips, psnr]", "validation.best=lpips"]
    )
    assert (config.validation.metrics, config.validation.best) == (["lpips", "psnr"], "lpips")
    assert load_config("tiny/restore_saltpepper").validation.metrics == []
