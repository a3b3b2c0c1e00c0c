"""Training of nets that draft with a `TransformNet`."""

from __future__ import annotations

from collections.abc import Iterable

import paddle

from ppgan_lite.autodiff.transform_net import differentiable
from ppgan_lite.errors import UsageError
from ppgan_lite.losses.pixel import mse_loss, shift_consistency_loss
from ppgan_lite.nets.color_alignment import align_colors, mean_and_covariance
from ppgan_lite.nets.color_statistics import ColorStatistics
from ppgan_lite.nets.painter_interface import NORMS
from ppgan_lite.nets.painting import StyleTensors
from ppgan_lite.nets.style_transfer import TransformPainter
from ppgan_lite.recipes.building import numpy_generator
from ppgan_lite.recipes.painter import PainterRecipe, freeze, with_input_noise
from ppgan_lite.recipes.recipe import TrainedGroup
from ppgan_lite.recipes.style_losses import StyleLosses, colors_of, recolored

RECONSTRUCTION = 20.0  # weight of the squared error of pictures that are to be repainted as they are
SHIFT = 2  # pixels by which a photo is moved at most; as many are cut off its borders
STEADY_EVERY = 3  # iterations
RECONSTRUCT_EVERY = 2


class TransformDraft(PainterRecipe):
    """Trains the draft of a `TransformPainter`.

    The net takes photos in the painting's colors. In every second iteration the last picture of the batch keeps its
    own, is drafted with strength 0 and has to be reconstructed. So the strengths between lead from photo to painting.

    Departures from Johnson: see `StyleLosses`; what is painted of a photo moved by a few pixels is to be moved with it
    (`steady`); for as many iterations as `reconstruct` says, pictures have to be reconstructed at any strength.

    Args:
        net: The painter.
        losses: Its perceptual losses.
        steady: Weight of the shift consistency loss, taken of half of the painted photos in every third iteration.
        reconstruct: Number of iterations in which the net is only trained to reconstruct pictures.
        noise_std: Standard deviation of the input noise; see `with_input_noise`.
    """

    needs = ("photo", "photo_sample", "style")
    best = "total"
    measures = ("style", "content", "planes", "total")
    results = (("draft", "photo"),)
    net: TransformPainter
    losses: StyleLosses

    def __init__(
        self, net: TransformPainter, losses: StyleLosses, *, steady: float, reconstruct: int, noise_std: float
    ) -> None:
        super().__init__()
        self.net = net
        self.transform = differentiable(net.transform)
        self.losses = losses
        self.steady = steady
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

    def colors(self, painting: paddle.Tensor) -> list[ColorStatistics]:
        """Return the colors that photos are given before they are painted, of each painting."""
        return colors_of(painting)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step; see `Recipe.update`.

        Raises:
            UsageError: The batch is one picture.
        """
        photo, painting = batch["photo"], self.paintings(batch)
        count = len(photo) - 1
        if not count:
            raise UsageError("loader.batch_size", "1", "2 or more: all but the last picture of a batch are painted")
        norms = self.statistics(painting).get(NORMS, ())
        noisy, samples = with_input_noise(photo[:count], self.noise_std), batch["photo_sample"][:count]
        colors = self.colors(painting[:count])
        colored = recolored(noisy, samples, colors)
        repainted = self.iteration <= self.reconstruct or self.iteration % RECONSTRUCT_EVERY == 1
        whole = paddle.concat([colored, photo[count:]]) if repainted else colored
        seen = _moved(whole, 0, 0) if self.steady else whole
        strength = paddle.to_tensor([[1.0]] * count + [[0.0]] * repainted)
        drafted = self.transform(seen, strength, *(norm[: len(seen)] for norm in norms))
        if self.iteration <= self.reconstruct:
            return self.groups["painter"].step_on({"reconstruction": RECONSTRUCTION * mse_loss(drafted, seen)})
        content = self.losses.content_of(seen[:count], recolored(samples, samples, colors), painting[:count])
        terms = self.losses(drafted[:count], painting[:count], content)
        if repainted:
            # In the photo's colors, as in use: instance norms do not know them, and the net would be busy guessing.
            own = align_colors(drafted[count:], *mean_and_covariance(seen[count:]))
            terms["reconstruction"] = RECONSTRUCTION * mse_loss(own, seen[count:])
        if self.steady and self.iteration % STEADY_EVERY == 0:
            some = max(count // 2, 1)
            rows, columns = (int(place) for place in numpy_generator().integers(-SHIFT, SHIFT + 1, 2))
            again = self.transform(
                _moved(whole[:some], rows, columns), paddle.ones([some, 1]), *(norm[:some] for norm in norms)
            )
            terms["steady"] = self.steady * shift_consistency_loss(drafted[:some], again, rows, columns)
        return self.groups["painter"].step_on(terms)

    def validate(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Return the perceptual losses of photos that are painted without input noise, and their sum, "total"."""
        photo, painting = batch["photo"], self.paintings(batch)
        samples, colors = batch["photo_sample"], self.colors(painting)
        colored = recolored(photo, samples, colors)
        norms = self.statistics(painting).get(NORMS, ())
        drafted = self.transform(colored, paddle.ones([len(photo), 1]), *norms)
        content = self.losses.content_of(colored, recolored(samples, samples, colors), painting)
        terms = {name: float(term) for name, term in self.losses(drafted, painting, content).items()}
        return {**terms, "total": sum(terms.values())}

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return photo, painting, and the photo painted with strength 1, 0.5 and 0."""
        photo = with_input_noise(batch["photo"], self.noise_std_in_use or 0.0)
        style = self.statistics(batch["style"])
        strengths = {"draft": 1.0, "half": 0.5, "identity": 0.0}
        drafts = {name: self.net.draft(photo, style, strength) for name, strength in strengths.items()}
        return {"photo": batch["photo"], "style": batch["style"], **drafts}


def _moved(photo: paddle.Tensor, rows: int, columns: int) -> paddle.Tensor:
    """Return photos without their borders of `SHIFT` pixels, moved up and to the left by less than these."""
    height, width = photo.shape[2] - 2 * SHIFT, photo.shape[3] - 2 * SHIFT
    top, left = SHIFT + rows, SHIFT + columns
    return photo[:, :, top : top + height, left : left + width]
