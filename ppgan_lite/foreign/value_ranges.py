"""The values that a net of another program takes and returns, brought into a form that a checkpoint can state."""

from __future__ import annotations

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.layers import ConvLayer
from ppgan_lite.foreign.options import Values

# Lowest and highest value of input and output, and the last layer.
RANGES: dict[Values, tuple[tuple[float, float], str]] = {
    "0..255": ((0.0, 255.0), "linear"),
    "0..1": ((0.0, 1.0), "linear"),
    "sigmoid": ((0.0, 1.0), "sigmoid"),
    "imagenet": ((0.0, 1.0), "linear"),  # once its normalization is in the convolutions
    "-1..1": ((-1.0, 1.0), "tanh"),
}

_IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)


def swap_colors(first: ConvLayer, last: ConvLayer) -> None:
    """Let the first and last convolution of a net of BGR take and return RGB."""
    first.weight, last.weight = first.weight[:, ::-1], last.weight[::-1]
    last.bias = None if last.bias is None else last.bias[::-1]


def absorb_normalization(first: ConvLayer, last: ConvLayer, *, padding: str, norm: str, where: object) -> None:
    """Let the convolutions of a net of colors normalized by ImageNet's mean and deviation take and return 0 to 1.

    Args:
        first: The net's first convolution; is changed.
        last: Its last one; is changed.
        padding: Of the first one. Zeros would be another color than before.
        norm: Of the net.
        where: The file and net, for messages.

    Raises:
        CheckpointError: That cannot be done.
    """
    if first.weight.shape[1] != 3 or last.weight.shape[0] != 3 or padding != "reflect" or last.bias is None:
        raise CheckpointError(where, "is no net of normalized colors", "3 channels, and reflect padding")
    first.weight = first.weight.astype(np.float32) / _IMAGENET_STD[:, None, None]
    if first.bias is not None:
        first.bias = first.bias - (first.weight * _IMAGENET_MEAN[:, None, None]).sum((1, 2, 3))
    elif norm not in ("instance", "picture"):  # these take a shift away
        raise CheckpointError(where, "has a first convolution without bias", "one with a bias, or instance norms")
    last.bias = last.bias * _IMAGENET_STD + _IMAGENET_MEAN
    last.weight = last.weight * _IMAGENET_STD[:, None, None, None]
