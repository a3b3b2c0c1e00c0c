"""Adversarial and pixel losses: values worked out by hand, several scales, the gradient penalty against formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import paddle
import pytest
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.errors import PpganError
from ppgan_lite.losses.adversarial import discriminator_loss, generator_loss, gradient_penalty
from ppgan_lite.losses.pixel import l1_loss, mse_loss, shift_consistency_loss

OBJECTIVES = ["lsgan", "vanilla", "hinge", "wgan-gp"]


def scores(*values: float) -> paddle.Tensor:
    """Return logits of one picture: 1 x 1 x 1 x patches."""
    return paddle.to_tensor(values, dtype="float32").reshape([1, 1, 1, -1])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


@pytest.mark.parametrize(
    ("objective", "wanted"),
    [
        ("lsgan", ((0.5 - 1) ** 2 + (-2 - 1) ** 2) / 2),
        ("vanilla", (softplus(-0.5) + softplus(2)) / 2),
        ("hinge", -(0.5 - 2) / 2),
        ("wgan-gp", -(0.5 - 2) / 2),
    ],
)
def test_a_generator_minimizes_the_loss_of_its_paper(objective, wanted):
    assert float(generator_loss(scores(0.5, -2), objective)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    ("objective", "wanted"),
    [
        ("lsgan", ((3 - 1) ** 2 + (0.5 - 1) ** 2) / 2 + (0.25 + 4) / 2),
        ("vanilla", (softplus(-3) + softplus(-0.5)) / 2 + (softplus(0.5) + softplus(-2)) / 2),
        ("hinge", (0 + 0.5) / 2 + (1.5 + 0) / 2),
        ("wgan-gp", (0.5 - 2) / 2 - (3 + 0.5) / 2),
    ],
)
def test_a_discriminator_minimizes_the_loss_of_its_paper(objective, wanted):
    assert float(discriminator_loss(scores(3, 0.5), scores(0.5, -2), objective)) == pytest.approx(wanted, rel=1e-5)


def test_vanilla_gives_probabilities_and_their_logits_the_same_loss():
    real, fake = scores(3, 0.5), scores(0.5, -2)
    of_logits = discriminator_loss(real, fake, "vanilla"), generator_loss(fake, "vanilla")
    real, fake = F.sigmoid(real), F.sigmoid(fake)
    of_probabilities = (
        discriminator_loss(real, fake, "vanilla", probabilities=True),
        generator_loss(fake, "vanilla", probabilities=True),
    )
    assert [float(x) for x in of_probabilities] == pytest.approx([float(x) for x in of_logits], rel=1e-5)
    certain = generator_loss(scores(0.0), "vanilla", probabilities=True)
    assert math.isfinite(float(certain))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_scale_weighs_alike_however_many_patches_it_has(objective):
    real, fake = [scores(3, 0.5, 1), scores(-1)], [scores(0.5, -2, 0), scores(2)]
    alone = [float(discriminator_loss(r, f, objective)) for r, f in zip(real, fake, strict=True)]
    assert float(discriminator_loss(real, fake, objective)) == pytest.approx(np.mean(alone), rel=1e-5)
    alone = [float(generator_loss(f, objective)) for f in fake]
    assert float(generator_loss(fake, objective)) == pytest.approx(np.mean(alone), rel=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_both_sides_pull_a_fake_their_own_way(objective):
    def slope(loss: Callable[[paddle.Tensor], paddle.Tensor]) -> float:
        score = scores(0.5)
        score.stop_gradient = False
        loss(score).backward()
        return score.grad.item()

    assert slope(lambda score: generator_loss(score, objective)) < 0
    assert slope(lambda score: discriminator_loss(scores(1), score, objective)) > 0
    assert slope(lambda score: discriminator_loss(score, scores(0), objective)) < 0


# The gradient penalty


def linear(factor: float) -> Callable[[paddle.Tensor], paddle.Tensor]:
    """Return a discriminator whose gradient is `factor` at each of 3 x 4 x 4 values: of length |factor| sqrt(48)."""
    return lambda image: factor * image.sum(axis=[1, 2, 3])


def images(seed: int, samples: int = 2) -> paddle.Tensor:
    return paddle.to_tensor(np.random.default_rng(seed).random((samples, 3, 4, 4), np.float32))


@pytest.mark.parametrize("factor", [0.0, 1 / math.sqrt(48), 0.5])
def test_the_penalty_is_the_squared_distance_of_the_gradients_length_from_one(factor):
    wanted = (factor * math.sqrt(48) - 1) ** 2
    assert float(gradient_penalty(linear(factor), images(0), images(1))) == pytest.approx(wanted, abs=1e-5)


def test_the_penalty_of_several_scales_is_their_average():
    several = gradient_penalty(lambda image: [linear(0.5)(image), linear(0.25)(image)], images(0), images(1))
    wanted = np.mean([(factor * math.sqrt(48) - 1) ** 2 for factor in (0.5, 0.25)])
    assert float(several) == pytest.approx(wanted, rel=1e-4)


def test_the_penalty_looks_between_the_real_picture_and_the_fake():
    given: list[np.ndarray] = []

    def discriminator(image: paddle.Tensor) -> paddle.Tensor:
        given.append(image.numpy())
        return image.sum(axis=[1, 2, 3])

    paddle.seed(3)
    real, fake = images(0, 8), images(1, 8)
    gradient_penalty(discriminator, real, fake)
    shares = (given[0] - real.numpy()) / (fake.numpy() - real.numpy())
    by_sample = np.median(shares.reshape(8, -1), axis=1)
    np.testing.assert_allclose(
        given[0], real.numpy() + by_sample.reshape(8, 1, 1, 1) * (fake - real).numpy(), atol=1e-5
    )
    assert ((by_sample > 0) & (by_sample < 1)).all()
    assert len(set(by_sample.round(4))) == 8


def test_the_penalty_teaches_the_discriminator_alone():
    """Its derivative by a weight, against finite differences of the closed form: discriminator(x) = w^2 sum(x)."""
    weight = paddle.to_tensor(0.7)
    weight.stop_gradient = False
    real, fake = images(0), images(1)
    fake.stop_gradient = False
    gradient_penalty(lambda image: weight * weight * image.sum(axis=[1, 2, 3]), real, fake).backward()
    length = math.sqrt(48)
    assert float(weight.grad) == pytest.approx(2 * (0.49 * length - 1) * length * 2 * 0.7, rel=1e-4)
    assert fake.grad is None


def test_a_discriminator_that_cannot_be_penalized_is_named():
    discriminator = nn.Sequential(nn.UpsamplingBilinear2D(size=[2, 2]), nn.Conv2D(3, 1, 1))
    with pytest.raises(PpganError) as error:
        gradient_penalty(discriminator, images(0), images(1))
    assert str(error.value) == (
        "gradient penalty: the discriminator uses bilinear_interp, whose gradient Paddle cannot differentiate; "
        "expected a discriminator of convolutions, normalization, pooling and padding. "
        "Choose another discriminator or another objective than wgan-gp"
    )


# Pixels


def test_pixel_losses_are_means_of_differences():
    result, target = paddle.to_tensor([[0.0, 0.5], [1.0, 0.25]]), paddle.to_tensor([[0.5, 0.5], [0.0, 0.0]])
    assert float(l1_loss(result, target)) == pytest.approx((0.5 + 0 + 1 + 0.25) / 4)
    assert float(mse_loss(result, target)) == pytest.approx((0.25 + 0 + 1 + 0.0625) / 4)


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (2, -1), (-1, 2), (3, 0)])
def test_what_moves_with_its_photo_is_consistent(rows, columns):
    """Height and width differ, and so do the two directions."""
    whole = paddle.to_tensor(np.random.default_rng(0).random((2, 3, 16, 19), np.float32))
    result, shifted = whole[:, :, 4:12, 4:14], whole[:, :, 4 + rows : 12 + rows, 4 + columns : 14 + columns]
    assert float(shift_consistency_loss(result, shifted, rows, columns)) == 0
    other = float(shift_consistency_loss(result, shifted, rows + 1, columns))
    assert other == pytest.approx(1 / 6, rel=0.15)  # of two independent uniform numbers


def test_only_pixels_that_both_pictures_have_are_compared():
    result, shifted = paddle.zeros([1, 1, 3, 3]), paddle.full([1, 1, 3, 3], 9.0)
    shifted[:, :, :2, 1:] = 2.0
    assert float(shift_consistency_loss(result, shifted, 1, -1)) == pytest.approx(4.0)
    shifted.stop_gradient = False
    shift_consistency_loss(result, shifted, 1, -1).backward()
    np.testing.assert_array_equal(shifted.grad.numpy()[0, 0], [[0, 1, 1], [0, 1, 1], [0, 0, 0]])


@pytest.mark.parametrize("loss", [l1_loss, mse_loss])
def test_pixel_losses_do_not_stretch_one_picture_to_the_other(loss):
    with pytest.raises(PpganError) as error:
        loss(paddle.zeros([2, 3, 4, 4]), paddle.zeros([2, 1, 4, 4]))
    assert str(error.value) == (
        "pixel loss: the result has shape [2, 3, 4, 4], the target [2, 1, 4, 4]; expected one shape. "
        "Check scale, channels and crop sizes in the config"
    )
