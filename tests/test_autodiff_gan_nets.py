"""Generators and discriminators executed by OpenVINO in training: results and gradients, against Paddle's own."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from net_examples import fill, picture
from paddle import nn

from ppgan_lite.autodiff import executor
from ppgan_lite.autodiff.executor import Executors
from ppgan_lite.autodiff.gan_nets import DifferentiableNet, accelerate, is_differentiable
from ppgan_lite.errors import UsageError
from ppgan_lite.nets.discriminators import MultiScaleDiscriminator, PatchDiscriminator, PixelDiscriminator
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.nets.unet_generator import UnetGenerator

pytest.importorskip("openvino")

GENERATORS = {
    "published": {},
    "resize-convolutions": {"upsample": "nearest"},
    "gray, zeros at borders": {"in_channels": 1, "out_channels": 1, "padding": "zero", "upsample": "nearest"},
    "fast neural style": {
        **{"kernel": 9, "norm": "picture", "upsample": "nearest", "downsample_padding": "reflect"},
        **{"output": "linear", "crop": "last"},
    },
    "without norms": {"norm": "none", "output": "sigmoid", "blocks": 1},
    "no blocks": {"blocks": 0, "bias": False},
}
DISCRIMINATORS = {
    "published": {},
    "shallow, for pairs": {"layers": 1, "in_channels": 6},
    "without norms": {"norm": "none", "sigmoid": True},
    "norms with weights": {"norm": "picture"},
}


def generator(**arguments: object) -> ResnetGenerator:
    return fill(ResnetGenerator(**{"base_channels": 4, "blocks": 2, **arguments}))


def discriminator(**arguments: object) -> PatchDiscriminator:
    return fill(PatchDiscriminator(**{"base_channels": 4, "layers": 2, **arguments}))


def with_gradient(x: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Return a picture whose gradient is asked for, and one like it that is the result of an operation."""
    x = x.detach()
    x.stop_gradient = False
    return x, x * 1.0


def results(net: nn.Layer, call, x: paddle.Tensor) -> dict[str, np.ndarray]:
    """Return what a net makes of pictures, and the gradients of a loss on it."""
    leaf, x = with_gradient(x)
    y = call(x)
    (y * picture(*y.shape[2:], channels=y.shape[1], batch=y.shape[0], phase=2.0)).sum().backward()
    found = {"result": y.numpy(), "picture": leaf.grad.numpy()}
    found |= {name: parameter.grad.numpy() for name, parameter in net.named_parameters()}
    net.clear_gradients(set_to_zero=False)
    return found


def biases_before_norms(net: nn.Layer) -> set[str]:
    """Return the names of biases that the norm after them takes away: their gradient in Paddle is rounding alone."""
    names = {name for name, _ in net.named_parameters() if name.endswith("bias")}
    normed = {} if net.arguments["norm"] == "none" else {"conv.bias", "conv1.bias", "conv2.bias"}
    first = {"downs.0.conv.bias"} if isinstance(net, PatchDiscriminator) else set()
    return {name for name in names if name.endswith(tuple(normed))} - first if normed else set()


def assert_alike(net: nn.Layer, x: paddle.Tensor) -> None:
    found, wanted = results(net, DifferentiableNet(net, Executors("f32")), x), results(net, net, x)
    assert found.keys() == wanted.keys()
    unused = biases_before_norms(net)
    largest = max(np.abs(wanted[name]).max() for name in wanted if name != "result")
    for name, array in wanted.items():
        if name in unused:
            np.testing.assert_array_equal(found[name], 0)
        else:
            # Of a shift that another norm takes away, through a convolution, rounding is all of the gradient.
            size = max(np.abs(array).max(), 1e-3 * largest)
            np.testing.assert_allclose(found[name], array, atol=3e-5 * size, err_msg=name)


@pytest.mark.parametrize(("batch", "height", "width"), [(1, 16, 28), (2, 36, 20)])
@pytest.mark.parametrize("arguments", GENERATORS.values(), ids=GENERATORS)
def test_a_generators_pictures_and_gradients_are_those_of_paddle(arguments, batch, height, width):
    net = generator(**arguments)
    assert_alike(net, 2 * picture(height, width, batch=batch, channels=net.arguments["in_channels"]) - 1)


@pytest.mark.parametrize(("batch", "height", "width"), [(1, 32, 24), (2, 27, 33)])
@pytest.mark.parametrize("arguments", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_a_discriminators_logits_and_gradients_are_those_of_paddle(arguments, batch, height, width):
    net = discriminator(**arguments)
    assert_alike(net, 2 * picture(height, width, batch=batch, channels=net.arguments["in_channels"]) - 1)


def test_the_gradient_of_a_cycle_goes_through_both_generators():
    nets = [generator(), generator(upsample="nearest")]
    found = []
    for calls in ([DifferentiableNet(net, Executors("f32")) for net in nets], nets):
        x = 2 * picture(32, 32) - 1
        (calls[1](calls[0](x)) - x).abs().mean().backward()
        found.append([net.stem.conv.weight.grad.numpy() for net in nets])
        for net in nets:
            net.clear_gradients(set_to_zero=False)
    for one, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(one, wanted, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize(("build", "deep"), [(ResnetGenerator, {"blocks": 3}), (PatchDiscriminator, {"layers": 3})])
def test_in_bfloat16_a_fresh_net_learns_nearly_the_same(build, deep):
    paddle.seed(0)
    net = build(base_channels=16, **deep)
    x = 2 * picture(64, 64) - 1
    found, wanted = results(net, DifferentiableNet(net, Executors("bf16")), x), results(net, net, x)
    assert np.abs(found["result"] - wanted["result"]).mean() < 0.02
    for name in wanted.keys() - biases_before_norms(net):
        one, other = found[name].ravel(), wanted[name].ravel()
        assert one @ other > 0.93 * np.linalg.norm(one) * np.linalg.norm(other), name


def test_a_discriminator_that_is_frozen_gets_no_gradients():
    net = discriminator()
    for parameter in net.parameters():
        parameter.stop_gradient = True
    leaf, x = with_gradient(picture(32, 32))
    DifferentiableNet(net, Executors("f32"))(x).sum().backward()
    found = leaf.grad.numpy()
    leaf, x = with_gradient(picture(32, 32))
    net(x).sum().backward()
    np.testing.assert_allclose(found, leaf.grad.numpy(), atol=1e-5 * np.abs(found).max())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_weights_are_used_as_they_are_at_each_call():
    net = generator()
    call, x = DifferentiableNet(net, Executors("f32")), picture(16, 16)
    before = call(x)
    net.to_image.bias.set_value(net.to_image.bias + 0.5)
    np.testing.assert_allclose(call(x), net(x), atol=1e-5)
    assert float((call(x) - before).abs().mean()) > 0.05


def test_two_nets_of_one_kind_share_graphs_and_no_weights():
    nets = {"ab": generator(), "ba": generator()}
    nets["ba"].to_image.bias.set_value(paddle.full([3], 0.5))
    x = picture(16, 16)
    wanted = [net(x).numpy() for net in nets.values()]
    assert accelerate(nets, "f32") == ["ab", "ba"]
    for net, array in zip(nets.values(), wanted, strict=True):
        np.testing.assert_allclose(net(x), array, atol=1e-5)
    assert nets["ab"].forward._executors is nets["ba"].forward._executors


def refuse(monkeypatch) -> None:
    monkeypatch.setattr(executor.Executors, "__call__", lambda *_: pytest.fail("OpenVINO was asked"))


def test_what_does_not_fit_is_computed_by_the_net_itself(monkeypatch):
    """Odd sizes, which are cropped, evaluation, and a gradient that is to be differentiated again."""
    net = generator()
    call = DifferentiableNet(net, Executors("f32"))
    refuse(monkeypatch)
    for x in (picture(18, 21), with_gradient(picture(16, 16))[0]):
        np.testing.assert_array_equal(call(x), net(x))
    with pytest.raises(UsageError, match="ResnetGenerator: a picture of 8 x 12 pixels"):
        call(picture(12, 8))
    net.eval()
    np.testing.assert_array_equal(call(picture(16, 16)), net(picture(16, 16)))


@pytest.mark.parametrize(
    "net",
    [
        ResnetGenerator(base_channels=2, blocks=1, dropout=True),
        ResnetGenerator(base_channels=2, blocks=1, attention=True),
        ResnetGenerator(base_channels=2, blocks=1, antialias=True),
        ResnetGenerator(base_channels=2, blocks=1, norm="batch"),
        PatchDiscriminator(base_channels=2, layers=1, spectral_norm=True),
        PatchDiscriminator(base_channels=2, layers=1, norm="batch"),
        PixelDiscriminator(base_channels=2),
        UnetGenerator(base_channels=2, depth=2),
    ],
    ids=["dropout", "attention", "antialias", "batch norm", "spectral norm", "batch norm of logits", "pixels", "U-Net"],
)
def test_nets_with_a_layer_that_is_not_known_stay_as_they_are(net):
    assert not is_differentiable(net)
    assert accelerate({"net": net}) == []
    assert "forward" not in vars(net)


def test_the_discriminators_of_several_scales_are_executed_one_by_one():
    net = fill(MultiScaleDiscriminator(base_channels=4, layers=1, scales=2))
    x = picture(24, 24)
    wanted = [logits.numpy() for logits in net(x)]
    assert accelerate({"net": net}, "f32") == ["net"]
    for logits, array in zip(net(x), wanted, strict=True):
        np.testing.assert_allclose(logits, array, atol=1e-5)
    assert all(isinstance(part.forward, DifferentiableNet) for part in net.discriminators)
