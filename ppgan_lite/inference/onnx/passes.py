"""Passes over a graph as paddle2onnx writes it: the same numbers from fewer nodes, of kinds that engines are fast at.

Five patterns are found by how they are traced, and replaced; whatever looks different is left alone:

- Sizes are computed in float32, and an engine that computes in bfloat16 rounds them like anything else: 2 x 261 becomes
  520. They become integers.
- A reflected border is made of slices and concatenations (`reflect_pad`), two copies of the picture. It becomes one
  Pad.
- A repeated border has a value to pad with as well, whatever the memory held (paddle2onnx 2.1). It is left out.
- Upsampling is stacking and reshaping (`upsample_nearest`), which copies value by value. It becomes a Resize.
- A convolution and a norm after an upsampling, and the two convolutions that end LapStyle's nets, become convolutions
  of the picture before it is upsampled.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from ppgan_lite.inference.onnx.nodes import Nodes, attribute
from ppgan_lite.inference.onnx.upsampling import upsample_after_convolution, upsample_after_two_convolutions

if TYPE_CHECKING:
    from onnx import NodeProto

_INTEGERS = (6, 7)  # int32 and int64, as ONNX numbers its types
_ARITHMETIC = ("Add", "Sub", "Mul")
_SAME_TYPE = (*_ARITHMETIC, "Mod", "Slice", "Squeeze", "Unsqueeze", "Reshape", "Concat", "Gather")


def apply_passes(data: bytes, *, convolve_before_upsampling: bool = True) -> bytes:
    """Return an ONNX file that computes the same.

    Args:
        data: An ONNX file that paddle2onnx has written.
        convolve_before_upsampling: Whether convolutions that follow an upsampling may be done before it; see
            `upsampling`.
    """
    import onnx

    model = onnx.load_model_from_string(data)
    nodes = Nodes(model.graph)
    for rule in (
        _compute_sizes_in_integers,
        _pad_one_axis,
        _pad_both_axes,
        _pad_without_value,
        _upsample_one_axis,
        _upsample_both_axes,
    ):
        nodes.replace(rule)
    if convolve_before_upsampling:
        for last in ("Add", "Conv"):  # with the bias first, or it would be left where the picture is large
            nodes.replace(functools.partial(upsample_after_two_convolutions, last=last))
        nodes.replace(upsample_after_convolution)
    nodes.write()
    return model.SerializeToString()


def _compute_sizes_in_integers(nodes: Nodes, node: NodeProto) -> list[NodeProto] | None:
    """Replace integers that are computed of integers in float32."""
    if node.op_type != "Cast" or attribute(node, "to") not in _INTEGERS:
        return None
    made: list[NodeProto] = []

    def integer(name: str) -> str | None:
        """Return the name of a value as an integer; None if it is not computed of integers."""
        values, maker = nodes.values(name), nodes.makers.get(name)
        rounded = nodes.maker(maker.input[0], "Div") if maker is not None and maker.op_type == "Floor" else None
        maker = rounded or maker  # sizes are not negative: integers are divided in the same way
        if values is not None:
            if (values != np.rint(values)).any():
                return None
            # A size stays a scalar, as Paddle has it: OpenVINO 2026.4 fails at lists of one integer.
            made.append(nodes.constant(values.astype(np.int64).reshape([] if values.size == 1 else values.shape)))
        elif maker is not None and maker.op_type == "Cast" and _is_integer(nodes, maker.input[0]):
            made.append(nodes.make("Cast", maker.input[0], to=_INTEGERS[1]))
        elif maker is not None and (maker.op_type in _ARITHMETIC or rounded is not None):
            inputs = [found for found in map(integer, maker.input) if found]
            if len(inputs) < len(maker.input):
                return None
            made.append(nodes.make(maker.op_type, *inputs))
        else:
            return None
        return made[-1].output[0]

    found = integer(node.input[0])
    return [*made, nodes.make("Cast", found, to=attribute(node, "to"))] if found else None


def _is_integer(nodes: Nodes, name: str) -> bool:
    """Say whether something is an integer by its type, as far as it can be told."""
    values, maker = nodes.values(name), nodes.makers.get(name)
    if values is not None or maker is None:
        return values is not None and values.dtype.kind == "i"
    if maker.op_type == "Cast":
        return attribute(maker, "to") in _INTEGERS
    return maker.op_type == "Shape" or (maker.op_type in _SAME_TYPE and _is_integer(nodes, maker.input[0]))


def _pad_one_axis(nodes: Nodes, node: NodeProto) -> list[NodeProto] | None:
    """Replace the concatenation of a picture with its first rows (columns) and its last ones, each in reverse."""
    axis, width = attribute(node, "axis"), len(node.input) // 2
    if node.op_type != "Concat" or not width or len(node.input) != 2 * width + 1 or axis not in (2, 3):
        return None
    picture = node.input[width]
    for place, name in enumerate(node.input):
        step = place - width  # how far before or after the picture
        start = -step if step < 0 else -step - 1
        row = nodes.maker(name, "Slice")
        if step and not (
            row is not None
            and row.input[0] == picture
            and all(nodes.holds(*pair) for pair in zip(row.input[1:], (start, start + 1, axis, 1), strict=True))
        ):
            return None
    return _reflect_pad(nodes, picture, np.where(np.arange(8) % 4 == axis, width, 0))


def _pad_both_axes(nodes: Nodes, node: NodeProto) -> list[NodeProto] | None:
    """Replace a reflected border along one axis around one along the other."""
    inner = nodes.maker(node.input[0], "Pad") if node.op_type == "Pad" else None
    if inner is None or any(attribute(pad, "mode") != b"reflect" for pad in (inner, node)):
        return None
    widths = [nodes.values(pad.input[1]) for pad in (inner, node)]
    if widths[0] is None or widths[1] is None or (widths[0] * widths[1]).any():
        return None
    return _reflect_pad(nodes, inner.input[0], widths[0] + widths[1])


def _pad_without_value(nodes: Nodes, node: NodeProto) -> list[NodeProto] | None:
    """Replace a repeated border that has a value to pad with."""
    if node.op_type != "Pad" or attribute(node, "mode") != b"edge" or len(node.input) < 3:
        return None
    return [nodes.make("Pad", node.input[0], node.input[1], mode="edge")]


def _reflect_pad(nodes: Nodes, picture: str, widths: np.ndarray) -> list[NodeProto]:
    pads = nodes.constant(widths.astype(np.int64))
    return [pads, nodes.make("Pad", picture, pads.output[0], mode="reflect")]


def _upsample_one_axis(nodes: Nodes, node: NodeProto) -> list[NodeProto] | None:
    """Replace the stacking of a picture upon itself, reshaped so that each of its rows (columns) comes twice."""
    pair = nodes.maker(node.input[0], "Concat") if node.op_type == "Reshape" else None
    if pair is None or len(pair.input) != 2 or attribute(pair, "axis") not in (3, 4):
        return None
    axis = attribute(pair, "axis")
    parts = [nodes.maker(name, "Unsqueeze") for name in pair.input]
    pictures = {part.input[0] for part in parts if part is not None and nodes.holds(part.input[1], axis)}
    if None in parts or len(pictures) != 1:
        return None
    return _upsample(nodes, pictures.pop(), np.where(np.arange(4) == axis - 1, 2, 1))


def _upsample_both_axes(nodes: Nodes, node: NodeProto) -> list[NodeProto] | None:
    """Replace upsampling along one axis, then along the other."""
    inner = nodes.maker(node.input[0], "Resize") if node.op_type == "Resize" else None
    if inner is None or any(attribute(resize, "mode") != b"nearest" for resize in (inner, node)):
        return None
    scales = [nodes.values(resize.input[2]) for resize in (inner, node)]
    if scales[0] is None or scales[1] is None:
        return None
    return _upsample(nodes, inner.input[0], scales[0] * scales[1])


def _upsample(nodes: Nodes, picture: str, factors: np.ndarray) -> list[NodeProto]:
    scales = nodes.constant(factors.astype(np.float32))
    settings = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return [scales, nodes.make("Resize", picture, "", scales.output[0], **settings)]
