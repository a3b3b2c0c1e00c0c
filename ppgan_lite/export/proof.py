"""Proof that an export gives what its net gives: both are run on the same pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ppgan_lite.errors import ExportError
from ppgan_lite.export.programs import Run
from ppgan_lite.export.subject import Subject
from ppgan_lite.images import resize
from ppgan_lite.inference.arrays import LUMA, to_values
from ppgan_lite.inference.engines.sample import sample_photo
from ppgan_lite.runtime.device import inference_mode

# Width and height of the pictures that a net of any size is tried on; odd sides are where nets round.
SIZES = ((192, 256), (181, 203))
STYLE_SIZES = ((160, 200), (211, 147))


@dataclass(frozen=True)
class Difference:
    """How far two pictures are from each other, in the values that the net gives."""

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


def tolerance(subject: Subject, *, half: bool) -> Difference:
    """Return how far an export may be from its net.

    What was computed in float32 both times differs by rounding alone: 1e-4 for a net that is called once, a quarter of
    1/255 for a painter, which measures, aligns and revises. Weights rounded to float16 are other weights:
    the picture may change by 4/255 at most and by 0.5/255 on average.
    """
    low, high = subject.spec.value_range
    if half:
        return Difference(4 / 255 * (high - low), 0.5 / 255 * (high - low))
    if subject.paints:
        return Difference(0.25 / 255, 0.05 / 255)
    return Difference(1e-4, 1e-4)


def prove(subject: Subject, run: Run, *, half: bool) -> dict[str, Any]:
    """Run an export and its net on the same pictures.

    Args:
        subject: The net, which eager Paddle executes on the CPU.
        run: Executes the export.
        half: Whether its weights are float16.

    Returns:
        What was found, as JSON values.

    Raises:
        ExportError: A result is of another shape, or differs by more than the tolerance.
    """
    import paddle

    allowed = tolerance(subject, half=half)
    trials = []
    net = subject.whole()
    for arrays in pictures(subject):
        with inference_mode("cpu"):
            expected = net(*(paddle.to_tensor(array) for array in arrays.values())).numpy()
        found = compare(run(arrays), expected, where=subject.name)
        sizes = {name: (array.shape[3], array.shape[2]) for name, array in arrays.items()}
        trials.append(Trial(sizes, found))
        # Written so that NaN is refused.
        if not (found.largest <= allowed.largest and found.mean <= allowed.mean):
            width, height = sizes["photo"]
            raise ExportError(
                subject.name,
                f"the export differs from its net by up to {found.largest:.2g}, {found.mean:.2g} on average, "
                f"on a picture of {width}x{height}",
                f"at most {allowed.largest:.2g}, {allowed.mean:.2g} on average",
                "Nothing was written",
            )
    return {
        "reference": f"PaddlePaddle {paddle.__version__}, eager, CPU",
        "tolerance": asdict(allowed),
        "largest": max(trial.difference.largest for trial in trials),
        "mean": max(trial.difference.mean for trial in trials),
        "trials": [{"sizes": trial.sizes, **asdict(trial.difference)} for trial in trials],
    }


def compare(found: np.ndarray, expected: np.ndarray, *, where: str) -> Difference:
    """Return the difference of two results.

    Raises:
        ExportError: Their shapes differ.
    """
    if found.shape != expected.shape:
        raise ExportError(where, f"the export gives {list(found.shape)}, its net {list(expected.shape)}")
    difference = np.abs(found.astype(np.float64) - expected)
    return Difference(float(difference.max()), float(difference.mean()))


def pictures(subject: Subject) -> Iterator[dict[str, np.ndarray]]:
    """Yield what an export is tried on: a photo at two sizes, or two photos of the one size that it takes."""
    photo = sample_photo()
    turned = np.ascontiguousarray(photo[::-1, ::-1, ::-1])
    low, high = subject.spec.value_range
    for number, image in enumerate((photo, turned)):
        arrays = {}
        for name, shape in subject.inputs.items():
            height, width = shape[2:]
            if height is None or width is None:
                wanted = SIZES[number] if name == "photo" else STYLE_SIZES[number]
                width, height = (subject.fitting(side) if name == "photo" else side for side in wanted)
            # The painting is never the photo that is painted.
            picture = resize(image if name == "photo" else image[::-1, :, ::-1], width, height)
            arrays[name] = to_values(_channels(picture, shape[1]), low, high)
        yield arrays


def _channels(image: np.ndarray, count: int | None) -> np.ndarray:
    return image if count == 3 else np.rint(image @ LUMA).astype(np.uint8)[..., None]
