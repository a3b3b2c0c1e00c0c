"""LapStyle's nets: what each one promises, and the published ones written out layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import LAPSTYLE, WIDTHS, fill, picture, positive, sees
from paddle.nn import functional as F

from ppgan_lite.foreign.lapstyle import decoder_names, lapstyle_names, revision_names
from ppgan_lite.foreign.vgg import encoder_names
from ppgan_lite.nets.adain import ALIGNED_LAYERS
from ppgan_lite.nets.discriminators import LapStyleDiscriminator
from ppgan_lite.nets.lapstyle import LapStyleNet, adain
from ppgan_lite.nets.normalization import mean_and_std
from ppgan_lite.nets.painter_interface import REVISION_HALO
from ppgan_lite.nets.pyramid import HalfSizeRevisionNet, RevisionNet, pyramid
from ppgan_lite.nets.vgg import LAYERS, VGGEncoder

# Encoder and discriminator


def test_the_encoder_stops_at_the_layer_that_is_wanted():
    encoder = fill(VGGEncoder(WIDTHS))
    everything = encoder(picture(32, 32))
    assert list(everything) == list(LAYERS)
    for place, layer in enumerate(LAYERS, start=1):
        some = encoder(picture(32, 32), last=layer)
        assert list(some) == list(LAYERS[:place])
        np.testing.assert_array_equal(some[layer].numpy(), everything[layer].numpy())
    assert all(float(features.min()) >= 0 for features in everything.values())


def test_the_published_encoder_is_the_one_that_is_built_by_default():
    count = sum(parameter.size for parameter in VGGEncoder().parameters())
    assert count == 12_944_972  # VGG-19's convolutions up to conv5_1 and the 1x1 before them


def test_the_discriminator_has_patches_of_seven_pixels():
    assert sees(positive(LapStyleDiscriminator(base_channels=4)), 3, 30, 31) == (3, 3, 3, 3)


# Revision


@pytest.mark.parametrize("make", [RevisionNet, HalfSizeRevisionNet])
def test_a_revision_net_sees_at_most_nine_pixels_far(make):
    net = positive(make(3))

    def revise(x: paddle.Tensor) -> paddle.Tensor:
        return net(x[:, :3], F.avg_pool2d(x[:, 3:], 2))

    assert sees(revise, 6, 30, 32) == (8, 9, 8, 9)
    assert sees(revise, 6, 31, 33) == (9, 8, 9, 8)
    assert REVISION_HALO == 10  # the next even number


@pytest.mark.parametrize("make", [RevisionNet, HalfSizeRevisionNet])
@pytest.mark.parametrize(("height", "width"), [(96, 80), (95, 81)])
def test_tiles_with_a_halo_equal_the_whole(make, height, width):
    net = fill(make(4))
    detail, coarser = picture(height, width), picture(-(-height // 2), -(-width // 2), phase=1.0)
    whole = net(detail, coarser).numpy()
    tiled = np.full_like(whole, np.nan)
    tile, halo = 34, REVISION_HALO  # offsets are multiples of 2
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            row, column, below, right = max(top - halo, 0), max(left - halo, 0), top + tile + halo, left + tile + halo
            part = detail[:, :, row:below, column:right]
            result = net(part, coarser[:, :, row // 2 : below // 2, column // 2 : right // 2]).numpy()
            inner = result[:, :, top - row :, left - column :][:, :, :tile, :tile]
            tiled[:, :, top : top + tile, left : left + tile] = inner
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


def test_a_revision_net_at_half_size_convolves_as_over_the_repeated_result():
    net, detail, coarser = fill(HalfSizeRevisionNet(4)), picture(40, 36), picture(20, 18, phase=1.0)
    repeated = F.interpolate(coarser, scale_factor=2, mode="nearest")
    x = F.relu(net.down(paddle.concat([detail, repeated], axis=1)))
    for conv in net.convs:
        x = F.relu(conv(x))
    expected, found = F.pixel_shuffle(net.to_cells(x), 2).numpy(), net(detail, coarser).numpy()
    inside = (..., slice(8, -8), slice(8, -8))  # a border is mirrored there, and repeated here
    np.testing.assert_allclose(found[inside], expected[inside], atol=1e-5)


# Alignment


def test_adain_gives_features_the_mean_and_deviation_of_the_style():
    features, style = picture(9, 8, channels=4), picture(7, 6, channels=4, phase=2.0) * 3 + 1
    wanted = mean_and_std(style)
    for found, expected in zip(mean_and_std(adain(features, *wanted)), wanted, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-3)
    np.testing.assert_array_equal(adain(features, *wanted, strength=0.0).numpy(), features.numpy())
    middle = (features + adain(features, *wanted)) / 2
    np.testing.assert_allclose(adain(features, *wanted, strength=0.5).numpy(), middle.numpy(), atol=1e-5)
    np.testing.assert_allclose(adain(features, *mean_and_std(features)).numpy(), features.numpy(), atol=1e-5)


def test_deviations_are_unbiased_and_never_zero():
    features = paddle.to_tensor([1.0, 2.0, 3.0, 6.0]).reshape([1, 1, 2, 2])
    mean, std = mean_and_std(features)
    assert mean.item() == 3.0
    assert std.item() == pytest.approx((14 / 3) ** 0.5, rel=1e-5)
    assert mean_and_std(features * 0 + 5)[1].item() == pytest.approx(1e-5**0.5)
    assert np.isfinite(mean_and_std(features[:, :, :1, :1])[1].item())


# The whole of LapStyle


def lapstyle(**arguments: Any) -> LapStyleNet:
    net = fill(LapStyleNet(**{**LAPSTYLE, **arguments}))
    net.eval()
    return net


@pytest.mark.parametrize(
    ("revisions", "levels", "height", "width"),
    [
        (0, None, 16, 16),
        (0, None, 17, 23),
        (1, None, 33, 47),
        (1, 0, 19, 16),
        (2, None, 67, 81),
        (2, 1, 35, 36),
        (1, 3, 131, 150),  # further levels use the last net again
        (2, 3, 128, 141),
    ],
)
def test_a_painting_has_the_size_of_its_photo(revisions, levels, height, width):
    net = lapstyle(revisions=revisions)
    style = net.style_statistics(picture(20, 31))
    result = net(picture(height, width, batch=2), style, levels=levels)
    assert result.shape == [2, 3, height, width]
    assert np.isfinite(result.numpy()).all()


def test_strength_leads_from_the_photo_to_the_painting():
    net = lapstyle(revisions=2)
    photo = picture(70, 64)
    style = {layer: (mean + 0.5, std * 2) for layer, (mean, std) in net.style_statistics(picture(24, 24)).items()}
    results = {strength: net(photo, style, strength) for strength in (0.0, 0.25, 0.5, 0.75, 1.0)}
    small, details = pyramid(photo, 2)
    plain = net.draft(small, None)
    for detail in details:
        plain = F.interpolate(plain, size=detail.shape[2:], mode="bilinear", align_corners=False) + detail
    np.testing.assert_allclose(results[0.0].numpy(), plain.numpy(), atol=1e-5)
    away = [float((result - results[0.0]).abs().mean()) for result in results.values()]
    assert away == sorted(away)
    assert len(set(away)) == 5


def test_a_picture_in_its_own_style_is_only_decoded():
    net = lapstyle()
    photo = picture(32, 40)
    painted = net.draft(photo, net.style_statistics(photo))
    np.testing.assert_allclose(painted.numpy(), net.draft(photo, None).numpy(), atol=1e-4)


def test_every_level_of_a_batch_is_painted_by_itself():
    net = lapstyle(revisions=1)
    photos = picture(34, 36, batch=3)
    style = net.style_statistics(picture(24, 24))
    together = net(photos, style).numpy()
    for index in range(3):
        np.testing.assert_allclose(
            together[index : index + 1], net(photos[index : index + 1], style).numpy(), atol=1e-5
        )


@pytest.mark.parametrize(("height", "width"), [(64, 48), (67, 49), (33, 130)])
def test_a_pyramid_folds_back_into_its_photo(height, width):
    photo = picture(height, width)
    current, details = pyramid(photo, 3)
    assert current.shape[2:] == [height // 8, width // 8]
    for detail in details:
        current = F.interpolate(current, size=detail.shape[2:], mode="bilinear", align_corners=False) + detail
    np.testing.assert_allclose(current.numpy(), photo.numpy(), atol=1e-6)


def test_a_net_of_one_style_remembers_it():
    net = lapstyle(own_style=True, revisions=0)
    first, second = (net.style_statistics(picture(32, 32, phase=phase, batch=2)) for phase in (0.0, 2.0))
    net.update_own_style(first)
    for layer in ALIGNED_LAYERS:
        for own, of_batch in zip(net.own_statistics()[layer], first[layer], strict=True):
            np.testing.assert_allclose(own.numpy(), of_batch.mean(axis=0, keepdim=True).numpy(), rtol=1e-6)
    before = {layer: own[0].clone() for layer, own in net.own_statistics().items()}
    net.update_own_style(second, momentum=0.75)
    for layer in ALIGNED_LAYERS:
        wanted = 0.75 * before[layer] + 0.25 * second[layer][0].mean(axis=0, keepdim=True)
        np.testing.assert_allclose(net.own_statistics()[layer][0].numpy(), wanted.numpy(), rtol=1e-5)
    assert "relu2_1_mean" in net.state_dict()


# LapStyle as published, written out layer by layer from the paper and from the numbers of the published files.
# This is what our nets were compared with, beside PaddleGAN's own code; see ppgan_lite/foreign/lapstyle.py.

State = Mapping[str, paddle.Tensor]


def plain_conv(state: State, name: str, x: paddle.Tensor, stride: int = 1) -> paddle.Tensor:
    padded = F.pad(x, [1, 1, 1, 1], mode="reflect")
    return F.conv2d(padded, state[f"{name}.weight"], state[f"{name}.bias"], stride=stride)


def plain_encoder(state: State, x: paddle.Tensor) -> list[paddle.Tensor]:
    def pool(y: paddle.Tensor) -> paddle.Tensor:
        return F.max_pool2d(y, 2, 2, ceil_mode=True)

    x = F.conv2d(x, state["enc_1.0.weight"], state["enc_1.0.bias"])
    r11 = F.relu(plain_conv(state, "enc_1.2", x))
    r21 = F.relu(plain_conv(state, "enc_2.5", pool(F.relu(plain_conv(state, "enc_2.1", r11)))))
    r31 = F.relu(plain_conv(state, "enc_3.5", pool(F.relu(plain_conv(state, "enc_3.1", r21)))))
    deep = [r31]
    for last, names in (
        ("enc_4.11", ("enc_4.1", "enc_4.4", "enc_4.7")),
        ("enc_5.11", ("enc_5.1", "enc_5.4", "enc_5.7")),
    ):
        y = deep[-1]
        for name in names:
            y = F.relu(plain_conv(state, name, y))
        deep.append(F.relu(plain_conv(state, last, pool(y))))
    return [r11, r21, *deep]


def plain_adain(content: paddle.Tensor, style: paddle.Tensor) -> paddle.Tensor:
    def moments(features: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        flat = features.flatten(2)
        return flat.mean(2)[:, :, None, None], (paddle.var(flat, 2) + 1e-5).sqrt()[:, :, None, None]

    (mean, std), (style_mean, style_std) = moments(content), moments(style)
    return (content - mean) / std * style_std + style_mean


def plain_residual(state: State, name: str, x: paddle.Tensor) -> paddle.Tensor:
    inner = F.relu(plain_conv(state, f"{name}.conv_block.1", x))
    return x + plain_conv(state, f"{name}.conv_block.4", inner)


def plain_decoder(state: State, content: list[paddle.Tensor], style: list[paddle.Tensor]) -> paddle.Tensor:
    def block(name: str, y: paddle.Tensor) -> paddle.Tensor:
        return F.relu(plain_conv(state, f"{name}.conv_block.1", y))

    r21, r31, r41 = (plain_adain(content[place], style[place]) for place in (1, 2, 3))
    x = block("convblock_41", plain_residual(state, "resblock_41", r41))
    x = F.interpolate(x, scale_factor=2, mode="nearest") + r31
    x = block("convblock_31", plain_residual(state, "resblock_31", x))
    x = F.interpolate(x, scale_factor=2, mode="nearest") + r21
    x = block("convblock_22", block("convblock_21", x))
    x = block("convblock_11", F.interpolate(x, scale_factor=2, mode="nearest"))
    return plain_conv(state, "final_conv.1", x)


def plain_revision(state: State, x: paddle.Tensor) -> paddle.Tensor:
    x = F.relu(plain_conv(state, "DownBlock.1", x))
    x = F.relu(plain_conv(state, "DownBlock.4", x, stride=2))
    x = plain_residual(state, "resblock", x)
    x = F.relu(plain_conv(state, "UpBlock.2", F.interpolate(x, scale_factor=2, mode="nearest")))
    return plain_conv(state, "UpBlock.5", x)


def downsample(x: paddle.Tensor) -> paddle.Tensor:
    return F.avg_pool2d(x, 2)  # the same as bilinear for an even size


def upsample(x: paddle.Tensor) -> paddle.Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def nearest(x: paddle.Tensor) -> paddle.Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def theirs(state: State, names: Mapping[str, str]) -> dict[str, paddle.Tensor]:
    """Give a net's parameters their published names."""
    return {names[name]: tensor for name, tensor in state.items()}


@pytest.fixture(scope="module")
def published() -> LapStyleNet:
    """LapStyle with the published number of layers, narrow; its results are about as large as a picture's."""
    net = fill(LapStyleNet(WIDTHS, revision_channels=6, revisions=2))
    for part in (net.decoder, *net.revisions):
        part.to_rgb.weight.set_value(part.to_rgb.weight * 0.2)
    net.eval()
    return net


@pytest.mark.parametrize(("height", "width"), [(32, 48), (37, 51)])
def test_the_encoder_is_the_published_one(published, height, width):
    photo = picture(height, width)
    wanted = plain_encoder(theirs(published.encoder.state_dict(), encoder_names()), photo)
    for found, expected in zip(published.encoder(photo).values(), wanted, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-5)
        assert float(found.max()) > 0.1


def test_the_decoder_is_the_published_one(published):
    encoder = theirs(published.encoder.state_dict(), encoder_names())
    photo, painting = picture(32, 48), picture(40, 24, phase=1.0)
    state = theirs(published.decoder.state_dict(), decoder_names())
    wanted = plain_decoder(state, plain_encoder(encoder, photo), plain_encoder(encoder, painting))
    found = published.draft(photo, published.style_statistics(painting))
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-5)


def test_the_revision_net_is_the_published_one(published):
    detail, coarser = picture(34, 48), picture(17, 24, phase=1.0)
    both = paddle.concat([detail, nearest(coarser)], axis=1)
    wanted = plain_revision(theirs(published.revisions[0].state_dict(), revision_names()), both)
    np.testing.assert_allclose(published.revisions[0](detail, coarser).numpy(), wanted.numpy(), atol=1e-5)


def test_drafting_and_two_revisions_are_the_published_ones(published):
    state = theirs(published.state_dict(), lapstyle_names(2))
    encoder, decoder, first, second = (
        {name.split("/")[1]: tensor for name, tensor in state.items() if name.startswith(f"{net}/")}
        for net in ("net_enc", "net_dec", "net_rev", "net_rev_2")
    )
    photo, painting = picture(96, 128), downsample(downsample(picture(80, 72, phase=1.0)))
    half = downsample(photo)
    quarter = downsample(half)
    draft = plain_decoder(decoder, plain_encoder(encoder, quarter), plain_encoder(encoder, painting))
    revised = upsample(draft) + plain_revision(first, paddle.concat([half - upsample(quarter), nearest(draft)], 1))
    detail = photo - upsample(half)
    wanted = upsample(revised) + plain_revision(second, paddle.concat([detail, nearest(revised)], 1))
    found = published(photo, published.style_statistics(painting))
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-5)
