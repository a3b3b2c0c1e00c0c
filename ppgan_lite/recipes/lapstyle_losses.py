"""LapStyle's perceptual losses, each with its weight.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021,
section 3.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import paddle

from ppgan_lite.losses import perceptual as losses
from ppgan_lite.nets.normalization import mean_and_std
from ppgan_lite.nets.vgg16 import VGG16
from ppgan_lite.pretrained import load_encoder
from ppgan_lite.signatures import NonNegative, PositiveInt

# Of a VGG-19 as published, and of a VGG-16, which is read one or two convolutions later in each stage.
RELATIVE_LAYERS = ("relu3_1", "relu4_1")
RELATIVE_LAYERS_OF_VGG16 = ("relu3_3", "relu4_3")
# Mean activations of the published VGG-16 on photos. The style loss needs features of size one, as the published
# VGG-19 has them, whose filters were scaled to that.
MEAN_ACTIVATIONS_OF_VGG16 = {"relu1_2": 121.0, "relu2_2": 221.0, "relu3_3": 225.0, "relu4_3": 28.0}

Features = Mapping[str, paddle.Tensor]  # layer -> N x C x h x w
PairwiseLoss = Callable[[paddle.Tensor, paddle.Tensor], paddle.Tensor]


@dataclass(frozen=True)
class LapStyleWeights:
    """Weights of the losses, and where they are taken. The defaults are the published ones.

    A recipe's signature has these fields as arguments of their own; see `recipe.with_flat_fields`.

    Attributes:
        content: Weight of the content loss between normalized features.
        content_layers: Layers of the content loss; all of the encoder's if not given.
        style: Weight of the loss on mean and standard deviation.
        relaxed_emd: Weight of the relaxed earth mover's distance.
        self_similarity: Weight of the loss on self-similarity, the paper's relative content loss.
        pairwise_px: The last two compare at most about this many rows and columns of positions.
    """

    content: NonNegative = 1.0
    content_layers: Sequence[str] | None = None
    style: NonNegative = 3.0
    relaxed_emd: NonNegative = 10.0
    self_similarity: NonNegative = 16.0
    pairwise_px: PositiveInt = 64

    def of_terms(self) -> dict[str, float]:
        """Return the weights of the losses by name, without those that are 0."""
        names = ("content", "style", "relaxed_emd", "self_similarity")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


PUBLISHED_WEIGHTS = LapStyleWeights()


class LapStyleLosses:
    """The weighted perceptual losses by which LapStyle is trained.

    Args:
        perceptual: The encoder, a VGG-19 in any width as published, or a VGG-16; see `load_encoder`.
        weights: Of the losses.
    """

    def __init__(self, perceptual: str, weights: LapStyleWeights) -> None:
        self.encoder = load_encoder(perceptual)
        is_vgg16 = isinstance(self.encoder, VGG16)
        self._relative_layers = RELATIVE_LAYERS_OF_VGG16 if is_vgg16 else RELATIVE_LAYERS
        self._sizes = MEAN_ACTIVATIONS_OF_VGG16 if is_vgg16 else {}
        self.weights = weights
        self._painting: tuple[np.ndarray, Features] | None = None  # the last one, and its features

    def __call__(self, result: paddle.Tensor, photo: Features, painting: Features) -> dict[str, paddle.Tensor]:
        """Return the weighted losses of a result, by name; those of weight 0 are left out.

        Args:
            result: N x 3 x H x W, RGB in [0, 1].
            photo: From `encode_target`, of the result's size.
            painting: From `encode_painting`, of any size; N paintings, or one for all.
        """
        found = self.encode(result)
        content_layers = found if self.weights.content_layers is None else self.weights.content_layers
        terms = {
            "content": lambda: sum(losses.content_loss(found[k], photo[k]) for k in content_layers),
            "style": lambda: sum(losses.style_loss(found[k], mean_and_std(painting[k])) for k in found),
            "relaxed_emd": lambda: self._pairwise(losses.relaxed_emd_loss, found, painting),
            "self_similarity": lambda: self._pairwise(losses.self_similarity_loss, found, photo),
        }
        return {name: weight * terms[name]() for name, weight in self.weights.of_terms().items()}

    def _pairwise(self, loss: PairwiseLoss, found: Features, wanted: Features) -> paddle.Tensor:
        """Sum a loss that compares every position with every other over its layers, on a grid of positions."""

        def grid(features: paddle.Tensor) -> paddle.Tensor:
            step = math.ceil(min(features.shape[2:]) / self.weights.pairwise_px)
            return features[:, :, ::step, ::step] if step > 1 else features

        return sum(loss(grid(found[layer]), grid(wanted[layer])) for layer in self._relative_layers)

    def encode(self, image: paddle.Tensor) -> Features:
        """Return the features of an image batch that the losses compare."""
        found = self.encoder(image)
        return {layer: value / self._sizes[layer] for layer, value in found.items()} if self._sizes else found

    def encode_target(self, image: paddle.Tensor) -> Features:
        """Return the perceptual features of an image batch that needs no gradient."""
        with paddle.no_grad():
            return self.encode(image)

    def encode_painting(self, painting: paddle.Tensor) -> Features:
        """Return the same of a painting; kept as long as the same one comes."""
        pixels = painting.numpy()
        if self._painting is None or not np.array_equal(self._painting[0], pixels):
            self._painting = pixels, self.encode_target(painting)
        return self._painting[1]
