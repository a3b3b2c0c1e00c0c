"""VGG-16 executed by OpenVINO: features and gradients, against Paddle's own."""

from __future__ import annotations

import gc

import numpy as np
import paddle
import pytest
from net_examples import fill, picture

from ppgan_lite import encoders
from ppgan_lite.autodiff import executor
from ppgan_lite.autodiff.vgg16 import FrozenVGG16, frozen
from ppgan_lite.checkpoint import build_net, read_checkpoint
from ppgan_lite.errors import UsageError
from ppgan_lite.losses.perceptual import relative_gram_loss
from ppgan_lite.nets.gram import gram
from ppgan_lite.nets.vgg16 import LAYERS, VGG16
from ppgan_lite.pretrained import load_encoder

pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def net() -> VGG16:
    net = fill(VGG16((4, 6, 8, 10)))
    net.eval()
    return net


def weighted(features: dict[str, paddle.Tensor]) -> paddle.Tensor:
    """Return a loss whose gradient is different everywhere."""
    terms = [
        (maps * picture(*maps.shape[2:], channels=maps.shape[1], batch=maps.shape[0], phase=2.0)).mean()
        for maps in features.values()
    ]
    return sum(terms)


def results(net: VGG16, x: paddle.Tensor, last: str | None = None) -> list[np.ndarray]:
    """Return the features of pictures and the gradient of a loss on them."""
    x = x.detach()
    x.stop_gradient = False
    features = net(x, last)
    weighted(features).backward()
    return [*(maps.numpy() for maps in features.values()), x.grad.numpy()]


@pytest.mark.parametrize("last", ["relu1_2", "relu3_3", "relu4_3"])
@pytest.mark.parametrize(("batch", "height", "width"), [(1, 32, 40), (2, 31, 45), (3, 8, 9)])
def test_features_and_gradients_are_those_of_paddle(net, batch, height, width, last):
    x = picture(height, width, batch=batch)
    found, wanted = results(FrozenVGG16(net, "f32"), x, last), results(net, x, last)
    assert len(found) == LAYERS.index(last) + 2
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5 * np.abs(other).max())


def test_distances_from_a_photo_and_their_gradients_are_those_of_paddle(net):
    found = []
    for one in (FrozenVGG16(net, "f32"), net):
        x, photo = picture(24, 20, batch=2), picture(24, 20, batch=2, phase=1.0)
        x.stop_gradient = photo.stop_gradient = False
        grams, distances = one.describe(x, grams=["relu1_2"], content=["relu3_3", "relu2_2"], photo=photo)
        assert (list(grams), sorted(distances)) == (["relu1_2"], ["relu2_2", "relu3_3"])
        (distances["relu2_2"] + distances["relu3_3"]).multiply(paddle.to_tensor([1.0, 2.0])).sum().backward()
        assert photo.grad is None
        found.append([grams["relu1_2"], distances["relu2_2"], distances["relu3_3"], x.grad])
    for one, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max()))


def test_in_bfloat16_a_painter_learns_nearly_the_same():
    """With the net that ships and the losses that painters learn from; one of a few random channels comes less near."""
    net = build_net("encoder", *read_checkpoint(encoders.vgg16()))
    photo, painting = picture(64, 56, batch=2), picture(48, 48, phase=1.0) ** 2
    with paddle.no_grad():
        wanted = {layer: gram(maps) for layer, maps in net(painting).items()}
    found = []
    for one in (FrozenVGG16(net, "bf16"), net):
        x = photo.detach()
        x.stop_gradient = False
        grams, distances = one.describe(x, grams=LAYERS[:4], content=["relu2_2", "relu3_3"], photo=photo**2)
        style = sum(relative_gram_loss(matrices, wanted[layer]) for layer, matrices in grams.items())
        content = sum(distance.mean() for distance in distances.values())
        (gradient,) = paddle.grad(content, x, retain_graph=True)
        (style + content).backward()
        found.append(((float(style), float(content)), (gradient.numpy(), x.grad.numpy())))
    (losses, gradients), (wanted_losses, wanted_gradients) = found
    assert losses == pytest.approx(wanted_losses, rel=0.01)
    for gradient, wanted_gradient in zip(gradients, wanted_gradients, strict=True):
        assert np.linalg.norm(gradient - wanted_gradient) < 0.1 * np.linalg.norm(wanted_gradient)


def test_pictures_are_told_apart_until_their_gradients_are_known(net):
    """Two are looked at before either gradient is asked for, and one of them is never."""
    first, second = picture(24, 24), picture(24, 24, phase=1.0)
    wanted = [results(net, image)[-1] for image in (first, second)]
    frozen_net = FrozenVGG16(net, "f32")
    for image in (first, second):
        image.stop_gradient = False
    losses = [weighted(frozen_net(image)) for image in (first, second)]
    weighted(frozen_net(first))
    gc.collect()
    for loss in losses:
        loss.backward()
    for image, gradient in zip((first, second), wanted, strict=True):
        np.testing.assert_allclose(image.grad.numpy(), gradient, atol=1e-5 * np.abs(gradient).max())


def test_a_layer_that_no_loss_looks_at_adds_nothing(net):
    found = []
    for one in (FrozenVGG16(net, "f32"), net):
        x = picture(24, 24)
        x.stop_gradient = False
        one(x)["relu2_2"].square().mean().backward()
        found.append(x.grad.numpy())
    np.testing.assert_allclose(*found, atol=1e-5 * np.abs(found[1]).max())


def test_without_gradients_nothing_is_kept(net):
    frozen_net, x = FrozenVGG16(net, "f32"), picture(24, 24)
    for maps, wanted in zip(frozen_net(x).values(), net(x).values(), strict=True):
        assert maps.stop_gradient
        np.testing.assert_allclose(maps.numpy(), wanted.numpy(), atol=1e-4)
    x.stop_gradient = False
    with paddle.no_grad():
        assert all(maps.stop_gradient for maps in frozen_net(x).values())


def test_small_pictures_are_refused_as_by_the_net_itself(net):
    with pytest.raises(UsageError, match=r"VGG-16: a picture of 9 x 7 pixels"):
        FrozenVGG16(net)(picture(7, 9))


def test_graphs_are_kept_for_a_few_shapes_only(net):
    frozen_net = FrozenVGG16(net, "f32")
    for width in range(8, 8 + 2 * executor.KEPT_FUNCTIONS):
        assert frozen_net(picture(8, width), "relu1_2")["relu1_2"].shape == [1, 4, 8, width]
    assert len(frozen_net.executors) == executor.KEPT_FUNCTIONS


def test_the_encoder_that_ships_is_executed_by_openvino_where_that_is_installed(monkeypatch):
    assert isinstance(load_encoder("vgg16"), FrozenVGG16)

    def missing() -> None:
        raise ImportError("openvino is not installed")

    monkeypatch.setattr(executor, "import_openvino", missing)
    net = load_encoder("vgg16")
    assert type(net) is VGG16
    assert frozen(net) is net
