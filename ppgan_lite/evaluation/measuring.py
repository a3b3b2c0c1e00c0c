"""Metrics of pictures by name: numbers of each picture, and features by which sets of them are compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from ppgan_lite.encoders import lpips_weights
from ppgan_lite.errors import CheckpointError, UsageError
from ppgan_lite.evaluation.features import MEASURED_PX, FeatureNets, Features
from ppgan_lite.images import resize, short_side_to
from ppgan_lite.metrics.distributions import Interval, frechet_distance, kernel_distance
from ppgan_lite.metrics.pairs import ms_ssim, psnr, ssim
from ppgan_lite.metrics.perceptual import perceptual_distance
from ppgan_lite.metrics.stylization import art_distance, content_distance, style_distance
from ppgan_lite.metrics.table import METRICS, Compares
from ppgan_lite.published import fetched, how_to_get, place_of

# Metrics of sets: the net whose features they compare, and the distance.
_OF_SETS: dict[str, tuple[str, Callable[[np.ndarray, np.ndarray], Interval | float]]] = {
    "kid": ("inception", kernel_distance),
    "fid": ("inception", frechet_distance),
    "kid_vgg16": ("vgg16", kernel_distance),
    "frechet_vgg16": ("vgg16", frechet_distance),
}
_DIMENSIONS = {"fid": 2048, "frechet_vgg16": 512}  # of covariances, which fewer pictures do not fill
_DEVIATIONS = 1.959964  # on each side of a mean: 95 %


class Measurer:
    """Measures pictures, uint8 (height, width, 3) RGB, by some metrics.

    Args:
        metrics: Names in `METRICS`, but for those that only recipes measure.
        encoder: That of `style` and `content`; see `pretrained.load_encoder`.

    Attributes:
        metrics: The names.

    Raises:
        CheckpointError: One needs published weights, which were not fetched, or are others.
    """

    def __init__(self, metrics: Sequence[str], *, encoder: str = "small") -> None:
        for weights in dict.fromkeys(METRICS[name].weights for name in metrics):
            # A file that somebody put there would give numbers of a name that is not theirs.
            if weights and place_of(weights) != "fetched":
                found = "is not the published file: its SHA-256 is another one"
                raise CheckpointError(fetched(weights), found, remedy=how_to_get(weights))
        self.metrics = tuple(metrics)
        self.nets = FeatureNets(encoder)
        self._weights = lpips_weights()
        self._painting = lru_cache(maxsize=8)(self._features_of_painting)  # a few paintings, each with many photos

    def of_kind(self, *compares: Compares) -> list[str]:
        """Return those of its metrics that compare one of these."""
        return [name for name in self.metrics if METRICS[name].compares in compares]

    def pair(self, result: np.ndarray, target: np.ndarray) -> dict[str, float]:
        """Return the metrics of a result and its target.

        Raises:
            UsageError: They are of different sizes.
        """
        if result.shape != target.shape:
            sizes = [f"{image.shape[1]} x {image.shape[0]}" for image in (result, target)]
            raise UsageError("evaluate", f"a result of {sizes[0]} pixels", f"{sizes[1]}, as its target has")
        found: dict[str, float] = {}
        by_name = {
            "psnr": lambda: psnr(result, target),
            "ssim": lambda: ssim(result, target),
            "ms_ssim": lambda: ms_ssim(result, target),
            "lpips": lambda: perceptual_distance(self.nets.lpips(result), self.nets.lpips(target), self._weights),
            "perceptual_vgg16": lambda: perceptual_distance(self.nets.vgg16(result), self.nets.vgg16(target)),
        }
        for name in self.of_kind("pair"):
            if min(result.shape[:2]) >= METRICS[name].least_px:
                found[name] = by_name[name]()
        return found

    def painted(
        self, result: np.ndarray, photo: np.ndarray, painting: Callable[[], np.ndarray] | None
    ) -> dict[str, float]:
        """Return the metrics of a painted photo.

        Args:
            result: Of any size; it is compared at the photo's.
            photo: What was painted.
            painting: Reads the painting; the same function for the same painting. None if it is not there, which
                leaves `content` alone.
        """
        names = [name for name in self.of_kind("painting") if painting is not None or name == "content"]
        result = resize(result, photo.shape[1], photo.shape[0])
        found: dict[str, float] = {}
        if {"style", "content"} & set(names):
            encoded = self.nets.encoded(result)
            if "style" in names and painting is not None:
                found["style"] = style_distance(encoded, self._painting(painting, "encoded"))
            if "content" in names:
                found["content"] = content_distance(encoded, self.nets.encoded(photo))
        if "art_vgg16" in names and painting is not None:
            of_result, of_photo = (self.nets.vgg16(short_side_to(image, MEASURED_PX)) for image in (result, photo))
            found["art_vgg16"] = art_distance(of_result, of_photo, self._painting(painting, "vgg16"))
        return found

    def _features_of_painting(self, painting: Callable[[], np.ndarray], kind: str) -> Features:
        image = painting()
        return self.nets.encoded(image) if kind == "encoded" else self.nets.vgg16(short_side_to(image, MEASURED_PX))

    def pooled(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Return the features by which sets are compared: net -> vector."""
        nets = dict.fromkeys(_OF_SETS[name][0] for name in self.of_kind("set"))
        return {net: self.nets.pooled(image, net) for net in nets}

    def sets(
        self, results: Sequence[Mapping[str, np.ndarray]], references: Sequence[Mapping[str, np.ndarray]]
    ) -> dict[str, Interval]:
        """Return the metrics of two sets of pictures, by what `pooled` gave of each.

        Raises:
            UsageError: A set has less than `LEAST_PICTURES`.
        """
        found = {}
        for name in self.of_kind("set"):
            net, distance = _OF_SETS[name]
            value = distance(*(np.stack([one[net] for one in each]) for each in (results, references)))
            found[name] = value if isinstance(value, Interval) else Interval(value, math.nan, math.nan)
        return found


def mean_of(values: Sequence[float]) -> Interval:
    """Return the mean of a metric over pictures, with the 95 % confidence interval of a mean; NaN for too few."""
    mean = float(np.mean(values))
    if len(values) < 3 or not math.isfinite(mean):
        return Interval(mean, math.nan, math.nan)
    reach = _DEVIATIONS * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach)


def is_biased(name: str, pictures: int, references: int) -> bool:
    """Say whether a distance of sets is too large, since a set has fewer pictures than features have dimensions."""
    return min(pictures, references) <= _DIMENSIONS.get(name, 0)
