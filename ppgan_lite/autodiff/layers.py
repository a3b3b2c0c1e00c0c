"""The layers that nets are made of, recorded with their weights as inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import paddle
from paddle import nn

from ppgan_lite.autodiff import operations as ops
from ppgan_lite.autodiff.tape import Tape, Value
from ppgan_lite.nets.blocks import ResizeConv, SameConv, UpsampleConv
from ppgan_lite.nets.normalization import EPSILON, InstanceNorm, PictureNorm

WITHOUT_WEIGHTS = (nn.Identity, nn.Sigmoid, InstanceNorm)


def _per_channel(vector: paddle.Tensor | None) -> list[paddle.Tensor]:
    return [] if vector is None else [vector.reshape([1, -1, 1, 1])]


def _of_convolution(layer: Any) -> list[paddle.Tensor]:
    return [layer.weight, *_per_channel(layer.bias)]


# Kind of layer -> the inputs that are made of its parameters, filters and scales first. Exact kinds: those derived from
# them do something else.
_WEIGHTS: dict[type[nn.Layer], Callable[[Any], list[paddle.Tensor]]] = {
    nn.Conv2D: _of_convolution,
    SameConv: _of_convolution,
    UpsampleConv: _of_convolution,
    ResizeConv: lambda layer: [layer.phase_filters(), *_per_channel(layer.conv.bias)],
    PictureNorm: lambda layer: [*_per_channel(layer.weight), *_per_channel(layer.bias)],
}


def layers_with_weights(net: nn.Layer) -> list[nn.Layer]:
    """Return the layers of a net that have inputs, in a fixed order."""
    inner = {id(layer.conv) for layer in net.sublayers() if type(layer) is ResizeConv}
    return [layer for layer in net.sublayers() if type(layer) in _WEIGHTS and id(layer) not in inner]


def weights_of(layers: Iterable[nn.Layer]) -> Iterator[paddle.Tensor]:
    """Yield the inputs that are made of the parameters of layers."""
    for layer in layers:
        yield from _WEIGHTS[type(layer)](layer)


def is_known(layer: nn.Layer) -> bool:
    """Return whether a layer can be recorded."""
    return type(layer) in _WEIGHTS or type(layer) in WITHOUT_WEIGHTS


class Layers:
    """Records layers.

    Args:
        tape: That records them.
        layers: Those with weights.
        weights: Inputs, in the order of `weights_of`.
    """

    def __init__(self, tape: Tape, layers: Iterable[nn.Layer], weights: Sequence[Value]) -> None:
        self.tape = tape
        rest = iter(weights)
        self._weights = {id(layer): [next(rest) for _ in weights_of([layer])] for layer in layers}

    def convolve(self, layer: nn.Layer, x: Value, *, bias: bool = True) -> Value:
        """Record a convolution of any kind, with its bias or without."""
        filters, *biases = self._weights[id(layer)]
        if isinstance(layer, ResizeConv):
            # The mirror image of an upsampled pixel is that pixel, so the border of the small picture is repeated.
            border: ops.Border = "repeat" if layer.conv.reflects else "zero"
            x = ops.interleave(self.tape, ops.convolve(self.tape, x, filters, border=border, padding=1))
        elif isinstance(layer, UpsampleConv):
            x = ops.upconvolve(self.tape, x, filters, padding=1)
        elif isinstance(layer, SameConv):
            border = "reflect" if layer.reflects else "zero"
            x = ops.convolve(self.tape, x, filters, border=border, stride=layer._stride[0])
        else:
            x = ops.convolve(self.tape, x, filters, padding=layer._padding, stride=layer._stride[0])
        return ops.add(self.tape, x, biases[0]) if biases and bias else x

    def convolve_and_normalize(self, layer: nn.Layer, norm: nn.Layer, x: Value, *, slope: float | None = None) -> Value:
        """Record a convolution, a norm, and a rectifier with a slope below 0 where one is given."""
        if isinstance(norm, nn.Identity):
            x = self.convolve(layer, x)
            return x if slope is None else ops.relu(self.tape, x, slope=slope)
        # The mean that the norm subtracts has the bias in it, which therefore changes nothing and has no gradient.
        x = self.convolve(layer, x, bias=False)
        ones = np.ones([1, x.shape[1], 1, 1], np.float32)
        scale, shift = self._weights.get(id(norm)) or (self.tape.constant(ones), self.tape.constant(0 * ones))
        rectified = slope is not None
        return ops.normalize(self.tape, x, scale, shift, epsilon=EPSILON, rectified=rectified, slope=slope or 0.0)

    def activate(self, x: Value, output: str) -> Value:
        """Record "tanh", "sigmoid", or nothing for "linear"."""
        if output == "linear":
            return x
        return ops.tanh(self.tape, x) if output == "tanh" else ops.sigmoid(self.tape, x)
