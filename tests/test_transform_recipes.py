"""The recipes for painters of one style and of any style, and for their revision nets, on tiny nets."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import ANY_STYLE, STYLE_TRANSFER
from paddle.nn import functional as F
from style_recipes import CONVS, WIDTHS, batch_of, changed, check_resuming, config, state, write_pictures

from ppgan_lite.autodiff import executor
from ppgan_lite.checkpoint import read_checkpoint
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.losses.pixel import shift_consistency_loss
from ppgan_lite.nets.blocks import resize_bilinear
from ppgan_lite.nets.color_alignment import align_colors, mean_and_covariance
from ppgan_lite.nets.painter_interface import IMAGE, NORMS
from ppgan_lite.nets.pyramid import laplacian
from ppgan_lite.pretrained import load_encoder
from ppgan_lite.recipes import transform
from ppgan_lite.recipes.any_style import AnyStyleDraft
from ppgan_lite.recipes.pyramid_revision import EDGES, TONES, WEAVE, WEAVE_OF_DETAIL, PyramidRevision, without_weave
from ppgan_lite.recipes.style_losses import ContentWeight, StyleLosses, colors_of, recolored, relative_plane_loss
from ppgan_lite.recipes.style_transfer import StyleTransferDraft
from ppgan_lite.recipes.transform import RECONSTRUCTION, TransformDraft
from ppgan_lite.training import train

pytestmark = pytest.mark.usefixtures("seeded", "in_float32")

RECIPES = {"StyleTransferDraft": StyleTransferDraft, "AnyStyleDraft": AnyStyleDraft}
NETS = {
    "StyleTransferDraft": STYLE_TRANSFER,
    "AnyStyleDraft": {**ANY_STYLE, "encoder_channels": WIDTHS, "encoder_convs": CONVS},
}
PAINTERS = {"StyleTransferDraft": "StyleTransferNet", "AnyStyleDraft": "AnyStyleNet"}
KEPT = ("painter.revisions", "painter.predictor.encoder", "painter.predictor.running_")  # if nothing is reconstructed


@pytest.fixture
def in_float32(monkeypatch) -> None:
    """Have OpenVINO compute in float32 on any processor: numbers are compared with Paddle's."""
    monkeypatch.setattr(executor, "fastest_precision", lambda: "f32")


@pytest.fixture(params=sorted(NETS))
def name(request) -> str:
    return request.param


@pytest.fixture
def encoders(perceptual, tiny_vgg16) -> dict[str, str]:
    """Return what a recipe's `perceptual` may name, and what `encoder` may."""
    return {"perceptual": tiny_vgg16, "encoder": perceptual}


def section(name: str, encoders: dict[str, str]) -> dict[str, Any]:
    """Return a config's recipe section, without noise."""
    named = encoders if name == "AnyStyleDraft" else {"perceptual": encoders["perceptual"]}
    return {"name": name, "net": NETS[name], "reconstruct": 0, "noise_std": 0.0, **named}


def recipe_of(name: str, encoders: dict[str, str], iteration: int = 1, **arguments: Any) -> Any:
    settings = {**section(name, encoders), **arguments}
    recipe = RECIPES[settings.pop("name")](**settings)
    recipe.iteration = iteration
    return recipe


def pictures() -> dict[str, paddle.Tensor]:
    """Return a batch of three whose paintings do not have the photos' colors."""
    batch = batch_of(36, 3)
    return {**batch, "style": 0.3 + 0.4 * batch["style"]}


def norms_of(recipe: TransformDraft, paintings: paddle.Tensor) -> list[paddle.Tensor]:
    """Return the scales and shifts that the net is told of paintings."""
    return list(recipe.statistics(paintings).get(NORMS, ()))


# Drafts


def test_all_of_the_net_is_trained_but_the_encoder_and_the_revision_nets(name, encoders):
    recipe = recipe_of(name, encoders)
    before = state(recipe)
    teacher = {key: tensor.numpy().copy() for key, tensor in recipe.losses.encoder.state_dict().items()}
    found = recipe.update(batch_of(36, 3))
    assert found.keys() == {"style", "content", "reconstruction", "total"}
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    assert found["total"] == pytest.approx(sum(found.values()) - found["total"], rel=1e-5)
    after = state(recipe)
    for key in before:
        assert key.startswith(KEPT) == np.array_equal(before[key], after[key]), key
    for key, tensor in recipe.losses.encoder.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), teacher[key])


def test_at_first_all_pictures_are_reconstructed_but_for_their_colors(name, encoders):
    batch = pictures()
    recipe = recipe_of(name, encoders, iteration=5, reconstruct=5, learning_rate=0.0, steady=0.0)
    colored = recolored(batch["photo"][:2], batch["photo_sample"][:2], colors_of(recipe.paintings(batch)[:2]))
    wanted = paddle.concat([colored, batch["photo"][2:]])
    found = recipe.update(batch)
    strength = paddle.to_tensor([[1.0], [1.0], [0.0]])
    off = recipe.net.transform(wanted, strength, *norms_of(recipe, recipe.paintings(batch))) - wanted
    assert found.keys() == {"reconstruction", "total"}
    assert found["total"] == pytest.approx(RECONSTRUCTION * float(off.square().mean()), rel=1e-4)
    recipe.iteration = 6
    assert recipe.update(batch).keys() > {"style", "content"}


def test_a_net_from_another_style_has_the_colors_of_the_painting_from_the_first_step_on(encoders):
    recipe, batch = recipe_of("StyleTransferDraft", encoders), pictures()
    recipe.net.update_own_style({IMAGE: mean_and_covariance(batch["photo"])})
    for iteration, paintings in ((1, batch["style"]), (2, batch["style"] + 0.1)):
        recipe.iteration = iteration
        recipe.update({**batch, "style": paintings})
        mean = paintings[:1].mean([2, 3]).flatten() - 0.05 * (iteration - 1)  # of both after the second one
        np.testing.assert_allclose(recipe.net.own_statistics()[IMAGE][0].flatten(), mean, atol=1e-6)


def test_with_full_contrast_photos_are_painted_in_the_colors_that_the_net_has_in_use(encoders):
    batch = pictures()
    batch["style"] = (batch["style"] > 0.5).astype("float32")  # black and white
    recipe = recipe_of("StyleTransferDraft", encoders, full_contrast=True, steady=0.0)
    found = recipe.update(batch)
    wanted = colors_of(batch["style"][:1])[0]
    mean, covariance = (part.numpy() for part in recipe.net.own_statistics()[IMAGE])
    assert covariance[0, 0, 0] > 1.2 * wanted[1][0, 0]
    (used,) = recipe.colors(recipe.paintings(batch))
    np.testing.assert_array_equal(used[0], mean.ravel())
    np.testing.assert_array_equal(used[1], covariance[0])
    plain = recipe_of("StyleTransferDraft", encoders, steady=0.0).update(batch)
    assert found["content"] != pytest.approx(plain["content"], rel=1e-3)


@pytest.mark.parametrize("setting", [{"flatten": 2}, {"tones": 0.8}])
def test_content_is_compared_with_a_simplified_photo_if_asked_for(setting, name, encoders):
    batch = pictures()
    found = []
    for extra in ({}, setting):
        paddle.seed(0)
        found.append(recipe_of(name, encoders, steady=0.0, **extra).update(batch))
    plain, simplified = found
    assert simplified["style"] == pytest.approx(plain["style"], rel=1e-6)
    assert simplified["content"] != pytest.approx(plain["content"], rel=1e-3)


def test_planes_are_to_have_the_photos_means_whatever_strokes_lie_on_them(name, encoders):
    photo = batch_of(32)["photo"] * 0.5 + 0.25
    dots = paddle.to_tensor(np.indices((32, 32)).sum(0) % 2 * 0.4 - 0.2, dtype="float32")
    assert float(relative_plane_loss(photo + dots, photo)) < 1e-6
    assert float(relative_plane_loss(photo + 0.2, photo)) > 1
    recipe = recipe_of(name, encoders, steady=0.0, planes=0.5)
    assert recipe.update(pictures()).keys() == {"style", "content", "planes", "reconstruction", "total"}


def test_validation_takes_the_losses_of_training_without_a_step(name, encoders):
    batch = pictures()
    recipe = recipe_of(name, encoders, learning_rate=0.0, steady=0.0)
    before = state(recipe)
    found = recipe.validate({key: tensor[:2] for key, tensor in batch.items()})
    assert not changed(before, recipe)
    trained = recipe.update(batch)
    for loss in ("style", "content"):
        assert found[loss] == pytest.approx(trained[loss], rel=1e-4)
    assert found["total"] == pytest.approx(found["style"] + found["content"])


def test_every_photo_but_the_last_is_painted_and_that_is_reconstructed(name, encoders):
    batch = pictures()
    recipe = recipe_of(name, encoders, steady=0.0)
    paintings = recipe.paintings(batch)
    norms = norms_of(recipe, paintings)
    seen = recolored(batch["photo"][:2], batch["photo_sample"][:2], colors_of(paintings[:2]))
    drafted = recipe.net.transform(seen, paddle.ones([2, 1]), *(part[:2] for part in norms))
    wanted = recipe.losses(drafted, paintings[:2], seen)
    last = recipe.net.transform(batch["photo"][2:], paddle.zeros([1, 1]), *(part[-1:] for part in norms))
    last = align_colors(last, *mean_and_covariance(batch["photo"][2:]))  # in its colors, as in use
    off = float((last - batch["photo"][2:]).square().mean())
    found = recipe.update(batch)
    for term in ("style", "content"):
        assert found[term] == pytest.approx(float(wanted[term]), rel=1e-3), term
    assert found["reconstruction"] == pytest.approx(RECONSTRUCTION * off, rel=1e-4)


def test_in_every_third_iteration_a_moved_photo_is_to_be_painted_alike(name, encoders, monkeypatch):
    monkeypatch.setattr(transform, "numpy_generator", lambda: np.random.default_rng(4))
    rows, columns = np.random.default_rng(4).integers(-2, 3, 2)
    assert (rows, columns) != (0, 0)
    batch = pictures()
    recipe = recipe_of(name, encoders, iteration=3, steady=2.0)
    paintings = recipe.paintings(batch)
    norms = [part[:1] for part in norms_of(recipe, paintings)]
    whole = recolored(batch["photo"][:1], batch["photo_sample"][:1], colors_of(paintings[:1]))
    painted = [
        recipe.net.transform(whole[:, :, 2 + down : 34 + down, 2 + right : 34 + right], paddle.ones([1, 1]), *norms)
        for down, right in ((0, 0), (int(rows), int(columns)))
    ]
    wanted = 2.0 * float(shift_consistency_loss(*painted, int(rows), int(columns)))
    found = recipe.update(batch)
    assert found["steady"] == pytest.approx(wanted, rel=1e-3)
    assert found["steady"] > 0
    recipe.iteration = 4
    assert "steady" not in recipe.update(batch)


@pytest.mark.parametrize("reconstruct", [0, 100])
def test_training_makes_what_is_minimized_smaller(name, encoders, reconstruct):
    recipe = recipe_of(name, encoders, reconstruct=reconstruct, learning_rate=1e-2)
    totals = [recipe.update(batch_of(36))["total"] for _ in range(12)]
    assert totals[-1] < 0.95 * totals[0]


def test_the_weight_of_content_scales_its_loss_and_zero_leaves_it_out(name, encoders):
    def first(content: float) -> dict[str, float]:
        paddle.seed(0)
        return recipe_of(name, encoders, content=content).update(batch_of(36))

    once, twice = first(0.1), first(0.2)
    assert once["content"] > 0 and twice["content"] == pytest.approx(2 * once["content"], rel=1e-3)
    assert twice["style"] == pytest.approx(once["style"], rel=1e-3)
    assert first(0.0).keys() == {"style", "reconstruction", "total"}


def test_a_batch_of_one_is_refused_since_nothing_would_be_painted(name, encoders):
    with pytest.raises(UsageError) as caught:
        recipe_of(name, encoders).update(batch_of(36, 1))
    assert str(caught.value) == (
        "loader.batch_size: 1; expected 2 or more: all but the last picture of a batch are painted"
    )


def test_a_preview_shows_the_photo_drafted_half_drafted_and_given_back(name, encoders):
    recipe, batch = recipe_of(name, encoders, noise_std_in_use=0.0), batch_of(36)
    recipe.update(batch)
    found = recipe.preview(batch)
    assert list(found) == ["photo", "style", "draft", "half", "identity"]
    style = recipe.statistics(batch["style"])
    for part, strength in (("draft", 1.0), ("half", 0.5), ("identity", 0.0)):
        wanted = recipe.net.draft(batch["photo"], style, strength)
        np.testing.assert_allclose(found[part].numpy(), wanted.numpy(), atol=1e-6)


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(name, tmp_path, encoders):
    settings = {**section(name, encoders), "reconstruct": 1, "noise_std": 0.05, "steady": 1.0}
    check_resuming(settings, write_pictures(tmp_path), tmp_path)


# The painter of one style


def test_one_style_is_that_of_the_first_painting_whose_colors_the_net_keeps(encoders):
    recipe, batch = recipe_of("StyleTransferDraft", encoders), pictures()
    assert recipe.paintings(batch).shape[0] == 1
    recipe.update(batch)
    for found, wanted in zip(recipe.net.own_statistics()[IMAGE], mean_and_covariance(batch["style"][:1]), strict=True):
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-6)


def test_a_painter_is_used_with_less_noise_than_it_was_trained_with(name, encoders):
    recipe = recipe_of(name, encoders, noise_std=0.05, noise_std_in_use=0.01, draft_px=400)
    spec = recipe.predictors()["painter"]
    inputs = ("photo",) if name == "StyleTransferDraft" else ("photo", "style")
    assert (spec.task, spec.inputs, spec.value_range) == ("stylize", inputs, (0.0, 1.0))
    assert spec.settings == {"noise_std": 0.01, "draft_px": 400}


# The painter of any style


def test_paintings_are_read_by_the_encoder_that_is_named(encoders):
    recipe = recipe_of("AnyStyleDraft", encoders)
    given = load_encoder(encoders["encoder"]).state_dict()
    for key, tensor in recipe.net.predictor.encoder.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), given[key].numpy())


def test_running_statistics_follow_the_paintings_while_pictures_are_reconstructed(encoders):
    recipe, batch = recipe_of("AnyStyleDraft", encoders, reconstruct=1), pictures()
    before = state(recipe)
    read = recipe.net.predictor.statistics(batch["style"])
    recipe.update(batch)
    assert "painter.predictor" in changed(before, recipe)
    found = recipe.net.predictor.running_mean.numpy()
    np.testing.assert_allclose(found, 0.03 * read.numpy().mean(axis=0, keepdims=True), rtol=1e-4, atol=1e-6)
    recipe.iteration = 2
    recipe.update(batch)
    np.testing.assert_array_equal(recipe.net.predictor.running_mean.numpy(), found)


# Revision nets


def test_a_revision_net_is_trained_above_a_draft_and_both_paint(name, tmp_path, encoders):
    data = write_pictures(tmp_path)
    draft = train(config(section(name, encoders), data), run_dir=tmp_path / "draft")
    data |= {"style_size": 64, "style_short_side": [64, 64]}
    recipe = {"name": "PyramidRevision", "net": {"name": PAINTERS[name], **NETS[name]}}
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


def test_a_revision_is_to_have_the_detail_of_a_draft_at_full_size(name):
    batch = batch_of(64, 2)
    net = {"name": PAINTERS[name], **NETS[name]}
    recipe = PyramidRevision(net=net, sharpness=1.5, noise_std=0.0, learning_rate=1e-30)
    coarser, result = recipe.paint(batch["photo"], batch["style"])
    style = recipe.net.own_statistics() or recipe.net.style_statistics(F.avg_pool2d(batch["style"], 2, 2))
    large = recipe.net.draft(batch["photo"], style)
    restored = recipe.net.revise(0, laplacian(batch["photo"]), resize_bilinear(large, 32, 32))
    clean = without_weave(large, WEAVE_OF_DETAIL)
    detail = 1.5 * laplacian(clean)
    wanted = resize_bilinear(without_weave(coarser, WEAVE), 64, 64) + detail
    of_large = resize_bilinear(resize_bilinear(clean, 32, 32), 64, 64) + detail
    off = np.stack([(result - wanted).numpy(), (restored - of_large).numpy()])
    terms = recipe.update(batch)
    assert terms.keys() == {"pixels", "edges", "tones", "total"}
    assert terms["pixels"] == pytest.approx(np.abs(off).mean(), rel=1e-4)
    edges = sum(np.abs(np.diff(off, axis=axis)).mean() for axis in (-1, -2))
    assert terms["edges"] == pytest.approx(EDGES * edges, rel=1e-4)
    tones = np.abs(off.reshape(2, 2, 3, 8, 8, 8, 8).mean((4, 6))).mean()
    assert terms["tones"] == pytest.approx(TONES * tones, rel=1e-4)
    assert list(recipe.preview(batch)) == ["photo", "style", "below", "revised"]


def test_a_revision_net_learns_to_sharpen():
    net = {**STYLE_TRANSFER, "revision_channels": 8}
    recipe, batch = PyramidRevision(net=net, learning_rate=1e-2, noise_std=0.0), batch_of(64, 2)
    rows, columns = np.mgrid[:64, :64]
    bands = np.sin((rows + 2 * columns) / 4) > 0  # edges, unlike the batch's noise, can be foreseen
    batch["photo"] = paddle.to_tensor(np.broadcast_to(0.2 + 0.6 * bands, (2, 3, 64, 64)).astype(np.float32))
    recipe.net.update_own_style({IMAGE: mean_and_covariance(batch["style"])})
    totals = [recipe.update(batch)["total"] for _ in range(40)]
    assert totals[-1] < 0.97 * totals[0]


def test_faint_texture_of_two_pixels_is_taken_off_and_edges_stay():
    rows, columns = np.mgrid[:16, :20]
    weave = 0.02 * (-1.0) ** (rows + columns)
    edge = np.where(columns < 10, 0.2, 0.8)
    picture = paddle.to_tensor((edge + weave)[None, None].astype(np.float32))
    found = without_weave(picture, 0.04).numpy()[0, 0]
    flat = np.r_[0:8, 12:20]
    np.testing.assert_allclose(found[:, flat], edge[:, flat], atol=1e-6)
    assert np.abs(found - edge).max() < 0.07  # of a contrast of 0.6


@pytest.mark.parametrize(
    ("kind", "small"),
    [
        ("LapStyleNet", {"encoder_channels": [2] * 5, "encoder_convs": [1] * 5}),
        ("StyleTransferNet", STYLE_TRANSFER),
        ("AnyStyleNet", ANY_STYLE),
    ],
)
@pytest.mark.parametrize("level", [0, 1])
def test_a_painter_has_no_untrained_revision_net(kind, small, level):
    recipe = PyramidRevision(net={"name": kind, **small, "revisions": 2}, level=level)
    assert len(recipe.net.revisions) == level + 1


def test_a_revision_is_refused_above_what_is_no_painter():
    with pytest.raises(UsageError) as caught:
        PyramidRevision(net={"name": "ResnetGenerator"})
    assert str(caught.value) == (
        "recipe.net.name: ResnetGenerator; expected one of LapStyleNet, StyleTransferNet, AnyStyleNet"
    )


# Losses


def test_a_result_that_is_the_painting_has_its_style_and_one_that_is_the_photo_its_content(tiny_vgg16):
    losses = StyleLosses(tiny_vgg16)
    photo, painting = (batch_of(40)[key] for key in ("photo", "style"))
    alike = losses(painting, painting, photo)
    assert float(alike["style"]) == pytest.approx(0, abs=1e-6)
    assert float(alike["content"]) > 1e-3
    same = losses(photo, painting, photo)
    assert float(same["content"]) == pytest.approx(0, abs=1e-6)
    assert float(same["style"]) > 1e-3


def test_one_painting_is_seen_with_its_mirror_image(tiny_vgg16):
    painting = batch_of(40)["style"][:1]
    grams = [StyleLosses(tiny_vgg16).grams_of(image) for image in (painting, painting.flip(3))]
    for layer in grams[0]:
        np.testing.assert_allclose(grams[0][layer].numpy(), grams[1][layer].numpy(), rtol=1e-4, atol=1e-4)


def test_a_painting_is_looked_at_once_until_another_comes(tiny_vgg16):
    losses = StyleLosses(tiny_vgg16)
    painting, other = batch_of(40)["photo"][:1], batch_of(40)["style"][:1]
    found = losses.grams_of(painting)
    assert losses.grams_of(painting.clone()) is found
    assert losses.grams_of(other) is not found


def test_layers_and_encoders_that_teach_no_painter_are_refused(tiny_vgg16, perceptual):
    with pytest.raises(UsageError) as caught:
        StyleLosses(tiny_vgg16, ContentWeight(content_layers=("relu3_1",)))
    assert str(caught.value) == (
        "recipe.content_layers: relu3_1; expected layers of VGG-16: relu1_2, relu2_2, relu3_3, relu4_3"
    )
    with pytest.raises(UsageError) as caught:
        StyleLosses(perceptual)
    assert str(caught.value) == (
        f"recipe.perceptual: {perceptual}; expected vgg16, whose layers teach painters, or the file of one"
    )


def colors(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of the colors of 3 x H x W."""
    flat = image.reshape(3, -1)
    return flat.mean(axis=1), np.cov(flat)


def test_recolored_photos_have_the_colors_of_their_paintings():
    rng = np.random.default_rng(0)
    photos = (0.4 + 0.2 * rng.random((2, 3, 24, 20))).astype(np.float32)
    paintings = (0.3 + 0.3 * rng.random((2, 3, 16, 18))).astype(np.float32)
    paintings[:, 1] = 0.5 * paintings[:, 0] + 0.5 * paintings[:, 1]  # which goes with which
    for given, wanted in ((paintings, paintings), (paintings[:1], paintings[[0, 0]])):
        found = recolored(
            paddle.to_tensor(photos), paddle.to_tensor(photos), colors_of(paddle.to_tensor(given))
        ).numpy()
        for image, painting in zip(found, wanted, strict=True):
            (mean, covariance), (own_mean, own) = colors(painting), colors(image)
            np.testing.assert_allclose(own_mean, mean, atol=1e-4)
            np.testing.assert_allclose(own, covariance, atol=0.03 * covariance.max())


def test_a_crop_is_recolored_as_its_whole_photo_is():
    photo = batch_of(24)["photo"]
    painting = 0.3 + 0.4 * batch_of(24)["style"]
    whole = recolored(photo, photo, colors_of(painting))
    crop = recolored(photo[:, :, 3:9, 5:17], photo, colors_of(painting))
    np.testing.assert_allclose(crop.numpy(), whole[:, :, 3:9, 5:17].numpy(), atol=1e-6)


def test_recolored_photos_stay_in_range_and_in_place():
    photo = batch_of(24)["photo"]
    found = recolored(photo, photo, colors_of(photo * 0.5))
    assert float(found.min()) >= 0 and float(found.max()) <= 1
    np.testing.assert_allclose(found.numpy(), 0.5 * photo.numpy(), atol=0.01)
    pale = photo * 0.2 + 0.4
    assert float(recolored(pale, pale, colors_of((photo > 0.5).astype("float32"))).max()) == 1.0
