"""The published nets of metrics, read from files of their layouts: VGG-16 of torchvision, Inception of FID."""

from __future__ import annotations

import re

import numpy as np
import paddle
import pytest
from net_examples import picture
from paddle.nn import functional as F

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.metric_nets import TORCHVISION_MEANS, inception_tensors, vgg16_tensors
from ppgan_lite.nets.inception import FEATURES, SIDE_PX, InceptionV3
from ppgan_lite.nets.vgg16 import CONVS, LAYERS, VGG16

WIDTHS = (3, 4, 5, 6, 4)
MEAN, STD = (
    np.array(values, np.float32).reshape(1, 3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
)


def torchvision_state() -> dict[str, np.ndarray]:
    """Return the arrays of a narrow VGG-16 as torchvision names them."""
    rng, place, inner, state = np.random.default_rng(0), 0, 3, {}
    for width, count in zip(WIDTHS, CONVS):
        for _ in range(count):
            state[f"features.{place}.weight"] = rng.standard_normal((width, inner, 3, 3), np.float32)
            state[f"features.{place}.bias"] = rng.standard_normal(width, np.float32)
            inner, place = width, place + 2
        place += 1  # pooling
    return state


def test_a_vgg16_of_torchvision_gives_the_features_that_torchvision_does():
    """That is: RGB less ImageNet's mean, in units of its deviations; convolutions and ReLUs in its order."""
    state = torchvision_state()
    net = VGG16(WIDTHS, TORCHVISION_MEANS)
    net.set_state_dict({name: paddle.to_tensor(array) for name, array in vgg16_tensors(state, where="it").items()})
    x = picture(38, 33)
    found = net(x)
    assert list(found) == list(LAYERS)
    y, place = (x - paddle.to_tensor(MEAN)) / paddle.to_tensor(STD), 0
    for stage, (layer, count) in enumerate(zip(LAYERS, CONVS)):
        if stage:
            y, place = F.max_pool2d(y, 2), place + 1
        for _ in range(count):
            weight, bias = (paddle.to_tensor(state[f"features.{place}.{part}"]) for part in ("weight", "bias"))
            y, place = F.relu(F.conv2d(y, weight, bias, padding=1)), place + 2
        np.testing.assert_allclose(
            found[layer].numpy(), y.numpy(), rtol=1e-3, atol=1e-4 * float(y.max()), err_msg=layer
        )


@pytest.mark.parametrize("read", [vgg16_tensors, inception_tensors])
def test_another_file_is_refused(read):
    with pytest.raises(CheckpointError, match=r"^net\.pth: (has no features\.0\.weight|holds 'other')"):
        read({"other": np.zeros(3, np.float32)}, where="net.pth")


def inception_state() -> dict[str, np.ndarray]:
    """Return random arrays of the Inception net as its PyTorch file names them."""
    rng, state = np.random.default_rng(0), {}
    for name, parameter in InceptionV3().named_parameters():
        if name.endswith("conv.weight"):
            layer, shape = name.removesuffix(".conv.weight"), parameter.shape
            scale = (2 / np.prod(shape[1:])) ** 0.5
            state[name] = (scale * rng.standard_normal(shape)).astype(np.float32)
            for part in ("weight", "bias", "running_mean", "running_var"):
                values = rng.random(shape[0]) + 0.5 if part in ("weight", "running_var") else rng.random(shape[0]) - 0.5
                state[f"{layer}.bn.{part}"] = values.astype(np.float32)
    return state


# Mean, deviation, largest and first four features of a picture, as torch-fidelity 0.4.0 has them with this state.
GOLDEN = [5.23394, 7.32033, 66.5276, 17.9941, 1.11087, 0.18717, 2.26636]


def test_inception_gives_the_features_that_torch_fidelity_does():
    net = InceptionV3()
    state = inception_state()
    assert len(state) == 5 * 94
    net.set_state_dict({name: paddle.to_tensor(array) for name, array in inception_tensors(state, where="it").items()})
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX]
    image = np.stack([rows * 255 // 298, columns * 255 // 298, (rows * columns) % 256]).astype(np.float32)
    with paddle.no_grad():
        found = net(paddle.to_tensor(image[None] / 128 - 1)).numpy()[0]
    assert found.shape == (FEATURES,)
    summary = [found.mean(), found.std(), found.max(), *found[:4]]
    np.testing.assert_allclose(summary, GOLDEN, rtol=1e-4, atol=1e-5)


def test_every_layer_of_inception_stands_where_its_file_has_it():
    """The names tell the kernels: a 1 x 7 is no 7 x 1."""
    kernels = {
        name: tuple(parameter.shape[2:]) for name, parameter in InceptionV3().named_parameters() if parameter.ndim == 4
    }
    assert kernels["Mixed_6b.branch7x7_2.conv.weight"] == (1, 7)
    assert kernels["Mixed_7c.branch3x3_2b.conv.weight"] == (3, 1)
    assert {kernel for name, kernel in kernels.items() if re.search("1x1|pool", name)} == {(1, 1)}
