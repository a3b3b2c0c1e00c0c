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
from ppgan_lite.recipes.painter import PainterRecipe, count_to_paint, freeze, grainy
from ppgan_lite.recipes.recipe import TrainedGroup
from ppgan_lite.recipes.style_losses import StyleLosses, recoloured, step
from ppgan_lite.recipes.style_transfer import RECONSTRUCTION


class AnyStyleDraft(PainterRecipe):
    """The draft of an `AnyStyleNet`.

    As `StyleTransferDraft`, but every photo of a batch has a painting of its own, and the net sees photos in the
    painting's colours.

    Args:
        net: Arguments of `AnyStyleNet`.
        encoder: What reads the paintings, as it is; see `load_encoder`. Its sizes are the net's `encoder_channels` and
            `encoder_convs`.
        perceptual, learning_rate, beta2, reconstruct, content, content_layers, style, gram, gram_layers, colour, tone,
            whiten, grain: As in `StyleTransferDraft`.
    """

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
        grain: float = 0.0,
    ) -> None:
        super().__init__()
        self.losses = StyleLosses(
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
        self.reconstruct = reconstruct
        self.grain = grain
        self.net = AnyStyleNet(**(net or {}))
        reader = self.net.predictor.encoder
        reader.set_state_dict(load_encoder(encoder).state_dict())
        freeze(reader)
        freeze(self.net.revisions)
        self.nets = {"painter": self.net}
        learning = [p for p in self.net.parameters() if not p.stop_gradient]
        optimizer = paddle.optimizer.Adam(learning_rate, beta2=beta2, parameters=learning)
        self.groups = {"painter": TrainedGroup(optimizer, ("painter",), learning_rate)}

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """One step; see `Recipe.update`.

        Raises:
            UsageError: The batch is one picture.
        """
        photo, painting = batch["photo"], batch["style"]
        count = count_to_paint(photo)
        self.losses.watch(photo, painting)
        with paddle.no_grad():
            read = self.net.predictor.statistics(painting)
        if self.iteration <= self.reconstruct:
            self.net.predictor.watch(read)
        coloured = paddle.concat([recoloured(photo[:count], painting[:count]), photo[count:]])
        seen = paddle.concat([recoloured(grainy(photo[:count], self.grain), painting[:count]), photo[count:]])
        strength = paddle.to_tensor([[1.0]] * count + [[0.0]])
        drafted = self.net.transform(seen, strength, *self.net.predictor.norms(read))
        kept = slice(0 if self.iteration <= self.reconstruct else count, None)
        terms = {"reconstruction": RECONSTRUCTION * (drafted[kept] - coloured[kept]).square().mean()}
        if self.iteration > self.reconstruct:
            coloured, painting = coloured[:count], painting[:count]
            features = self.losses.features(coloured), self.losses.features(painting)
            terms |= self.losses(drafted[:count], *features, coloured, painting)
        return step(self.groups["painter"], terms)

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Photo, painting, the photo painted, half painted and given back."""
        photo = grainy(batch["photo"], self.grain)
        style = self.net.style_statistics(batch["style"])
        strengths = {"draft": 1.0, "half": 0.5, "identity": 0.0}
        drafts = {name: self.net.draft(photo, style, strength) for name, strength in strengths.items()}
        return {"photo": batch["photo"], "style": batch["style"], **drafts}
