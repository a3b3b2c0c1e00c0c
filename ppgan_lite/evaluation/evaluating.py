"""The evaluation of a set of results: every metric over all pictures, and of each picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ppgan_lite.errors import PpganError
from ppgan_lite.evaluation.measuring import Measurer, is_biased, mean_of
from ppgan_lite.evaluation.pictures import Picture
from ppgan_lite.metrics.distributions import LEAST_PICTURES, Interval
from ppgan_lite.metrics.diversity import diversity, thumbnail
from ppgan_lite.metrics.table import METRICS, direction_of

Progress = Callable[[int, int], None]
Failed = Callable[[str, BaseException], None]


@dataclass(frozen=True)
class Shot:
    """One result to measure.

    Attributes:
        name: Of the picture.
        read: Returns the result and what there is to compare it with: "result", "photo", "target", "back" (the
            translation there and back), each uint8 (height, width, 3) RGB.
        painting: The painting whose style it has.
    """

    name: str
    read: Callable[[], Mapping[str, np.ndarray]]
    painting: Picture | None = None


@dataclass
class Evaluation:
    """The outcome of a measurement.

    Attributes:
        name: Of what was measured, such as "a_to_b".
        pictures: The number of results that were measured.
        references: The number of pictures that sets of results were compared with; 0 if they were not.
        numbers: Metric -> its value over all pictures, with a 95 % confidence interval (NaN where there is none).
        each: Name of a picture -> metric -> value.
        notes: What the numbers do not tell by themselves, a sentence each.
    """

    name: str
    pictures: int = 0
    references: int = 0
    numbers: dict[str, Interval] = field(default_factory=dict)
    each: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; NaN and infinity as null."""
        return {
            "name": self.name,
            "pictures": self.pictures,
            "references": self.references,
            "metrics": {
                name: {
                    "value": _finite(number.value),
                    "interval_95": None if np.isnan(number.low) else [number.low, number.high],
                    "better": "higher" if direction_of(name) == "max" else "lower",
                }
                for name, number in self.numbers.items()
            },
            "each": {
                picture: {name: _finite(value) for name, value in numbers.items()}
                for picture, numbers in self.each.items()
            },
            "notes": self.notes,
        }


def evaluate(
    name: str,
    shots: Sequence[Shot],
    references: Iterable[Picture],
    measurer: Measurer,
    *,
    progress: Progress = lambda done, total: None,
    failed: Failed = lambda name, error: None,
) -> Evaluation:
    """Measure results, one at a time; of each only its numbers and features stay in memory.

    Args:
        name: Of what is measured.
        shots: The results.
        references: Pictures that sets of results are compared with; where there are none, the targets are.
        measurer: Of the metrics.
        progress: Told how many pictures are done, and of how many.
        failed: Told of each picture that cannot be read or made; the others are measured.
    """
    found = Evaluation(name)
    of_sets, references = bool(measurer.of_kind("set")), list(references) if measurer.of_kind("set") else []
    total = len(shots) + len(references)
    results: list[dict[str, np.ndarray]] = []
    others: list[dict[str, np.ndarray]] = []
    thumbnails: list[tuple[np.ndarray, np.ndarray]] = []
    for done, shot in enumerate(shots):
        try:
            pictures = shot.read()
            numbers = _numbers(measurer, pictures, shot.painting)
            if of_sets:
                results.append(measurer.pooled(pictures["result"]))
                if "target" in pictures and not references:
                    others.append(measurer.pooled(pictures["target"]))
            if "photo" in pictures and "diversity" in measurer.metrics:
                thumbnails.append((thumbnail(pictures["result"]), thumbnail(pictures["photo"])))
        except (PpganError, OSError, MemoryError) as error:
            failed(shot.name, error)
        else:
            found.pictures += 1
            found.each[shot.name] = numbers
        progress(done + 1, total)
    for done, picture in enumerate(references, start=len(shots)):
        try:
            others.append(measurer.pooled(picture()))
        except (PpganError, OSError, MemoryError) as error:
            failed(str(picture.path), error)
        progress(done + 1, total)
    _summarize(found, measurer, results, others, thumbnails)
    return found


def _numbers(measurer: Measurer, pictures: Mapping[str, np.ndarray], painting: Picture | None) -> dict[str, float]:
    """Return the metrics of one result."""
    numbers = measurer.pair(pictures["result"], pictures["target"]) if "target" in pictures else {}
    if "photo" in pictures and measurer.of_kind("painting"):
        numbers |= measurer.painted(pictures["result"], pictures["photo"], painting)
    if "back" in pictures and "cycle_l1" in measurer.metrics:
        difference = np.subtract(pictures["back"], pictures["photo"], dtype=np.float32)
        numbers["cycle_l1"] = float(np.abs(difference).mean() / 255)
    return numbers


def _summarize(
    found: Evaluation,
    measurer: Measurer,
    results: list[dict[str, np.ndarray]],
    others: list[dict[str, np.ndarray]],
    thumbnails: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    """Add the numbers over all pictures, in the order of the metrics, and what is to be said about them."""
    of_sets: dict[str, Interval] = {}
    names = measurer.of_kind("set")
    if results and others:
        if min(len(results), len(others)) < LEAST_PICTURES:
            few = f"{len(results)} and {len(others)} pictures are too few"
            found.notes.append(f"{', '.join(names)}: {few}; at least {LEAST_PICTURES} of each are needed")
        else:
            found.references = len(others)
            of_sets = measurer.sets(results, others)
    share = diversity(*zip(*thumbnails)) if thumbnails else None
    for name in measurer.metrics:
        values = [numbers[name] for numbers in found.each.values() if name in numbers]
        if values:
            found.numbers[name] = mean_of(values)
            if len(values) < found.pictures:
                left_out = found.pictures - len(values)
                least = METRICS[name].least_px
                found.notes.append(f"{name}: {left_out} pictures with a side of less than {least} px are left out")
        elif name in of_sets:
            found.numbers[name] = of_sets[name]
            if is_biased(name, len(results), len(others)):
                few = f"of {len(results)} and {len(others)} pictures is too large"
                found.notes.append(f"{name} {few}: compare it with numbers of as many pictures alone")
        elif name == "diversity" and share is not None:
            found.numbers[name] = Interval(share, float("nan"), float("nan"))
        elif found.pictures and METRICS[name].compares == "pair" and METRICS[name].least_px > 1:
            least = METRICS[name].least_px
            found.notes.append(f"{name}: every picture has a side of less than {least} px")


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
