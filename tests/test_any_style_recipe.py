"""The recipe for the painter in any style, on a tiny net with a tiny encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import ANY_STYLE
from style_recipes import (
    CONVS,
    WIDTHS,
    batch_of,
    changed,
    check_resuming,
    config,
    state,
    write_pictures,
)

from ppgan_lite.checkpoint import read_checkpoint
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.predictor import load_predictor
from ppgan_lite.pretrained import load_encoder
from ppgan_lite.recipes.any_style import AnyStyleDraft
from ppgan_lite.recipes.style_losses import recoloured
from ppgan_lite.recipes.style_transfer import RECONSTRUCTION
from ppgan_lite.training import train

pytestmark = pytest.mark.usefixtures("seeded")

NET = {**ANY_STYLE, "encoder_channels": WIDTHS, "encoder_convs": CONVS}
PERCEPTUAL_TERMS = {"content", "style", "gram", "colour", "tone"}


def recipe_of(perceptual: str, iteration: int = 1, **arguments: Any) -> AnyStyleDraft:
    recipe = AnyStyleDraft(net=NET, encoder=perceptual, perceptual=perceptual, **{"reconstruct": 0, **arguments})
    recipe.iteration = iteration
    return recipe


def test_all_of_the_net_is_trained_but_what_reads_and_what_revises(perceptual):
    recipe = recipe_of(perceptual)
    before = state(recipe)
    found = recipe.update(batch_of(32, 3))
    assert found.keys() == PERCEPTUAL_TERMS | {"reconstruction", "total"}
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    assert found["total"] == pytest.approx(sum(found.values()) - found["total"], rel=1e-5)
    after = state(recipe)
    kept = ("painter.revisions", "painter.predictor.encoder", "painter.predictor.seen_")
    for name in before:
        assert name.startswith(kept) == np.array_equal(before[name], after[name]), name


def test_paintings_are_read_by_the_encoder_that_is_named(perceptual):
    recipe = recipe_of(perceptual)
    given = load_encoder(perceptual).state_dict()
    for name, tensor in recipe.net.predictor.encoder.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), given[name].numpy())


def test_at_first_the_net_gives_pictures_back_in_their_paintings_colours_and_learns_what_paintings_share(perceptual):
    batch = batch_of(32, 3)
    batch["style"] = 0.3 + 0.4 * batch["style"]
    recipe = recipe_of(perceptual, iteration=5, reconstruct=5)
    before, read = state(recipe), recipe.net.predictor.statistics(batch["style"])
    seen = paddle.concat([recoloured(batch["photo"][:2], batch["style"][:2]), batch["photo"][2:]])
    found = recipe.update(batch)
    recipe.net.predictor.set_state_dict(
        {k.removeprefix("painter.predictor."): paddle.to_tensor(v) for k, v in before.items() if "predictor" in k}
    )
    recipe.net.transform.set_state_dict(
        {k.removeprefix("painter.transform."): paddle.to_tensor(v) for k, v in before.items() if "transform" in k}
    )
    recipe.net.predictor.watch(read)
    strength = paddle.to_tensor([[1.0], [1.0], [0.0]])
    off = recipe.net.transform(seen, strength, *recipe.net.predictor.norms(read)) - seen
    assert found.keys() == {"reconstruction", "total"}
    assert found["total"] == pytest.approx(RECONSTRUCTION * float(off.square().mean()), rel=1e-4)
    assert "painter.predictor" in changed(before, recipe)
    recipe.iteration = 6
    shared = recipe.net.predictor.seen_mean.numpy().copy()
    assert recipe.update(batch).keys() > PERCEPTUAL_TERMS
    np.testing.assert_array_equal(recipe.net.predictor.seen_mean.numpy(), shared)


def test_every_photo_but_the_last_is_painted_like_its_own_painting(perceptual):
    batch = batch_of(32, 3)
    recipe = recipe_of(perceptual, whiten=False)
    norms = recipe.net.predictor(batch["style"])
    seen = recoloured(batch["photo"], batch["style"])
    drafted = recipe.net.transform(seen[:2], paddle.ones([1, 1]), *(part[:2] for part in norms))
    features = recipe.losses.features(seen[:2]), recipe.losses.features(batch["style"][:2])
    wanted = recipe.losses(drafted, *features, seen[:2], batch["style"][:2])
    last = recipe.net.transform(batch["photo"][2:], paddle.zeros([1, 1]), *(part[2:] for part in norms))
    off = float((last - batch["photo"][2:]).square().mean())
    found = recipe.update(batch)
    for name in PERCEPTUAL_TERMS:
        assert found[name] == pytest.approx(float(wanted[name]), rel=1e-4), name
    assert found["reconstruction"] == pytest.approx(RECONSTRUCTION * off, rel=1e-4)


@pytest.mark.parametrize("reconstruct", [0, 100])
def test_training_makes_what_is_minimised_smaller(perceptual, reconstruct):
    recipe = recipe_of(perceptual, reconstruct=reconstruct, learning_rate=1e-2)
    totals = [recipe.update(batch_of(32))["total"] for _ in range(12)]
    assert totals[-1] < 0.9 * totals[0]


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
    style = recipe.net.style_statistics(batch["style"])
    for name, strength in (("draft", 1.0), ("half", 0.5), ("identity", 0.0)):
        wanted = recipe.net.draft(batch["photo"], style, strength)
        np.testing.assert_allclose(found[name].numpy(), wanted.numpy(), atol=1e-6)


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(tmp_path, perceptual):
    settings = {"net": NET, "encoder": perceptual, "perceptual": perceptual, "reconstruct": 1, "grain": 0.05}
    check_resuming({"name": "AnyStyleDraft", **settings}, write_pictures(tmp_path), tmp_path)


def test_a_revision_net_learns_above_a_draft_and_both_paint_like_any_picture(tmp_path, perceptual):
    data = write_pictures(tmp_path)
    recipe = {"name": "AnyStyleDraft", "net": NET, "encoder": perceptual, "perceptual": perceptual}
    draft = train(config(recipe, data), run_dir=tmp_path / "draft")
    data |= {"style_size": 64, "style_short_side": [64, 64]}
    recipe = {"name": "LapStyleRevision", "net": {"name": "AnyStyleNet", **NET}, "adversarial": 0}
    recipe |= {"perceptual": perceptual, "tone": 1.0}
    final = train(config(recipe, data, init_from=str(draft)), run_dir=tmp_path / "revision")
    before, after = read_checkpoint(draft)[1], read_checkpoint(final)[1]
    for name in (name for name in before if name.startswith("net/painter/")):
        assert np.array_equal(before[name], after[name]) != name.startswith("net/painter/revisions"), name
    rng = np.random.default_rng(0)
    photo, painting = (rng.integers(0, 256, (*size, 3), np.uint8) for size in ((40, 56), (30, 20)))
    predictor = load_predictor(final, device="cpu")
    found = predictor(photo, style=painting)
    assert found.shape == photo.shape
    np.testing.assert_array_equal(predictor.with_style(painting)(photo), found)
