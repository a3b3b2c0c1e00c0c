"""LapStyle's two recipes, on tiny nets with a tiny perceptual encoder."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import paddle
import pytest
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

from ppgan_lite.checkpoint import build_net, read_checkpoint
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.nets.vgg import VGG16_SCALE
from ppgan_lite.recipes.lapstyle import LapStyleDraft, LapStyleRevision
from ppgan_lite.recipes.lapstyle_losses import (
    MEAN_ACTIVATIONS_OF_VGG16,
    PUBLISHED_WEIGHTS,
    LapStyleLosses,
    LapStyleWeights,
)
from ppgan_lite.recipes.recipe import Recipe
from ppgan_lite.signatures import argument_faults
from ppgan_lite.training import train

pytestmark = pytest.mark.usefixtures("seeded")

NET = {"encoder_channels": WIDTHS, "encoder_convs": CONVS, "revision_channels": 4}


def parameters_of(recipe: Recipe, part: str) -> list[str]:
    return [name for name in state(recipe) if name.startswith(part)]


# The draft


def test_the_published_weights_are_the_defaults():
    for recipe in (LapStyleDraft, LapStyleRevision):
        defaults = {name: parameter.default for name, parameter in inspect.signature(recipe).parameters.items()}
        assert defaults["perceptual"] == "vgg19"
        assert (defaults["content"], defaults["style"]) == (1.0, 3.0)
        assert (defaults["relaxed_emd"], defaults["self_similarity"]) == (10.0, 16.0)
        assert defaults["learning_rate"] == 1e-4
    defaults = {name: parameter.default for name, parameter in inspect.signature(LapStyleDraft).parameters.items()}
    assert (defaults["identity_pixels"], defaults["identity_features"]) == (50.0, 1.0)
    assert inspect.signature(LapStyleRevision).parameters["adversarial"].default == 1.0


def test_a_published_draft_starts_from_the_perceptual_encoder_and_trains_the_decoder_alone(perceptual):
    recipe = LapStyleDraft(net=NET, perceptual=perceptual)
    wanted = read_checkpoint(perceptual)[1]
    for name, tensor in recipe.net.encoder.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), wanted[f"net/encoder/{name}"])
    before = state(recipe)
    losses = [recipe.update(batch_of(32)) for _ in range(2)]
    assert changed(before, recipe) == {"painter.decoder"}
    for found in losses:
        terms = {"content", "style", "relaxed_emd", "self_similarity", "identity_pixels", "identity_features"}
        assert found.keys() == terms | {"total"}
        assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
        assert found["total"] == pytest.approx(sum(found[name] for name in terms), rel=1e-5)


def test_every_weight_scales_its_loss_and_zero_leaves_it_out(perceptual):
    def first(**weights: float) -> dict[str, float]:
        paddle.seed(0)
        return LapStyleDraft(net=NET, perceptual=perceptual, **weights).update(batch_of(32))

    names = ("content", "style", "relaxed_emd", "self_similarity", "identity_pixels")
    once, twice = first(**dict.fromkeys(names, 1.0)), first(**dict.fromkeys(names, 2.0))
    for name in names:
        assert once[name] > 0
        assert twice[name] == pytest.approx(2 * once[name], rel=1e-4)
    assert set(names[:-1]).isdisjoint(first(**dict.fromkeys(names[:-1], 0.0)))


def test_training_a_draft_makes_its_loss_smaller(perceptual):
    recipe = LapStyleDraft(net=NET, perceptual=perceptual, learning_rate=3e-3)
    totals = [recipe.update(batch_of(32))["total"] for _ in range(12)]
    assert totals[-1] < 0.95 * totals[0]


def test_a_clipped_gradient_moves_less(perceptual):
    def moved(clip_norm: float | None) -> float:
        paddle.seed(0)
        # Adam divides the gradient's size out of its first step, unless it is no larger than its epsilon.
        recipe = LapStyleDraft(net=NET, perceptual=perceptual, clip_norm=clip_norm)
        before = state(recipe)
        recipe.update(batch_of(32))
        return max(float(np.abs(before[name] - after).max()) for name, after in state(recipe).items())

    assert moved(1e-9) < 0.5 * moved(None)


def test_identity_may_look_at_a_part_of_the_batch(perceptual):
    def identity(samples: int | None, photos: int) -> float:
        paddle.seed(0)
        batch = {name: tensor[:photos] for name, tensor in batch_of(32, 3).items()}
        return LapStyleDraft(net=NET, perceptual=perceptual, identity_samples=samples).update(batch)["identity_pixels"]

    assert identity(1, 3) == pytest.approx(identity(None, 1), rel=1e-4)
    assert identity(None, 3) != pytest.approx(identity(None, 1), rel=1e-4)


def test_a_draft_of_one_style_carries_its_statistics(perceptual):
    recipe = LapStyleDraft(net={**NET, "own_style": True}, perceptual=perceptual)
    assert recipe.predictors()["painter"].inputs == ("photo",)
    assert LapStyleDraft(net=NET, perceptual=perceptual).predictors()["painter"].inputs == ("photo", "style")
    batch = batch_of(32)
    recipe.update(batch)
    wanted = recipe.net.style_statistics(batch["style"])
    for layer, own in recipe.net.own_statistics().items():
        for buffer, seen in zip(own, wanted[layer], strict=True):
            np.testing.assert_allclose(buffer.numpy(), seen.mean(axis=0, keepdim=True).numpy(), rtol=1e-4, atol=1e-6)


def test_a_draft_previews_what_it_does(perceptual):
    recipe = LapStyleDraft(net=NET, perceptual=perceptual)
    found = recipe.preview(batch_of(32))
    assert list(found) == ["photo", "style", "draft", "identity"]
    assert all(image.shape == [2, 3, 32, 32] for image in found.values())


def test_the_pairwise_losses_look_at_a_grid(perceptual):
    def relative(pairwise_px: int) -> dict[str, float]:
        paddle.seed(0)
        return LapStyleDraft(net=NET, perceptual=perceptual, pairwise_px=pairwise_px).update(batch_of(64))

    everything, coarse = relative(64), relative(5)
    assert everything["content"] == pytest.approx(coarse["content"], rel=1e-5)
    assert everything["relaxed_emd"] != pytest.approx(coarse["relaxed_emd"], rel=1e-3)
    assert relative(16) == pytest.approx(everything, rel=1e-5)  # relu3_1 of 64 px has 16 x 16 positions


# Revisions


@pytest.mark.parametrize("level", [0, 1])
def test_a_revision_trains_its_own_net_and_the_discriminator(perceptual, level):
    recipe = LapStyleRevision(net=NET, level=level, perceptual=perceptual)
    assert len(recipe.net.revisions) == level + 1
    before = state(recipe)
    for _ in range(2):
        found = recipe.update(batch_of(32 << level))
        terms = {"content", "style", "relaxed_emd", "self_similarity", "adversarial"}
        assert found.keys() == terms | {"discriminator", "total"}
        assert all(np.isfinite(value) for value in found.values())
        assert found["total"] == pytest.approx(sum(found[name] for name in terms), rel=1e-5)
    after = state(recipe)
    different = {name for name in before if not np.array_equal(before[name], after[name])}
    assert {name for name in different if name.startswith("painter")} == set(
        parameters_of(recipe, f"painter.revisions.{level}.")
    )
    assert set(parameters_of(recipe, "discriminator.to_logits")) <= different


def test_a_revision_without_a_discriminator_leaves_it_alone(perceptual):
    recipe = LapStyleRevision(net=NET, perceptual=perceptual, adversarial=0)
    before = state(recipe)
    found = recipe.update(batch_of(32))
    assert {"discriminator", "adversarial"}.isdisjoint(found)
    assert changed(before, recipe) == {"painter.revisions"}


def test_the_discriminator_learns_to_tell_paintings_from_results(perceptual):
    recipe = LapStyleRevision(net=NET, perceptual=perceptual, learning_rate=5e-3)
    batch = batch_of(32)
    batch["style"] = batch["style"] * 0.2 + 0.8  # brighter than anything that the fresh net paints
    losses = [recipe.update(batch)["discriminator"] for _ in range(14)]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("level", [0, 1])
def test_what_is_trained_is_what_is_shown_and_called(monkeypatch, perceptual, level):
    """The picture that the losses see is the net's own forward pass, and the preview's."""
    recipe = LapStyleRevision(net=NET, level=level, perceptual=perceptual)
    seen: list[paddle.Tensor] = []
    losses = LapStyleLosses.__call__

    def spy(self: LapStyleLosses, result: paddle.Tensor, *others: Any) -> dict[str, paddle.Tensor]:
        seen.append(result.detach().clone())
        return losses(self, result, *others)

    monkeypatch.setattr(LapStyleLosses, "__call__", spy)
    batch = batch_of(32 << level)
    shown = recipe.preview(batch)
    recipe.update(batch)
    shrunk = paddle.nn.functional.avg_pool2d(batch["style"], 2 << level)
    np.testing.assert_allclose(seen[0].numpy(), shown["revised"].numpy(), atol=1e-5)
    assert list(shown) == ["photo", "style", "below", "revised"]
    assert all(image.shape == [2, 3, 32 << level, 32 << level] for image in shown.values())
    called = recipe.net(batch["photo"], recipe.net.style_statistics(shrunk))
    np.testing.assert_allclose(called.numpy(), recipe.preview(batch)["revised"].numpy(), atol=1e-5)


# From one stage to the next


def settings(recipe: str, perceptual: str) -> dict[str, Any]:
    net = {**NET, "own_style": True} | ({"name": "LapStyleNet"} if recipe == "LapStyleRevision" else {})
    return {"name": recipe, "net": net, "perceptual": perceptual}


def test_the_stages_follow_one_another_into_one_painter(tmp_path, perceptual):
    data = write_pictures(tmp_path)
    draft = train(config(settings("LapStyleDraft", perceptual), data), run_dir=tmp_path / "draft")
    revision = config(settings("LapStyleRevision", perceptual), data, init_from=str(draft))
    final = train(revision, run_dir=tmp_path / "revision")
    drafted, revised = read_checkpoint(draft)[1], read_checkpoint(final)[1]
    for name, tensor in drafted.items():
        if name.startswith("net/painter/"):  # what the first stage learned, its style's statistics too
            np.testing.assert_array_equal(revised[name], tensor)
    header, tensors = read_checkpoint(final)
    assert header.predictors["painter"].inputs == ("photo",)
    painter = build_net("painter", header, tensors)
    result = painter(batch_of(40)["photo"], painter.own_statistics())
    assert result.shape == [2, 3, 40, 40]
    assert np.isfinite(result.numpy()).all()


@pytest.mark.parametrize("recipe", ["LapStyleDraft", "LapStyleRevision"])
def test_a_resumed_stage_ends_where_an_uninterrupted_one_does(tmp_path, perceptual, recipe):
    check_resuming(settings(recipe, perceptual), write_pictures(tmp_path), tmp_path)


def test_a_recipe_without_its_perceptual_encoder_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="Run `paddlegan fetch vgg19`"):
        LapStyleDraft(net=NET)


# Settings of the losses


def test_fields_of_the_weights_are_arguments_of_a_recipe(perceptual):
    parameters = inspect.signature(LapStyleRevision).parameters
    assert "weights" not in parameters
    assert {"content", "content_layers", "pairwise_px"} < parameters.keys()
    recipe = LapStyleRevision(net=NET, perceptual=perceptual, content=7.0, content_layers=["relu2_1"])
    assert recipe.losses.weights == replace(PUBLISHED_WEIGHTS, content=7.0, content_layers=["relu2_1"])
    weights = LapStyleWeights(style=0)
    assert LapStyleRevision(net=NET, perceptual=perceptual, weights=weights, content=2.0).losses.weights.content == 2.0
    with pytest.raises(TypeError, match="contents"):
        LapStyleRevision(net=NET, perceptual=perceptual, contents=1.0)
    faults = argument_faults(LapStyleRevision, {"content": "much", "pairwise_px": 0.5, "grams": 2})
    assert [fault.key for fault in faults] == ["grams", "content", "pairwise_px"]


def test_a_revision_of_another_painter_is_refused(perceptual):
    with pytest.raises(UsageError) as caught:
        LapStyleRevision(net={"name": "StyleTransferNet"}, perceptual=perceptual)
    assert str(caught.value) == (
        "recipe.net.name: StyleTransferNet; expected LapStyleNet. PyramidRevision trains those of other painters"
    )


# VGG-16, which ships, as the encoder of losses and drafts


def test_a_vgg16_teaches_and_is_the_encoder_of_drafts(tiny_vgg16):
    net = {**NET, "encoder_convs": [2, 2, 3, 1, 1]}
    recipe = LapStyleDraft(net=net, perceptual=tiny_vgg16)
    image = batch_of(32)["photo"]
    found = recipe.net.encoder(image, last="relu4_1")["relu2_1"]
    vgg16 = recipe.losses.encoder
    x = 255 * image.flip(1) - vgg16.means
    for name in ("conv1_1", "conv1_2"):
        x = paddle.nn.functional.relu(getattr(vgg16, name)(x))
    wanted = paddle.nn.functional.relu(vgg16.conv2_1(paddle.nn.functional.max_pool2d(x, 2))) / VGG16_SCALE
    inside = (slice(None), slice(None), slice(2, -2), slice(2, -2))  # the borders are padded in other ways
    np.testing.assert_allclose(found[inside].numpy(), wanted[inside].numpy(), rtol=1e-4, atol=1e-5)
    before = state(recipe)
    assert all(np.isfinite(value) for value in recipe.update(batch_of(32)).values())
    assert changed(before, recipe) == {"painter.decoder"}


def test_features_of_a_vgg16_are_of_size_one_to_the_losses(tiny_vgg16):
    losses = LapStyleLosses(tiny_vgg16, PUBLISHED_WEIGHTS)
    photo = batch_of(32)["photo"]
    raw, found = losses.encoder(photo), losses.encode(photo)
    assert list(found) == list(raw) == list(MEAN_ACTIVATIONS_OF_VGG16)
    for layer, size in MEAN_ACTIVATIONS_OF_VGG16.items():
        np.testing.assert_allclose(found[layer].numpy(), raw[layer].numpy() / size, rtol=1e-6)
    assert float(losses(photo, losses.encode_target(photo), losses.encode_painting(photo))["style"]) == 0


def test_a_revision_learns_from_a_vgg16(tiny_vgg16):
    found = LapStyleRevision(net=NET, perceptual=tiny_vgg16).update(batch_of(64))
    assert {"content", "style", "relaxed_emd", "self_similarity", "adversarial", "discriminator"} < found.keys()
    assert all(np.isfinite(value) for value in found.values())
