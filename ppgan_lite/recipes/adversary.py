"""A discriminator and what it is trained for."""

from __future__ import annotations

from dataclasses import dataclass

import paddle
from paddle import nn

from ppgan_lite.errors import UsageError
from ppgan_lite.losses import adversarial
from ppgan_lite.recipes.recipe import frozen


@dataclass(frozen=True)
class Adversary:
    """A discriminator and what it is trained for: both sides of the game, as one recipe after the other plays it.

    Attributes:
        net: The discriminator.
        objective: See `losses.adversarial`.
        penalty: Weight of the gradient penalty; only wgan-gp has one.
        steps: How often the discriminator learns for each time that the generator does.

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
        """Whether the discriminator's judgements have been through a sigmoid."""
        return bool(self.net.arguments.get("sigmoid", False))

    def lets_generator_learn(self, iteration: int) -> bool:
        """Say whether the generator has its turn too; the discriminator has it in every iteration."""
        return iteration % self.steps == 0

    def generator_loss(self, fake: paddle.Tensor) -> paddle.Tensor:
        """Return how far some pictures are from being taken for real; the discriminator learns nothing from it."""
        with frozen(self.net):
            judgement = self.net(fake)
        return adversarial.generator_loss(judgement, self.objective, probabilities=self.probabilities)

    def discriminator_loss(self, real: paddle.Tensor, fake: paddle.Tensor) -> paddle.Tensor:
        """Return how badly the discriminator tells the two apart; whatever made the fakes learns nothing from it.

        It is halved, so that it learns at half the generator's pace (pix2pix, section 3.3; CycleGAN, appendix 7.1).
        """
        fake = fake.detach()
        loss = adversarial.discriminator_loss(
            self.net(real), self.net(fake), self.objective, probabilities=self.probabilities
        )
        if self.objective == "wgan-gp":
            loss = loss + self.penalty * adversarial.gradient_penalty(self.net, real, fake)
        return 0.5 * loss
