"""Generators and discriminators of GANs in training, executed by OpenVINO on a CPU (`train.amp: bfloat16`)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import paddle
from paddle import nn

from ppgan_lite.autodiff import operations as ops
from ppgan_lite.autodiff.executor import Executors, on_cpu
from ppgan_lite.autodiff.layers import Layers, is_known, layers_with_weights, weights_of
from ppgan_lite.autodiff.tape import Precision, Tape, Value
from ppgan_lite.nets.discriminators import SLOPE, ConvNormLeakyReLU, PatchDiscriminator
from ppgan_lite.nets.resnet_generator import SMALLEST_PX, ConvNormReLU, ResnetBlock, ResnetGenerator


def _resnet_generator(net: ResnetGenerator, layers: Layers, x: Value) -> Value:
    for layer in (net.stem, *net.downs):
        x = layers.convolve_and_normalize(layer.conv, layer.norm, x, slope=0.0)
    for block in net.blocks:
        inner = layers.convolve_and_normalize(block.conv1, block.norm1, x, slope=0.0)
        x = ops.add(layers.tape, x, layers.convolve_and_normalize(block.conv2, block.norm2, inner))
    for layer in net.ups:
        x = layers.convolve_and_normalize(layer.conv, layer.norm, x, slope=0.0)
    return layers.activate(layers.convolve(net.to_image, x), net.output)


def _patch_discriminator(net: PatchDiscriminator, layers: Layers, x: Value) -> Value:
    for layer in (*net.downs, net.last):
        x = layers.convolve_and_normalize(layer.conv, layer.norm, x, slope=SLOPE)
    return layers.activate(layers.convolve(net.to_logits, x), "sigmoid" if net.arguments["sigmoid"] else "linear")


# Kind of net -> what records it.
_NETS: dict[type[nn.Layer], Callable[[Any, Layers, Value], Value]] = {
    ResnetGenerator: _resnet_generator,
    PatchDiscriminator: _patch_discriminator,
}
_PARTS = {ConvNormReLU, ResnetBlock, ConvNormLeakyReLU, nn.LayerList}


class DifferentiableNet:
    """A generator or discriminator that OpenVINO executes on a CPU while it is trained, with gradients of all inputs.

    Other calls go to the net's own function: those in evaluation, of pictures of sides that the net would have to crop
    or refuse, on other devices, of other types.

    Args:
        net: Whose parameters are used as they are at each call.
        executors: Of nets with the same arguments.
    """

    def __init__(self, net: nn.Layer, executors: Executors) -> None:
        self._net = net
        self._forward = net.forward
        self._executors = executors
        self._layers = layers_with_weights(net)

    def __call__(self, x: paddle.Tensor) -> paddle.Tensor:
        """Return what the net returns."""
        if not (self._net.training and self._fits(x) and on_cpu(x, *self._net.parameters())):
            return self._forward(x)
        return self._executors("forward", self._record, [x], [*weights_of(self._layers)])[0]

    def _fits(self, x: paddle.Tensor) -> bool:
        # The gradient with respect to a picture that is no result of a net is to be differentiated again (wgan-gp).
        if x.is_leaf and not x.stop_gradient:
            return False
        multiple = getattr(self._net, "multiple", 1)
        smallest = getattr(self._net, "smallest", SMALLEST_PX)
        return min(x.shape[2:]) >= smallest and not any(side % multiple for side in x.shape[2:])

    def _record(self, tape: Tape, inputs: Sequence[Value]) -> list[Value]:
        x, *weights = inputs
        return [_NETS[type(self._net)](self._net, Layers(tape, self._layers, weights), x)]


def is_differentiable(net: nn.Layer) -> bool:
    """Return whether a net is of a kind that OpenVINO can execute in training, and all of its layers too."""
    return type(net) in _NETS and all(type(layer) in _PARTS or is_known(layer) for layer in net.sublayers())


def accelerate(nets: Mapping[str, nn.Layer], precision: Precision = "bf16") -> list[str]:
    """Let OpenVINO execute nets in training, those that are parts of others too, where it can.

    Args:
        nets: By name. Their functions are replaced; parameters and states stay theirs.
        precision: In which they compute.

    Returns:
        The names of those that it executes, wholly or in parts.
    """
    executors: defaultdict[str, Executors] = defaultdict(lambda: Executors(precision))
    found = []
    for name, net in nets.items():
        parts = [part for part in net.sublayers(include_self=True) if is_differentiable(part)]
        for place, part in enumerate(parts):
            kind = json.dumps([place, type(part).__name__, part.arguments])
            part.forward = DifferentiableNet(part, executors[kind])
        if parts:
            found.append(name)
    return found
