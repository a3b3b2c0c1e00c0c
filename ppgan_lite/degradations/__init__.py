"""Degradations: pure functions on uint8 and uint16 images, to make training data for restoration.

`DEGRADATIONS` is the table of names for chains. A new degradation costs one function and one line here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ppgan_lite.aliases import current_chain
from ppgan_lite.degradations.blur import gaussian_blur, mean_blur, median_blur, motion_blur
from ppgan_lite.degradations.checks import SUPPLIED
from ppgan_lite.degradations.drawing import line_art, pencil_sketch
from ppgan_lite.degradations.noise import gaussian_noise, poisson_noise, salt_and_pepper, speckle_noise
from ppgan_lite.degradations.reduction import downscale, grayscale, jpeg
from ppgan_lite.errors import UsageError
from ppgan_lite.signatures import Fault, Within, argument_faults, fits, marks_of, parameter_type, shown, with_defaults
from ppgan_lite.tables import did_you_mean

__all__ = [
    "DEGRADATIONS",
    "Chain",
    "check_chain",
    "degrade",
    "downscale",
    "gaussian_blur",
    "gaussian_noise",
    "grayscale",
    "jpeg",
    "line_art",
    "mean_blur",
    "median_blur",
    "motion_blur",
    "pencil_sketch",
    "poisson_noise",
    "resolve_chain",
    "rng_for",
    "salt_and_pepper",
    "speckle_noise",
]

# Steps in order: {"name": name of a degradation, parameter: value, ...}, JSON values. A number may be given as a range,
# {"between": [lowest, highest]}: it is drawn anew for each picture.
Chain = Sequence[Mapping[str, Any]]

DEGRADATIONS: dict[str, Callable[..., np.ndarray]] = {
    degradation.__name__: degradation
    for degradation in (
        salt_and_pepper,
        gaussian_noise,
        poisson_noise,
        speckle_noise,
        mean_blur,
        gaussian_blur,
        motion_blur,
        median_blur,
        jpeg,
        downscale,
        grayscale,
        pencil_sketch,
        line_art,
    )
}


def degrade(image: np.ndarray, chain: Chain, *, rng: np.random.Generator) -> np.ndarray:
    """Apply the steps of a chain in order. Values that are given as ranges are drawn uniformly.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 3) RGB; not changed.
        chain: For example [{"name": "salt_and_pepper", "amount": 0.1}, {"name": "mean_blur", "size": 20}].
        rng: Source of random numbers.

    Returns:
        A new array of the same type, and of the same shape unless a step shrinks it.

    Raises:
        UsageError: The chain is invalid, see `check_chain`, or a step does not support the picture.
    """
    chain = current_chain(chain)
    check_chain(chain)
    worse = image if chain else image.copy()
    for step in chain:
        degradation = DEGRADATIONS[step["name"]]
        generator = {"rng": rng} if "rng" in degradation.__annotations__ else {}
        arguments = {key: _drawn(degradation, key, value, rng) for key, value in _arguments(step).items()}
        worse = degradation(worse, **arguments, **generator)
    return worse


def check_chain(chain: Any) -> None:
    """Check a chain before any picture is degraded.

    Raises:
        UsageError: It is not a list of steps, a degradation is unknown, or parameters are unknown, missing or out of
            range. Names all faults.
    """
    if isinstance(chain, str) or not isinstance(chain, Sequence):
        raise UsageError("chain", shown(chain), 'a list of steps such as {"name": "mean_blur", "size": 20}')
    faults = [fault for number, step in enumerate(current_chain(chain), 1) for fault in _step_faults(number, step)]
    if faults:
        raise UsageError("chain", "; ".join(faults))


def resolve_chain(chain: Chain) -> list[dict[str, Any]]:
    """Return a chain with the defaults of its degradations filled in, so that equivalent chains are equal.

    Raises:
        UsageError: As `check_chain`.
    """
    chain = current_chain(chain)
    check_chain(chain)
    return [{"name": step["name"], **with_defaults(DEGRADATIONS[step["name"]], _arguments(step))} for step in chain]


def _arguments(step: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in step.items() if key != "name"}


def varies(value: Any) -> bool:
    """Return whether a value of a chain is a range, {"between": [lowest, highest]}."""
    return isinstance(value, Mapping) and "between" in value


def _drawn(degradation: Callable[..., np.ndarray], key: str, value: Any, rng: np.random.Generator) -> Any:
    """Return a value of a range, or the value itself."""
    if not varies(value):
        return value
    lowest, highest = value["between"]
    if fits(0.5, parameter_type(degradation, key), ranges=False):
        return float(rng.uniform(lowest, highest))
    odd = any(isinstance(mark, Within) and mark.odd for mark in marks_of(degradation)[key])
    return int(rng.choice(range(lowest, highest + 1, 2 if odd else 1)))


def _step_faults(number: int, step: Any) -> list[str]:
    where = f"step {number}"
    if not isinstance(step, Mapping) or "name" not in step:
        return [f"{where}: {shown(step)}; expected a mapping with the name of a degradation"]
    name = step["name"]
    if not isinstance(name, str) or name not in DEGRADATIONS:
        known = f"one of {', '.join(DEGRADATIONS)}"
        return [f"{where}: {Fault('name', f'{name!r} is not known', known, did_you_mean(name, DEGRADATIONS))}"]
    ends, faults = _ends(_arguments(step))
    faults += [str(fault) for fault in argument_faults(DEGRADATIONS[name], ends[0], supplied=SUPPLIED)]
    if ends[1] != ends[0]:
        told = [str(fault) for fault in argument_faults(DEGRADATIONS[name], ends[1], supplied=SUPPLIED)]
        faults += [fault for fault in told if fault not in faults]
    return [f"{where} ({name}) {fault}" for fault in faults]


def _ends(arguments: Mapping[str, Any]) -> tuple[tuple[dict[str, Any], dict[str, Any]], list[str]]:
    """Return arguments with the lowest value of each range, those with the highest, and what is wrong with ranges."""
    lowest, highest, faults = dict(arguments), dict(arguments), []
    for key, value in arguments.items():
        if not varies(value):
            continue
        ends = value["between"]
        is_range = len(value) == 1 and isinstance(ends, Sequence) and len(ends) == 2
        if not is_range or not all(fits(end, float, ranges=False) for end in ends) or not ends[0] <= ends[1]:
            expected = '{"between": [lowest, highest]}'
            faults.append(str(Fault(key, shown(value), expected)))
            del lowest[key], highest[key]
        else:
            lowest[key], highest[key] = ends
    return (lowest, highest), faults


def rng_for(name: str, seed: int) -> np.random.Generator:
    """Return a generator that depends on the name of a file and a seed only, not on the order of files."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:16], "little")])
