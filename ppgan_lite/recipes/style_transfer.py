"""A painter of one style: a net that learns one painting by heart.

Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import paddle

from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.nets.vgg import LAYERS
from ppgan_lite.recipes.painter import PainterRecipe, count_to_paint, freeze, grainy
from ppgan_lite.recipes.recipe import TrainedGroup
from ppgan_lite.recipes.style_losses import StyleLosses, recoloured, step

RECONSTRUCTION = 10.0  # weight of the squared error of pictures that are to be repainted as they are


class StyleTransferDraft(PainterRecipe):
    """The draft of a `StyleTransferNet`.

    The last picture of every batch is drafted with strength 0 and has to come out as it went in, but for its colours,
    which are moved to the painting's: the net normalises a photo's own away. So the strengths between lead from photo
    to painting.

    Departures from Johnson: Gram matrices relative to the painting's, of features that may be whitened; content from
    normalised features; losses on colour and on coarse tones; as long as `reconstruct` says, pictures have to come
    out as they went in at any strength. From fresh weights and style losses alone the net draws contours on grey.

    Args:
        net: Arguments of `StyleTransferNet`.
        perceptual: The encoder of the losses; see `load_encoder`.
        learning_rate: Adam's, before the schedule.
        beta2: Adam's; lower forgets large gradients sooner.
        reconstruct: How many iterations the net only learns to reconstruct pictures.
        content: Weight of the normalised content loss.
        content_layers: Where it is taken.
        style: Weight of the loss on mean and standard deviation, of features as they are.
        gram: Weight of the relative Gram loss.
        gram_layers: Where it is taken.
        colour: Weight of the loss on mean and covariance of colour.
        tone: Weight of the loss on coarse tones, those of the photo in the painting's colours.
        whiten: Whether content and Gram matrices are compared through a `Whitening`.
        grain: How much grain the photo gets before it is drafted, in training and in use; see `add_grain`.
    """

    def __init__(
        self,
        *,
        net: dict[str, Any] | None = None,
        perceptual: str = "vgg19",
        learning_rate: float = 2e-3,
        beta2: float = 0.99,
        reconstruct: int = 0,
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
        self.net = StyleTransferNet(**(net or {}))
        freeze(self.net.revisions)
        self.nets = {"painter": self.net}
        optimizer = paddle.optimizer.Adam(learning_rate, beta2=beta2, parameters=self.net.transform.parameters())
        self.groups = {"painter": TrainedGroup(optimizer, ("painter",), learning_rate)}

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """One step; see `Recipe.update`.

        Raises:
            UsageError: The batch is one picture.
        """
        photo, painting = batch["photo"], batch["style"][:1]
        count = count_to_paint(photo)
        self.losses.watch(photo, painting)
        drafted = self.net.transform(grainy(photo, self.grain), paddle.to_tensor([[1.0]] * count + [[0.0]]))
        kept = slice(0 if self.iteration <= self.reconstruct else count, None)
        difference = drafted[kept] - recoloured(photo[kept], painting)
        terms = {"reconstruction": RECONSTRUCTION * difference.square().mean()}
        if self.iteration > self.reconstruct:
            photo = photo[:count]
            seen = self.losses.features(photo), self.losses.features(painting)
            terms |= self.losses(drafted[:count], *seen, photo, painting)
        return step(self.groups["painter"], terms)

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Photo, painting, the photo painted, half painted and given back."""
        photo = grainy(batch["photo"], self.grain)
        strengths = {"draft": 1.0, "half": 0.5, "identity": 0.0}
        drafts = {name: self.net.draft(photo, strength=strength) for name, strength in strengths.items()}
        return {"photo": batch["photo"], "style": batch["style"], **drafts}
