"""Training of nets that draft with a `TransformNet`."""

from __future__ import annotations

from collections.abc import Iterable

import paddle

from ppgan_lite.errors import UsageError
from ppgan_lite.nets.painter_interface import NORMS
from ppgan_lite.nets.painting import StyleTensors
from ppgan_lite.nets.style_transfer import TransformPainter
from ppgan_lite.recipes.painter import PainterRecipe, freeze, with_input_noise
from ppgan_lite.recipes.recipe import TrainedGroup
from ppgan_lite.recipes.style_losses import StyleLosses, StyleLossWeights, recolored

RECONSTRUCTION = 10.0  # weight of the squared error of pictures that are to be repainted as they are

# Of the losses, for nets of one style and of any.
TRANSFORM_WEIGHTS = StyleLossWeights(
    content=4.0,
    content_layers=("relu4_1",),
    style=2.0,
    gram=20.0,
    relaxed_emd=0.0,
    self_similarity=0.0,
    color=5.0,
    tone=5.0,
    whiten=True,
)


class TransformDraft(PainterRecipe):
    """Trains the draft of a `TransformPainter`.

    The net takes photos in the painting's colors. The last picture of every batch keeps its own, is drafted with
    strength 0 and has to be reconstructed. So the strengths between lead from photo to painting.

    Departures from Johnson: Gram matrices relative to the painting's, of features that may be whitened; content from
    normalized features; losses on color and on coarse tones; for as many iterations as `reconstruct` says, pictures
    have to be reconstructed at any strength. From fresh weights and style losses alone the net draws contours on gray.

    Args:
        net: The painter.
        losses: Its perceptual losses.
        reconstruct: Number of iterations in which the net is only trained to reconstruct pictures.
        noise_std: Standard deviation of the input noise; see `with_input_noise`.
    """

    net: TransformPainter

    def __init__(self, net: TransformPainter, losses: StyleLosses, *, reconstruct: int, noise_std: float) -> None:
        super().__init__()
        self.net = net
        self.losses = losses
        self.reconstruct = reconstruct
        self.noise_std = noise_std
        freeze(net.revisions)
        self.nets = {"painter": net}

    def train_parameters(self, parameters: Iterable[paddle.Tensor], learning_rate: float, beta2: float) -> None:
        """Let Adam update some of the net's parameters."""
        optimizer = paddle.optimizer.Adam(learning_rate, beta2=beta2, parameters=list(parameters))
        self.groups = {"painter": TrainedGroup(optimizer, ("painter",), learning_rate)}

    def paintings(self, batch: dict[str, paddle.Tensor]) -> paddle.Tensor:
        """Return the painting of each photo, or one for all."""
        raise NotImplementedError

    def statistics(self, painting: paddle.Tensor) -> StyleTensors:
        """Return the style of paintings as the net's draft takes it."""
        raise NotImplementedError

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step; see `Recipe.update`.

        Raises:
            UsageError: The batch is one picture.
        """
        photo, painting = batch["photo"], self.paintings(batch)
        count = len(photo) - 1
        if not count:
            raise UsageError("loader.batch_size", "1", "2 or more: all but the last picture of a batch are painted")
        self.losses.update_whitening(photo, painting)
        scales, shifts = self.statistics(painting).get(NORMS, (None, None))
        both = paddle.concat([photo[:count], with_input_noise(photo[:count], self.noise_std)])
        parts = recolored(both, painting[:count]).chunk(2)
        clean, noisy = (paddle.concat([part, photo[count:]]) for part in parts)
        drafted = self.net.transform(noisy, paddle.to_tensor([[1.0]] * count + [[0.0]]), scales, shifts)
        kept = slice(0 if self.iteration <= self.reconstruct else count, None)
        terms = {"reconstruction": RECONSTRUCTION * (drafted[kept] - clean[kept]).square().mean()}
        if self.iteration > self.reconstruct:
            clean, painting = clean[:count], painting[:count]
            encoded = self.losses.encode_target(clean), self.losses.encode_painting(painting)
            terms |= self.losses(drafted[:count], *encoded, clean, painting)
        return self.groups["painter"].step_on(terms)

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return photo, painting, and the photo painted with strength 1, 0.5 and 0."""
        photo = with_input_noise(batch["photo"], self.noise_std)
        style = self.statistics(batch["style"])
        strengths = {"draft": 1.0, "half": 0.5, "identity": 0.0}
        drafts = {name: self.net.draft(photo, style, strength) for name, strength in strengths.items()}
        return {"photo": batch["photo"], "style": batch["style"], **drafts}
