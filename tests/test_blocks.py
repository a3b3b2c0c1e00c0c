"""The layers that nets share: each against Paddle's plain operations, forward and backward."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import paddle
import pytest
from net_examples import fill, picture
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.nets import blocks
from ppgan_lite.nets.blocks import (
    BilinearUpsample,
    BlurPool,
    ReflectConv,
    ResizeConv,
    SameConv,
    UpsampleConv,
    crop,
    reflect_pad,
    upsample_nearest,
)


def with_gradients(function: Callable[[paddle.Tensor], paddle.Tensor], layer: nn.Layer, x: paddle.Tensor) -> list:
    """Return the output of a function, and the gradients of a layer's parameters and of the input."""
    x = x.detach()
    x.stop_gradient = False
    y = function(x)
    layer.clear_gradients()
    (y * picture(*y.shape[2:], channels=y.shape[1], batch=y.shape[0], phase=2.0)).sum().backward()
    return [tensor.numpy() for tensor in (y, x.grad, *(parameter.grad for parameter in layer.parameters()))]


def assert_alike(layer: nn.Layer, plain: Callable[[paddle.Tensor], paddle.Tensor], x: paddle.Tensor) -> None:
    for found, wanted in zip(with_gradients(layer, layer, x), with_gradients(plain, layer, x), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("width", [1, 3])
def test_reflect_padding_is_paddles_own(width):
    x = picture(5, 7, channels=2, batch=2)
    np.testing.assert_array_equal(reflect_pad(x, width).numpy(), F.pad(x, [width] * 4, mode="reflect").numpy())


def test_a_picture_as_narrow_as_its_padding_is_refused():
    with pytest.raises(UsageError) as caught:
        reflect_pad(picture(9, 3), 3)
    assert str(caught.value) == (
        "reflect padding: a picture of 3 x 9 pixels; expected sides of at least 4. Use a larger picture"
    )


def test_nearest_upsampling_is_paddles_own():
    x = picture(5, 7, channels=2, batch=2)
    np.testing.assert_array_equal(upsample_nearest(x).numpy(), F.interpolate(x, scale_factor=2).numpy())


def test_a_crop_keeps_the_upper_left():
    x = picture(6, 7)
    np.testing.assert_array_equal(crop(x, 4, 5).numpy(), x.numpy()[:, :, :4, :5])
    assert crop(x, 6, 7) is x


@pytest.mark.parametrize("stride", [1, 2])
def test_a_reflect_convolution_is_a_padding_and_a_convolution(stride):
    conv = fill(ReflectConv(3, 4, stride))
    x = picture(9, 6)
    wanted = F.conv2d(F.pad(x, [1, 1, 1, 1], mode="reflect"), conv.weight, conv.bias, stride=stride)
    np.testing.assert_allclose(conv(x).numpy(), wanted.numpy(), atol=1e-6)
    assert wanted.shape[2:] == [-(-9 // stride), -(-6 // stride)]


@pytest.mark.parametrize("strips", [False, True])
@pytest.mark.parametrize("padding", ["reflect", "zero"])
@pytest.mark.parametrize(("in_channels", "out_channels", "kernel"), [(4, 5, 3), (12, 3, 7), (12, 3, 3), (3, 4, 7)])
def test_a_convolution_that_keeps_the_size_is_a_plain_one(
    in_channels, out_channels, kernel, padding, strips, monkeypatch
):
    conv = fill(SameConv(in_channels, out_channels, kernel, padding))
    mode = {"zero": "constant"}.get(padding, padding)

    def plain(x: paddle.Tensor) -> paddle.Tensor:
        return F.conv2d(F.pad(x, [kernel // 2] * 4, mode=mode), conv.weight, conv.bias)

    x = picture(21, 18, channels=in_channels, batch=2)
    if strips:
        conv.eval()
        monkeypatch.setattr(blocks, "STRIP_VALUES", 5000)
        np.testing.assert_allclose(conv(x).numpy(), plain(x).numpy(), atol=1e-5)
    else:
        assert_alike(conv, plain, x)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("padding", ["reflect", "zero"])
def test_a_resize_convolution_is_an_upsampling_and_a_convolution(padding, bias):
    layer = fill(ResizeConv(5, 3, padding, bias=bias))

    def plain(x: paddle.Tensor) -> paddle.Tensor:
        x = F.interpolate(x, scale_factor=2)
        x = F.pad(x, [1] * 4, mode={"zero": "constant"}.get(padding, padding))
        return F.conv2d(x, layer.conv.weight, layer.conv.bias)

    x = picture(6, 9, channels=5, batch=2)
    assert_alike(layer, plain, x)
    layer.eval()
    np.testing.assert_allclose(layer(x).numpy(), plain(x).numpy(), atol=1e-5)
    assert set(layer.state_dict()) == ({"conv.weight", "conv.bias"} if bias else {"conv.weight"})


@pytest.mark.parametrize("kernel", [3, 4])
def test_an_upsampling_convolution_distributes_each_pixel_over_the_kernel(kernel):
    layer = fill(UpsampleConv(2, 3, kernel))
    x = picture(4, 5, channels=2)
    wanted = np.zeros((3, 8 + kernel, 10 + kernel), dtype=np.float32)
    for row, column in np.ndindex(4, 5):
        contribution = np.tensordot(x.numpy()[0, :, row, column], layer.weight.numpy(), axes=1)
        wanted[:, 2 * row : 2 * row + kernel, 2 * column : 2 * column + kernel] += contribution
    wanted = wanted[:, 1:9, 1:11] + layer.bias.numpy()[:, None, None]
    np.testing.assert_allclose(layer(x).numpy()[0], wanted, atol=1e-5)


def test_blurs_are_cuts_filters():
    def filters(profile: list[float]) -> paddle.Tensor:
        line = paddle.to_tensor(profile) / sum(profile)
        return (line.unsqueeze(1) * line.unsqueeze(0)).expand([3, 1, len(profile), len(profile)])

    x = picture(7, 10, batch=2)
    wanted = F.conv2d(F.pad(x, [1] * 4, mode="reflect"), filters([1.0, 2.0, 1.0]), stride=2, groups=3)
    np.testing.assert_allclose(BlurPool(3)(x).numpy(), wanted.numpy(), atol=1e-6)
    padded = F.pad(x, [1] * 4, mode="replicate")
    wanted = F.conv2d_transpose(padded, 4 * filters([1.0, 3.0, 3.0, 1.0]), stride=2, padding=2, groups=3)[
        :, :, 1:-1, 1:-1
    ]
    np.testing.assert_allclose(BilinearUpsample()(x).numpy(), wanted.numpy(), atol=1e-6)
    assert not BlurPool(3).state_dict()
