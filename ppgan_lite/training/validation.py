"""How good the nets are on pictures that they do not learn from, which were best, and when to give up."""

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
from ppgan_lite.training.preparing import built

if TYPE_CHECKING:
    from paddle import nn

    from ppgan_lite.recipes.recipe import Recipe


class Validation:
    """The measuring of a recipe's nets on one fixed set of samples.

    Args:
        settings: With complete `data`.
        seed: Of what is random in the samples; the same ones are measured every time.
    """

    def __init__(self, settings: ValidationSettings, seed: int) -> None:
        self.dataset = built(DATASETS, settings.data, "data")
        self.count = len(self.dataset) if settings.samples is None else min(settings.samples, len(self.dataset))
        self._seed = seed

    def measure(self, recipe: Recipe, processes: Processes, *, samples: int | None = None) -> dict[str, float]:
        """Return the recipe's numbers, averaged over the samples; every process measures some of them.

        Args:
            samples: The first so many instead of all.
        """
        import paddle

        count = self.count if samples is None else min(samples, self.count)
        own: dict[int, dict[str, float]] = {}
        with paddle.no_grad(), evaluating(recipe.nets.values()):
            for index in range(processes.rank, count, processes.count):
                # Samples are numbered within epoch 0 of the training's own seeds; which epoch does not matter.
                sample = self.dataset.get(index, np.random.default_rng((self._seed, 0, index)))
                batch = {name: paddle.to_tensor(array[None]) for name, array in sample.items()}
                own[index] = {name: float(value) for name, value in recipe.validate(batch).items()}
        found = {index: numbers for part in processes.gathered(own) for index, numbers in part.items()}
        in_order = [found[index] for index in sorted(found)]  # however many processes, the same sum
        return {name: float(np.mean([numbers[name] for numbers in in_order])) for name in in_order[0]}


@dataclass
class Standing:
    """Which validation was best so far.

    Attributes:
        best: Its number; None before the first.
        iteration: When it was.
        since: How many validations came after it.
    """

    best: float | None = None
    iteration: int = 0
    since: int = 0

    def take(self, value: float, iteration: int, direction: str) -> bool:
        """Note a validation's number; return whether it is the best so far.

        Args:
            value: The recipe's `best` number. One that is no finite number is never best.
            iteration: When it was measured.
            direction: "max" or "min": which is better.
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
        """Say whether so many validations brought nothing better that the training is to end."""
        return settings.patience is not None and self.since >= settings.patience


@contextlib.contextmanager
def evaluating(nets: Iterable[nn.Layer]) -> Iterator[None]:
    """Put nets into evaluation mode meanwhile, as predictors have them; each layer gets its own mode back."""
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
