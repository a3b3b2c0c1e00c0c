"""Mixtures of styles: one painter between several, not several pictures laid over each other.

Painters that were trained from each other are near enough for a net of their mean weights to paint, in strokes and
shapes of its own. The painter of any picture is told the mean of the norms that it predicts for several. Cross-fades of
the painted pictures look like double exposures instead, pale and soft; benchmarks/blends.py shows both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ppgan_lite.checkpoint import Header, PredictorSpec
from ppgan_lite.errors import UsageError
from ppgan_lite.nets.painter_interface import IMAGE, StyleArrays

# Kind of nets whose weights are blended. LapStyle's decoder has no style in its weights; nets of fast neural style come
# from trainings that have nothing in common.
BLENDABLE = "StyleTransferNet"
_RELATED = 0.5  # correlation of weights: 0.88 or more between styles that ship, 0 between nets trained from scratch
_WHAT_WORKS = "styles that ship, styles learned by `paddlegan learn`, or pictures, each among themselves"

Tensors = Mapping[str, np.ndarray]


def blend_styles(styles: Sequence[StyleArrays], shares: Sequence[float]) -> StyleArrays:
    """Return the mean of styles.

    The colors are those of a picture of which each painting has its share: their covariance counts what lies between
    the paintings' means too. The mean of their covariances alone would be duller than either.

    Args:
        styles: Of one painter.
        shares: Of each; 1 together.
    """
    blend = {}
    for part in styles[0]:
        first, second = (_mean([style[part][index] for style in styles], shares) for index in (0, 1))
        if part == IMAGE:
            away = np.stack([style[part][0] - first for style in styles])
            second = second + np.einsum("s,si,sj->ij", np.asarray(shares, away.dtype), away, away)
        blend[part] = first, second
    return blend


def blend_weights(
    painters: Mapping[str, tuple[Header, PredictorSpec, Tensors]], shares: Sequence[float]
) -> tuple[PredictorSpec, dict[str, np.ndarray]]:
    """Return the spec and the tensors of a net between several.

    Args:
        painters: Name -> its checkpoint, and the predictor of it that paints.
        shares: Of each; 1 together.

    Raises:
        UsageError: Two of them are not of one architecture, or have nothing in common.
    """
    (name, (header, spec, tensors)), *others = painters.items()
    net = header.nets[spec.net]
    prefixes = [f"net/{of.net}/" for _, of, _ in painters.values()]
    names = [key.removeprefix(prefixes[0]) for key in tensors if key.startswith(prefixes[0])]
    for other, (its_header, its_spec, its_tensors) in others:
        kinds = {net.kind, its_header.nets[its_spec.net].kind}
        if kinds != {BLENDABLE} or _shapes(spec, tensors) != _shapes(its_spec, its_tensors):
            raise _do_not_mix(f"{name} and {other} are painters of two kinds, which do not mix", name, other)
        if not resemblance((spec, tensors), (its_spec, its_tensors)) >= _RELATED:  # NaN of filters that are all alike
            raise _do_not_mix(f"{name} and {other} were not trained from each other, and do not mix", name, other)
    specs = [spec for _, spec, _ in painters.values()]
    numbers = {
        key: float(_mean([np.array(float(of.settings[key])) for of in specs], shares))
        for key, value in spec.settings.items()
        if isinstance(value, (int, float)) and all(key in of.settings for of in specs)
    }
    blend = {
        prefixes[0] + key: _mean([its[prefix + key] for prefix, (*_, its) in zip(prefixes, painters.values())], shares)
        for key in names
    }
    return replace(spec, settings={**spec.settings, **numbers}), blend


def _shapes(spec: PredictorSpec, tensors: Tensors) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a net's tensors, which say more than its arguments: a file may leave out usual ones."""
    prefix = f"net/{spec.net}/"
    return {name.removeprefix(prefix): array.shape for name, array in tensors.items() if name.startswith(prefix)}


def _do_not_mix(found: str, first: str, second: str) -> UsageError:
    return UsageError("--style", found, _WHAT_WORKS, code="do_not_mix", values={"first": first, "second": second})


def resemblance(first: tuple[PredictorSpec, Tensors], second: tuple[PredictorSpec, Tensors]) -> float:
    """Return the correlation of the filters of two nets, by which their drafts are painted; 0 for two architectures."""
    filters = [
        {
            name.removeprefix(f"net/{spec.net}/"): tensor.ravel()
            for name, tensor in sorted(tensors.items())
            if name.startswith(f"net/{spec.net}/transform.") and tensor.ndim == 4
        }
        for spec, tensors in (first, second)
    ]
    if [(name, its.shape) for name, its in filters[0].items()] != [
        (name, its.shape) for name, its in filters[1].items()
    ]:
        return 0.0
    return float(np.corrcoef([np.concatenate(list(its.values())) for its in filters])[0, 1])


def _mean(arrays: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
    """Return the weighted mean of arrays, in their type."""
    total = np.zeros_like(arrays[0])
    for array, share in zip(arrays, shares):
        total += array * array.dtype.type(share)
    return total
