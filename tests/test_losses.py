"""The losses of style transfer: values worked out by hand, zeros, order and gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import paddle
import pytest

from ppgan_lite.losses.perceptual import (
    content_loss,
    cosine_distances,
    relative_gram_loss,
    relaxed_emd_loss,
    self_similarity_loss,
    style_loss,
)
from ppgan_lite.nets.gram import gram
from ppgan_lite.nets.normalization import mean_and_std
from ppgan_lite.nets.relative_distance import relative_distance

Loss = Callable[[paddle.Tensor, paddle.Tensor], paddle.Tensor]

LOSSES: dict[str, Loss] = {loss.__name__: loss for loss in (content_loss, relaxed_emd_loss, self_similarity_loss)} | {
    "relative_distance": lambda result, photo: relative_distance(result, photo).mean(),
    "style_loss": lambda result, painting: style_loss(result, mean_and_std(painting)),
    "relative_gram_loss": lambda result, painting: relative_gram_loss(gram(result), gram(painting)),
}


def noise(seed: int, *shape: int) -> paddle.Tensor:
    """Return numbers in [0, 1)."""
    return paddle.to_tensor(np.random.default_rng(seed).random(shape, np.float32))


def tensor(values: list[list[float]]) -> paddle.Tensor:
    """Return features of one row: 1 x channels x 1 x positions."""
    return paddle.to_tensor(values).reshape([1, len(values), 1, len(values[0])])


def shuffled(x: paddle.Tensor) -> paddle.Tensor:
    """Return the same positions in another order."""
    order = paddle.to_tensor(np.random.default_rng(5).permutation(x.shape[2] * x.shape[3]))
    return paddle.index_select(x.flatten(2), order, axis=2).reshape(x.shape)


@pytest.fixture(params=sorted(LOSSES))
def loss(request) -> Loss:
    return LOSSES[request.param]


def test_every_loss_is_zero_between_equals(loss):
    x = noise(0, 2, 3, 7, 9)
    assert float(loss(x, x.clone())) == pytest.approx(0, abs=1e-6)


def test_every_loss_grows_as_pictures_part(loss):
    wanted = noise(0, 2, 3, 8, 8)
    other = noise(1, 2, 3, 8, 8) ** 3
    found = [float(loss(wanted + (other - wanted) * share, wanted)) for share in (0.0, 0.1, 0.3, 0.6, 1.0)]
    assert found == sorted(found)
    assert found[-1] > found[1] > 0


def test_every_loss_sends_a_finite_gradient_to_the_result_alone(loss):
    flat = paddle.full([1, 3, 6, 6], 0.5)
    for first, second in (
        (noise(0, 2, 3, 6, 5), noise(1, 2, 3, 6, 5)),
        (flat, flat * 0),
        (flat * 0, noise(1, 1, 3, 6, 6)),
    ):
        result = first.clone()
        result.stop_gradient = False
        loss(result, second).backward()
        assert np.isfinite(result.grad.numpy()).all()
    result = noise(0, 2, 3, 6, 5)
    result.stop_gradient = False
    loss(result, noise(1, 2, 3, 6, 5)).backward()
    assert (result.grad.abs().sum(axis=[1, 2, 3]) > 0).all()  # every picture of the batch


def test_a_step_against_the_gradient_makes_every_loss_smaller(loss):
    wanted = noise(1, 1, 3, 6, 6)
    result = noise(0, 1, 3, 6, 6)
    result.stop_gradient = False
    before = loss(result, wanted)
    before.backward()
    step = 1e-2 / float(result.grad.norm())
    assert float(loss((result - step * result.grad).detach(), wanted)) < float(before)


def test_a_batch_weighs_each_picture_alike(loss):
    first, second = (noise(seed, 1, 3, 6, 6) for seed in (0, 1)), (noise(seed, 1, 3, 6, 6) for seed in (2, 3))
    results, wanted = list(first), list(second)
    single = [float(loss(*pair)) for pair in zip(results, wanted, strict=True)]
    together = float(loss(paddle.concat(results), paddle.concat(wanted)))
    if loss is relaxed_emd_loss:  # the larger of two means: at most the mean of the larger ones
        assert together <= np.mean(single) + 1e-6
    else:
        assert together == pytest.approx(np.mean(single), rel=1e-4)


def test_content_is_the_mean_squared_difference():
    result, photo = tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([[1.0, 0.0], [3.0, 5.0]])
    assert float(content_loss(result, photo, normalize=False)) == pytest.approx((4 + 1) / 4)


def test_normalised_content_ignores_each_channels_mean_and_contrast():
    photo = noise(0, 1, 3, 8, 8)
    scale, shift = paddle.to_tensor([2.0, 0.5, 3.0]).reshape([1, 3, 1, 1]), 4.0
    assert float(content_loss(photo * scale + shift, photo)) < 1e-5
    assert float(content_loss(photo * scale + shift, photo, normalize=False)) > 1
    assert float(content_loss(-photo, photo)) == pytest.approx(4 * 63 / 64, rel=1e-2)


def test_the_relative_distance_has_no_unit_and_weighs_each_photo_alike():
    photo, result = noise(0, 2, 3, 8, 8), noise(1, 2, 3, 8, 8)
    np.testing.assert_allclose(relative_distance(photo * 0, photo), [1, 1], rtol=1e-4)
    np.testing.assert_allclose(relative_distance(photo * 3, photo), [4, 4], rtol=1e-4)  # (3 - 1)^2
    brighter = paddle.to_tensor([1.0, 1000.0]).reshape([2, 1, 1, 1])
    plain, scaled = (relative_distance(result * by, photo * by) for by in (1.0, brighter))
    np.testing.assert_allclose(scaled, plain, rtol=1e-4)


def test_style_compares_means_and_deviations():
    result, painting = tensor([[0.0, 2.0]]), tensor([[3.0, 3.0, 9.0]])
    deviations = 2**0.5 - 12**0.5
    assert float(style_loss(result, mean_and_std(painting))) == pytest.approx((1 - 5) ** 2 + deviations**2, rel=1e-4)


@pytest.mark.parametrize("name", ["style_loss", "relative_gram_loss", "relaxed_emd_loss"])
def test_losses_of_style_do_not_ask_where_things_are(name):
    x = noise(0, 1, 3, 9, 9)
    assert float(LOSSES[name](shuffled(x), x)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["content_loss", "relative_distance", "self_similarity_loss"])
def test_losses_of_content_do(name):
    x = noise(0, 1, 3, 9, 9)
    assert float(LOSSES[name](shuffled(x), x)) > 0.1


@pytest.mark.parametrize("name", ["style_loss", "relative_gram_loss", "relaxed_emd_loss"])
def test_losses_of_style_take_paintings_of_another_size(name):
    assert np.isfinite(float(LOSSES[name](noise(0, 2, 3, 7, 9), noise(1, 2, 3, 5, 4))))


def test_the_gram_matrix_is_the_mean_product_of_channels():
    found = gram(tensor([[1.0, 2.0], [3.0, -1.0]]))
    np.testing.assert_allclose(found.numpy(), [[[2.5, 0.5], [0.5, 5.0]]])


def test_the_gradient_of_a_gram_matrix_is_that_of_its_definition():
    features, weights = paddle.rand([2, 3, 4, 5]), paddle.rand([2, 3, 3])
    gradients = []
    for matrix in (gram, lambda x: paddle.bmm(x.flatten(2), x.flatten(2).transpose([0, 2, 1])) / 20):
        features.stop_gradient = False
        (matrix(features) * weights).sum().backward()
        gradients.append(features.grad.numpy())
        features.clear_grad()
    np.testing.assert_allclose(*gradients, rtol=1e-5)


def test_the_relative_gram_loss_has_no_unit():
    painting = noise(0, 2, 4, 6, 6)
    assert float(relative_gram_loss(gram(painting * 2), gram(painting))) == pytest.approx(9, rel=1e-4)  # (4 - 1)^2
    result = noise(1, 2, 4, 6, 6)
    plain, scaled = (
        relative_gram_loss(gram(result), gram(painting)),
        relative_gram_loss(gram(result * 50), gram(painting * 50)),
    )
    assert float(scaled) == pytest.approx(float(plain), rel=1e-4)


def test_distances_are_angles():
    found = cosine_distances(tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 2.0]]), tensor([[1.0, -4.0], [0.0, 0.0]]))
    diagonal = 0.5**0.5
    np.testing.assert_allclose(found.numpy(), [[[0, 2], [1, 1], [1 - diagonal, 1 + diagonal]]], atol=1e-6)


def test_the_relaxed_earth_movers_distance_is_the_larger_of_both_ways():
    first, second = tensor([[1.0, 1.0], [0.0, 0.0]]), tensor([[1.0, 0.0], [0.0, 1.0]])
    # Both of the first lie on one of the second; the other of the second lies at a right angle to all.
    assert float(relaxed_emd_loss(first, second)) == pytest.approx(0.5)
    assert float(relaxed_emd_loss(second, first)) == pytest.approx(0.5)
    assert float(relaxed_emd_loss(first, second * 7)) == pytest.approx(0.5)


def test_the_relaxed_earth_movers_distance_follows_the_paper():
    a, b = np.random.default_rng(0).random((2, 5, 12))
    cosines = (a / np.linalg.norm(a, axis=0)).T @ (b / np.linalg.norm(b, axis=0))
    wanted = max((1 - cosines).min(axis=1).mean(), (1 - cosines).min(axis=0).mean())
    found = relaxed_emd_loss(*(paddle.to_tensor(x[None].reshape(1, 5, 3, 4)) for x in (a, b)))
    assert float(found) == pytest.approx(wanted, rel=1e-6)


def test_self_similarity_follows_the_paper():
    """STROTSS, equation 7, each distance relative to the sum of its column."""
    shares = []
    for x in np.random.default_rng(0).random((2, 5, 12)):
        unit = x / np.linalg.norm(x, axis=0)
        distances = 1 - unit.T @ unit
        shares.append(distances / distances.sum(axis=0))
    x = np.random.default_rng(0).random((2, 5, 12))
    wanted = np.abs(shares[0] - shares[1]).sum() / 12  # per position
    found = self_similarity_loss(*(paddle.to_tensor(part.reshape(1, 5, 3, 4)) for part in x))
    assert float(found) == pytest.approx(wanted, rel=1e-5)


def test_self_similarity_is_kept_by_turning_the_features():
    x = noise(0, 1, 4, 6, 6)
    turn = paddle.to_tensor(np.linalg.qr(np.random.default_rng(0).random((4, 4)))[0].astype(np.float32))
    turned = paddle.matmul(turn, x.flatten(2)).reshape(x.shape) * 3
    assert float(self_similarity_loss(turned, x)) < 1e-4
