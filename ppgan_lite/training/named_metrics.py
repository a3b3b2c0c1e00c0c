"""The metrics that a config names for validation: those of `paddlegan evaluate`, on the pictures of a recipe's preview.

Numbers of the several results of a recipe, such as both directions of CycleGAN, are averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ppgan_lite.evaluation.measuring import Measurer
from ppgan_lite.metrics.distributions import LEAST_PICTURES
from ppgan_lite.metrics.diversity import diversity, thumbnail
from ppgan_lite.training.previews import to_pixels

if TYPE_CHECKING:
    import paddle

    from ppgan_lite.recipes.recipe import Recipe

_PAINTING = "style"


@dataclass
class Measured:
    """The measurements of one sample: numbers, and the features by which sets of pictures are compared.

    Attributes:
        numbers: Metric -> value.
        pooled: Result -> features of it, and of the picture of its domain.
        thumbnails: Result -> thumbnails of it, and of what it was made of.
    """

    numbers: dict[str, float]
    pooled: dict[str, tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]]] = field(default_factory=dict)
    thumbnails: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


class NamedMetrics:
    """Measures a recipe's pictures by some metrics.

    Args:
        names: Of metrics that the recipe does not measure itself.

    Raises:
        CheckpointError: One needs published weights, which were not fetched.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._measurer = Measurer(names)

    def measure(self, recipe: Recipe, batch: Mapping[str, paddle.Tensor]) -> Measured:
        """Return what a batch of one sample gives."""
        shown = recipe.preview(dict(batch))
        pictures = {name: to_pixels(picture.numpy()) for name, picture in shown.items()}
        measurer, found = self._measurer, Measured({})
        each: list[dict[str, float]] = [measurer.pair(pictures[one], pictures[other]) for one, other in recipe.targets]
        for result, source in recipe.results:
            if measurer.of_kind("painting") and _PAINTING in pictures:
                painting = partial(np.asarray, pictures[_PAINTING])
                each.append(measurer.painted(pictures[result], pictures[source], painting))
            if measurer.of_kind("results"):
                found.thumbnails[result] = thumbnail(pictures[result]), thumbnail(pictures[source])
        if measurer.of_kind("set"):
            for result, other in (*recipe.targets, *recipe.domains):
                found.pooled[result] = measurer.pooled(pictures[result]), measurer.pooled(pictures[other])
        for name in dict.fromkeys(name for numbers in each for name in numbers):
            found.numbers[name] = float(np.mean([numbers[name] for numbers in each if name in numbers]))
        return found

    def of_sets(self, measured: Sequence[Measured]) -> dict[str, float]:
        """Return the metrics of all samples together; NaN where they are too few."""
        numbers: dict[str, list[float]] = {}
        for result in measured[0].pooled:
            results, others = zip(*(sample.pooled[result] for sample in measured))
            if len(measured) < LEAST_PICTURES:
                found = dict.fromkeys(self._measurer.of_kind("set"), float("nan"))
            else:
                found = {name: number.value for name, number in self._measurer.sets(results, others).items()}
            for name, value in found.items():
                numbers.setdefault(name, []).append(value)
        for result in measured[0].thumbnails:
            share = diversity(*zip(*(sample.thumbnails[result] for sample in measured)))
            numbers.setdefault("diversity", []).append(float("nan") if share is None else share)
        return {name: float(np.mean(values)) for name, values in numbers.items()}
