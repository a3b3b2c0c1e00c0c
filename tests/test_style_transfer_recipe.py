"""The recipe for painters of one style, on a tiny net with a tiny perceptual encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import ANY_STYLE, STYLE_TRANSFER
from style_recipes import batch_of, changed, check_resuming, config, state, write_pictures

from ppgan_lite.checkpoint import read_checkpoint
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.predictor import load_predictor
from ppgan_lite.recipes.lapstyle import LapStyleRevision
from ppgan_lite.recipes.style_losses import recoloured
from ppgan_lite.recipes.style_transfer import RECONSTRUCTION, StyleTransferDraft
from ppgan_lite.training import train

pytestmark = pytest.mark.usefixtures("seeded")

PERCEPTUAL_TERMS = {"content", "style", "gram", "colour", "tone"}


def recipe_of(perceptual: str, iteration: int = 1, **arguments: Any) -> StyleTransferDraft:
    recipe = StyleTransferDraft(net=STYLE_TRANSFER, perceptual=perceptual, **arguments)
    recipe.iteration = iteration
    return recipe


def test_the_transform_net_alone_is_trained_and_all_of_it(perceptual):
    recipe = recipe_of(perceptual)
    before = state(recipe)
    teacher = {name: tensor.numpy().copy() for name, tensor in recipe.losses.encoder.state_dict().items()}
    found = recipe.update(batch_of(32, 3))
    assert found.keys() == PERCEPTUAL_TERMS | {"reconstruction", "total"}
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    assert found["total"] == pytest.approx(sum(found.values()) - found["total"], rel=1e-5)
    assert changed(before, recipe) == {"painter.transform"}
    after = state(recipe)
    for name in before:
        assert name.startswith("painter.revisions") or not np.array_equal(before[name], after[name]), name
    for name, tensor in recipe.losses.encoder.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), teacher[name])


def test_the_last_picture_of_a_batch_is_drafted_with_strength_0_and_is_to_stay_but_for_its_colours(perceptual):
    batch = batch_of(32, 3)
    recipe = recipe_of(perceptual)
    last = batch["photo"][2:]
    off = recipe.net.transform(last, paddle.zeros([1, 1])) - recoloured(last, batch["style"][:1])
    found = recipe.update(batch)
    assert found["reconstruction"] == pytest.approx(RECONSTRUCTION * float(off.square().mean()), rel=1e-4)


def test_all_but_the_last_are_painted_in_the_style_of_the_first_painting(perceptual):
    batch = batch_of(32, 3)
    recipe = recipe_of(perceptual, whiten=False)
    photo, painting = batch["photo"][:2], batch["style"][:1]
    seen = recipe.losses.features(photo), recipe.losses.features(painting)
    wanted = recipe.losses(recipe.net.draft(photo), *seen, photo, painting)
    found = recipe.update(batch)
    for name in PERCEPTUAL_TERMS:
        assert found[name] == pytest.approx(float(wanted[name]), rel=1e-4), name


def test_at_first_all_pictures_are_to_stay_at_any_strength(perceptual):
    batch = batch_of(32, 3)
    recipe = recipe_of(perceptual, iteration=5, reconstruct=5)
    drafted = recipe.net.transform(batch["photo"], paddle.to_tensor([[1.0], [1.0], [0.0]]))
    off = drafted - recoloured(batch["photo"], batch["style"][:1])
    found = recipe.update(batch)
    assert found.keys() == {"reconstruction", "total"}
    assert found["total"] == pytest.approx(RECONSTRUCTION * float(off.square().mean()), rel=1e-4)
    recipe.iteration = 6
    assert recipe.update(batch).keys() > PERCEPTUAL_TERMS


@pytest.mark.parametrize("reconstruct", [0, 100])
def test_training_makes_what_is_minimised_smaller(perceptual, reconstruct):
    recipe = recipe_of(perceptual, reconstruct=reconstruct, learning_rate=1e-2)
    totals = [recipe.update(batch_of(32))["total"] for _ in range(12)]
    assert totals[-1] < 0.9 * totals[0]


def test_weights_scale_their_losses_and_zero_leaves_them_out(perceptual):
    def first(**weights: float) -> dict[str, float]:
        paddle.seed(0)
        return recipe_of(perceptual, **weights).update(batch_of(32))

    once, twice = (first(**dict.fromkeys(PERCEPTUAL_TERMS, weight)) for weight in (1.0, 2.0))
    for name in PERCEPTUAL_TERMS:
        assert once[name] > 0 and twice[name] == pytest.approx(2 * once[name], rel=1e-4)
    assert first(**dict.fromkeys(PERCEPTUAL_TERMS, 0.0)).keys() == {"reconstruction", "total"}


def test_a_batch_of_one_is_refused_since_nothing_would_be_painted(perceptual):
    with pytest.raises(UsageError) as caught:
        recipe_of(perceptual).update(batch_of(32, 1))
    assert str(caught.value) == (
        "loader.batch_size: 1; expected 2 or more: all but the last picture of a batch are painted"
    )


def test_a_preview_shows_the_photo_drafted_half_drafted_and_given_back(perceptual):
    recipe, batch = recipe_of(perceptual), batch_of(32)
    found = recipe.preview(batch)
    assert list(found) == ["photo", "style", "draft", "half", "identity"]
    for name, strength in (("draft", 1.0), ("half", 0.5), ("identity", 0.0)):
        wanted = recipe.net.draft(batch["photo"], strength=strength)
        np.testing.assert_allclose(found[name].numpy(), wanted.numpy(), atol=1e-6)


def test_a_predictor_takes_a_photo_alone_and_lays_the_grain_of_the_training(perceptual):
    spec = recipe_of(perceptual, grain=0.05).predictors()["painter"]
    assert (spec.task, spec.inputs, spec.value_range) == ("stylize", ("photo",), (0.0, 1.0))
    assert spec.settings == {"grain": 0.05, "coats": 1}


@pytest.mark.parametrize("whiten", [False, True])
def test_a_resumed_training_ends_where_an_uninterrupted_one_does(tmp_path, perceptual, whiten):
    settings = {"net": STYLE_TRANSFER, "perceptual": perceptual, "reconstruct": 1, "grain": 0.05, "whiten": whiten}
    check_resuming({"name": "StyleTransferDraft", **settings}, write_pictures(tmp_path), tmp_path)


def test_a_revision_net_learns_above_a_draft_and_both_paint(tmp_path, perceptual):
    data = write_pictures(tmp_path)
    recipe = {"name": "StyleTransferDraft", "net": STYLE_TRANSFER, "perceptual": perceptual}
    draft = train(config(recipe, data), run_dir=tmp_path / "draft")
    recipe = {"name": "LapStyleRevision", "net": {"name": "StyleTransferNet", **STYLE_TRANSFER}, "adversarial": 0}
    recipe |= {"perceptual": perceptual, "tone": 1.0}
    final = train(config(recipe, data, init_from=str(draft)), run_dir=tmp_path / "revision")
    before, after = read_checkpoint(draft)[1], read_checkpoint(final)[1]
    for name in (name for name in before if name.startswith("net/painter/")):
        assert np.array_equal(before[name], after[name]) == name.startswith("net/painter/transform"), name
    photo = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    assert load_predictor(final, device="cpu")(photo).shape == photo.shape


# What other recipes share


@pytest.mark.parametrize(
    ("name", "small"),
    [
        ("LapStyleNet", {"encoder_channels": [2] * 5, "encoder_convs": [1] * 5}),
        ("StyleTransferNet", STYLE_TRANSFER),
        ("AnyStyleNet", ANY_STYLE),
    ],
)
@pytest.mark.parametrize("level", [0, 1])
def test_a_painter_has_no_revision_net_that_has_not_learned(perceptual, name, small, level):
    recipe = LapStyleRevision(net={"name": name, **small, "revisions": 2}, level=level, perceptual=perceptual)
    assert len(recipe.net.revisions) == level + 1


def test_a_revision_is_refused_above_what_is_no_painter(perceptual):
    with pytest.raises(UsageError) as caught:
        LapStyleRevision(net={"name": "ResnetGenerator"}, perceptual=perceptual)
    assert str(caught.value) == (
        "recipe.net.name: ResnetGenerator; expected one of LapStyleNet, StyleTransferNet, AnyStyleNet"
    )


def colours(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of the colours of 3 x H x W."""
    flat = image.reshape(3, -1)
    return flat.mean(axis=1), np.cov(flat)


def test_recoloured_photos_have_the_colours_of_their_paintings():
    rng = np.random.default_rng(0)
    photos = (0.4 + 0.2 * rng.random((2, 3, 24, 20))).astype(np.float32)
    paintings = (0.3 + 0.3 * rng.random((2, 3, 16, 18))).astype(np.float32)
    paintings[:, 1] = 0.5 * paintings[:, 0] + 0.5 * paintings[:, 1]  # which goes with which
    for given, wanted in ((paintings, paintings), (paintings[:1], paintings[[0, 0]])):
        found = recoloured(paddle.to_tensor(photos), paddle.to_tensor(given)).numpy()
        for image, painting in zip(found, wanted, strict=True):
            (mean, covariance), (own_mean, own) = colours(painting), colours(image)
            np.testing.assert_allclose(own_mean, mean, atol=1e-4)
            np.testing.assert_allclose(own, covariance, atol=0.03 * covariance.max())


def test_recoloured_photos_stay_in_range_and_where_they_are():
    photo = batch_of(24)["photo"]
    found = recoloured(photo, photo * 0.5)
    assert float(found.min()) >= 0 and float(found.max()) <= 1
    np.testing.assert_allclose(found.numpy(), 0.5 * photo.numpy(), atol=0.01)
    assert float(recoloured(photo * 0.2 + 0.4, (photo > 0.5).astype("float32")).max()) == 1.0
