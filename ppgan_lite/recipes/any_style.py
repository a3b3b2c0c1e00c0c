"""A painter of any style: a transformation network and its style-prediction network, trained together.

Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network", BMVC 2017.
"""

from __future__ import annotations

from typing import Annotated, Any

import paddle

from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.nets.painter_interface import DRAFT_PX
from ppgan_lite.pretrained import load_encoder
from ppgan_lite.recipes.painter import NOISE_STD, NOISE_STD_IN_USE, freeze
from ppgan_lite.recipes.recipe import Beta, LearningRate, NoiseStd
from ppgan_lite.recipes.style_losses import ContentWeight, StyleLosses
from ppgan_lite.recipes.transform import TransformDraft
from ppgan_lite.signatures import ArgumentsOf, FilePath, NonNegative, NonNegativeInt, PositiveInt

# With so many paintings, content from one layer and less of it gives shapes as bold as those of one style.
ANY_CONTENT = ContentWeight(content=0.1, content_layers=("relu3_3",))


class AnyStyleDraft(TransformDraft):
    """Trains the draft of an `AnyStyleNet`.

    As `StyleTransferDraft`, but every photo of a batch has a painting of its own.

    Args:
        net: Arguments of `AnyStyleNet`.
        encoder: The frozen encoder of the style-prediction network; see `load_encoder`. Its sizes are the net's
            `encoder_channels` and `encoder_convs`.
        perceptual, learning_rate, beta2, weights, steady, reconstruct, noise_std, noise_std_in_use, draft_px: As in
            `StyleTransferDraft`.
    """

    net: AnyStyleNet

    def __init__(
        self,
        *,
        net: Annotated[dict[str, Any], ArgumentsOf("AnyStyleNet")] | None = None,
        encoder: FilePath = "small",
        perceptual: FilePath = "vgg16",
        learning_rate: LearningRate = 1e-3,
        beta2: Beta = 0.99,
        weights: ContentWeight = ANY_CONTENT,
        steady: NonNegative = 0.0,
        reconstruct: NonNegativeInt = 300,
        noise_std: NoiseStd = NOISE_STD,
        noise_std_in_use: NoiseStd = NOISE_STD_IN_USE,
        draft_px: PositiveInt = DRAFT_PX,
    ) -> None:
        losses = StyleLosses(perceptual, weights)
        super().__init__(
            AnyStyleNet(**(net or {})), losses, steady=steady, reconstruct=reconstruct, noise_std=noise_std
        )
        self.noise_std_in_use = noise_std_in_use
        self.draft_px = draft_px
        style_encoder = self.net.predictor.encoder
        style_encoder.set_state_dict(load_encoder(encoder).state_dict())
        freeze(style_encoder)
        trained = [parameter for parameter in self.net.parameters() if not parameter.stop_gradient]
        self.train_parameters(trained, learning_rate, beta2)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step; see `TransformDraft.update`."""
        if self.iteration <= self.reconstruct:
            with paddle.no_grad():
                self.net.predictor.update_running_stats(self.net.predictor.statistics(batch["style"]))
        return super().update(batch)

    def paintings(self, batch: dict[str, paddle.Tensor]) -> paddle.Tensor:
        """Return the painting of each photo."""
        return batch["style"]

    def statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Return norms and colors of the paintings."""
        return self.net.style_statistics(painting)
