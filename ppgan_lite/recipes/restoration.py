"""Restoration: degraded pictures in, clean ones out.

Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", CVPR 2017: the net
(SRResNet), the losses between pictures and between features, and the adversarial one on top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import paddle

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import UsageError
from ppgan_lite.losses.adversarial import Objective
from ppgan_lite.losses.perceptual import content_loss
from ppgan_lite.losses.pixel import l1_loss, mse_loss
from ppgan_lite.metrics.pairs import psnr_and_ssim
from ppgan_lite.pretrained import SHIPPED, load_encoder
from ppgan_lite.recipes.adversary import Adversary
from ppgan_lite.recipes.building import adam, check_channels, chosen_generator, chosen_net, from_net, to_net
from ppgan_lite.recipes.recipe import Beta, LearningRate, NetChoice, Recipe
from ppgan_lite.signatures import FilePath, NonNegative, PositiveInt


class Restoration(Recipe):
    """Trains a generator from degraded pictures a to the clean ones b.

    The loss is a weighted sum. L1 or MSE alone give the best PSNR; features and a discriminator
    give sharper pictures with a lower one (paper, section 3.4). Departure: the generator steps before the
    discriminator, so that accumulated gradients are those of a larger batch.

    Args:
        generator: From a to b; b is `scale` times as large as a where the net has a scale.
        discriminator: Of results and clean pictures; only with `adversarial`.
        l1: Weight of the mean absolute error of values in [0, 1].
        mse: Weight of the mean squared error.
        perceptual: Weight of the squared error between features, in 3 channels.
        perceptual_encoder: The encoder of the features; see `load_encoder`.
        perceptual_layers: Which of them.
        adversarial: Weight of the adversarial loss; the paper's is 0.001.
        objective: The adversarial loss; see `losses.adversarial`. "vanilla" is the paper's.
        penalty: Weight of the gradient penalty of "wgan-gp".
        learning_rate: Adam's, for both nets.
        beta1: Adam's.
        discriminator_steps: The generator takes a step once in so many iterations, the discriminator in each.
    """

    needs = ("a", "b")
    averaged = ("generator",)
    best = "psnr"
    measures = ("psnr", "ssim")
    results = (("restored", "degraded"),)
    targets = (("restored", "clean"),)

    def __init__(
        self,
        *,
        generator: NetChoice,
        discriminator: NetChoice | None = None,
        l1: NonNegative = 1.0,
        mse: NonNegative = 0.0,
        perceptual: NonNegative = 0.0,
        perceptual_encoder: FilePath = SHIPPED,
        perceptual_layers: Sequence[str] = ("relu2_1", "relu3_1"),
        adversarial: NonNegative = 0.0,
        objective: Objective = "vanilla",
        penalty: NonNegative = 10.0,
        learning_rate: LearningRate = 1e-4,
        beta1: Beta = 0.9,
        discriminator_steps: PositiveInt = 1,
    ) -> None:
        super().__init__()
        if not any((l1, mse, perceptual, adversarial)):
            raise UsageError("recipe", "every loss has weight 0", "one of l1, mse, perceptual, adversarial above 0")
        if bool(adversarial) != (discriminator is not None):
            found = "null with adversarial above 0" if adversarial else "given, but adversarial is 0"
            raise UsageError("recipe.discriminator", found, "both or none")
        self.generator = chosen_generator(generator)
        self.value_range = self.generator.value_range
        self.nets = {"generator": self.generator}
        self.adversary = None
        if discriminator is not None:
            self.adversary = Adversary(chosen_net(discriminator), objective, penalty, discriminator_steps)
            channels = self.generator.arguments["out_channels"]
            check_channels(self.adversary.net, "discriminator", "in_channels", channels, "those the generator gives")
            self.nets["discriminator"] = self.adversary.net
        self.groups = {name: adam({name: net}, learning_rate, beta1=beta1) for name, net in self.nets.items()}
        self.encoder = load_encoder(perceptual_encoder) if perceptual else None
        self.perceptual_layers = tuple(perceptual_layers)
        self.l1 = l1
        self.mse = mse
        self.perceptual = perceptual
        self.adversarial = adversarial

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step of the generator, then one of the discriminator if there is one; see `Recipe.update`."""
        clean = self._clean(batch)
        terms = {}
        if self.adversary is None or self.adversary.is_generator_step(self.iteration):
            restored = self._restored(batch)
            terms = self._generator_terms(restored, clean)
            self.groups["generator"].backward_step(sum(terms.values()))
        else:
            with paddle.no_grad():
                restored = self._restored(batch)
        if self.adversary is not None:
            terms["discriminator"] = self.adversary.discriminator_loss(clean, restored)
            self.groups["discriminator"].backward_step(terms["discriminator"])
        return {name: float(term) for name, term in terms.items()}

    def _restored(self, batch: Mapping[str, paddle.Tensor]) -> paddle.Tensor:
        """Return the generator's results for the degraded pictures, about in [0, 1]."""
        degraded = to_net(batch["a"], self.generator.arguments["in_channels"], self.value_range)
        return from_net(self.generator(degraded), self.value_range)

    def _clean(self, batch: Mapping[str, paddle.Tensor]) -> paddle.Tensor:
        return to_net(batch["b"], self.generator.arguments["out_channels"], (0.0, 1.0))

    def _generator_terms(self, restored: paddle.Tensor, clean: paddle.Tensor) -> dict[str, paddle.Tensor]:
        """Return the generator's losses, by name; those of weight 0 are left out."""
        terms = {}
        if self.l1:
            terms["l1"] = self.l1 * l1_loss(restored, clean)
        if self.mse:
            terms["mse"] = self.mse * mse_loss(restored, clean)
        if self.encoder is not None:
            found = self.encoder(to_net(restored, 3, (0.0, 1.0)))
            with paddle.no_grad():
                wanted = self.encoder(to_net(clean, 3, (0.0, 1.0)))
            distances = [content_loss(found[key], wanted[key], normalize=False) for key in self.perceptual_layers]
            terms["perceptual"] = self.perceptual * sum(distances)
        if self.adversary is not None:
            terms["adversarial"] = self.adversarial * self.adversary.generator_loss(restored)
        return terms

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return the degraded picture, the restored and the clean one."""
        restored = self._restored(batch).clip(0, 1)
        return {"degraded": batch["a"], "restored": restored, "clean": self._clean(batch)}

    def validate(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Return PSNR and SSIM of the restored pictures against the clean ones."""
        shown = self.preview(batch)
        return psnr_and_ssim(shown["restored"].numpy(), shown["clean"].numpy())

    def predictors(self) -> dict[str, PredictorSpec]:
        """Return the one that restores."""
        scale = self.generator.arguments.get("scale", 1)
        return {"restore": PredictorSpec("generator", "restore", value_range=self.value_range, scale=scale)}
