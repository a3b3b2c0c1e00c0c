"""The numerical check of an export: it and its net are run on the same pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ppgan_lite.errors import ExportError
from ppgan_lite.export.formats import Runner
from ppgan_lite.export.plan import ExportPlan
from ppgan_lite.images import resize
from ppgan_lite.inference.arrays import LUMA, to_values
from ppgan_lite.inference.engines.sample import sample_photo
from ppgan_lite.runtime.device import inference_mode

# Width and height of the pictures for a net of any size; at odd sides, nets round.
SIZES = ((192, 256), (181, 203))
STYLE_SIZES = ((160, 200), (211, 147))


@dataclass(frozen=True)
class Difference:
    """The difference of two pictures, in output values of the net."""

    largest: float
    mean: float


@dataclass(frozen=True)
class Trial:
    """One comparison.

    Attributes:
        sizes: Width and height of each input, by name.
        difference: Between the export's result and the net's.
    """

    sizes: dict[str, tuple[int, int]]
    difference: Difference


@dataclass(frozen=True)
class NumericalCheck:
    """The result of a numerical check.

    Attributes:
        runtime: Name and version of the program that ran the export.
        reference: The same of the one that ran the net.
        tolerance: The largest difference that is allowed.
        trials: One for each picture.
    """

    runtime: str
    reference: str
    tolerance: Difference
    trials: tuple[Trial, ...]

    @property
    def largest(self) -> float:
        """The largest difference of all trials."""
        return max(trial.difference.largest for trial in self.trials)

    @property
    def mean(self) -> float:
        """The largest mean difference of all trials."""
        return max(trial.difference.mean for trial in self.trials)

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return {
            "runtime": self.runtime,
            "reference": self.reference,
            "tolerance": asdict(self.tolerance),
            "largest": self.largest,
            "mean": self.mean,
            "trials": [{"sizes": trial.sizes, **asdict(trial.difference)} for trial in self.trials],
        }


def tolerance(plan: ExportPlan, *, half: bool) -> Difference:
    """Return the largest difference that an export may have from its net.

    Two computations in float32 differ by rounding alone: 1e-4 for a net of values from -1 to 1, a quarter of 1/255 for
    a painter, which measures, aligns and revises, or whose values leave the range. Weights rounded to float16 are other
    weights: the picture may change by 4/255 at most and by 0.5/255 on average.
    """
    low, high = plan.spec.value_range
    if half:
        return Difference(4 / 255 * (high - low), 0.5 / 255 * (high - low))
    if plan.spec.task == "stylize":
        return Difference(0.25 / 255 * (high - low), 0.05 / 255 * (high - low))
    exact = 1e-4 * max((high - low) / 2, 1)
    return Difference(exact, exact)


def check_export(plan: ExportPlan, run: Runner, *, runtime: str, half: bool) -> NumericalCheck:
    """Run an export and its net on the same pictures.

    Args:
        plan: The net, which eager Paddle executes on the CPU.
        run: Executes the export.
        runtime: Name and version of the program that executes it.
        half: Whether its weights are float16.

    Raises:
        ExportError: A result is of another shape, or differs by more than the tolerance.
    """
    import paddle

    allowed = tolerance(plan, half=half)
    trials = []
    net = plan.build_layer()
    for arrays in pictures(plan):
        with inference_mode("cpu"):
            expected = net(*(paddle.to_tensor(array) for array in arrays.values())).numpy()
        found = compare(run(arrays), expected, where=plan.name)
        sizes = {name: (array.shape[3], array.shape[2]) for name, array in arrays.items()}
        trials.append(Trial(sizes, found))
        # Written so that NaN is refused.
        if not (found.largest <= allowed.largest and found.mean <= allowed.mean):
            width, height = sizes["photo"]
            raise ExportError(
                plan.name,
                f"the export differs from its net by up to {found.largest:.2g}, {found.mean:.2g} on average, "
                f"on a picture of {width}x{height}",
                f"at most {allowed.largest:.2g}, {allowed.mean:.2g} on average",
                "Nothing was written",
            )
    return NumericalCheck(f"{runtime}, CPU", f"PaddlePaddle {paddle.__version__}, eager, CPU", allowed, tuple(trials))


def compare(found: np.ndarray, expected: np.ndarray, *, where: str) -> Difference:
    """Return the difference of two results.

    Raises:
        ExportError: Their shapes differ.
    """
    if found.shape != expected.shape:
        raise ExportError(where, f"the export gives {list(found.shape)}, its net {list(expected.shape)}")
    difference = np.abs(found.astype(np.float64) - expected)
    return Difference(float(difference.max()), float(difference.mean()))


def pictures(plan: ExportPlan) -> Iterator[dict[str, np.ndarray]]:
    """Yield the inputs of each trial: a photo at two sizes, or two photos of the one size that the export takes."""
    photo = sample_photo()
    turned = np.ascontiguousarray(photo[::-1, ::-1, ::-1])
    low, high = plan.spec.value_range
    for number, image in enumerate((photo, turned)):
        arrays = {}
        for name, shape in plan.inputs.items():
            height, width = shape[2:]
            if height is None or width is None:
                wanted = SIZES[number] if name == "photo" else STYLE_SIZES[number]
                width, height = (plan.fitting(side) if name == "photo" else side for side in wanted)
            # The painting is never the photo that is painted.
            picture = resize(image if name == "photo" else image[::-1, :, ::-1], width, height)
            arrays[name] = to_values(_channels(picture, shape[1]), low, high)
        yield arrays


def _channels(image: np.ndarray, count: int | None) -> np.ndarray:
    return image if count == 3 else np.rint(image @ LUMA).astype(np.uint8)[..., None]
