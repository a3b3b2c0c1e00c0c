"""The net that colorizes and the recipe that trains it, with a tiny VGG-16."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import build, picture
from style_recipes import changed, state

from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.translation import translator
from ppgan_lite.nets.colorizer import BIN_WIDTH, BINS, BINS_PER_SIDE, bin_centers, chroma_of, soft_bins, with_chroma
from ppgan_lite.nets.luma import LUMA
from ppgan_lite.recipes.colorization import Colorization

pytestmark = pytest.mark.usefixtures("seeded")

NET = {"base_channels": 4, "blocks": 1, "size_px": 32}


def luma_of(image: paddle.Tensor) -> paddle.Tensor:
    return (image * paddle.to_tensor(LUMA).reshape([1, 3, 1, 1])).sum(axis=1, keepdim=True)


def pair(color: paddle.Tensor) -> dict[str, paddle.Tensor]:
    return {"a": luma_of(color), "b": color}


def recipe_of(encoder: str, **arguments: Any) -> Colorization:
    return Colorization(net=NET, encoder=encoder, **arguments)


# Chroma and its bins


def test_luma_and_chroma_make_the_picture_again():
    image = picture(20, 30, batch=2)
    np.testing.assert_allclose(with_chroma(luma_of(image), chroma_of(image)).numpy(), image.numpy(), atol=1e-5)
    assert float(chroma_of(image).abs().max()) <= 0.5


def test_the_mean_of_the_bins_of_a_chroma_is_the_chroma():
    chroma = 0.6 * chroma_of(picture(8, 9, batch=2))
    bins = soft_bins(chroma)
    assert bins.shape == [2, BINS, 8, 9]
    assert int((bins > 0).sum(axis=1).max()) <= 4
    np.testing.assert_allclose(bins.sum(axis=1).numpy(), 1, atol=1e-5)
    mean = paddle.einsum("nbhw,cb->nchw", bins, bin_centers())
    np.testing.assert_allclose(mean.numpy(), chroma.numpy(), atol=1e-5)


def test_a_chroma_beyond_the_bins_counts_as_the_outermost():
    bins = soft_bins(paddle.full([1, 2, 1, 1], 0.5)).flatten()
    assert int(bins.argmax()) == BINS - 1 and float(bins.max()) == 1
    assert float(bin_centers().max()) == pytest.approx(BINS_PER_SIDE // 2 * BIN_WIDTH)


# The net


def test_the_luma_of_a_photo_stays():
    net, gray = build("Colorizer"), picture(45, 70, channels=1)
    result = net(gray)
    assert result.shape == [1, 3, 45, 70]
    np.testing.assert_allclose(luma_of(result).numpy(), gray.numpy(), atol=1e-5)
    assert float(chroma_of(result).abs().max()) > 1e-3


def test_a_low_temperature_takes_the_likeliest_color_and_a_high_one_the_mean_of_all():
    net = build("Colorizer")
    logits = paddle.zeros([1, BINS, 1, 1])
    logits[0, 3, 0, 0] = 1.0
    net.temperature = 0.01
    np.testing.assert_allclose(net.chroma(logits).flatten().numpy(), bin_centers()[:, 3].numpy(), atol=1e-5)
    net.temperature = 1000.0
    np.testing.assert_allclose(net.chroma(logits).flatten().numpy(), 0, atol=1e-3)


def test_a_large_photo_is_colorized_as_a_whole(tmp_path, monkeypatch):
    net = build("Colorizer")
    net.eval()
    spec = PredictorSpec("net", "translate", value_range=net.value_range)
    path = tmp_path / "net.ppgan"
    write_checkpoint(path, Header({"net": net_spec(net)}, {"colorize": spec}), net_tensors("net", net))
    photo = (255 * picture(90, 120)[0].numpy()).astype(np.uint8).transpose(1, 2, 0).copy()
    whole = load_predictor(path, device="cpu", engine="paddle")(photo)
    assert whole.shape == photo.shape and (whole.max(axis=2) - whole.min(axis=2)).max() > 3
    monkeypatch.setattr(translator, "WHOLE_PX", 1000)
    monkeypatch.setattr(translator, "TILE_PX", 32)
    again = load_predictor(path, device="cpu", engine="paddle")
    np.testing.assert_array_equal(again(photo), whole)
    more = again.cost(4000, 3000).memory - again.cost(30, 30).memory
    assert more == pytest.approx(12e6 * (6 + translator.UNCUT_BYTES), rel=1e-3)


# The recipe


def test_the_encoder_stays_and_all_else_learns(tiny_vgg16):
    recipe = recipe_of(tiny_vgg16)
    before = state(recipe)
    for recipe.iteration in (1, 2):
        found = recipe.update(pair(picture(32, 32, batch=2)))
        assert list(found) == ["cross_entropy"] and np.isfinite(found["cross_entropy"])
    parts = {name.split(".")[1] for name in before} - {"encoder"}
    assert {name.split(".")[1] for name in changed(before, recipe)} == parts


def test_rare_colors_count_more(tiny_vgg16):
    def weights(uniform: float) -> np.ndarray:
        recipe = recipe_of(tiny_vgg16, uniform=uniform)
        recipe.prior = paddle.to_tensor([0.9, 0.1] + [0.0] * (BINS - 2))
        wanted = paddle.eye(BINS)[:2].reshape([2, BINS, 1, 1])
        return recipe._weights(wanted).flatten().numpy()

    np.testing.assert_allclose(weights(1.0), 1, rtol=1e-5)
    common, rare = weights(0.5)
    assert rare > 5 * common
    assert 0.9 * common + 0.1 * rare == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(weights(1e-3), [1 / 2 / 0.9, 1 / 2 / 0.1], rtol=1e-3)  # both colors count the same


def test_it_learns_that_the_dark_is_red_and_the_light_is_blue(tiny_vgg16):
    recipe = recipe_of(tiny_vgg16, learning_rate=1e-2)
    color = paddle.zeros([4, 3, 32, 32])
    color[:, 0, :, :16], color[:, 2, :, 16:] = 0.8, 1.0
    color[:, :2, :, 16:] = 0.6
    batch = pair(color)
    losses = []
    for recipe.iteration in range(1, 81):
        losses.append(recipe.update(batch)["cross_entropy"])
    assert losses[-1] < 0.6 * losses[0]
    recipe.net.eval()
    shown = recipe.preview(batch)
    assert list(shown) == ["gray", "colorized", "true"]
    red, _, blue = shown["colorized"][0].numpy()
    assert red[8, 4] > blue[8, 4] + 0.3 and blue[8, 28] > red[8, 28] + 0.1
    found = recipe.validate({name: tensor[:1] for name, tensor in batch.items()})
    assert list(found) == ["cross_entropy", "psnr", "ssim"] and found["psnr"] > 15
    assert recipe.best == "cross_entropy"


def test_how_frequent_colors_are_survives_a_resumption(tiny_vgg16):
    recipe, other = recipe_of(tiny_vgg16), recipe_of(tiny_vgg16)
    recipe.iteration = 1
    recipe.update(pair(picture(32, 32, batch=2)))
    other.load_state(recipe.state())
    np.testing.assert_array_equal(other.prior.numpy(), recipe.prior.numpy())
    assert float(recipe.prior.sum()) == pytest.approx(1, rel=1e-5)


def test_an_encoder_of_other_layers_is_refused(perceptual):
    with pytest.raises(UsageError) as caught:
        recipe_of(perceptual)
    assert str(caught.value) == (
        f"recipe.encoder: {perceptual}; expected vgg16 or the file of a VGG-16: the net is built on its layers"
    )
