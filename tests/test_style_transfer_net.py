"""The painter of one style: its norm and its layers written out, what strength does, what it shares with LapStyle."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import ANY_STYLE, LAPSTYLE, STYLE_TRANSFER, fill, picture
from paddle.nn import functional as F

from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.nets.color_alignment import mean_and_covariance
from ppgan_lite.nets.lapstyle import LapStyleNet
from ppgan_lite.nets.painter_interface import IMAGE, NORMS
from ppgan_lite.nets.pyramid import pyramid
from ppgan_lite.nets.style_transfer import ConditionalInstanceNorm, StyleTransferNet, TransformNet


def painter(**arguments: Any) -> StyleTransferNet:
    net = fill(StyleTransferNet(**{**STYLE_TRANSFER, **arguments}))
    net.eval()
    return net


def paint(net: StyleTransferNet, photo: paddle.Tensor, **settings: Any) -> paddle.Tensor:
    return net(photo, net.own_statistics(), **settings)


def full(strength: float) -> paddle.Tensor:
    return paddle.full([1, 1], strength)


def test_the_norm_scales_and_shifts_each_channel_of_each_picture():
    norm = fill(ConditionalInstanceNorm(4))
    x = picture(7, 9, channels=4, batch=3).numpy() * 3 + 1
    mean, variance = x.mean(axis=(2, 3), keepdims=True), x.var(axis=(2, 3), keepdims=True)
    scale, shift = (parameter.numpy().reshape(1, 4, 1, 1) for parameter in (norm.weight, norm.bias))
    wanted = (x - mean) / np.sqrt(variance + 1e-5) * scale + shift
    np.testing.assert_allclose(norm(paddle.to_tensor(x)).numpy(), wanted, atol=1e-5)


def written_out(net: TransformNet, photo: paddle.Tensor, strength: float) -> paddle.Tensor:
    """Johnson et al., section 3.1, with the departures that the net names."""
    state = net.state_dict()

    def convolved(name: str, x: paddle.Tensor, stride: int = 1) -> paddle.Tensor:
        weight = state[f"{name}.weight"]
        padded = F.pad(x, [weight.shape[-1] // 2] * 4, mode="reflect")
        return F.conv2d(padded, weight, state.get(f"{name}.bias"), stride=stride)

    def normed(name: str, x: paddle.Tensor, stride: int = 1, inner: str = "conv") -> paddle.Tensor:
        x = convolved(f"{name}.{inner}", x, stride)
        mean, variance = x.mean([2, 3], keepdim=True), x.var([2, 3], unbiased=False, keepdim=True)
        scale, shift = (state[f"{name}.norm.{what}"].reshape([1, -1, 1, 1]) for what in ("weight", "bias"))
        return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

    def upsampled(name: str, x: paddle.Tensor, like: paddle.Tensor) -> paddle.Tensor:
        large = F.interpolate(x, scale_factor=2, mode="nearest")
        return F.relu(normed(name, large, inner="conv.conv"))[:, :, : like.shape[2], : like.shape[3]]

    half = F.relu(normed("down1", F.relu(normed("stem", photo)), stride=2))
    x = F.relu(normed("down2", half, stride=2))
    for number in range(len(net.blocks)):
        x = x + normed(f"blocks.{number}.second", F.relu(normed(f"blocks.{number}.first", x)))
    x = (1 - strength) * half + strength * upsampled("up1", x, half)
    return F.sigmoid(convolved("to_rgb", upsampled("up2", x, photo)))


@pytest.mark.parametrize(("height", "width"), [(32, 24), (33, 26), (17, 31)])
def test_the_net_is_the_one_that_its_papers_describe(height, width):
    net = painter(blocks=2).transform
    photo = picture(height, width)
    for strength in (0.0, 0.6, 1.0):
        found = net(photo, full(strength))
        wanted = written_out(net, photo, strength)
        assert found.shape == [1, 3, height, width] and float(found.std()) > 0.1
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-5)


def test_each_picture_of_a_batch_has_its_own_strength():
    net, photos = painter().transform, picture(20, 24, batch=3)
    strengths = [0.0, 0.3, 1.0]
    together = net(photos, paddle.to_tensor([[strength] for strength in strengths])).numpy()
    for number, strength in enumerate(strengths):
        alone = net(photos[number : number + 1], full(strength)).numpy()
        np.testing.assert_allclose(together[number : number + 1], alone, atol=1e-6)


def test_strength_0_does_without_all_but_the_outer_half():
    net, photo = painter().transform, picture(20, 24)
    before = net(photo, full(0.0)).numpy(), net(photo, full(1.0)).numpy()
    for layer in (net.down2, net.blocks, net.up1):
        for parameter in layer.parameters():
            parameter.set_value(parameter.abs())
    assert np.array_equal(net(photo, full(0.0)).numpy(), before[0])
    assert np.abs(net(photo, full(1.0)).numpy() - before[1]).max() > 0.01


def test_a_fresh_net_answers_with_gray():
    paddle.seed(0)
    found = TransformNet(8, 1)(picture(32, 32), full(1.0))
    assert float((found - 0.5).abs().max()) < 0.2


@pytest.mark.parametrize(
    ("revisions", "levels", "height", "width"),
    [
        (0, None, 16, 16),
        (0, None, 17, 23),
        (1, None, 33, 47),
        (1, 0, 19, 16),
        (2, None, 67, 81),
        (1, 2, 70, 65),  # further levels use the last net again
    ],
)
def test_a_painting_has_the_size_of_its_photo(revisions, levels, height, width):
    result = paint(painter(revisions=revisions), picture(height, width, batch=2), levels=levels)
    assert result.shape == [2, 3, height, width]
    assert np.isfinite(result.numpy()).all()


def test_strength_leads_from_what_the_net_gives_back_to_the_painting():
    net, photo = painter(), picture(66, 50)
    own = net.own_statistics()
    results = {strength: paint(net, photo, strength=strength) for strength in (0.0, 0.25, 0.5, 0.75, 1.0)}
    away = [float((result - results[0.0]).abs().mean()) for result in results.values()]
    assert away == sorted(away) and away[0] == 0 and len(set(away)) == 5
    small, [detail] = pyramid(photo, 1)
    upsampled = F.interpolate(net.draft(small, own, 0.0), size=[66, 50], mode="bilinear", align_corners=False)
    np.testing.assert_allclose(results[0.0].numpy(), (upsampled + detail).numpy(), atol=1e-5)
    draft = net.draft(small, own)
    upsampled = F.interpolate(draft, size=[66, 50], mode="bilinear", align_corners=False)
    np.testing.assert_allclose(results[1.0].numpy(), (upsampled + net.revisions[0](detail, draft)).numpy(), atol=1e-5)


def test_a_draft_has_the_colors_of_the_one_painting_that_the_net_remembers():
    net, painting = painter(), 0.1 + 0.4 * picture(30, 26, phase=2.0)
    wanted = mean_and_covariance(painting)
    for _ in range(400):
        net.update_own_style({IMAGE: wanted})
    photo = 0.3 + 0.4 * picture(48, 40)
    for found, value in zip(mean_and_covariance(net.draft(photo, net.own_statistics())), wanted, strict=True):
        np.testing.assert_allclose(found.numpy(), value.numpy(), atol=0.05 * float(value.max()))


def test_it_drafts_as_the_painter_in_any_style_does_that_predicts_nothing():
    net, other, photo = painter(), AnyStyleNet(**ANY_STYLE), picture(48, 40)
    other.transform.set_state_dict(net.transform.state_dict())
    none = paddle.zeros([1, sum(net.transform.norm_channels)])
    own = net.own_statistics()
    for strength in (0.0, 0.4, 1.0):
        found, wanted = net.draft(photo, own, strength), other.draft(photo, {**own, NORMS: (none, none)}, strength)
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-5)


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_revisions_are_those_of_lapstyle(strength):
    """So those that were trained below one kind of draft may go on above the other."""
    net, other = painter(revisions=2), fill(LapStyleNet(**LAPSTYLE, revisions=2))
    other.revisions.set_state_dict(net.revisions.state_dict())
    coarser = picture(20, 17, phase=1.0)
    detail = picture(41, 34) - 0.5
    for level in (0, 1, 2):
        found, wanted = (one.revise(level, detail, coarser, strength) for one in (net, other))
        np.testing.assert_array_equal(found.numpy(), wanted.numpy())


def test_every_picture_of_a_batch_is_painted_by_itself():
    net, photos = painter(), picture(34, 36, batch=3)
    together = paint(net, photos, strength=0.7).numpy()
    for index in range(3):
        alone = paint(net, photos[index : index + 1], strength=0.7).numpy()
        np.testing.assert_allclose(together[index : index + 1], alone, atol=1e-5)


def test_a_map_of_strokes_blends_features_place_by_place():
    net, photo = painter().transform, picture(21, 26)
    everywhere = net(photo, full(0.6)).numpy()
    np.testing.assert_array_equal(net(photo, full(0.6), strokes=paddle.ones([1, 1, 1, 1])).numpy(), everywhere)
    np.testing.assert_array_equal(net(photo, full(0.6), strokes=paddle.ones([1, 1, 21, 26])).numpy(), everywhere)
    constant = net(photo, full(0.75), strokes=paddle.full([1, 1, 21, 26], 0.8)).numpy()
    np.testing.assert_allclose(constant, everywhere, atol=1e-6)
    by_place = paddle.ones([1, 1, 21, 26])
    by_place[:, :, :, 13:] = 0.0
    features = {}
    net.up2.register_forward_pre_hook(lambda _layer, inputs: features.update(blended=inputs[0]))
    for name, strokes in (("map", by_place), ("all", None), ("none", paddle.zeros([1, 1, 1, 1]))):
        net(photo, full(1.0), strokes=strokes)
        features[name] = features["blended"].numpy()
    np.testing.assert_array_equal(features["map"][..., :7], features["all"][..., :7])
    np.testing.assert_array_equal(features["map"][..., 7:], features["none"][..., 7:])
    assert np.abs(features["all"] - features["none"]).max() > 0.1


def test_the_norms_keep_all_of_the_strength_where_strokes_do_not():
    net = fill(AnyStyleNet(**ANY_STYLE)).transform
    photo, norms = picture(20, 24), [0.3 * picture(1, sum(net.norm_channels), channels=1)[:, 0, 0] for _ in range(2)]
    strokes = paddle.full([1, 1, 1, 1], 0.5)
    found, wanted = net(photo, full(1.0), *norms, strokes), net(photo, full(0.5), *(2 * norm for norm in norms))
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-6)
