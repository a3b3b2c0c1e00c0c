"""How nets that paint with a `TransformNet` learn to draft."""

from __future__ import annotations

from collections.abc import Iterable

import paddle

from ppgan_lite.errors import UsageError
from ppgan_lite.nets.painter_interface import NORMS
from ppgan_lite.nets.painting import StyleTensors
from ppgan_lite.nets.style_transfer import TransformPainter
from ppgan_lite.recipes.painter import PainterRecipe, freeze, with_input_noise
from ppgan_lite.recipes.recipe import TrainedGroup
from ppgan_lite.recipes.style_losses import StyleLosses, recoloured, step

RECONSTRUCTION = 10.0  # weight of the squared error of pictures that are to be repainted as they are


class TransformDraft(PainterRecipe):
    """The draft of a `TransformPainter`.

    The net sees photos in the painting's colours. The last picture of every batch keeps its own, is drafted with
    strength 0 and has to come out as it went in. So the strengths between lead from photo to painting.

    Departures from Johnson: Gram matrices relative to the painting's, of features that may be whitened; content from
    normalised features; losses on colour and on coarse tones; as long as `reconstruct` says, pictures have to come
    out as they went in at any strength. From fresh weights and style losses alone the net draws contours on grey.

    Args:
        net: What drafts.
        losses: What it learns by.
        reconstruct: How many iterations the net only learns to reconstruct pictures.
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

    def learn(self, parameters: Iterable[paddle.Tensor], learning_rate: float, beta2: float) -> None:
        """Let Adam update some of the net's parameters."""
        optimizer = paddle.optimizer.Adam(learning_rate, beta2=beta2, parameters=list(parameters))
        self.groups = {"painter": TrainedGroup(optimizer, ("painter",), learning_rate)}

    def paintings(self, batch: dict[str, paddle.Tensor]) -> paddle.Tensor:
        """The painting of each photo, or one for all."""
        raise NotImplementedError

    def statistics(self, painting: paddle.Tensor) -> StyleTensors:
        """What the net's draft is told of paintings."""
        raise NotImplementedError

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """One step; see `Recipe.update`.

        Raises:
            UsageError: The batch is one picture.
        """
        photo, painting = batch["photo"], self.paintings(batch)
        count = len(photo) - 1
        if not count:
            raise UsageError("loader.batch_size", "1", "2 or more: all but the last picture of a batch are painted")
        self.losses.watch(photo, painting)
        scales, shifts = self.statistics(painting).get(NORMS, (None, None))
        both = paddle.concat([photo[:count], with_input_noise(photo[:count], self.noise_std)])
        parts = recoloured(both, painting[:count]).chunk(2)
        coloured, seen = (paddle.concat([part, photo[count:]]) for part in parts)
        drafted = self.net.transform(seen, paddle.to_tensor([[1.0]] * count + [[0.0]]), scales, shifts)
        kept = slice(0 if self.iteration <= self.reconstruct else count, None)
        terms = {"reconstruction": RECONSTRUCTION * (drafted[kept] - coloured[kept]).square().mean()}
        if self.iteration > self.reconstruct:
            coloured, painting = coloured[:count], painting[:count]
            features = self.losses.features(coloured), self.losses.features_of_painting(painting)
            terms |= self.losses(drafted[:count], *features, coloured, painting)
        return step(self.groups["painter"], terms)

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Photo, painting, the photo painted, half painted and given back."""
        photo = with_input_noise(batch["photo"], self.noise_std)
        style = self.statistics(batch["style"])
        strengths = {"draft": 1.0, "half": 0.5, "identity": 0.0}
        drafts = {name: self.net.draft(photo, style, strength) for name, strength in strengths.items()}
        return {"photo": batch["photo"], "style": batch["style"], **drafts}
