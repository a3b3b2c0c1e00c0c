"""The perceptual losses of all painters, each with its weight.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021,
section 3.4, and further ones.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import paddle

from ppgan_lite.losses import perceptual as losses
from ppgan_lite.losses.whitening import Whitening
from ppgan_lite.nets.color_statistics import align_colors, mean_and_covariance
from ppgan_lite.nets.normalization import mean_and_std
from ppgan_lite.nets.vgg import LAYERS
from ppgan_lite.pretrained import load_encoder

RELATIVE_LAYERS = ("relu3_1", "relu4_1")

Features = Mapping[str, paddle.Tensor]  # layer -> N x C x h x w
PairwiseLoss = Callable[[paddle.Tensor, paddle.Tensor], paddle.Tensor]


@dataclass(frozen=True)
class StyleLossWeights:
    """Weights of the losses, and where and how they are taken. The defaults are LapStyle's, as published.

    A recipe's signature has these fields as arguments of their own; see `recipe.with_flat_fields`.

    Attributes:
        content: Weight of the content loss between normalized features.
        content_layers: Layers of the content loss.
        style: Weight of the loss on mean and standard deviation, of features that are not whitened.
        gram: Weight of the relative Gram loss (not in the paper).
        gram_layers: Layers of the Gram loss.
        relaxed_emd: Weight of the relaxed earth mover's distance.
        self_similarity: Weight of the relative content loss.
        pairwise_px: The two relative losses compare at most about this many rows and columns of positions.
        color: Weight of the loss on mean and covariance of colors (not in the paper).
        tone: Weight of the loss on coarse tones, those of the recolored photo (not in the paper).
        whiten: Whether perceptual features are compared through a `Whitening` (not in the paper).
    """

    content: float = 1.0
    content_layers: Sequence[str] = LAYERS
    style: float = 3.0
    gram: float = 0.0
    gram_layers: Sequence[str] = LAYERS
    relaxed_emd: float = 10.0
    self_similarity: float = 16.0
    pairwise_px: int = 64
    color: float = 0.0
    tone: float = 0.0
    whiten: bool = False

    def of_terms(self) -> dict[str, float]:
        """Return the weights of the losses by name, without those that are 0."""
        names = ("content", "style", "gram", "relaxed_emd", "self_similarity", "color", "tone")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


PUBLISHED_WEIGHTS = StyleLossWeights()


@dataclass(frozen=True)
class EncodedImage:
    """Perceptual features of an image batch.

    Attributes:
        features: The encoder's.
        whitened: The same through a `Whitening`, where there is one; else as they are.
    """

    features: Features
    whitened: Features

    @functools.cached_property
    def statistics(self) -> Mapping[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Means and standard deviations of the features."""
        return {layer: mean_and_std(features) for layer, features in self.features.items()}

    @functools.cached_property
    def grams(self) -> Mapping[str, paddle.Tensor]:
        """Gram matrices of the whitened features."""
        return {layer: losses.gram(features) for layer, features in self.whitened.items()}


class StyleLosses:
    """The weighted sum of perceptual losses by which painters are trained.

    Args:
        perceptual: The encoder; see `load_encoder`.
        weights: Of the losses.
    """

    def __init__(self, perceptual: str, weights: StyleLossWeights) -> None:
        self.encoder = load_encoder(perceptual)
        self.weights = weights
        self.whitening = Whitening() if weights.whiten else None
        self._painting: tuple[np.ndarray, Features] | None = None  # the last one, and its features
        self._encoded_painting: tuple[Features, int, EncodedImage] | None = None  # the same, by the whitening's count

    def __call__(
        self,
        result: paddle.Tensor,
        photo: EncodedImage,
        painting: EncodedImage,
        photo_image: paddle.Tensor,
        painting_image: paddle.Tensor,
    ) -> dict[str, paddle.Tensor]:
        """Return the weighted losses of a result, by name; those of weight 0 are left out.

        Args:
            result: N x 3 x H x W, RGB in [0, 1].
            photo: From `encode_target`, of the result's size.
            painting: From `encode_painting`, of any size; N paintings, or one for all.
            photo_image: N x 3 x H x W, RGB in [0, 1].
            painting_image: N x 3 x h x w, or 1 x 3 x h x w, RGB in [0, 1].
        """
        found = self.encode(result)
        content_layers = self.weights.content_layers
        terms = {
            "content": lambda: sum(losses.content_loss(found.whitened[k], photo.whitened[k]) for k in content_layers),
            "style": lambda: sum(losses.style_loss(found.features[k], painting.statistics[k]) for k in found.features),
            "gram": lambda: self._gram(found.whitened, painting.grams),
            "relaxed_emd": lambda: self._pairwise(losses.relaxed_emd_loss, found.whitened, painting.whitened),
            "self_similarity": lambda: self._pairwise(losses.self_similarity_loss, found.whitened, photo.whitened),
            "color": lambda: losses.color_loss(result, painting_image),
            "tone": lambda: losses.tone_loss(result, recolored(photo_image, painting_image)),
        }
        return {name: weight * terms[name]() for name, weight in self.weights.of_terms().items()}

    def _gram(self, found: Features, wanted: Mapping[str, paddle.Tensor]) -> paddle.Tensor:
        layers = self.weights.gram_layers
        return sum(losses.relative_gram_loss(found[layer], wanted[layer]) for layer in layers) / len(layers)

    def _pairwise(self, loss: PairwiseLoss, found: Features, wanted: Features) -> paddle.Tensor:
        """Sum a loss that compares every position with every other over its layers, on a grid of positions."""

        def grid(features: paddle.Tensor) -> paddle.Tensor:
            step = math.ceil(min(features.shape[2:]) / self.weights.pairwise_px)
            return features[:, :, ::step, ::step] if step > 1 else features

        return sum(loss(grid(found[layer]), grid(wanted[layer])) for layer in RELATIVE_LAYERS)

    def encode(self, image: paddle.Tensor) -> EncodedImage:
        """Return the perceptual features of an image batch, with a gradient to the images."""
        return self._whitened(self.encoder(image))

    def encode_target(self, image: paddle.Tensor) -> EncodedImage:
        """Return the perceptual features of an image batch that needs no gradient."""
        with paddle.no_grad():
            return self.encode(image)

    def encode_painting(self, painting: paddle.Tensor) -> EncodedImage:
        """Return the same of a painting; kept as long as the same one comes."""
        with paddle.no_grad():
            features = self._painting_features(painting)
            count = 0 if self.whitening is None else self.whitening.count
            kept = self._encoded_painting
            if kept is None or kept[0] is not features or kept[1] != count:
                kept = self._encoded_painting = features, count, self._whitened(features)
        return kept[2]

    def update_whitening(self, photo: paddle.Tensor, painting: paddle.Tensor) -> None:
        """Add pictures to the statistics of the whitening before they are compared, until it is complete."""
        if self.whitening is not None and not self.whitening.complete:
            with paddle.no_grad():
                self.whitening.update(self.encoder(photo))
                self.whitening.update(self._painting_features(painting))

    def _whitened(self, features: Features) -> EncodedImage:
        return EncodedImage(features, features if self.whitening is None else self.whitening(features))

    def _painting_features(self, painting: paddle.Tensor) -> Features:
        pixels = painting.numpy()
        if self._painting is None or not np.array_equal(self._painting[0], pixels):
            self._painting = pixels, self.encoder(painting)
        return self._painting[1]

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays that resuming needs; see `Recipe.state`."""
        return {} if self.whitening is None else self.whitening.state()

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back the result of `state`."""
        if self.whitening is not None:
            self.whitening.load_state(state)


def recolored(photos: paddle.Tensor, paintings: paddle.Tensor) -> paddle.Tensor:
    """Give photos the mean and covariance of paintings' colors.

    Args:
        photos: N x 3 x H x W, RGB in [0, 1].
        paintings: M x 3 x h x w, taken in turn if there are fewer than photos.

    Returns:
        N x 3 x H x W, RGB in [0, 1]; a constant in training.
    """
    targets = [mean_and_covariance(painting) for painting in paintings.numpy()]
    results = [
        align_colors(photo, targets[number % len(targets)]).clip(0, 1) for number, photo in enumerate(photos.numpy())
    ]
    return paddle.to_tensor(np.stack(results))
