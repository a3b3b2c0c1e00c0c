"""A painter of any style: a transformation network and its style-prediction network, trained together.

Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network", BMVC 2017.
"""

from __future__ import annotations

from typing import Any

import paddle

from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.pretrained import load_encoder
from ppgan_lite.recipes.painter import freeze
from ppgan_lite.recipes.style_losses import StyleLosses, StyleLossWeights
from ppgan_lite.recipes.transform import TRANSFORM_WEIGHTS, TransformDraft


class AnyStyleDraft(TransformDraft):
    """Trains the draft of an `AnyStyleNet`.

    As `StyleTransferDraft`, but every photo of a batch has a painting of its own.

    Args:
        net: Arguments of `AnyStyleNet`.
        encoder: The frozen encoder of the style-prediction network; see `load_encoder`. Its sizes are the net's
            `encoder_channels` and `encoder_convs`.
        perceptual, learning_rate, beta2, reconstruct, weights, noise_std: As in `StyleTransferDraft`.
    """

    net: AnyStyleNet

    def __init__(
        self,
        *,
        net: dict[str, Any] | None = None,
        encoder: str = "small",
        perceptual: str = "vgg19",
        learning_rate: float = 2e-3,
        beta2: float = 0.99,
        reconstruct: int = 300,
        weights: StyleLossWeights = TRANSFORM_WEIGHTS,
        noise_std: float = 0.0,
    ) -> None:
        losses = StyleLosses(perceptual, weights)
        super().__init__(AnyStyleNet(**(net or {})), losses, reconstruct=reconstruct, noise_std=noise_std)
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
