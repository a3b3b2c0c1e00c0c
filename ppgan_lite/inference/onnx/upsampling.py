"""Convolutions after an upsampling, done before it: most of the time of the nets that paint.

Nearest-neighbor upsampling by two repeats each pixel four times, so a filter of 3x3 has only 2x2 different ones under
it. The four phases of the convolution are convolutions of the small picture, with sums of the filters' values: 4/9 of
the multiplications. A DepthToSpace puts them in their places.

At the end of LapStyle's nets they stay side by side, as channels of cells; a second convolution takes them from there
and gives four phases of a few channels, which fill the 16 that a processor computes at least. That holds inside. The
few rows and columns that the reflected borders or a crop can reach are convolved at the large size, as in the net.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.inference.onnx.nodes import Nodes, attribute, attributes_of
from ppgan_lite.inference.onnx.phase_filters import filters_of_phases, phase_filters

if TYPE_CHECKING:
    from onnx import NodeProto

_FEW_CHANNELS = 4
_END = np.iinfo(np.int64).max
_BORDER = (0, 0, 1, 1, 0, 0, 1, 1)  # of one pixel, as Pad is told


def upsample_after_two_convolutions(nodes: Nodes, node: NodeProto, last: str) -> list[NodeProto] | None:
    """Replace two 3x3 convolutions with reflected borders of a picture that is upsampled and cropped.

    The numbers are the same where height and width are 5 or more after the crop. A bias of the second one is added to
    its phases too: an engine does that while it convolves, and else in a pass of its own over the large picture, which
    takes a fifth of the time of a revision net.

    Args:
        nodes: Of the graph.
        node: That may be the last one of the pattern.
        last: Its operation: "Conv", or "Add" of a bias.
    """
    chain = _two_convolutions(nodes, node) if node.op_type == last else []
    crop = nodes.maker(chain[0].input[0], "Slice") if chain else None
    upsampling = nodes.maker(crop.input[0], "Resize") if crop is not None else None
    if chain is None or crop is None or upsampling is None:
        return None
    at_end = all(nodes.holds(crop.input[place], *held) for place, held in ((1, (0, 0)), (3, (2, 3)), (4, (1, 1))))
    if not at_end or not _is_upsampling(nodes, upsampling):
        return None
    new = _NewNodes(nodes)
    small = upsampling.input[0]
    inside = _convolve_inside(new, nodes, small, chain, crop)
    across, down = (_convolve_border(new, small, chain, crop, axis) for axis in (2, 3))
    middle = new(
        "Concat",
        new.part(down, [1, 0], [-2, 1], [2, 3]),
        new.part(inside, [1, 1], [-2, -2], [2, 3]),
        new.part(down, [1, -2], [-2, _END], [2, 3]),
        axis=3,
    )
    new("Concat", new.part(across, [0], [1], [2]), middle, new.part(across, [-2], [_END], [2]), axis=2)
    return new.made


def upsample_after_convolution(nodes: Nodes, node: NodeProto) -> list[NodeProto] | None:
    """Replace a 3x3 convolution with reflected borders, and an instance norm, of a picture that is upsampled."""
    conv = nodes.maker(node.input[0], "Conv") if node.op_type == "InstanceNormalization" else None
    filters = None if conv is None else _plain_filters(nodes, conv)
    pad = None if conv is None or filters is None else nodes.maker(conv.input[0], "Pad")
    upsampling = nodes.maker(pad.input[0], "Resize") if pad is not None and _is_reflect_pad(nodes, pad) else None
    if filters is None or upsampling is None or not _is_upsampling(nodes, upsampling):
        return None
    new = _NewNodes(nodes)
    # The reflection of a repeated pixel is that pixel: a reflected border of the large picture repeats the small one's.
    name = new("Conv", new("Pad", upsampling.input[0], _BORDER, mode="edge"), phase_filters(filters))
    name = new.part(new("DepthToSpace", name, blocksize=2), [1, 1], [-1, -1], [2, 3])
    new(node.op_type, name, *node.input[1:], **attributes_of(node))
    return new.made


class _NewNodes:
    """Collects the nodes that are made, each known by the name of its output."""

    def __init__(self, nodes: Nodes) -> None:
        self.made: list[NodeProto] = []
        self._nodes = nodes

    def __call__(self, operation: str, *inputs: str | Sequence[int] | np.ndarray, **attributes: Any) -> str:
        """Make a node, and constants of those inputs that are numbers."""
        names = [given if isinstance(given, str) else self._constant(given) for given in inputs]
        self.made.append(self._nodes.make(operation, *names, **attributes))
        return self.made[-1].output[0]

    def part(self, name: str, starts: list[int], ends: list[int], axes: list[int]) -> str:
        return self("Slice", name, starts, ends, axes)

    def _constant(self, values: Sequence[int] | np.ndarray) -> str:
        self.made.append(self._nodes.constant(values if isinstance(values, np.ndarray) else np.array(values, np.int64)))
        return self.made[-1].output[0]


def _convolve_border(new: _NewNodes, small: str, chain: list[NodeProto], crop: NodeProto, axis: int) -> str:
    """Convolve the upsampled picture, but only three of its rows (columns) at the start and four at the end.

    The first one of the result is right then, and so are the last two.
    """
    height, width = (new("Gather", new("Shape", small), np.array(axis), axis=0) for axis in (2, 3))
    places = {2: _source_places(new, height, crop, 2), 3: _source_places(new, width, crop, 3)}
    # Two of the small picture's at the start and three at the end are all that is needed: five, and counted anew.
    name = new("Concat", new.part(small, [0], [2], [axis]), new.part(small, [-3], [_END], [axis]), axis=axis)
    fewer = new("Sub", [5], height if axis == 2 else width)
    at_end = new("Add", new.part(places[axis], [-4], [_END], [0]), fewer)
    places[axis] = new("Concat", [0, 0, 1], at_end, axis=0)
    for other in (axis, 5 - axis):
        name = new("Gather", name, places[other], axis=other)
    for link in chain:
        name = new(link.op_type, name, *link.input[1:], **attributes_of(link))
    return name


def _source_places(new: _NewNodes, size: str, crop: NodeProto, axis: int) -> str:
    """Compute the row (column) of the small picture that each one of the upsampled and cropped picture repeats."""
    upsampled = new("Range", np.array(0), new("Mul", size, np.array(2)), np.array(1))
    return new("Slice", new("Div", upsampled, np.array(2)), [0], new("Gather", crop.input[2], [axis - 2], axis=0), [0])


def _convolve_inside(new: _NewNodes, nodes: Nodes, small: str, chain: list[NodeProto], crop: NodeProto) -> str:
    """Convolve the small picture; right but for the result's first row and column and the last two."""
    name = new("Pad", small, _BORDER, mode="edge")
    forms = iter((phase_filters, filters_of_phases))
    for link in chain[1:]:
        if link.op_type == "Conv":
            filters = nodes.values(link.input[1])
            assert filters is not None
            name = new("Conv", name, next(forms)(filters))
        elif link.op_type == "Add":
            name = new("Add", name, new("Concat", *[link.input[1]] * 4, axis=1))
        elif link.op_type == "Relu":
            name = new("Relu", name)
    return new("Slice", new("DepthToSpace", name, blocksize=2), *crop.input[1:])


def _two_convolutions(nodes: Nodes, last: NodeProto) -> list[NodeProto] | None:
    """Return Pad, Conv, Add (if there is a bias), Relu, Pad, Conv, Add (likewise) if these end with a node."""
    conv = nodes.maker(last.input[0], "Conv") if last.op_type == "Add" and _is_bias(nodes, last.input[1]) else last
    filters = None if conv is None else _plain_filters(nodes, conv)
    if conv is None or filters is None or len(filters) > _FEW_CHANNELS:
        return None
    chain = [conv]
    for operation in ("Pad", "Relu", "Add", "Conv", "Pad"):
        before = nodes.maker(chain[0].input[0], operation)
        if before is not None:
            chain.insert(0, before)
        elif operation != "Add":
            return None
    is_reflected = _is_reflect_pad(nodes, chain[0]) and _is_reflect_pad(nodes, chain[-2])
    if not is_reflected or _plain_filters(nodes, chain[1]) is None:
        return None
    return chain if conv is last else [*chain, last]


def _is_bias(nodes: Nodes, name: str) -> bool:
    """Say whether something is a number for each channel."""
    reshaped = nodes.maker(name, "Reshape")
    return (
        reshaped is not None
        and nodes.values(reshaped.input[0]) is not None
        and nodes.holds(reshaped.input[1], 1, -1, 1, 1)
    )


def _is_upsampling(nodes: Nodes, resize: NodeProto) -> bool:
    """Say whether a node is nearest-neighbor upsampling by two."""
    return attribute(resize, "mode") == b"nearest" and nodes.holds(resize.input[2], 1, 1, 2, 2)


def _is_reflect_pad(nodes: Nodes, pad: NodeProto) -> bool:
    """Say whether a node pads a picture by one reflected pixel on each side."""
    return attribute(pad, "mode") == b"reflect" and nodes.holds(pad.input[1], *_BORDER)


def _plain_filters(nodes: Nodes, node: NodeProto) -> np.ndarray | None:
    """Return the weights of a 3x3 convolution without stride, dilation, groups or padding; None for other nodes."""
    plain = {"kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1], "pads": [0, 0, 0, 0], "group": 1}
    if node.op_type != "Conv" or len(node.input) != 2 or any(attribute(node, key) != plain[key] for key in plain):
        return None
    return nodes.values(node.input[1])
