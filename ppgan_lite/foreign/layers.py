"""The convolutions of a state dict with their norms, in the order of the net's layers, whatever their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

# The parts of a norm, as programs name them -> as PyTorch does.
_NORM_PARTS = {"weight": "weight", "scale": "weight", "bias": "bias", "shift": "bias"}
_NORM_PARTS |= {"running_mean": "running_mean", "_mean": "running_mean"}
_NORM_PARTS |= {"running_var": "running_var", "_variance": "running_var"}


@dataclass
class NormLayer:
    """A norm.

    Attributes:
        name: Of the layer.
        parts: PyTorch's name of a part -> array, of one dimension.
        counts_batches: Whether it has a count of batches, as batch norms do.
    """

    name: str
    parts: dict[str, np.ndarray] = field(default_factory=dict)
    counts_batches: bool = False


@dataclass
class ConvLayer:
    """A convolution, and the norm after it.

    Attributes:
        name: Of the layer.
        weight: Of four dimensions.
        bias: Of one dimension; None if there is none.
        norm: None if there is none with arrays.
    """

    name: str
    weight: np.ndarray
    bias: np.ndarray | None = None
    norm: NormLayer | None = None


def conv_layers(state: Mapping[str, np.ndarray]) -> list[ConvLayer] | None:
    """Return the convolutions of a state dict that has nothing else than them and a norm after each but the last.

    Args:
        state: Name -> array, in the order of the net's layers.

    Returns:
        The convolutions in their order; None if anything else is there, or if some have a norm and others none.
    """
    convs: list[ConvLayer] = []
    norms: dict[str, NormLayer] = {}
    for name, array in state.items():
        layer, _, part = name.rpartition(".")
        if part == "weight" and array.ndim == 4:
            convs.append(ConvLayer(layer, array))
        elif part == "bias" and convs and convs[-1].name == layer and array.ndim == 1:
            convs[-1].bias = array
        elif part == "num_batches_tracked":
            norms.setdefault(layer, NormLayer(layer)).counts_batches = True
        elif part in _NORM_PARTS and array.ndim == 1:
            norms.setdefault(layer, NormLayer(layer)).parts[_NORM_PARTS[part]] = array
        else:
            return None
    if norms and len(norms) != len(convs) - 1:
        return None
    for conv, norm in zip(convs, norms.values()):
        conv.norm = norm
    return convs


def split_number(name: str) -> tuple[str, int | None]:
    """Split "model.10" into its sequence and number; the number is None for other names."""
    parent, _, last = name.rpartition(".")
    return (parent, int(last)) if last.isdecimal() and len(last) < 5 else (name, None)
