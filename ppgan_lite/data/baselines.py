"""Baselines for restoration: PSNR and SSIM of classical filters on degraded pictures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.data.manifest import Manifest
from ppgan_lite.errors import DataError, ImageError
from ppgan_lite.images import read_image, resize
from ppgan_lite.metrics.pairs import psnr, ssim
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.runtime.threads import usable_cores
from ppgan_lite.workers.for_each import for_each

# The settings of a filter are those with the best PSNR on the centers of this many pictures.
_TUNING_PAIRS = 8
_TUNING_SIDE_PX = 256

FilterSettings = dict[str, Any]


@dataclass(frozen=True)
class Baseline:
    """Mean similarity of filtered and clean pictures; higher is better.

    Attributes:
        filter: Name of the filter; "degraded" stands for no filter.
        settings: The best settings of the filter.
        psnr: In decibels; infinite if all pictures are equal.
        ssim: At most 1.
    """

    filter: str
    settings: FilterSettings
    psnr: float
    ssim: float


@dataclass(frozen=True)
class _Trial:
    """Filters to apply to one pair of pictures, or to its center."""

    clean: Path
    degraded: Path
    candidates: tuple[tuple[str, FilterSettings], ...]
    only_center: bool

    def __str__(self) -> str:
        return str(self.degraded)


def unfiltered(image: np.ndarray) -> np.ndarray:
    """Return the picture unchanged."""
    return image


def median(image: np.ndarray, size: int) -> np.ndarray:
    """Replace each value by the median of a square of `size` pixels: the classical filter for salt-and-pepper noise."""
    return opencv().medianBlur(image, size)


def bilateral(image: np.ndarray, sigma_color: float, sigma_space: float) -> np.ndarray:
    """Average nearby pixels of similar colors (Tomasi and Manduchi 1998); sigmas in levels and pixels."""
    return opencv().bilateralFilter(image, -1, sigma_color, sigma_space)


def non_local_means(image: np.ndarray, strength: float) -> np.ndarray:
    """Average pixels with similar surroundings (Buades et al. 2005): patches of 7 pixels, searched within 21."""
    return opencv().fastNlMeansDenoisingColored(image, None, strength, strength, 7, 21)


# Filter -> its function, and the candidate values of each parameter.
FILTERS: dict[str, tuple[Callable[..., np.ndarray], dict[str, Sequence[float]]]] = {
    "degraded": (unfiltered, {}),
    "median": (median, {"size": (3, 5, 7, 9)}),
    "bilateral": (bilateral, {"sigma_color": (15, 30, 60, 120), "sigma_space": (1.5, 3)}),
    "non-local means": (non_local_means, {"strength": (3, 6, 10, 15, 25)}),
}


def measure_baselines(
    source: str | Path,
    target: str | Path,
    *,
    pairs: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[int, list[Baseline]]:
    """Measure classical filters on the pictures of a degraded folder.

    Pictures are compared with 8 bits, after bicubic enlargement of smaller ones to the size of the clean picture.
    The settings of each filter are those with the best PSNR on the centers of 8 pictures.

    Args:
        source: The clean pictures.
        target: The degraded ones, with the manifest.
        pairs: The number of pictures to measure, evenly spaced in the folder; 0 for all.
        workers: The number of processes; None for one per core.
        progress: Called with the number of completed steps and of all steps.

    Returns:
        The number of measured pictures, and a baseline for each of `FILTERS`.

    Raises:
        DataError: There is no manifest, no picture is done yet, or a picture cannot be read.
        WorkerError: A process died.
    """
    source, target = Path(source), Path(target)
    manifest = Manifest.read(target)
    done = [(name, entry) for name, entry in manifest.entries.items() if entry.result_state] if manifest else []
    if not done:
        raise DataError(target, "holds no degraded pictures", "a folder that was made by degrading another one")
    chosen_pairs = _evenly_spaced([(source / name, target / entry.result) for name, entry in done], pairs)
    tuning_pairs = _evenly_spaced(chosen_pairs, _TUNING_PAIRS)
    steps = itertools.count(1)

    def means(
        of: Sequence[tuple[Path, Path]], candidates: tuple[tuple[str, FilterSettings], ...], center: bool
    ) -> np.ndarray:
        """Return the mean PSNR and SSIM of each candidate, (candidates, 2)."""
        scores: dict[Path, np.ndarray] = {}

        def collect(trial: _Trial, result: np.ndarray | str) -> None:
            if isinstance(result, str):
                raise DataError(trial.degraded, result, remedy="Degrade the folder again")
            scores[trial.degraded] = result
            progress(next(steps), len(chosen_pairs) + len(tuning_pairs))

        trials = [_Trial(clean, degraded, candidates, center) for clean, degraded in of]
        for_each(_try, trials, collect, workers=workers or usable_cores())
        return np.mean([scores[trial.degraded] for trial in trials], axis=0)  # a sum in a fixed order

    grid = tuple((name, settings) for name, (_, tried) in FILTERS.items() for settings in _combinations(tried))
    scores = list(zip(grid, means(tuning_pairs, grid, True)[:, 0]))
    chosen = tuple(max((one for one in scores if one[0][0] == name), key=lambda one: one[1])[0] for name in FILTERS)
    measured = means(chosen_pairs, chosen, False)
    return len(chosen_pairs), [
        Baseline(name, settings, float(psnr), float(ssim)) for (name, settings), (psnr, ssim) in zip(chosen, measured)
    ]


def _combinations(tried: Mapping[str, Sequence[float]]) -> Iterator[FilterSettings]:
    for values in itertools.product(*tried.values()):
        yield dict(zip(tried, values))


def _evenly_spaced(items: Sequence[Any], number: int) -> list[Any]:
    """Return `number` evenly spaced items; all for 0."""
    if number == 0 or number >= len(items):
        return list(items)
    return [items[index * len(items) // number] for index in range(number)]


def _try(trial: _Trial) -> np.ndarray | str:
    """Return PSNR and SSIM of each candidate, (candidates, 2), or the error of a picture that cannot be read."""
    try:
        clean, degraded = (read_image(path)[0] for path in (trial.clean, trial.degraded))
    except ImageError as error:
        return error.found
    height, width = clean.shape[:2]
    degraded = resize(degraded, width, height)
    if trial.only_center:
        top, left = (max(0, (side - _TUNING_SIDE_PX) // 2) for side in (height, width))
        rows, columns = slice(top, top + _TUNING_SIDE_PX), slice(left, left + _TUNING_SIDE_PX)
        clean, degraded = (np.ascontiguousarray(image[rows, columns]) for image in (clean, degraded))
    filtered = (FILTERS[name][0](degraded, **settings) for name, settings in trial.candidates)
    return np.array([(psnr(result, clean), ssim(result, clean)) for result in filtered])
