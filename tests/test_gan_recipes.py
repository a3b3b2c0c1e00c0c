"""CycleGAN and pix2pix: who learns from what, what the pool hands out, what a checkpoint of them can do."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest

from ppgan_lite.errors import UsageError
from ppgan_lite.losses.adversarial import discriminator_loss, generator_loss
from ppgan_lite.nets.luma import LUMA
from ppgan_lite.recipes.adversary import Adversary
from ppgan_lite.recipes.building import chosen_net, from_net, to_net
from ppgan_lite.recipes.cyclegan import CycleGAN
from ppgan_lite.recipes.image_pool import ImagePool
from ppgan_lite.recipes.pix2pix import Pix2Pix
from ppgan_lite.recipes.recipe import Recipe

RESNET = {"name": "ResnetGenerator", "base_channels": 4, "blocks": 1}
UNET = {"name": "UnetGenerator", "base_channels": 4, "depth": 3, "norm": "instance", "dropout": False}
PATCH = {"name": "PatchDiscriminator", "base_channels": 4, "layers": 1}
PAIR_PATCH = {**PATCH, "in_channels": 6}


def cyclegan(**arguments: Any) -> CycleGAN:
    paddle.seed(1)
    return CycleGAN(**{"generator": RESNET, "discriminator": PATCH, "pool": 0, **arguments})


def pix2pix(**arguments: Any) -> Pix2Pix:
    paddle.seed(1)
    return Pix2Pix(**{"generator": UNET, "discriminator": PAIR_PATCH, **arguments})


BUILDERS = {"cyclegan": cyclegan, "pix2pix": pix2pix}


def batch_of(samples: int = 1, size: int = 16, channels_a: int = 3, seed: int = 0) -> dict[str, paddle.Tensor]:
    rng = np.random.default_rng(seed)
    shapes = {"a": (samples, channels_a, size, size), "b": (samples, 3, size, size)}
    return {name: paddle.to_tensor(rng.random(shape, np.float32)) for name, shape in shapes.items()}


def weights(recipe: Recipe) -> dict[str, np.ndarray]:
    return {f"{name}.{key}": p.numpy() for name, net in recipe.nets.items() for key, p in net.named_parameters()}


def changed(before: dict[str, np.ndarray], recipe: Recipe) -> set[str]:
    """Return the nets of which a weight is another one now."""
    return {key.split(".")[0] for key, value in weights(recipe).items() if not np.array_equal(before[key], value)}


# Who learns


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_every_net_learns_in_its_own_step_only(build, monkeypatch):
    """With one group's step left out, the nets of the others still learn, and its own stay as they were."""
    for silenced in build().groups:
        recipe = build()
        before = weights(recipe)
        monkeypatch.setattr(recipe.groups[silenced].optimizer, "step", lambda: None)
        recipe.update(batch_of())
        assert changed(before, recipe) == set(recipe.nets) - set(recipe.groups[silenced].nets)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_no_gradient_reaches_the_other_side(build):
    recipe = build()
    updated: dict[str, set[str]] = {}
    for name, group in recipe.groups.items():

        def backward_step(loss: paddle.Tensor, name: str = name) -> None:
            loss.backward()
            nets = recipe.nets.items()
            updated[name] = {key for key, net in nets if any(p.grad is not None for p in net.parameters())}
            for net in recipe.nets.values():
                net.clear_gradients(set_to_zero=False)

        group.backward_step = backward_step  # type: ignore[method-assign]
    recipe.update(batch_of())
    assert updated == {name: set(group.nets) for name, group in recipe.groups.items()}


@pytest.mark.parametrize("objective", ["lsgan", "vanilla", "hinge", "wgan-gp"])
@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_every_objective_gives_finite_losses_and_moves_every_net(build, objective):
    recipe = build(objective=objective)
    before = weights(recipe)
    found = recipe.update(batch_of(2))
    assert all(np.isfinite(value) for value in found.values())
    assert changed(before, recipe) == set(recipe.nets)


@pytest.mark.parametrize("name", ["PatchDiscriminator", "PixelDiscriminator", "GlobalDiscriminator"])
@pytest.mark.parametrize("objective", ["lsgan", "wgan-gp"])
def test_every_discriminator_can_be_chosen(name, objective):
    recipe = cyclegan(discriminator={"name": name, "base_channels": 4}, objective=objective)
    assert all(np.isfinite(value) for value in recipe.update(batch_of(size=32)).values())


@pytest.mark.parametrize("objective", ["lsgan", "hinge", "wgan-gp"])
def test_a_discriminator_of_several_scales_can_be_chosen(objective):
    recipe = cyclegan(discriminator={**PATCH, "name": "MultiScaleDiscriminator"}, objective=objective)
    before = weights(recipe)
    recipe.update(batch_of(size=32))
    assert changed(before, recipe) == set(recipe.nets)


def test_cyclegan_adds_up_what_its_paper_says():
    recipe = cyclegan(cycle=7.0, identity=0.25)
    batch = batch_of()
    a, b = batch["a"] * 2 - 1, batch["b"] * 2 - 1
    ab, ba = recipe.generator_ab, recipe.generator_ba
    discriminator_a, discriminator_b = recipe.nets["discriminator_a"], recipe.nets["discriminator_b"]
    with paddle.no_grad():
        wanted = {
            "adversarial_ab": generator_loss(discriminator_b(ab(a)), "lsgan"),
            "adversarial_ba": generator_loss(discriminator_a(ba(b)), "lsgan"),
            "cycle_a": 7 * (ba(ab(a)) - a).abs().mean(),
            "cycle_b": 7 * (ab(ba(b)) - b).abs().mean(),
            "identity_a": 7 * 0.25 * (ba(a) - a).abs().mean(),
            "identity_b": 7 * 0.25 * (ab(b) - b).abs().mean(),
            "discriminator_a": 0.5 * discriminator_loss(discriminator_a(a), discriminator_a(ba(b)), "lsgan"),
            "discriminator_b": 0.5 * discriminator_loss(discriminator_b(b), discriminator_b(ab(a)), "lsgan"),
        }
    assert recipe.update(batch) == pytest.approx({name: float(value) for name, value in wanted.items()}, rel=1e-4)


def test_pix2pix_adds_up_what_its_paper_says():
    recipe = pix2pix(l1=30.0)
    batch = batch_of()
    a, b = batch["a"] * 2 - 1, batch["b"] * 2 - 1
    discriminator = recipe.nets["discriminator"]
    with paddle.no_grad():
        fake = recipe.generator(a)
        of_fake, of_real = (discriminator(paddle.concat([a, picture], axis=1)) for picture in (fake, b))
        wanted = {
            "adversarial": generator_loss(of_fake, "vanilla"),
            "l1": 30 * (fake - b).abs().mean(),
            "discriminator": 0.5 * discriminator_loss(of_real, of_fake, "vanilla"),
        }
    assert recipe.update(batch) == pytest.approx({name: float(value) for name, value in wanted.items()}, rel=1e-4)


def test_without_identity_its_losses_are_left_out():
    assert {"identity_a", "identity_b"}.isdisjoint(cyclegan(identity=0.0).update(batch_of()))


@pytest.mark.parametrize(("build", "generators"), [(cyclegan, "generators"), (pix2pix, "generator")])
def test_discriminators_may_learn_more_often(build, generators):
    recipe = build(discriminator_steps=2)
    trained = []
    for recipe.iteration in range(1, 5):
        before = weights(recipe)
        found = recipe.update(batch_of(seed=recipe.iteration))
        moved = changed(before, recipe)
        assert set(recipe.nets) - moved in (set(), set(recipe.groups[generators].nets))
        assert any(name.startswith("adversarial") for name in found) == (moved == set(recipe.nets))
        trained.append(moved == set(recipe.nets))
    assert trained == [False, True, False, True]


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_two_accumulated_batches_of_one_are_a_batch_of_two(build):
    batch, together, apart = batch_of(2), build(), build()
    start = weights(together)
    np.testing.assert_equal(start, weights(apart))
    together.update(batch)
    for group in apart.groups.values():
        group.micro_batches = 2
    for sample in range(2):
        apart.update({name: tensor[sample : sample + 1] for name, tensor in batch.items()})
    assert changed(start, together) == changed(start, apart) == set(together.nets)
    # Adam's first step is the sign of a gradient: where that is next to nothing, rounding decides. So the moments.
    for name in together.groups:
        ours, others = (
            [moment.numpy() for moment in recipe.groups[name].optimizer._accumulators["moment1"].values()]
            for recipe in (together, apart)
        )
        rounding = 1e-5 * max(np.abs(moment).max() for moment in ours)
        for moment, other in zip(ours, others, strict=True):
            np.testing.assert_allclose(moment, other, rtol=1e-3, atol=rounding)


def test_cyclegan_learns_to_turn_dark_into_bright():
    """Domain a is dark, domain b bright; a tiny net finds out within a few steps."""
    recipe = cyclegan(learning_rate=5e-3, identity=0.0, cycle=2.0)
    rng = np.random.default_rng(0)
    for recipe.iteration in range(1, 41):
        noise = {name: rng.random((1, 3, 16, 16), np.float32) * 0.2 for name in "ab"}
        batch = {"a": paddle.to_tensor(noise["a"]), "b": paddle.to_tensor(noise["b"] + 0.8)}
        losses = recipe.update(batch)
    shown = recipe.preview(batch)
    assert float(shown["fake_b"].mean()) > 0.65
    assert float(shown["fake_a"].mean()) < 0.35
    assert losses["cycle_a"] < 1.0


def test_pix2pix_learns_to_invert():
    recipe = pix2pix(learning_rate=5e-3)
    rng, l1 = np.random.default_rng(0), []
    for _ in range(40):
        blocks = rng.random((1, 3, 4, 4), np.float32).repeat(4, axis=2).repeat(4, axis=3)
        l1.append(recipe.update({"a": paddle.to_tensor(blocks), "b": paddle.to_tensor(1 - blocks)})["l1"])
    assert np.mean(l1[-5:]) < 0.6 * np.mean(l1[:5])


# The pool


def numbered(*numbers: int) -> paddle.Tensor:
    """Return pictures of one value each."""
    return paddle.to_tensor(numbers, dtype="float32").reshape([-1, 1, 1, 1]).expand([-1, 3, 2, 2])


def numbers_of(images: paddle.Tensor) -> list[int]:
    return [int(image[0, 0, 0]) for image in images]


def test_an_empty_pool_hands_pictures_through_and_keeps_them():
    pool, rng = ImagePool(4), np.random.default_rng(0)
    assert numbers_of(pool.exchange(numbered(1, 2, 3), rng)) == [1, 2, 3]
    assert sorted(pool.state()) == ["000", "001", "002"]


def test_a_pool_of_nothing_hands_everything_through():
    pool, rng = ImagePool(0), np.random.default_rng(0)
    assert [numbers_of(pool.exchange(numbered(k), rng)) for k in range(20)] == [[k] for k in range(20)]
    assert pool.state() == {}


def test_a_full_pool_exchanges_half_of_the_pictures():
    pool, rng = ImagePool(10), np.random.default_rng(0)
    pool.exchange(numbered(*range(10)), rng)
    old, returned = 0, list(range(10))
    for k in range(10, 1010):
        (given,) = numbers_of(pool.exchange(numbered(k), rng))
        old += given != k
        returned.append(given)
    assert 430 < old < 570
    kept = [int(image.flat[0]) for image in pool.state().values()]
    # Nothing is lost and nothing repeated: what came in has gone out once, or is still there.
    gone = sorted(returned[10:] + kept)
    assert gone == list(range(1010))


def test_pooled_pictures_carry_no_gradient():
    fake = numbered(1) * 1.0
    fake.stop_gradient = False
    for size in (0, 1):
        assert ImagePool(size).exchange(fake * 2, np.random.default_rng(0)).stop_gradient


def test_a_resumed_cyclegan_draws_the_same_pictures_from_its_pools():
    """Same weights, same pool, same seed: the same losses; and none of the three may be missing."""
    whole, resumed, forgetful = (cyclegan(pool=2, learning_rate=1e-3) for _ in range(3))
    for iteration in range(6):
        paddle.seed(iteration)
        whole.update(batch_of(seed=iteration))
    state = whole.state()
    assert sorted(state) == ["pool_a/000", "pool_a/001", "pool_b/000", "pool_b/001"]
    assert all(image.shape == (1, 3, 16, 16) for image in state.values())
    for recipe in (resumed, forgetful):
        for name, net in whole.nets.items():
            recipe.nets[name].set_state_dict(net.state_dict())
    resumed.load_state(state)

    def losses(recipe: CycleGAN, seed: int) -> dict[str, float]:
        paddle.seed(seed)
        return recipe.update(batch_of(seed=77))

    found = [losses(recipe, 100) for recipe in (whole, resumed, forgetful)]
    assert found[0] == found[1]
    assert found[0] != found[2]


# What they show and can be used for


def test_cyclegan_shows_both_directions_and_back():
    recipe = cyclegan()
    batch = batch_of(2)
    shown = recipe.preview(batch)
    assert list(shown) == ["a", "fake_b", "cycle_a", "b", "fake_a", "cycle_b"]
    for name, picture in shown.items():
        assert picture.shape == [2, 3, 16, 16], name
        assert 0 <= float(picture.min()) <= float(picture.max()) <= 1, name
    np.testing.assert_allclose(shown["a"].numpy(), batch["a"].numpy(), atol=1e-6)
    fake_b = recipe.generator_ab(batch["a"] * 2 - 1) / 2 + 0.5
    np.testing.assert_allclose(shown["fake_b"].numpy(), fake_b.numpy(), atol=1e-5)
    cycle_a = recipe.generator_ba(fake_b * 2 - 1) / 2 + 0.5
    np.testing.assert_allclose(shown["cycle_a"].numpy(), cycle_a.numpy(), atol=1e-5)


def test_pix2pix_shows_what_it_makes_of_gray_pictures():
    recipe = pix2pix(generator={**UNET, "in_channels": 1}, discriminator={**PATCH, "in_channels": 4})
    color = batch_of(2)
    gray = {**color, "a": (color["a"] * paddle.to_tensor(LUMA).reshape([1, 3, 1, 1])).sum(axis=1, keepdim=True)}
    shown = recipe.preview(gray)
    assert {name: picture.shape[1] for name, picture in shown.items()} == {"a": 1, "fake_b": 3, "b": 3}
    for name, picture in recipe.preview(color).items():  # reduced to the channels that the net has
        np.testing.assert_allclose(picture.numpy(), shown[name].numpy(), atol=1e-6)
    assert np.isfinite(list(recipe.update(gray).values())).all()


def test_the_validation_of_pairs_is_psnr_and_ssim():
    recipe, batch = pix2pix(), batch_of()
    found = recipe.validate(batch)
    shown = recipe.preview(batch)
    error = float((shown["fake_b"] - shown["b"]).square().mean())
    assert found["psnr"] == pytest.approx(-10 * np.log10(error), rel=1e-4)
    assert found.keys() == {"psnr", "ssim"}
    assert recipe.best == "psnr"


def test_the_validation_of_cyclegan_tells_style_and_content_apart():
    recipe, batch = cyclegan(), batch_of(size=64)
    batch["b"] = batch["b"] * 0.3 + 0.7
    # Generators that change nothing: they keep the content, bring everything back, and leave the style as it was.
    recipe.generator_ab = recipe.generator_ba = lambda picture: picture
    same = recipe.validate(batch)
    assert same["cycle_l1"] == pytest.approx(0, abs=1e-6)
    assert same["content"] == pytest.approx(0, abs=1e-6)
    # Generators that give back one picture of the other domain: right style, wrong content.
    a, b = batch["a"] * 2 - 1, batch["b"] * 2 - 1
    recipe.generator_ab, recipe.generator_ba = lambda _: b, lambda _: a
    copied = recipe.validate(batch)
    assert copied["style"] == pytest.approx(0, abs=1e-6)
    assert same["style"] > 0.1
    assert copied["content"] > 0.01
    for found in (same, copied):
        assert found["style_and_content"] == pytest.approx(found["style"] + found["content"])
    assert recipe.best == "style_and_content"


def test_predictors_name_the_nets_of_their_direction():
    assert {name: (spec.net, spec.task) for name, spec in cyclegan().predictors().items()} == {
        "a_to_b": ("generator_ab", "translate"),
        "b_to_a": ("generator_ba", "translate"),
    }
    (spec,) = pix2pix().predictors().values()
    assert (spec.net, spec.task, spec.value_range, spec.multiple_of, spec.scale) == (
        "generator",
        "translate",
        (-1.0, 1.0),
        1,
        1,
    )


# What does not go together


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (
            pix2pix,
            {"discriminator": PATCH},
            "recipe.discriminator.in_channels: 3; expected 6: it sees a and b together",
        ),
        (
            cyclegan,
            {"discriminator": PAIR_PATCH},
            "recipe.discriminator.in_channels: 6; expected 3: the generator's channels",
        ),
        (
            cyclegan,
            {"generator": {**RESNET, "in_channels": 1}},
            "recipe.generator.out_channels: 3; expected 1: what goes in must come back",
        ),
        (
            cyclegan,
            {"generator": {"name": "SRResNet", "base_channels": 4, "blocks": 1, "scale": 2}},
            "recipe.generator.scale: 2; expected 1",
        ),
        (
            pix2pix,
            {"discriminator": {**PAIR_PATCH, "sigmoid": True}, "objective": "hinge"},
            "recipe.discriminator.sigmoid: true with the objective hinge; expected false, since its scores have no "
            "bounds. Leave sigmoid out, or choose lsgan or vanilla",
        ),
        (pix2pix, {"discriminator_steps": 0}, "recipe.discriminator_steps: 0; expected 1 or more"),
    ],
)
def test_nets_that_do_not_go_together_are_refused(build, arguments, message):
    with pytest.raises(UsageError) as error:
        build(**arguments)
    assert str(error.value) == message


def test_a_sigmoid_at_the_end_leaves_the_vanilla_loss_as_it_is():
    losses = []
    image, other = (batch_of(seed=seed)["a"] for seed in (0, 1))
    for sigmoid in (False, True):
        paddle.seed(0)
        adversary = Adversary(chosen_net({**PATCH, "sigmoid": sigmoid}), "vanilla")
        losses.append([float(adversary.generator_loss(image)), float(adversary.discriminator_loss(other, image))])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_ranges_and_channels_are_mapped_at_the_edge():
    image = paddle.to_tensor([0.0, 0.5, 1.0]).reshape([1, 3, 1, 1])
    assert to_net(image, 3, (-1.0, 1.0)).flatten().tolist() == [-1, 0, 1]
    assert to_net(image, 3, (0.0, 1.0)).flatten().tolist() == [0, 0.5, 1]
    assert to_net(image, 1, (0.0, 1.0)).flatten().tolist() == pytest.approx([0.587 * 0.5 + 0.114])
    assert to_net(image[:, 1:2], 3, (-1.0, 1.0)).flatten().tolist() == [0, 0, 0]
    assert from_net(paddle.to_tensor([-1.0, 0.0, 3.0]), (-1.0, 1.0)).tolist() == [0, 0.5, 2]
