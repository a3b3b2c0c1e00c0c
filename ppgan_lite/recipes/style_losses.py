"""What the recipes of painters share: the perceptual losses, each with its weight.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021,
section 3.4, and what we add to it.
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
from ppgan_lite.recipes.recipe import TrainedGroup

RELATIVE_LAYERS = ("relu3_1", "relu4_1")

Features = Mapping[str, paddle.Tensor]


@dataclass(frozen=True)
class Seen:
    """A picture as the losses see it: layer -> N x C x h x w.

    Attributes:
        plain: The encoder's features.
        even: The same through a `Whitening`, where there is one; else as they are.
    """

    plain: Features
    even: Features

    @functools.cached_property
    def moments(self) -> Mapping[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Means and standard deviations of the plain features."""
        return {layer: mean_and_std(features) for layer, features in self.plain.items()}

    @functools.cached_property
    def grams(self) -> Mapping[str, paddle.Tensor]:
        """Gram matrices of the even features."""
        return {layer: losses.gram(features) for layer, features in self.even.items()}


PairwiseLoss = Callable[[paddle.Tensor, paddle.Tensor], paddle.Tensor]


class StyleLosses:
    """The perceptual losses that all stages share (paper, section 3.4), each with its weight."""

    def __init__(
        self,
        perceptual: str,
        *,
        content: float,
        content_layers: Sequence[str],
        style: float,
        gram: float,
        gram_layers: Sequence[str],
        colour: float,
        tone: float,
        whiten: bool,
        relaxed_emd: float = 0.0,
        self_similarity: float = 0.0,
        pairwise_px: int = 64,
    ) -> None:
        self.encoder = load_encoder(perceptual)
        self.whitening = Whitening() if whiten else None
        self.pairwise_px = pairwise_px
        self.weights = {
            "content": content,
            "style": style,
            "gram": gram,
            "relaxed_emd": relaxed_emd,
            "self_similarity": self_similarity,
            "colour": colour,
            "tone": tone,
        }
        self.content_layers = tuple(content_layers)
        self.gram_layers = tuple(gram_layers)
        self._painting: tuple[np.ndarray, Features] | None = None  # the last one, and its features
        self._painting_seen: tuple[Features, int, Seen] | None = None  # the same, after how many watched pictures

    def __call__(
        self,
        result: paddle.Tensor,
        photo: Seen,
        painting: Seen,
        photo_image: paddle.Tensor,
        painting_image: paddle.Tensor,
    ) -> dict[str, paddle.Tensor]:
        """Return the weighted losses of a result, by name; those of weight 0 are left out.

        Args:
            result: N x 3 x H x W, RGB in [0, 1].
            photo: What the encoder sees in the photo, of the result's size.
            painting: The same of the painting, of any size; of N paintings, or of one for all.
            photo_image: N x 3 x H x W, RGB in [0, 1].
            painting_image: N x 3 x h x w, or 1 x 3 x h x w, RGB in [0, 1].
        """
        found = self.see(result)
        terms = {
            "content": lambda: sum(losses.content_loss(found.even[k], photo.even[k]) for k in self.content_layers),
            "style": lambda: sum(losses.style_loss(found.plain[k], painting.moments[k]) for k in LAYERS),
            "gram": lambda: self._gram(found.even, painting.grams),
            "relaxed_emd": lambda: self._pairwise(losses.relaxed_emd_loss, found.even, painting.even),
            "self_similarity": lambda: self._pairwise(losses.self_similarity_loss, found.even, photo.even),
            "colour": lambda: losses.colour_loss(result, painting_image),
            "tone": lambda: losses.tone_loss(result, recoloured(photo_image, painting_image)),
        }
        return {name: weight * terms[name]() for name, weight in self.weights.items() if weight}

    def _gram(self, found: Features, wanted: Mapping[str, paddle.Tensor]) -> paddle.Tensor:
        layers = self.gram_layers
        return sum(losses.relative_gram_loss(found[layer], wanted[layer]) for layer in layers) / len(layers)

    def _pairwise(self, loss: PairwiseLoss, found: Features, wanted: Features) -> paddle.Tensor:
        """Sum a loss that compares every position with every other over its layers, on a grid of positions."""

        def grid(features: paddle.Tensor) -> paddle.Tensor:
            step = math.ceil(min(features.shape[2:]) / self.pairwise_px)
            return features[:, :, ::step, ::step] if step > 1 else features

        return sum(loss(grid(found[layer]), grid(wanted[layer])) for layer in RELATIVE_LAYERS)

    def see(self, image: paddle.Tensor) -> Seen:
        """Return the perceptual features of an image batch."""
        return self._seen(self.encoder(image))

    def _seen(self, plain: Features) -> Seen:
        return Seen(plain, plain if self.whitening is None else self.whitening(plain))

    def features(self, image: paddle.Tensor) -> Seen:
        """Perceptual features of an image that needs no gradient."""
        with paddle.no_grad():
            return self.see(image)

    def features_of_painting(self, painting: paddle.Tensor) -> Seen:
        """The same of a painting; what was found is kept while it is the same one."""
        with paddle.no_grad():
            plain = self._plain(painting)
            watched = 0 if self.whitening is None else self.whitening.watched
            kept = self._painting_seen
            if kept is None or kept[0] is not plain or kept[1] != watched:
                kept = self._painting_seen = plain, watched, self._seen(plain)
        return kept[2]

    def _plain(self, painting: paddle.Tensor) -> Features:
        pixels = painting.numpy()
        if self._painting is None or not np.array_equal(self._painting[0], pixels):
            self._painting = pixels, self.encoder(painting)
        return self._painting[1]

    def watch(self, photo: paddle.Tensor, painting: paddle.Tensor) -> None:
        """Let the whitening see pictures before any of them is compared, while it still learns."""
        if self.whitening is not None and not self.whitening.complete:
            with paddle.no_grad():
                self.whitening.watch(self.encoder(photo))
                self.whitening.watch(self._plain(painting))

    def state(self) -> dict[str, np.ndarray]:
        """Return what resuming needs; see `Recipe.state`."""
        return {} if self.whitening is None else self.whitening.state()

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` returned."""
        if self.whitening is not None:
            self.whitening.load_state(state)


def step(group: TrainedGroup, terms: dict[str, paddle.Tensor]) -> dict[str, float]:
    """Minimise the sum of the terms by one step; return them as numbers, with their total."""
    total = sum(terms.values())
    group.minimise(total)
    return {**{name: float(term) for name, term in terms.items()}, "total": float(total)}


def recoloured(photos: paddle.Tensor, paintings: paddle.Tensor) -> paddle.Tensor:
    """Give photos the mean and covariance of paintings' colours.

    Args:
        photos: N x 3 x H x W, RGB in [0, 1].
        paintings: M x 3 x h x w, taken in turn if there are fewer than photos.

    Returns:
        N x 3 x H x W, RGB in [0, 1]; a constant in training.
    """
    targets = [mean_and_covariance(painting) for painting in paintings.numpy()]
    recolored = [
        align_colors(photo, targets[number % len(targets)]).clip(0, 1) for number, photo in enumerate(photos.numpy())
    ]
    return paddle.to_tensor(np.stack(recolored))
