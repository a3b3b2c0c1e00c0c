"""Validation of the nets on held-out pictures, and early stopping."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.config import ValidationSettings
from ppgan_lite.data import DATASETS
from ppgan_lite.training.distributed import Processes
from ppgan_lite.training.named_metrics import Measured, NamedMetrics
from ppgan_lite.training.preparing import build

if TYPE_CHECKING:
    from paddle import nn

    from ppgan_lite.recipes.recipe import Recipe


class Validation:
    """Measurement of a recipe's nets on a fixed set of samples.

    Args:
        settings: With complete `data`.
        seed: The seed of the samples, which are the same every time.
    """

    def __init__(self, settings: ValidationSettings, seed: int) -> None:
        self.dataset = build(DATASETS, settings.data, "data")
        self.count = len(self.dataset) if settings.samples is None else min(settings.samples, len(self.dataset))
        self._seed = seed
        self._metrics = NamedMetrics(settings.metrics) if settings.metrics else None

    def measure(self, recipe: Recipe, processes: Processes, *, samples: int | None = None) -> dict[str, float]:
        """Return the metrics of the recipe and those of the settings; every process measures a part of the samples.

        Numbers of single samples are averaged.

        Args:
            samples: The number of samples, from the first; None for all.
        """
        import paddle

        count = self.count if samples is None else min(samples, self.count)
        own: dict[int, Measured] = {}
        with paddle.no_grad(), evaluation_mode(recipe.nets.values()):
            for index in range(processes.rank, count, processes.count):
                # As samples of epoch 0 of a training with this seed.
                sample = self.dataset.get(index, np.random.default_rng((self._seed, 0, index)))
                batch = {name: paddle.to_tensor(array[None]) for name, array in sample.items()}
                measured = Measured({}) if self._metrics is None else self._metrics.measure(recipe, batch)
                numbers = {name: float(value) for name, value in recipe.validate(batch).items()}
                others = {name: value for name, value in measured.numbers.items() if name not in numbers}
                measured.numbers = {**numbers, **others}
                own[index] = measured
        found = {index: measured for part in processes.all_gather(own) for index, measured in part.items()}
        in_order = [found[index] for index in sorted(found)]  # the same sum for any number of processes
        of_samples = [measured.numbers for measured in in_order]
        means = {name: float(np.mean([numbers[name] for numbers in of_samples])) for name in of_samples[0]}
        return means if self._metrics is None else {**means, **self._metrics.of_sets(in_order)}


@dataclass
class EarlyStopping:
    """The best validation so far, and the number of validations since.

    Attributes:
        best: Its metric; None before the first.
        iteration: Its iteration.
        since: The number of validations after it.
    """

    best: float | None = None
    iteration: int = 0
    since: int = 0

    def update(self, value: float, iteration: int, direction: str) -> bool:
        """Record a validation; return whether it is the best so far.

        Args:
            value: The recipe's `best` metric. NaN and infinity are never best.
            iteration: The iteration of the measurement.
            direction: "max" if larger values are better, "min" if smaller ones are.
        """
        better = math.isfinite(value) and (
            self.best is None or (value > self.best if direction == "max" else value < self.best)
        )
        if better:
            self.best, self.iteration, self.since = value, iteration, 0
        else:
            self.since += 1
        return better

    def exhausted(self, settings: ValidationSettings) -> bool:
        """Return whether the patience of the settings is exhausted, so that the training ends."""
        return settings.patience is not None and self.since >= settings.patience


@contextlib.contextmanager
def evaluation_mode(nets: Iterable[nn.Layer]) -> Iterator[None]:
    """Put nets into evaluation mode, as in predictors, for the duration of a block; restore the mode of each layer."""
    nets = list(nets)
    modes: list[tuple[Any, bool]] = [
        (layer, layer.training) for net in nets for layer in net.sublayers(include_self=True)
    ]
    for net in nets:
        net.eval()
    try:
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode
