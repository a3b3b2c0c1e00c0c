"""CycleGAN: two domains of pictures, no pairs.

Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import paddle

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import UsageError
from ppgan_lite.losses.adversarial import Objective
from ppgan_lite.losses.pixel import l1_loss
from ppgan_lite.metrics.stylization import content_distance, style_distance
from ppgan_lite.nets.vgg import VGGEncoder
from ppgan_lite.pretrained import SHIPPED, load_encoder
from ppgan_lite.recipes.adversary import Adversary
from ppgan_lite.recipes.building import (
    adam,
    check_channels,
    chosen_generator,
    chosen_net,
    from_net,
    numpy_generator,
    to_net,
)
from ppgan_lite.recipes.image_pool import ImagePool
from ppgan_lite.recipes.recipe import Beta, LearningRate, NetChoice, Recipe
from ppgan_lite.signatures import NonNegative, NonNegativeInt, PositiveInt


class CycleGAN(Recipe):
    """Trains a generator from domain a to domain b, and one back.

    As published where the defaults are. The paper's schedule, a constant rate and then one that falls to 0, is the
    config's. `discriminator_b` sees domain b, that is, results of `generator_ab`.

    Args:
        generator: Of both directions. As many channels out as in, and pictures of their own size.
        discriminator: Of both domains.
        objective: The adversarial loss; see `losses.adversarial`. "lsgan" is the paper's.
        penalty: Weight of the gradient penalty of "wgan-gp".
        cycle: Weight of the L1 distance between a picture and its translation there and back.
        identity: Weight of the L1 distance between a picture and the result of the generator into its own domain, as a
            share of `cycle` (paper, section 5.2).
        pool: Size of each discriminator's `ImagePool`.
        learning_rate: Adam's, for all nets.
        beta1: Adam's.
        discriminator_steps: The generators take a step once in so many iterations, the discriminators in each.
    """

    needs = ("a", "b")
    averaged = ("generator_ab", "generator_ba")
    best = "style_and_content"
    measures = ("cycle_l1", "style", "content", "style_and_content")
    results = (("fake_b", "a"), ("fake_a", "b"))
    domains = (("fake_b", "b"), ("fake_a", "a"))

    def __init__(
        self,
        *,
        generator: NetChoice,
        discriminator: NetChoice,
        objective: Objective = "lsgan",
        penalty: NonNegative = 10.0,
        cycle: NonNegative = 10.0,
        identity: NonNegative = 0.5,
        pool: NonNegativeInt = 50,
        learning_rate: LearningRate = 2e-4,
        beta1: Beta = 0.5,
        discriminator_steps: PositiveInt = 1,
    ) -> None:
        super().__init__()
        self.generator_ab, self.generator_ba = chosen_generator(generator), chosen_generator(generator)
        self.adversary_a, self.adversary_b = (
            Adversary(chosen_net(discriminator), objective, penalty, discriminator_steps) for _ in range(2)
        )
        self.channels = self.generator_ab.arguments["in_channels"]
        self.value_range = self.generator_ab.value_range
        check_channels(self.generator_ab, "generator", "out_channels", self.channels, "what goes in must come back")
        check_channels(self.adversary_a.net, "discriminator", "in_channels", self.channels, "the generator's channels")
        if self.generator_ab.arguments.get("scale", 1) != 1:
            raise UsageError("recipe.generator.scale", str(self.generator_ab.arguments["scale"]), "1")
        generators = {"generator_ab": self.generator_ab, "generator_ba": self.generator_ba}
        discriminators = {"discriminator_a": self.adversary_a.net, "discriminator_b": self.adversary_b.net}
        self.nets = {**generators, **discriminators}
        self.groups = {
            "generators": adam(generators, learning_rate, beta1=beta1),
            "discriminators": adam(discriminators, learning_rate, beta1=beta1),
        }
        self.pool_a, self.pool_b = ImagePool(pool), ImagePool(pool)
        self.cycle = cycle
        self.identity = identity

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step of the generators, then one of the discriminators; see `Recipe.update`."""
        a, b = self._domains(batch)
        terms: dict[str, paddle.Tensor] = {}
        if self.adversary_b.is_generator_step(self.iteration):
            fake_a, fake_b, terms = self._generator_terms(a, b)
            self.groups["generators"].backward_step(sum(terms.values()))
        else:
            with paddle.no_grad():
                fake_a, fake_b = self.generator_ba(b), self.generator_ab(a)
        rng = numpy_generator()
        discriminator_terms = {
            "discriminator_a": self.adversary_a.discriminator_loss(a, self.pool_a.exchange(fake_a, rng)),
            "discriminator_b": self.adversary_b.discriminator_loss(b, self.pool_b.exchange(fake_b, rng)),
        }
        self.groups["discriminators"].backward_step(sum(discriminator_terms.values()))
        return {name: float(term) for name, term in {**terms, **discriminator_terms}.items()}

    def _domains(self, batch: Mapping[str, paddle.Tensor]) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return the pictures of both domains in the channels and range of the nets."""
        return to_net(batch["a"], self.channels, self.value_range), to_net(batch["b"], self.channels, self.value_range)

    def _generator_terms(
        self, a: paddle.Tensor, b: paddle.Tensor
    ) -> tuple[paddle.Tensor, paddle.Tensor, dict[str, paddle.Tensor]]:
        """Return the fake a, the fake b, and the generators' losses (paper, equation 3 and section 5.2)."""
        fake_a, fake_b = self.generator_ba(b), self.generator_ab(a)
        terms = {
            "adversarial_ab": self.adversary_b.generator_loss(fake_b),
            "adversarial_ba": self.adversary_a.generator_loss(fake_a),
            "cycle_a": self.cycle * l1_loss(self.generator_ba(fake_b), a),
            "cycle_b": self.cycle * l1_loss(self.generator_ab(fake_a), b),
        }
        if self.identity:
            weight = self.cycle * self.identity
            terms["identity_a"] = weight * l1_loss(self.generator_ba(a), a)
            terms["identity_b"] = weight * l1_loss(self.generator_ab(b), b)
        return fake_a, fake_b, terms

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return, of both directions, the picture, its translation, and the translation back."""
        a, b = self._domains(batch)
        fake_b, fake_a = self.generator_ab(a), self.generator_ba(b)
        cycle_a, cycle_b = self.generator_ba(fake_b), self.generator_ab(fake_a)
        pictures = {"a": a, "fake_b": fake_b, "cycle_a": cycle_a, "b": b, "fake_a": fake_a, "cycle_b": cycle_b}
        return {name: from_net(picture, self.value_range).clip(0, 1) for name, picture in pictures.items()}

    def validate(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Return the cycle's L1 distance, and distances in style to the other domain and in content to the picture.

        None of them alone can choose a checkpoint: nets that change nothing reconstruct pictures perfectly. So the best
        has the least `style_and_content`, the sum of two distances between features of the encoder that ships. It is
        noisy for few pictures.
        """
        shown = self.preview(batch)
        cycle_l1 = 0.5 * (l1_loss(shown["cycle_a"], shown["a"]) + l1_loss(shown["cycle_b"], shown["b"]))
        features = {name: self._features(shown[name]) for name in ("a", "fake_b", "b", "fake_a")}
        directions = [("a", "fake_b", "b"), ("b", "fake_a", "a")]
        style, content = [], []
        for picture, fake, other in directions:
            style += [style_distance(*pair) for pair in zip(features[fake], features[other], strict=True)]
            content += [content_distance(*pair) for pair in zip(features[fake], features[picture], strict=True)]
        found = {"style": float(np.mean(style)), "content": float(np.mean(content))}
        return {"cycle_l1": float(cycle_l1), **found, "style_and_content": sum(found.values())}

    def _features(self, images: paddle.Tensor) -> list[dict[str, np.ndarray]]:
        """Return the features of each picture of a batch."""
        features = {layer: values.numpy() for layer, values in self._encoder(to_net(images, 3, (0.0, 1.0))).items()}
        return [{layer: values[place] for layer, values in features.items()} for place in range(images.shape[0])]

    @cached_property
    def _encoder(self) -> VGGEncoder:
        return load_encoder(SHIPPED)

    def predictors(self) -> dict[str, PredictorSpec]:
        """Return one for each direction."""
        return {
            direction: PredictorSpec(f"generator_{net}", "translate", value_range=self.value_range)
            for direction, net in (("a_to_b", "ab"), ("b_to_a", "ba"))
        }

    def state(self) -> dict[str, np.ndarray]:
        """Return the pictures in both pools."""
        return {
            f"{name}/{place}": image
            for name, pool in (("pool_a", self.pool_a), ("pool_b", self.pool_b))
            for place, image in pool.state().items()
        }

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back the result of `state`."""
        for name, pool in (("pool_a", self.pool_a), ("pool_b", self.pool_b)):
            prefix = f"{name}/"
            pool.load_state({key.removeprefix(prefix): image for key, image in state.items() if key.startswith(prefix)})
