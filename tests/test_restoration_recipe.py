"""Restoration: its losses, its optional discriminator, larger results, and that it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest

from ppgan_lite.errors import PpganError, UsageError
from ppgan_lite.losses.adversarial import discriminator_loss, generator_loss
from ppgan_lite.pretrained import load_encoder
from ppgan_lite.recipes.restoration import Restoration

SRRESNET = {"name": "SRResNet", "base_channels": 8, "blocks": 1}
PATCH = {"name": "PatchDiscriminator", "base_channels": 4, "layers": 1}
GENERATORS = {
    "SRResNet": SRRESNET,
    "UnetGenerator": {"name": "UnetGenerator", "base_channels": 4, "depth": 3},
    "ResnetGenerator": {"name": "ResnetGenerator", "base_channels": 4, "blocks": 1},
}


def restoration(**arguments: Any) -> Restoration:
    paddle.seed(1)
    return Restoration(**{"generator": SRRESNET, **arguments})


def batch_of(samples: int = 2, size: int = 16, scale: int = 1, channels: int = 3) -> dict[str, paddle.Tensor]:
    rng = np.random.default_rng(0)
    small = rng.random((samples, channels, size, size), np.float32)
    return {"a": paddle.to_tensor(small), "b": paddle.to_tensor(small.repeat(scale, axis=2).repeat(scale, axis=3) ** 2)}


@pytest.mark.parametrize("name", GENERATORS)
def test_any_generator_is_trained_and_called_in_its_own_range(name):
    recipe = restoration(generator=GENERATORS[name])
    low, high = recipe.generator.value_range
    assert (low, high) == ((0.0, 1.0) if name == "SRResNet" else (-1.0, 1.0))
    recipe.generator.eval()
    batch = batch_of()
    called = (recipe.generator(batch["a"] * (high - low) + low) - low) / (high - low)
    found = recipe.update(batch)
    assert found == pytest.approx({"l1": float((called - batch["b"]).abs().mean())}, rel=1e-4)
    (spec,) = recipe.predictors().values()
    assert (spec.net, spec.task, spec.value_range, spec.scale) == ("generator", "restore", (low, high), 1)


def test_the_weighted_losses_add_up_and_those_without_a_weight_are_left_out():
    weights = {"l1": 2.0, "mse": 3.0, "perceptual": 0.5}
    batch, encoder = batch_of(size=32), load_encoder("small")

    def update(**weights: float) -> dict[str, float]:
        recipe = restoration(**{"l1": 0.0, **weights})
        recipe.generator.eval()
        return recipe.update(batch)

    recipe = restoration()
    recipe.generator.eval()
    with paddle.no_grad():
        restored = recipe.generator(batch["a"])
        found, wanted = encoder(restored), encoder(batch["b"])
    distances = {
        "l1": (restored - batch["b"]).abs().mean(),
        "mse": (restored - batch["b"]).square().mean(),
        "perceptual": sum((found[key] - wanted[key]).square().mean() for key in ("relu2_1", "relu3_1")),
    }
    expected = {name: weights[name] * float(distance) for name, distance in distances.items()}
    assert update(**weights) == pytest.approx(expected, rel=1e-4)
    assert update(mse=3.0) == pytest.approx({"mse": expected["mse"]}, rel=1e-4)


def test_a_perceptual_loss_moves_the_generator_and_not_the_encoder():
    recipe = restoration(l1=0.0, perceptual=1.0)
    before = {key: value.numpy() for key, value in recipe.encoder.state_dict().items()}
    weight = recipe.generator.to_image.weight.numpy()
    recipe.update(batch_of(size=32))
    assert not np.array_equal(recipe.generator.to_image.weight.numpy(), weight)
    np.testing.assert_equal({key: value.numpy() for key, value in recipe.encoder.state_dict().items()}, before)
    assert list(recipe.nets) == ["generator"]  # a checkpoint need not hold the encoder


def test_an_adversary_joins_with_its_weight():
    recipe = restoration(discriminator=PATCH, adversarial=0.25)
    recipe.generator.eval()
    batch, discriminator = batch_of(), recipe.nets["discriminator"]
    with paddle.no_grad():
        restored = recipe.generator(batch["a"])
        wanted = {
            "l1": (restored - batch["b"]).abs().mean(),
            "adversarial": 0.25 * generator_loss(discriminator(restored), "vanilla"),
            "discriminator": 0.5 * discriminator_loss(discriminator(batch["b"]), discriminator(restored), "vanilla"),
        }
    assert list(recipe.groups) == ["generator", "discriminator"]
    assert recipe.update(batch) == pytest.approx({name: float(value) for name, value in wanted.items()}, rel=1e-4)


def test_with_an_adversary_the_discriminator_may_learn_more_often():
    recipe = restoration(discriminator=PATCH, adversarial=0.25, discriminator_steps=3)
    found = []
    for recipe.iteration in range(1, 4):
        found.append(set(recipe.update(batch_of())))
    assert found == [{"discriminator"}, {"discriminator"}, {"l1", "adversarial", "discriminator"}]


@pytest.mark.parametrize("scale", [2, 4])
def test_small_pictures_become_large_ones(scale):
    recipe = restoration(generator={**SRRESNET, "scale": scale})
    batch = batch_of(size=12, scale=scale)
    assert np.isfinite(recipe.update(batch)["l1"])
    assert recipe.preview(batch)["restored"].shape == [2, 3, 12 * scale, 12 * scale]
    assert recipe.predictors()["restore"].scale == scale


def test_pairs_of_another_scale_than_the_nets_are_told():
    with pytest.raises(PpganError) as error:
        restoration(generator={**SRRESNET, "scale": 2}).update(batch_of())
    assert str(error.value).startswith(
        "pixel loss: the result has shape [2, 3, 32, 32], the target [2, 3, 16, 16]; expected one shape."
    )


def test_grey_pictures_are_restored_in_one_channel():
    recipe = restoration(generator={**SRRESNET, "in_channels": 1, "out_channels": 1}, perceptual=0.1)
    assert np.isfinite(list(recipe.update(batch_of(size=32, channels=1)).values())).all()
    shown = recipe.preview(batch_of(size=32, channels=1))
    assert {name: picture.shape[1] for name, picture in shown.items()} == {"degraded": 1, "restored": 1, "clean": 1}


def test_the_validation_and_the_preview_agree():
    recipe, batch = restoration(), batch_of(1)
    shown = recipe.preview(batch)
    assert list(shown) == ["degraded", "restored", "clean"]
    for name, picture in shown.items():
        assert 0 <= float(picture.min()) <= float(picture.max()) <= 1, name
    error = float((shown["restored"] - batch["b"]).square().mean())
    assert recipe.validate(batch)["psnr"] == pytest.approx(-10 * np.log10(error), rel=1e-4)
    assert recipe.best == "psnr"


def test_restoration_learns_to_undo_a_fade():
    recipe = restoration(generator={**GENERATORS["UnetGenerator"], "norm": "instance"}, learning_rate=1e-2)
    rng, l1, faded = np.random.default_rng(0), [], []
    for _ in range(60):
        clean = rng.random((2, 3, 4, 4), np.float32).repeat(4, axis=2).repeat(4, axis=3)
        batch = {"a": paddle.to_tensor(clean * 0.4 + 0.3), "b": paddle.to_tensor(clean)}
        l1.append(recipe.update(batch)["l1"])
        faded.append(float((batch["a"] - batch["b"]).abs().mean()))
    assert np.mean(l1[-5:]) < 0.75 * np.mean(faded[-5:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"l1": 0.0}, "recipe: every loss has weight 0; expected one of l1, mse, perceptual, adversarial above 0"),
        ({"adversarial": 0.1}, "recipe.discriminator: null with adversarial above 0; expected both or none"),
        ({"discriminator": PATCH}, "recipe.discriminator: given, but adversarial is 0; expected both or none"),
        (
            {"discriminator": {**PATCH, "in_channels": 6}, "adversarial": 0.1},
            "recipe.discriminator.in_channels: 6; expected 3: those the generator gives",
        ),
        (
            {"generator": PATCH},
            "recipe.generator.name: PatchDiscriminator; expected a net that makes pictures, as ResnetGenerator and "
            "UnetGenerator do",
        ),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(arguments, message):
    with pytest.raises(UsageError) as error:
        restoration(**arguments)
    assert str(error.value) == message
