"""A discriminator and its adversarial losses."""

from __future__ import annotations

from dataclasses import dataclass

import paddle
from paddle import nn

from ppgan_lite.errors import UsageError
from ppgan_lite.losses import adversarial
from ppgan_lite.recipes.recipe import frozen


@dataclass(frozen=True)
class Adversary:
    """A discriminator and its adversarial losses, for both sides.

    Attributes:
        net: The discriminator.
        objective: See `losses.adversarial`.
        penalty: Weight of the gradient penalty; only wgan-gp has one.
        steps: Steps of the discriminator for each step of the generator.

    Raises:
        UsageError: The discriminator ends in a sigmoid and the objective wants scores without bounds, or `steps` is
            below 1.
    """

    net: nn.Layer
    objective: adversarial.Objective
    penalty: float = 10.0
    steps: int = 1

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise UsageError("recipe.discriminator_steps", str(self.steps), "1 or more")
        if self.probabilities and self.objective in ("hinge", "wgan-gp"):
            raise UsageError(
                "recipe.discriminator.sigmoid",
                f"true with the objective {self.objective}",
                "false, since its scores have no bounds",
                "Leave sigmoid out, or choose lsgan or vanilla",
            )

    @property
    def probabilities(self) -> bool:
        """Whether the discriminator ends in a sigmoid."""
        return bool(self.net.arguments.get("sigmoid", False))

    def is_generator_step(self, iteration: int) -> bool:
        """Return whether the generator takes a step in this iteration; the discriminator does in every one."""
        return iteration % self.steps == 0

    def generator_loss(self, fake: paddle.Tensor) -> paddle.Tensor:
        """Return the generator's loss on its pictures, without gradients for the discriminator."""
        with frozen(self.net):
            logits = self.net(fake)
        return adversarial.generator_loss(logits, self.objective, probabilities=self.probabilities)

    def discriminator_loss(self, real: paddle.Tensor, fake: paddle.Tensor) -> paddle.Tensor:
        """Return the discriminator's loss on real and fake pictures, without gradients for the generator.

        It is halved, so that the discriminator learns at half the generator's rate (pix2pix, section 3.3; CycleGAN,
        appendix 7.1).
        """
        fake = fake.detach()
        loss = adversarial.discriminator_loss(
            self.net(real), self.net(fake), self.objective, probabilities=self.probabilities
        )
        if self.objective == "wgan-gp":
            loss = loss + self.penalty * adversarial.gradient_penalty(self.net, real, fake)
        return 0.5 * loss
