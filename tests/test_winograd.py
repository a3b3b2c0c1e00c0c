"""Winograd's way to a 3x3 convolution, against Paddle's own."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from net_examples import fill, picture
from paddle.nn import functional as F

from ppgan_lite.nets import blocks, winograd
from ppgan_lite.nets.blocks import SameConv
from ppgan_lite.nets.resnet_generator import ResnetGenerator


def results(convolve, x: paddle.Tensor, weight: paddle.Tensor) -> list[np.ndarray]:
    """Return the output of a convolution, and the gradients of its input and its filters."""
    x, weight = x.detach(), weight.detach()
    x.stop_gradient = weight.stop_gradient = False
    y = convolve(x, weight)
    (y * picture(*y.shape[2:], channels=y.shape[1], batch=y.shape[0], phase=2.0)).sum().backward()
    return [y.numpy(), x.grad.numpy(), weight.grad.numpy()]


@pytest.mark.parametrize("reflects", [False, True])
@pytest.mark.parametrize(
    ("batch", "in_channels", "out_channels", "height", "width"),
    [(1, 4, 5, 8, 8), (2, 3, 4, 7, 9), (3, 5, 2, 2, 5), (1, 3, 4, 6, 3)],
)
def test_it_is_a_plain_convolution_and_so_are_its_gradients(batch, in_channels, out_channels, height, width, reflects):
    paddle.seed(1)
    x, weight = paddle.randn([batch, in_channels, height, width]), paddle.randn([out_channels, in_channels, 3, 3])
    mode = "reflect" if reflects else "constant"
    found = results(lambda x, w: winograd.convolve(x, w, reflects=reflects), x, weight)
    wanted = results(lambda x, w: F.conv2d(F.pad(x, [1] * 4, mode=mode), w), x, weight)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5 * np.abs(other).max())


def test_rounding_stays_small_with_many_channels():
    paddle.seed(1)
    x, weight = paddle.randn([1, 256, 8, 8]), paddle.randn([16, 256, 3, 3])
    exact = F.conv2d(x.astype("float64"), weight.astype("float64"), padding=1).numpy()
    error = np.abs(winograd.convolve(x, weight, reflects=False).numpy() - exact)
    assert error.max() < 1e-4 * exact.std()


@pytest.mark.parametrize("frozen", ["picture", "filters"])
def test_what_is_frozen_gets_no_gradient(frozen):
    x, weight = paddle.randn([1, 3, 8, 8]), paddle.randn([4, 3, 3, 3])
    x.stop_gradient, weight.stop_gradient = frozen == "picture", frozen == "filters"
    winograd.convolve(x, weight, reflects=True).sum().backward()
    assert (x.grad is None) == (frozen == "picture")
    assert (weight.grad is None) == (frozen == "filters")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Return the shapes of what is convolved that way, from eight channels and 64 pixels on."""
    monkeypatch.setattr(blocks, "WINOGRAD_CHANNELS", 8)
    monkeypatch.setattr(blocks, "WINOGRAD_PIXELS", 64)
    shapes = []
    convolve = winograd.convolve

    def noted(x, weight, *, reflects):
        shapes.append(x.shape)
        return convolve(x, weight, reflects=reflects)

    monkeypatch.setattr(winograd, "convolve", noted)
    return shapes


@pytest.mark.parametrize(
    ("kernel", "stride", "channels", "size", "training", "goes"),
    [
        (3, 1, 8, 8, True, True),
        (3, 1, 8, 8, False, False),
        (5, 1, 8, 8, True, False),
        (3, 2, 8, 8, True, False),
        (3, 1, 7, 8, True, False),
        (3, 1, 8, 7, True, False),
        (3, 1, 8, 129, True, False),
    ],
)
def test_only_what_is_quicker_that_way_goes_that_way(taken, kernel, stride, channels, size, training, goes):
    conv = SameConv(channels, 8, kernel, "reflect", stride=stride)
    conv.train() if training else conv.eval()
    conv(paddle.ones([1, channels, size, size]))
    assert taken == ([[1, channels, size, size]] if goes else [])


@pytest.mark.parametrize("padding", ["zero", "reflect"])
def test_a_generator_learns_the_same_that_way(taken, padding, monkeypatch):
    net = fill(ResnetGenerator(base_channels=4, blocks=2, padding=padding))
    x = picture(36, 40, batch=2)

    def step() -> list[np.ndarray]:
        net.clear_gradients()
        y = net(x)
        (y * picture(36, 40, batch=2, phase=2.0)).sum().backward()
        return [y.numpy(), *(parameter.grad.numpy() for parameter in net.parameters())]

    found = step()
    assert taken == [[2, 16, 9, 10]] * 4
    monkeypatch.setattr(blocks, "WINOGRAD_SIDE", 0)
    wanted = step()
    assert len(taken) == 4
    # A bias in front of a norm has a gradient of rounding errors alone.
    scale = max(np.abs(gradient).max() for gradient in wanted[1:])
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5 * scale)
