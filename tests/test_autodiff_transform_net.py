"""The net that paints a draft, executed by OpenVINO in training: pictures and gradients, against Paddle's own."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from net_examples import fill, picture

from ppgan_lite.autodiff import executor
from ppgan_lite.autodiff.transform_net import DifferentiableTransform, differentiable
from ppgan_lite.checkpoint import build_net, read_checkpoint
from ppgan_lite.nets.style_transfer import TransformNet
from ppgan_lite.styles.users import find_style_file

pytest.importorskip("openvino")

STRENGTH = [[1.0], [0.6], [0.0]]


@pytest.fixture
def net() -> TransformNet:
    net = fill(TransformNet(channels=4, blocks=2))
    net.train()
    return net


def offsets(net: TransformNet, batch: int) -> list[paddle.Tensor]:
    """Return what a style adds to scales and shifts, to be differentiated."""
    count = sum(net.norm_channels)
    found = []
    for phase in (0.0, 1.0):
        added = picture(1, count, channels=1, batch=batch, phase=phase).reshape([batch, count]) - 0.5
        added.stop_gradient = False
        found.append(added)
    return found


def results(net: TransformNet, paint, photo: paddle.Tensor, added: list[paddle.Tensor]) -> dict[str, np.ndarray]:
    """Return a painted photo, and the gradients of a loss on it."""
    strength = paddle.to_tensor(STRENGTH[: len(photo)])
    painted = paint(photo, strength, *added)
    (painted * picture(*photo.shape[2:], batch=len(photo), phase=2.0)).sum().backward()
    found = {"painted": painted.numpy()}
    found |= {name: parameter.grad.numpy() for name, parameter in net.named_parameters()}
    found |= {f"added {number}": tensor.grad.numpy() for number, tensor in enumerate(added)}
    for tensor in (*net.parameters(), *added):
        tensor.clear_grad()
    return found


def difference(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> float:
    """Return the largest difference of two results, each in units of the wanted one's size."""
    assert found.keys() == wanted.keys()
    sizes = {name: np.abs(array).max() for name, array in wanted.items()}
    # The shift before a convolution and another norm changes nothing: rounding is all of its gradient.
    compared = [name for name in wanted if not name.endswith("second.norm.bias")]
    return max(float(np.abs(found[name] - wanted[name]).max() / sizes[name]) for name in compared)


@pytest.mark.parametrize("styled", [False, True])
@pytest.mark.parametrize(("batch", "height", "width"), [(1, 16, 24), (3, 36, 20)])
def test_pictures_and_gradients_are_those_of_paddle(net, batch, height, width, styled):
    photo = picture(height, width, batch=batch)
    added = offsets(net, batch) if styled else []
    found, wanted = results(net, DifferentiableTransform(net, "f32"), photo, added), results(net, net, photo, added)
    assert difference(found, wanted) < 1e-3


def test_in_bfloat16_a_painter_learns_nearly_the_same():
    """With a style that ships: random weights need not take part in what is learned, and round as they do."""
    net = build_net("painter", *read_checkpoint(find_style_file("udnie"))).transform
    for parameter in net.parameters():
        parameter.stop_gradient = False
    net.train()
    photo = picture(64, 64, batch=3)
    found, wanted = results(net, DifferentiableTransform(net, "bf16"), photo, []), results(net, net, photo, [])
    assert np.abs(found["painted"] - wanted["painted"]).mean() < 0.002
    names = [name for name in wanted if name != "painted" and not name.endswith("second.norm.bias")]
    assert len(names) == 37
    for name in names:
        off, size = np.linalg.norm(found[name] - wanted[name]), np.linalg.norm(wanted[name])
        assert off < 0.15 * size, (name, off / size)


@pytest.mark.parametrize("styled", [False, True])
def test_pictures_are_computed_as_they_are_alone_however_many_at_a_time(net, monkeypatch, styled):
    photo = picture(16, 24, batch=3)
    added = offsets(net, 3) if styled else []
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(executor, "threads", lambda threads=threads: threads)
        found += [results(net, DifferentiableTransform(net, "f32"), photo, added) for _ in range(2)]
    for other in found[1:]:
        for name, wanted in found[0].items():
            np.testing.assert_array_equal(other[name], wanted, err_msg=name)
    paint = DifferentiableTransform(net, "f32")
    for number, strength in enumerate(STRENGTH):
        own = [tensor[number : number + 1] for tensor in added]
        alone = paint(photo[number : number + 1], paddle.to_tensor([strength]), *own)
        np.testing.assert_allclose(found[0]["painted"][number : number + 1], alone, atol=1e-6)


def test_one_style_for_all_pictures_gets_the_sum_of_their_gradients(net):
    photo, strength = picture(16, 24, batch=2), paddle.ones([1, 1])
    found = []
    for paint in (DifferentiableTransform(net, "f32"), net):
        added = offsets(net, 1)
        (paint(photo, strength, *added) * picture(16, 24, batch=2, phase=2.0)).sum().backward()
        found.append([tensor.grad.numpy() for tensor in added])
    for one, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(one, wanted, atol=1e-3 * np.abs(wanted).max())


def test_batches_of_any_size_share_graphs(net, monkeypatch):
    monkeypatch.setattr(executor, "threads", lambda: 2)
    paint = DifferentiableTransform(net, "f32")
    for batch in (2, 3, 5):
        paint(picture(16, 16, batch=batch), paddle.ones([1, 1]))
    assert len(paint._executors) == 1


def test_weights_are_used_as_they_are_at_each_call(net):
    photo, paint = picture(16, 16), DifferentiableTransform(net, "f32")
    before = paint(photo, paddle.ones([1, 1]))
    net.to_rgb.bias.set_value(net.to_rgb.bias + 0.5)
    after = paint(photo, paddle.ones([1, 1]))
    np.testing.assert_allclose(after, net(photo, paddle.ones([1, 1])), atol=1e-5)
    assert float((after - before).mean()) > 0.05


def test_pictures_that_upsampling_would_have_to_crop_are_painted_by_the_net_itself(net, monkeypatch):
    paint = DifferentiableTransform(net, "f32")
    monkeypatch.setattr(executor.Executors, "__call__", lambda *_: pytest.fail("OpenVINO was asked"))
    photo = picture(18, 21)
    np.testing.assert_array_equal(paint(photo, paddle.ones([1, 1])), net(photo, paddle.ones([1, 1])))


def test_the_gradient_of_a_photo_is_the_nets_own(net):
    found = []
    for paint in (DifferentiableTransform(net, "f32"), net):
        photo = picture(16, 16)
        photo.stop_gradient = False
        paint(photo, paddle.ones([1, 1])).square().sum().backward()
        found.append(photo.grad.numpy())
    np.testing.assert_array_equal(*found)


def test_without_openvino_the_net_paints_itself(net, monkeypatch):
    def missing() -> None:
        raise ImportError

    monkeypatch.setattr(executor, "import_openvino", missing)
    assert differentiable(net) is net
