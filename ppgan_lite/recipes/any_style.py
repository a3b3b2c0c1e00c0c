"""A painter in any style: a net that learns to read paintings and, told by what it read, to paint.

Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network", BMVC 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import paddle

from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.nets.vgg import LAYERS
from ppgan_lite.pretrained import load_encoder
from ppgan_lite.recipes.painter import freeze
from ppgan_lite.recipes.style_losses import StyleLosses
from ppgan_lite.recipes.transform import TransformDraft


class AnyStyleDraft(TransformDraft):
    """The draft of an `AnyStyleNet`.

    As `StyleTransferDraft`, but every photo of a batch has a painting of its own.

    Args:
        net: Arguments of `AnyStyleNet`.
        encoder: What reads the paintings, as it is; see `load_encoder`. Its sizes are the net's `encoder_channels` and
            `encoder_convs`.
        perceptual, learning_rate, beta2, reconstruct, content, content_layers, style, gram, gram_layers, colour, tone,
            whiten, noise_std: As in `StyleTransferDraft`.
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
        content: float = 4.0,
        content_layers: Sequence[str] = ("relu4_1",),
        style: float = 2.0,
        gram: float = 20.0,
        gram_layers: Sequence[str] = LAYERS,
        colour: float = 5.0,
        tone: float = 5.0,
        whiten: bool = True,
        noise_std: float = 0.0,
    ) -> None:
        losses = StyleLosses(
            perceptual,
            content=content,
            content_layers=content_layers,
            style=style,
            gram=gram,
            gram_layers=gram_layers,
            colour=colour,
            tone=tone,
            whiten=whiten,
        )
        super().__init__(AnyStyleNet(**(net or {})), losses, reconstruct=reconstruct, noise_std=noise_std)
        reader = self.net.predictor.encoder
        reader.set_state_dict(load_encoder(encoder).state_dict())
        freeze(reader)
        learning = [p for p in self.net.parameters() if not p.stop_gradient]
        self.learn(learning, learning_rate, beta2)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """One step; see `TransformDraft.update`."""
        if self.iteration <= self.reconstruct:
            with paddle.no_grad():
                self.net.predictor.watch(self.net.predictor.statistics(batch["style"]))
        return super().update(batch)

    def paintings(self, batch: dict[str, paddle.Tensor]) -> paddle.Tensor:
        """Each photo's own."""
        return batch["style"]

    def statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """What the net reads of them."""
        return self.net.style_statistics(painting)
