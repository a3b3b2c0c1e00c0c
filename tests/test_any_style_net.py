"""The painter of any style: style prediction, conditional norms, colors."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import ANY_STYLE, WIDTHS, fill, picture
from paddle.nn import functional as F

from ppgan_lite.nets.any_style import AnyStyleNet, StylePredictor
from ppgan_lite.nets.color_alignment import align_colors, mean_and_covariance
from ppgan_lite.nets.painter_interface import IMAGE, NORMS
from ppgan_lite.nets.pyramid import pyramid
from ppgan_lite.nets.style_transfer import ConditionalInstanceNorm


def painter(**arguments: Any) -> AnyStyleNet:
    net = fill(AnyStyleNet(**{**ANY_STYLE, **arguments}))
    net.eval()
    return net


def full(strength: float) -> paddle.Tensor:
    return paddle.full([1, 1], strength)


def test_a_change_is_added_to_a_norms_scale_and_shift_for_each_picture():
    norm, x = fill(ConditionalInstanceNorm(4)), picture(7, 9, channels=4, batch=3)
    scales, shifts = picture(1, 1, channels=4, batch=3), picture(1, 1, channels=4, batch=3, phase=1.0)
    found = norm(x, (scales, shifts))
    own = norm.weight.clone(), norm.bias.clone()
    for number in range(3):
        norm.weight.set_value(own[0] + scales[number].flatten())
        norm.bias.set_value(own[1] + shifts[number].flatten())
        np.testing.assert_allclose(found[number].numpy(), norm(x)[number].numpy(), atol=1e-5)


def test_changes_of_zero_change_nothing_and_each_norm_gets_its_own():
    net, photo = painter().transform, picture(20, 24)
    count = sum(net.norm_channels)
    none = paddle.zeros([1, count])
    plain = net(photo, full(1.0)).numpy()
    np.testing.assert_allclose(net(photo, full(1.0), none, none).numpy(), plain, atol=1e-6)
    norms = [layer for layer in net.sublayers() if isinstance(layer, ConditionalInstanceNorm)]
    assert sum(norm.weight.shape[0] for norm in norms) == count
    scales, shifts = 0.1 * paddle.randn([1, count]), 0.1 * paddle.randn([1, count])
    changed = net(photo, full(1.0), scales, shifts).numpy()
    assert np.abs(changed - plain).max() > 0.01
    # The same as weights of its own; sublayers are listed in the order in which they are met.
    start = 0
    for norm in norms:
        part = slice(start, start + norm.weight.shape[0])
        norm.weight.set_value(norm.weight + scales[0, part])
        norm.bias.set_value(norm.bias + shifts[0, part])
        start = part.stop
    np.testing.assert_allclose(net(photo, full(1.0)).numpy(), changed, atol=1e-5)


def test_a_styles_changes_grow_with_its_strength():
    net, photos = painter().transform, picture(20, 24, batch=2)
    scales, shifts = (0.3 * paddle.randn([1, sum(net.norm_channels)]) for _ in range(2))
    half = net(photos, full(0.5), 0.5 * scales, 0.5 * shifts).numpy()
    found = net(photos, paddle.to_tensor([[0.0], [0.5]]), scales, shifts).numpy()
    np.testing.assert_allclose(found[0], net(photos, full(0.0))[0].numpy(), atol=1e-5)
    assert np.abs(found[1] - half[1]).max() > 0.01
    np.testing.assert_allclose(net(photos, full(0.5), scales, shifts)[1].numpy(), found[1], atol=1e-5)


def predictor() -> StylePredictor:
    return fill(StylePredictor(WIDTHS, [1, 2, 1, 1, 1], 7, 5))


def test_statistics_of_a_painting_are_means_and_deviations_of_its_features():
    net, painting = predictor(), picture(40, 36, batch=2)
    layers = [values.numpy() for values in net.encoder(painting).values()]
    means = [values.mean(axis=(2, 3)) for values in layers]
    deviations = [np.sqrt(values.var(axis=(2, 3)) + 1e-5) for values in layers]
    np.testing.assert_allclose(net.statistics(painting).numpy(), np.hstack([*means, *deviations]), atol=1e-4)


def test_statistics_are_normalized_by_the_running_stats_over_paintings():
    net = predictor()
    read = paddle.concat([net.statistics(picture(40, 36, phase=phase)) for phase in (0.0, 1.0, 2.0)])
    for _ in range(300):
        net.update_running_stats(read)
    mean, deviation = read.numpy().mean(axis=0), np.abs(read.numpy() - read.numpy().mean(axis=0)).mean(axis=0)
    np.testing.assert_allclose(net.running_mean.numpy()[0], mean, atol=1e-3)
    np.testing.assert_allclose(net.running_std.numpy()[0], deviation, atol=2e-3)
    code = (read.numpy() - net.running_mean.numpy()) / (net.running_std.numpy() + 0.01)
    code = code @ net.code.weight.numpy() + net.code.bias.numpy()
    wanted = np.where(code > 0, code, 0.2 * code) @ net.to_norms.weight.numpy() + net.to_norms.bias.numpy()
    scales, shifts = net.norms(read)
    np.testing.assert_allclose(np.hstack([scales.numpy(), shifts.numpy()]), wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_a_draft_is_made_of_the_recolored_photo_and_has_its_colors(strength):
    net, photo, painting = painter(revisions=0), picture(24, 28), 0.2 + 0.5 * picture(32, 40, phase=1.0)
    style = net.style_statistics(painting)
    (scales, shifts), (mean, covariance) = style[NORMS], style[IMAGE]
    np.testing.assert_allclose(covariance.numpy(), mean_and_covariance(painting)[1].numpy(), atol=1e-6)
    drafted = net.draft(photo, style, strength)
    recolored = align_colors(photo, mean, covariance, strength).clip(0, 1)
    of_recolored = mean_and_covariance(recolored)
    for found, wanted in zip(mean_and_covariance(drafted), of_recolored, strict=True):
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=0.03 * float(wanted.max()))
    if strength == 1.0:
        np.testing.assert_allclose(of_recolored[0].numpy(), mean.numpy(), atol=0.02)
    painted = net.transform(recolored, full(strength), scales, shifts)
    np.testing.assert_allclose(drafted.numpy(), align_colors(painted, *of_recolored).numpy(), atol=1e-5)


def test_at_strength_0_the_colors_are_the_photos():
    net, photo = painter(revisions=0), 0.3 + 0.4 * picture(24, 28)
    drafted = net.draft(photo, net.style_statistics(picture(32, 40, phase=1.0)), 0.0)
    for found, wanted in zip(mean_and_covariance(drafted), mean_and_covariance(photo), strict=True):
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=0.03 * float(wanted.max()))


def test_every_picture_of_a_batch_is_painted_by_itself_in_a_style_of_its_own():
    net, photos, paintings = painter(), picture(34, 36, batch=3), picture(32, 40, batch=3, phase=1.0)
    together = net(photos, net.style_statistics(paintings), strength=0.7).numpy()
    for index in range(3):
        alone = net(photos[index : index + 1], net.style_statistics(paintings[index : index + 1]), strength=0.7)
        np.testing.assert_allclose(together[index : index + 1], alone.numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("revisions", "levels", "height", "width"), [(0, None, 17, 23), (1, None, 33, 47), (1, 0, 19, 16), (1, 2, 70, 65)]
)
def test_a_painting_has_the_size_of_its_photo(revisions, levels, height, width):
    net = painter(revisions=revisions)
    result = net(picture(height, width, batch=2), net.style_statistics(picture(32, 40)), levels=levels)
    assert result.shape == [2, 3, height, width]
    assert np.isfinite(result.numpy()).all()


def test_revisions_go_on_above_the_draft():
    net, photo = painter(), picture(66, 50)
    style = net.style_statistics(picture(32, 40))
    small, [detail] = pyramid(photo, 1)
    coarser = net.draft(small, style)
    upsampled = F.interpolate(coarser, size=[66, 50], mode="bilinear", align_corners=False)
    wanted = upsampled + net.revisions[0](detail, coarser)
    np.testing.assert_allclose(net(photo, style).numpy(), wanted.numpy(), atol=1e-5)
