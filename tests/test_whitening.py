"""Whitened features: uncorrelated over the pictures of its statistics, and blind to a few strong directions."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from ppgan_lite.losses.perceptual import gram, relative_gram_loss
from ppgan_lite.losses.whitening import Whitening

MIXING = np.array([[9.0, 9.0, 9.0], [0.0, 0.3, -0.3], [0.1, 0.0, 0.1]], np.float32).T


def features(seed: int, positions: int = 4000) -> paddle.Tensor:
    """Return three channels that nearly always move together: 2 x 3 x 1 x positions."""
    hidden = np.random.default_rng(seed).standard_normal((2, 3, positions)).astype(np.float32)
    return paddle.to_tensor((MIXING @ hidden + 5).reshape(2, 3, 1, positions))


def whitening(*seeds: int, pictures: int = 200) -> Whitening:
    made = Whitening(pictures)
    for seed in seeds:
        made.update({"relu4_1": features(seed)})
    return made


def test_pictures_of_the_statistics_come_out_centered_and_uncorrelated():
    whitened = whitening(0, 1)
    found = np.concatenate([whitened({"relu4_1": features(seed)})["relu4_1"].numpy() for seed in (0, 1)])
    flat = found.transpose(1, 0, 2, 3).reshape(3, -1)
    assert np.abs(flat.mean(axis=1)).max() < 1e-3
    covariance = np.cov(flat)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-2
    assert np.diag(covariance).mean() == pytest.approx(1, abs=1e-3)


def test_strong_and_weak_directions_come_near_each_other():
    before = np.linalg.eigvalsh(np.cov(features(0).numpy()[0, :, 0]))
    after = np.linalg.eigvalsh(np.cov(whitening(0)({"relu4_1": features(0)})["relu4_1"].numpy()[0, :, 0]))
    assert before[2] / before[1] > 500
    assert after[2] / after[1] < 10


def test_a_direction_without_variance_stays_small_and_finite():
    whitened = Whitening()
    flat = paddle.concat([features(0), paddle.zeros([2, 1, 1, 4000])], axis=1)
    whitened.update({"relu4_1": flat})
    found = whitened({"relu4_1": flat})["relu4_1"].numpy()
    assert np.isfinite(found).all()
    assert np.abs(found[:, 3]).max() < 1e-3


def test_a_gram_loss_sees_what_a_strong_direction_hides():
    usual, whitened = features(2), whitening(0, 1)
    other = usual.clone()
    other[:, 1] = other[:, 0]  # the first two channels do not differ any more
    plain = float(relative_gram_loss(other, gram(usual)))
    found, wanted = (whitened({"relu4_1": x})["relu4_1"] for x in (other, usual))
    through = float(relative_gram_loss(found, gram(wanted)))
    assert plain < 1e-3
    assert through > 20 * plain


def test_it_is_complete_after_so_many_pictures():
    assert not whitening(0, pictures=3).complete
    assert whitening(0, 1, pictures=3).complete


def test_a_state_that_is_taken_back_projects_alike():
    whitened, again = whitening(0, 1), Whitening()
    again.load_state(whitened.state())
    again.update({"relu4_1": features(2)})
    whitened.update({"relu4_1": features(2)})
    x = {"relu4_1": features(3)}
    np.testing.assert_array_equal(whitened(x)["relu4_1"].numpy(), again(x)["relu4_1"].numpy())
