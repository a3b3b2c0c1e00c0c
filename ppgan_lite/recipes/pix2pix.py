"""pix2pix: pairs of pictures, a to be turned into b.

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Mapping

import paddle

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.losses.adversarial import Objective
from ppgan_lite.losses.pixel import l1_loss
from ppgan_lite.metrics.pairs import psnr_and_ssim
from ppgan_lite.recipes.adversary import Adversary
from ppgan_lite.recipes.building import adam, check_channels, chosen_generator, chosen_net, from_net, to_net
from ppgan_lite.recipes.recipe import Beta, LearningRate, NetChoice, Recipe
from ppgan_lite.signatures import NonNegative, PositiveInt


class Pix2Pix(Recipe):
    """Trains a generator from pictures a to the pictures b that they are paired with.

    As published where the defaults are: no noise goes in but the generator's dropout (section 3.2.1), and the
    discriminator takes a and b concatenated. Departures: dropout is off once training is over, so that a result can be
    repeated; the generator steps before the discriminator, so that accumulated gradients are those of a larger batch.

    Args:
        generator: From a to b. One with `in_channels: 1` gets a in gray, as for colorization.
        discriminator: Its `in_channels` are those of a and b together.
        objective: The adversarial loss; see `losses.adversarial`. "vanilla" is the paper's.
        penalty: Weight of the gradient penalty of "wgan-gp".
        l1: Weight of the L1 distance to b.
        learning_rate: Adam's, for both nets.
        beta1: Adam's.
        discriminator_steps: The generator takes a step once in so many iterations, the discriminator in each.
    """

    needs = ("a", "b")
    averaged = ("generator",)
    best = "psnr"
    measures = ("psnr", "ssim")
    results = (("fake_b", "a"),)
    targets = (("fake_b", "b"),)

    def __init__(
        self,
        *,
        generator: NetChoice,
        discriminator: NetChoice,
        objective: Objective = "vanilla",
        penalty: NonNegative = 10.0,
        l1: NonNegative = 100.0,
        learning_rate: LearningRate = 2e-4,
        beta1: Beta = 0.5,
        discriminator_steps: PositiveInt = 1,
    ) -> None:
        super().__init__()
        self.generator = chosen_generator(generator)
        self.adversary = Adversary(chosen_net(discriminator), objective, penalty, discriminator_steps)
        self.value_range = self.generator.value_range
        both = sum(self.generator.arguments[key] for key in ("in_channels", "out_channels"))
        check_channels(self.adversary.net, "discriminator", "in_channels", both, "it sees a and b together")
        self.nets = {"generator": self.generator, "discriminator": self.adversary.net}
        self.groups = {name: adam({name: net}, learning_rate, beta1=beta1) for name, net in self.nets.items()}
        self.l1 = l1

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step of the generator, then one of the discriminator; see `Recipe.update`."""
        a, b = self._pair(batch)
        terms = {}
        if self.adversary.is_generator_step(self.iteration):
            fake = self.generator(a)
            terms["adversarial"] = self.adversary.generator_loss(paddle.concat([a, fake], axis=1))
            terms["l1"] = self.l1 * l1_loss(fake, b)
            self.groups["generator"].backward_step(sum(terms.values()))
        else:
            with paddle.no_grad():
                fake = self.generator(a)
        terms["discriminator"] = self.adversary.discriminator_loss(
            paddle.concat([a, b], axis=1), paddle.concat([a, fake], axis=1)
        )
        self.groups["discriminator"].backward_step(terms["discriminator"])
        return {name: float(term) for name, term in terms.items()}

    def _pair(self, batch: Mapping[str, paddle.Tensor]) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return both pictures of the pairs in the channels and range of the nets."""
        arguments = self.generator.arguments
        return (
            to_net(batch["a"], arguments["in_channels"], self.value_range),
            to_net(batch["b"], arguments["out_channels"], self.value_range),
        )

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return a, the result of the generator, and b."""
        a, b = self._pair(batch)
        pictures = {"a": a, "fake_b": self.generator(a), "b": b}
        return {name: from_net(picture, self.value_range).clip(0, 1) for name, picture in pictures.items()}

    def validate(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Return PSNR and SSIM of the results against b."""
        shown = self.preview(batch)
        return psnr_and_ssim(shown["fake_b"].numpy(), shown["b"].numpy())

    def predictors(self) -> dict[str, PredictorSpec]:
        """Return the one direction."""
        return {"a_to_b": PredictorSpec("generator", "translate", value_range=self.value_range)}
