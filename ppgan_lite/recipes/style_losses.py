"""The perceptual losses of painters: a style and a content loss on features of VGG-16.

Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016, section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import paddle
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.losses.perceptual import relative_gram_loss
from ppgan_lite.nets.color_statistics import ColorStatistics, apply_map, mean_and_covariance, transport_map
from ppgan_lite.nets.vgg16 import VGG16
from ppgan_lite.pretrained import load_encoder
from ppgan_lite.recipes.content_targets import flattened, toned
from ppgan_lite.signatures import NonNegative, NonNegativeInt, Within

PLANE_PX = 8
LEAST_VARIANCE = 1e-2  # of planes; a crop of nothing but sky has next to none
TONES_STEP = 8  # pixels of a painting between those that its tones are taken from

Grams = Mapping[str, paddle.Tensor]  # layer -> N x C x C


@dataclass(frozen=True)
class ContentWeight:
    """The weights of what a painting keeps of the photo; the style loss has weight 1.

    A recipe's signature has these fields as arguments of their own; see `recipe.with_flat_fields`.

    Attributes:
        content: Weight of the relative content loss of each layer. More of it keeps faces whole, less gives bolder
            shapes.
        content_layers: Its layers, some of relu1_2, relu2_2, relu3_3 and relu4_3.
        flatten: Radius in pixels within which the photo's texture is no content: planes and contours are. 0 keeps it.
        planes: Weight of the relative difference of the means of squares of `PLANE_PX` pixels: strokes and dots of any
            kind have the brightness and color of what they lie on.
        tones: Share of the way from the photo's tones to the painting's, where content is compared.
    """

    content: NonNegative = 0.12
    content_layers: Sequence[str] = ("relu2_2", "relu3_3")
    flatten: NonNegativeInt = 0
    planes: NonNegative = 0.0
    tones: Annotated[float, Within(0, 1)] = 0.0


DEFAULT_CONTENT = ContentWeight()


class StyleLosses:
    """The weighted losses by which painters are trained.

    Departures from Johnson: Gram matrices are compared in units of the painting's, features in units of the photo's, so
    that every layer, painting and photo weighs alike; content is taken from two layers, which keeps large faces whole;
    no total variation.

    Args:
        perceptual: The encoder, a VGG-16; see `load_encoder`.
        weights: Of the content loss.

    Raises:
        UsageError: The encoder is another one, or it has no such layer.
    """

    def __init__(self, perceptual: str, weights: ContentWeight = DEFAULT_CONTENT) -> None:
        encoder = load_encoder(perceptual)
        if not isinstance(encoder, VGG16):
            raise UsageError("recipe.perceptual", perceptual, "vgg16, whose layers teach painters, or the file of one")
        for layer in weights.content_layers:
            if layer not in encoder.layers:
                raise UsageError("recipe.content_layers", layer, f"layers of VGG-16: {', '.join(encoder.layers)}")
        self.encoder = encoder
        self.weights = weights
        self._painting: tuple[np.ndarray, Grams] | None = None  # the last one, and its Gram matrices

    def __call__(
        self, result: paddle.Tensor, painting: paddle.Tensor, photo: paddle.Tensor
    ) -> dict[str, paddle.Tensor]:
        """Return the weighted losses of a result, by name.

        Args:
            result: N x 3 x H x W, RGB in [0, 1].
            painting: N x 3 x h x w, or 1 x 3 x h x w for all.
            photo: Of the result's shape: what its content is compared with.
        """
        layers = self.weights.content_layers if self.weights.content else ()
        wanted_grams = self.grams_of(painting)
        grams, distances = self.encoder.describe(result, grams=wanted_grams, content=layers, photo=photo)
        terms = {"style": sum(relative_gram_loss(grams[layer], wanted_grams[layer]) for layer in grams) / len(grams)}
        if layers:
            terms["content"] = self.weights.content * sum(distances[layer].mean() for layer in layers)
        if self.weights.planes:
            terms["planes"] = self.weights.planes * relative_plane_loss(result, photo)
        return terms

    def content_of(self, photo: paddle.Tensor, sample: paddle.Tensor, painting: paddle.Tensor) -> paddle.Tensor:
        """Return what the content of painted photos is to be compared with.

        Args:
            photo: N x 3 x H x W, RGB in [0, 1]: crops in the painting's colors.
            sample: N x 3 x h x w: pixels of the whole photos, in the painting's colors.
            painting: M x 3 x h x w, taken in turn if there are fewer than photos.
        """
        simplified, tones = photo.numpy(), self.weights.tones
        if tones:
            paintings = painting[:, :, ::TONES_STEP, ::TONES_STEP].numpy()
            parts = [
                toned(crop, whole, paintings[number % len(paintings)], tones)
                for number, (crop, whole) in enumerate(zip(simplified, sample.numpy(), strict=True))
            ]
            simplified = np.stack(parts)
        return paddle.to_tensor(flattened(simplified, self.weights.flatten))

    def grams_of(self, painting: paddle.Tensor) -> Grams:
        """Return the Gram matrices of paintings; kept as long as the same ones come.

        A single painting is seen together with its mirror image, which is as good an example of its strokes.
        """
        pixels = painting.numpy()
        if self._painting is None or not np.array_equal(self._painting[0], pixels):
            views = paddle.concat([painting, painting.flip(3)]) if len(painting) == 1 else painting
            with paddle.no_grad():
                grams, _ = self.encoder.describe(views, grams=self.encoder.layers)
            if len(painting) == 1:
                grams = {layer: matrices.mean(axis=0, keepdim=True) for layer, matrices in grams.items()}
            self._painting = pixels, grams
        return self._painting[1]


def relative_plane_loss(result: paddle.Tensor, photo: paddle.Tensor) -> paddle.Tensor:
    """Return the squared difference of means of squares of pixels, in units of the variance of the photo's.

    Args:
        result: N x 3 x H x W, RGB in [0, 1].
        photo: The same: what its content is compared with.
    """
    planes, wanted = (F.avg_pool2d(picture, PLANE_PX) for picture in (result, photo))
    variance = (wanted - wanted.mean(axis=[2, 3], keepdim=True)).square().mean(axis=[1, 2, 3])
    return ((planes - wanted).square().mean(axis=[1, 2, 3]) / (variance + LEAST_VARIANCE)).mean()


def recolored(photos: paddle.Tensor, samples: paddle.Tensor, colors: Sequence[ColorStatistics]) -> paddle.Tensor:
    """Give photos the mean and covariance of paintings' colors.

    Args:
        photos: N x 3 x H x W, RGB in [0, 1]: crops.
        samples: N x 3 x h x w: pixels of the whole photos, so that a crop of nothing but sky stays one.
        colors: Of paintings, taken in turn if there are fewer than photos.

    Returns:
        N x 3 x H x W, RGB in [0, 1]; a constant in training.
    """
    results = []
    for number, (photo, sample) in enumerate(zip(photos.numpy(), samples.numpy(), strict=True)):
        matrix, offset = transport_map(mean_and_covariance(sample), colors[number % len(colors)])
        results.append(apply_map(photo, matrix, offset).clip(0, 1))
    return paddle.to_tensor(np.stack(results))


def colors_of(paintings: paddle.Tensor) -> list[ColorStatistics]:
    """Return mean and covariance of the colors of each picture of N x 3 x H x W."""
    return [mean_and_covariance(painting) for painting in paintings.numpy()]
