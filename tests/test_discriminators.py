"""Discriminators: against plain formulations, receptive fields, spectral normalization, gradients of gradients."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import paddle
import pytest
from net_examples import EXAMPLES, build, fill, picture, positive, sees, values_of
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.nets.discriminators import (
    GlobalDiscriminator,
    MultiScaleDiscriminator,
    PatchDiscriminator,
    PixelDiscriminator,
)
from ppgan_lite.nets.spectral import SpectralConv


def plain_patch_discriminator(base: int, layers: int, norm: str) -> nn.Layer:
    """pix2pix's and CycleGAN's discriminator, layer by layer."""

    def normed(channels: int) -> nn.Layer:
        if norm == "batch":
            return nn.BatchNorm2D(channels)
        return nn.InstanceNorm2D(channels, weight_attr=False, bias_attr=False)

    bias = None if norm == "instance" else False
    widths = [base * min(2**number, 8) for number in range(layers + 1)]
    net = [nn.Conv2D(3, base, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    for number, (a, b) in enumerate(pairwise(widths), start=1):
        stride = 2 if number < layers else 1
        net += [nn.Conv2D(a, b, 4, stride=stride, padding=1, bias_attr=bias), normed(b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*net, nn.Conv2D(widths[-1], 1, 4, padding=1))


@pytest.mark.parametrize("norm", ["instance", "batch"])
@pytest.mark.parametrize("layers", [1, 3, 5])
def test_the_patch_discriminator_is_the_published_one(layers, norm):
    net = fill(PatchDiscriminator(base_channels=2, layers=layers, norm=norm))
    plain = plain_patch_discriminator(2, layers, norm)
    for theirs, ours in zip(plain.parameters(), net.parameters(), strict=True):
        theirs.set_value(ours)
    x = picture(101, 130, batch=2) * 2 - 1
    np.testing.assert_allclose(net(x).numpy(), plain(x).numpy(), atol=1e-5)


@pytest.mark.parametrize(("layers", "width"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_patches_are_as_wide_as_the_paper_says(layers, width):
    net = positive(PatchDiscriminator(base_channels=1, layers=layers, norm="none"))
    size = 2 * width
    middle = size // 2**layers // 2
    up, down, left, right = sees(net, 3, middle, middle, size)
    assert (up + down + 1, left + right + 1) == (width, width)


def test_the_pixel_discriminator_sees_one_pixel():
    assert sees(positive(PixelDiscriminator(base_channels=2, norm="none")), 3, 9, 40) == (0, 0, 0, 0)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (47, 90), (200, 33)])
def test_the_global_discriminator_gives_one_logit_that_depends_on_every_part(height, width):
    net = fill(GlobalDiscriminator(base_channels=2, norm="none"))
    x = picture(height, width)
    x.stop_gradient = False
    logits = net(x)
    assert logits.shape == [1, 1, 1, 1]
    logits.sum().backward()
    rows = x.grad.abs().sum(axis=[0, 1, 3]).numpy()
    assert all(part.max() > 0 for part in np.array_split(rows, 8))


def test_each_scale_has_a_discriminator_of_its_own_for_the_smaller_picture():
    net = fill(MultiScaleDiscriminator(base_channels=2, layers=1, scales=3))
    x = picture(51, 64, batch=2)
    logits = net(x)
    assert len(logits) == len(net.discriminators) == 3
    padded = x.numpy()
    for number, discriminator in enumerate(net.discriminators):
        np.testing.assert_allclose(logits[number].numpy(), discriminator(paddle.to_tensor(padded)).numpy(), atol=1e-5)
        sums, counts = (
            F.avg_pool2d(paddle.to_tensor(np.pad(values, [(0, 0), (0, 0), (1, 1), (1, 1)])), 3, 2).numpy()
            for values in (padded, np.ones_like(padded))
        )
        padded = sums / counts  # the mean of those of 3 x 3 pixels that lie in the picture


@pytest.mark.parametrize("kind", [PatchDiscriminator, PixelDiscriminator, GlobalDiscriminator])
def test_a_sigmoid_makes_probabilities_of_logits(kind):
    x = picture(40, 48)
    logits, probabilities = (fill(kind(base_channels=2, sigmoid=sigmoid))(x).numpy() for sigmoid in (False, True))
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-logits)), atol=1e-6)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (
            PatchDiscriminator(base_channels=1, layers=3),
            "PatchDiscriminator: a picture of 64 x 23 pixels; expected sides of at least 24."
            " Train with larger crops, or give the discriminator fewer layers",
        ),
        (
            MultiScaleDiscriminator(base_channels=1, layers=2),
            "MultiScaleDiscriminator: a picture of 64 x 23 pixels; expected sides of at least 48."
            " Train with larger crops, or give the discriminator fewer layers",
        ),
        (
            GlobalDiscriminator(base_channels=1, layers=4),
            "GlobalDiscriminator: a picture of 64 x 23 pixels; expected sides of at least 32."
            " Train with larger crops, or give the discriminator fewer layers",
        ),
    ],
)
def test_a_picture_that_is_too_small_is_refused_and_the_smallest_is_not(net, message):
    with pytest.raises(UsageError) as caught:
        net(picture(23, 64))
    assert str(caught.value) == message
    assert all(logits.size > 0 for logits in values_of(net(picture(net.smallest, net.smallest))))


@pytest.mark.parametrize(
    ("net", "weights"),
    [
        (PatchDiscriminator(), 2_764_737),  # CycleGAN
        (PatchDiscriminator(in_channels=6, norm="batch"), 2_768_705),  # pix2pix
        (PixelDiscriminator(in_channels=6, norm="batch"), 9_024),
    ],
)
def test_the_published_discriminators_have_the_published_number_of_weights(net, weights):
    assert sum(weight.size for weight in net.parameters() if weight.trainable) == weights


@pytest.mark.parametrize("name", [name for name in EXAMPLES if "Discriminator" in name and "LapStyle" not in name])
def test_a_gradient_penalty_has_a_gradient_itself(name):
    net = build(name)
    x = picture(64, 64) * 2 - 1
    x.stop_gradient = False
    logits = sum(output.sum() for output in values_of(net(x)))
    (gradient,) = paddle.grad(logits, x, create_graph=True)
    gradient.square().sum().backward()
    found = [weight.grad for weight in net.parameters() if weight.trainable and weight.ndim == 4]
    assert all(grad is not None and np.isfinite(grad.numpy()).all() for grad in found)
    assert all(float(grad.abs().sum()) > 0 for grad in found)


# Spectral normalization


def spectral_conv() -> SpectralConv:
    paddle.seed(0)
    return fill(SpectralConv(3, 5, 4, stride=2, padding=1))


def test_spectral_normalization_divides_by_the_largest_singular_value():
    conv = spectral_conv()
    x = picture(12, 10)
    for _ in range(200):
        conv(x)
    conv.eval()
    largest = np.linalg.svd(conv.weight.numpy().reshape(5, -1), compute_uv=False)[0]
    wanted = F.conv2d(x, conv.weight / largest, conv.bias, stride=2, padding=1)
    np.testing.assert_allclose(conv(x).numpy(), wanted.numpy(), atol=1e-5)


def test_the_power_iteration_goes_on_in_training_alone():
    conv = spectral_conv()
    before = conv.left.numpy()
    conv(picture(8, 8))
    after = conv.left.numpy()
    assert np.abs(after - before).max() > 1e-3
    conv.eval()
    conv(picture(8, 8))
    np.testing.assert_array_equal(conv.left.numpy(), after)


def test_a_resumed_power_iteration_gives_the_same_bits():
    x = picture(32, 32)
    first = build("PatchDiscriminator, spectral norm")
    first(x)
    stored = {name: value.numpy() for name, value in first.state_dict().items()}
    paddle.seed(99)
    second = PatchDiscriminator(**first.arguments)
    second.set_state_dict(stored)
    for _ in range(2):
        np.testing.assert_array_equal(first(x).numpy(), second(x).numpy())


def test_the_gradient_goes_through_the_singular_value():
    conv = spectral_conv()
    conv.eval()
    x = picture(8, 8)

    def score() -> paddle.Tensor:
        return (conv(x) * picture(4, 4, channels=5, phase=1.0)).sum()

    score().backward()
    gradient, weight = conv.weight.grad.numpy(), conv.weight.numpy()
    # A larger weight is divided by a larger value: along the weight itself nothing but the bias is left, so no change.
    assert abs((gradient * weight).sum()) < 1e-4 * np.abs(gradient * weight).sum()
    direction = picture(4, 4, channels=3, batch=5).numpy() - 0.5
    step, found = 1e-2, []
    for sign in (1, -1):
        conv.weight.set_value(weight + sign * step * direction)
        found.append(score().item())
    np.testing.assert_allclose((found[0] - found[1]) / (2 * step), (gradient * direction).sum(), rtol=1e-2)


def test_one_call_does_not_disturb_the_gradient_of_the_one_before():
    x, other = picture(16, 16), picture(16, 16, phase=1.0)
    found = []
    for calls_between in (0, 3):
        conv = spectral_conv()
        logits = conv(x).square().sum()
        for _ in range(calls_between):
            conv(other)
        logits.backward()
        found.append(conv.weight.grad.numpy())
    np.testing.assert_array_equal(*found)
