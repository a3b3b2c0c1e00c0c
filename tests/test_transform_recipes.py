"""The recipes for painters of one style and of any style, on tiny nets with a tiny perceptual encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import ANY_STYLE, STYLE_TRANSFER
from style_recipes import CONVS, WIDTHS, batch_of, changed, check_resuming, config, state, write_pictures

from ppgan_lite.checkpoint import read_checkpoint
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.nets.color_alignment import mean_and_covariance
from ppgan_lite.nets.painter_interface import IMAGE, NORMS
from ppgan_lite.pretrained import load_encoder
from ppgan_lite.recipes.any_style import AnyStyleDraft
from ppgan_lite.recipes.pyramid_revision import PyramidRevision
from ppgan_lite.recipes.style_losses import recolored
from ppgan_lite.recipes.style_transfer import StyleTransferDraft
from ppgan_lite.recipes.transform import RECONSTRUCTION, TransformDraft
from ppgan_lite.training import train

pytestmark = pytest.mark.usefixtures("seeded")

RECIPES = {"StyleTransferDraft": StyleTransferDraft, "AnyStyleDraft": AnyStyleDraft}
NETS = {
    "StyleTransferDraft": STYLE_TRANSFER,
    "AnyStyleDraft": {**ANY_STYLE, "encoder_channels": WIDTHS, "encoder_convs": CONVS},
}
PAINTERS = {"StyleTransferDraft": "StyleTransferNet", "AnyStyleDraft": "AnyStyleNet"}
PERCEPTUAL_TERMS = {"content", "style", "gram", "color", "tone"}
KEPT = (
    "painter.revisions",
    "painter.predictor.encoder",
    "painter.predictor.running_",
)  # if nothing is reconstructed


@pytest.fixture(params=sorted(NETS))
def name(request) -> str:
    return request.param


def section(name: str, perceptual: str) -> dict[str, Any]:
    """Return a config's recipe section."""
    encoder = {"encoder": perceptual} if name == "AnyStyleDraft" else {}
    return {"name": name, "net": NETS[name], "perceptual": perceptual, "reconstruct": 0, **encoder}


def recipe_of(name: str, perceptual: str, iteration: int = 1, **arguments: Any) -> Any:
    settings = {**section(name, perceptual), **arguments}
    recipe = RECIPES[settings.pop("name")](**settings)
    recipe.iteration = iteration
    return recipe


def pictures() -> dict[str, paddle.Tensor]:
    """Return a batch of three whose paintings do not have the photos' colors."""
    batch = batch_of(32, 3)
    return {**batch, "style": 0.3 + 0.4 * batch["style"]}


def norms_of(recipe: TransformDraft, paintings: paddle.Tensor) -> list[paddle.Tensor]:
    """Return the scales and shifts that the net predicts for paintings."""
    return list(recipe.statistics(paintings).get(NORMS, ()))


def test_all_of_the_net_is_trained_but_encoder_and_revisions(name, perceptual):
    recipe = recipe_of(name, perceptual)
    before = state(recipe)
    teacher = {key: tensor.numpy().copy() for key, tensor in recipe.losses.encoder.state_dict().items()}
    found = recipe.update(batch_of(32, 3))
    assert found.keys() == PERCEPTUAL_TERMS | {"reconstruction", "total"}
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    assert found["total"] == pytest.approx(sum(found.values()) - found["total"], rel=1e-5)
    after = state(recipe)
    for key in before:
        assert key.startswith(KEPT) == np.array_equal(before[key], after[key]), key
    for key, tensor in recipe.losses.encoder.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), teacher[key])


def test_at_first_all_pictures_are_reconstructed_but_for_their_colors(name, perceptual):
    batch = pictures()
    recipe = recipe_of(name, perceptual, iteration=5, reconstruct=5, learning_rate=0.0)
    wanted = paddle.concat([recolored(batch["photo"][:2], recipe.paintings(batch)[:2]), batch["photo"][2:]])
    found = recipe.update(batch)
    strength = paddle.to_tensor([[1.0], [1.0], [0.0]])
    off = recipe.net.transform(wanted, strength, *norms_of(recipe, recipe.paintings(batch))) - wanted
    assert found.keys() == {"reconstruction", "total"}
    assert found["total"] == pytest.approx(RECONSTRUCTION * float(off.square().mean()), rel=1e-4)
    recipe.iteration = 6
    assert recipe.update(batch).keys() > PERCEPTUAL_TERMS


def test_every_photo_but_the_last_is_painted_and_that_is_reconstructed(name, perceptual):
    batch = pictures()
    recipe = recipe_of(name, perceptual, whiten=False)
    paintings = paddle.concat([recipe.paintings(batch)] * 3)[:3]
    norms = norms_of(recipe, paintings)
    clean = recolored(batch["photo"], paintings)
    drafted = recipe.net.transform(clean[:2], paddle.ones([1, 1]), *(part[:2] for part in norms))
    features = recipe.losses.encode_target(clean[:2]), recipe.losses.encode_target(paintings[:2])
    wanted = recipe.losses(drafted, *features, clean[:2], paintings[:2])
    last = recipe.net.transform(batch["photo"][2:], paddle.zeros([1, 1]), *(part[2:] for part in norms))
    off = float((last - batch["photo"][2:]).square().mean())
    found = recipe.update(batch)
    for term in PERCEPTUAL_TERMS:
        assert found[term] == pytest.approx(float(wanted[term]), rel=1e-4), term
    assert found["reconstruction"] == pytest.approx(RECONSTRUCTION * off, rel=1e-4)


@pytest.mark.parametrize("reconstruct", [0, 100])
def test_training_makes_the_loss_smaller(name, perceptual, reconstruct):
    recipe = recipe_of(name, perceptual, reconstruct=reconstruct, learning_rate=1e-2)
    totals = [recipe.update(batch_of(32))["total"] for _ in range(12)]
    assert totals[-1] < 0.9 * totals[0]


def test_weights_scale_their_losses_and_zero_leaves_them_out(name, perceptual):
    def first(**weights: float) -> dict[str, float]:
        paddle.seed(0)
        return recipe_of(name, perceptual, **weights).update(batch_of(32))

    once, twice = (first(**dict.fromkeys(PERCEPTUAL_TERMS, weight)) for weight in (1.0, 2.0))
    for term in PERCEPTUAL_TERMS:
        assert once[term] > 0 and twice[term] == pytest.approx(2 * once[term], rel=1e-4)
    assert first(**dict.fromkeys(PERCEPTUAL_TERMS, 0.0)).keys() == {"reconstruction", "total"}


def test_a_batch_of_one_is_refused_since_nothing_would_be_painted(name, perceptual):
    with pytest.raises(UsageError) as caught:
        recipe_of(name, perceptual).update(batch_of(32, 1))
    assert str(caught.value) == (
        "loader.batch_size: 1; expected 2 or more: all but the last picture of a batch are painted"
    )


def test_a_preview_shows_the_photo_drafted_half_drafted_and_given_back(name, perceptual):
    recipe, batch = recipe_of(name, perceptual), batch_of(32)
    recipe.update(batch)
    found = recipe.preview(batch)
    assert list(found) == ["photo", "style", "draft", "half", "identity"]
    style = recipe.statistics(batch["style"])
    for part, strength in (("draft", 1.0), ("half", 0.5), ("identity", 0.0)):
        wanted = recipe.net.draft(batch["photo"], style, strength)
        np.testing.assert_allclose(found[part].numpy(), wanted.numpy(), atol=1e-6)


@pytest.mark.parametrize("whiten", [False, True])
def test_a_resumed_training_ends_where_an_uninterrupted_one_does(name, tmp_path, perceptual, whiten):
    settings = {**section(name, perceptual), "reconstruct": 1, "noise_std": 0.05, "whiten": whiten}
    check_resuming(settings, write_pictures(tmp_path), tmp_path)


def test_a_revision_net_learns_above_a_draft_and_both_paint(name, tmp_path, perceptual):
    data = write_pictures(tmp_path)
    draft = train(config(section(name, perceptual), data), run_dir=tmp_path / "draft")
    data |= {"style_size": 64, "style_short_side": [64, 64]}
    recipe = {"name": "PyramidRevision", "net": {"name": PAINTERS[name], **NETS[name]}, "adversarial": 0}
    recipe |= {"perceptual": perceptual, "tone": 1.0}
    final = train(config(recipe, data, init_from=str(draft)), run_dir=tmp_path / "revision")
    before, after = read_checkpoint(draft)[1], read_checkpoint(final)[1]
    for key in (key for key in before if key.startswith("net/painter/")):
        assert np.array_equal(before[key], after[key]) != key.startswith("net/painter/revisions"), key
    rng = np.random.default_rng(0)
    photo, painting = (rng.integers(0, 256, (*size, 3), np.uint8) for size in ((40, 56), (30, 20)))
    predictor = load_predictor(final, device="cpu")
    if name == "AnyStyleDraft":
        found = predictor(photo, style=painting)
        predictor = predictor.with_style(painting)
        np.testing.assert_array_equal(predictor(photo), found)
    assert predictor(photo).shape == photo.shape


# The painter of one style


def test_one_style_is_that_of_the_first_painting_whose_colors_the_net_stores(perceptual):
    recipe, batch = recipe_of("StyleTransferDraft", perceptual), pictures()
    assert recipe.paintings(batch).shape[0] == 1
    recipe.update(batch)
    for found, wanted in zip(recipe.net.own_statistics()[IMAGE], mean_and_covariance(batch["style"][:1]), strict=True):
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-6)


def test_a_painter_of_one_style_takes_a_photo_alone_and_adds_the_noise_of_the_training(perceptual):
    spec = recipe_of("StyleTransferDraft", perceptual, noise_std=0.05, draft_px=400).predictors()["painter"]
    assert (spec.task, spec.inputs, spec.value_range) == ("stylize", ("photo",), (0.0, 1.0))
    assert spec.settings == {"noise_std": 0.05, "draft_px": 400}


# The painter of any style


def test_paintings_are_read_by_the_encoder_that_is_named(perceptual):
    recipe = recipe_of("AnyStyleDraft", perceptual)
    given = load_encoder(perceptual).state_dict()
    for key, tensor in recipe.net.predictor.encoder.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), given[key].numpy())


def test_what_paintings_share_is_learned_while_pictures_are_reconstructed(perceptual):
    recipe, batch = recipe_of("AnyStyleDraft", perceptual, reconstruct=1), pictures()
    before = state(recipe)
    read = recipe.net.predictor.statistics(batch["style"])
    recipe.update(batch)
    assert "painter.predictor" in changed(before, recipe)
    found = recipe.net.predictor.running_mean.numpy()
    np.testing.assert_allclose(found, 0.03 * read.numpy().mean(axis=0, keepdims=True), rtol=1e-4, atol=1e-6)
    recipe.iteration = 2
    recipe.update(batch)
    np.testing.assert_array_equal(recipe.net.predictor.running_mean.numpy(), found)


# What recipes of painters share


@pytest.mark.parametrize(
    ("kind", "small"),
    [
        ("LapStyleNet", {"encoder_channels": [2] * 5, "encoder_convs": [1] * 5}),
        ("StyleTransferNet", STYLE_TRANSFER),
        ("AnyStyleNet", ANY_STYLE),
    ],
)
@pytest.mark.parametrize("level", [0, 1])
def test_a_painter_has_no_revision_net_that_has_not_learned(perceptual, kind, small, level):
    recipe = PyramidRevision(net={"name": kind, **small, "revisions": 2}, level=level, perceptual=perceptual)
    assert len(recipe.net.revisions) == level + 1


def test_a_revision_is_refused_above_what_is_no_painter(perceptual):
    with pytest.raises(UsageError) as caught:
        PyramidRevision(net={"name": "ResnetGenerator"}, perceptual=perceptual)
    assert str(caught.value) == (
        "recipe.net.name: ResnetGenerator; expected one of LapStyleNet, StyleTransferNet, AnyStyleNet"
    )


def test_a_painting_is_encoded_once_until_another_comes_or_the_whitening_changes(perceptual):
    losses = recipe_of("StyleTransferDraft", perceptual).losses
    losses.whitening.pictures = 4
    painting, other = batch_of(32)["photo"][:1], batch_of(32)["style"][:1]
    shown = []
    encoder, losses.encoder = losses.encoder, lambda image: shown.append(image) or encoder(image)
    for step in range(3):
        losses.update_whitening(painting, painting)
        found = losses.encode_painting(painting)
        wanted = losses.whitening(encoder(painting))["relu4_1"]
        np.testing.assert_allclose(found.whitened["relu4_1"].numpy(), wanted.numpy(), atol=1e-5, err_msg=str(step))
    assert sum(image is painting for image in shown) == 3  # twice as a photo of the whitening
    assert losses.encode_painting(painting.clone()) is found
    assert losses.encode_painting(other) is not found


def color_statistics(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of the colors of 3 x H x W."""
    flat = image.reshape(3, -1)
    return flat.mean(axis=1), np.cov(flat)


def test_recolored_photos_have_the_colors_of_their_paintings():
    rng = np.random.default_rng(0)
    photos = (0.4 + 0.2 * rng.random((2, 3, 24, 20))).astype(np.float32)
    paintings = (0.3 + 0.3 * rng.random((2, 3, 16, 18))).astype(np.float32)
    paintings[:, 1] = 0.5 * paintings[:, 0] + 0.5 * paintings[:, 1]  # which goes with which
    for given, wanted in ((paintings, paintings), (paintings[:1], paintings[[0, 0]])):
        found = recolored(paddle.to_tensor(photos), paddle.to_tensor(given)).numpy()
        for image, painting in zip(found, wanted, strict=True):
            (mean, covariance), (own_mean, own) = color_statistics(painting), color_statistics(image)
            np.testing.assert_allclose(own_mean, mean, atol=1e-4)
            np.testing.assert_allclose(own, covariance, atol=0.03 * covariance.max())


def test_recolored_photos_stay_in_range_and_where_they_are():
    photo = batch_of(24)["photo"]
    found = recolored(photo, photo * 0.5)
    assert float(found.min()) >= 0 and float(found.max()) <= 1
    np.testing.assert_allclose(found.numpy(), 0.5 * photo.numpy(), atol=0.01)
    assert float(recolored(photo * 0.2 + 0.4, (photo > 0.5).astype("float32")).max()) == 1.0
