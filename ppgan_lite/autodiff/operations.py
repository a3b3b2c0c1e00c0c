"""The operations of a tape: what each computes, and its gradient.

Pictures and features are N x C x H x W.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from ppgan_lite.autodiff.tape import Node, Replay, Tape, Value, shape_of

Border = Literal["zero", "reflect", "repeat"]
NARROW = 8  # channels: so many and fewer are unfolded for one product of matrices, at the ends of nets
_PAD_MODES = {"reflect": "reflect", "repeat": "edge"}


def convolve(
    tape: Tape, x: Value, filters: Value, *, border: Border = "zero", padding: int | None = None, stride: int = 1
) -> Value:
    """Convolve.

    Args:
        tape: That records it.
        x: N x C x H x W.
        filters: D x C x k x k.
        border: How pixels beyond the border are made.
        padding: Their number on each side; half of k by default.
        stride: Of the result.
    """
    op, kernel = tape.op, filters.shape[2]
    padding = kernel // 2 if padding is None else padding

    def padded(node: Node) -> Node:
        if border == "zero" or not padding:
            return node
        return op.pad(node, _ints(op, 0, 0, padding, padding), _ints(op, 0, 0, padding, padding), _PAD_MODES[border])

    zeros = padding if border == "zero" else 0
    result = op.convolution(padded(x.node), filters.node, [stride] * 2, [zeros] * 2, [zeros] * 2, [1, 1])
    inner = (x.shape[2], x.shape[3])
    outer = inner if border == "zero" else (inner[0] + 2 * padding, inner[1] + 2 * padding)

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        of_x = of_filters = None
        if x.differentiable:
            of_x = _of_operand(op, gradient, values[filters], outer, zeros, stride)
            if border != "zero":
                of_x = _folded(op, of_x, inner, padding, 1 if border == "reflect" else 0)
        if filters.differentiable:
            whole = values[x] if border == "zero" else padded(values[x])
            of_filters = _of_filters(op, _with_zeros(op, whole, zeros), gradient, kernel, stride)
        return [of_x, of_filters]

    return tape.record(result, [x, filters], backward)


def upconvolve(tape: Tape, x: Value, filters: Value, *, padding: int) -> Value:
    """Convolve in a transposed way with stride 2, to twice the size: N x C x H x W -> N x D x 2H x 2W.

    Args:
        tape: That records it.
        x: N x C x H x W.
        filters: C x D x k x k.
        padding: Of the convolution that it is the transpose of.
    """
    op, kernel = tape.op, filters.shape[2]
    size = 2 * x.shape[2], 2 * x.shape[3]

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        of_x = of_filters = None
        if x.differentiable:
            of_x = op.convolution(gradient, values[filters], [2, 2], [padding] * 2, [padding] * 2, [1, 1])
        if filters.differentiable:
            of_filters = _of_filters(op, _with_zeros(op, gradient, padding), values[x], kernel, 2)
        return [of_x, of_filters]

    return tape.record(_of_operand(op, x.node, filters.node, size, padding, 2), [x, filters], backward)


def _of_operand(op: Any, gradient: Node, filters: Node, size: tuple[int, int], padding: int, stride: int) -> Node:
    """Return the gradient of what was convolved: a transposed convolution, with stride 1 by turned filters.

    OpenVINO (2026.4) computes transposed convolutions in float32 that lead to an output without a product in between.
    """
    kernel = shape_of(filters)[2]
    if stride == 1:
        rest = kernel - 1 - padding
        return op.convolution(gradient, _turned(op, filters), [1, 1], [rest] * 2, [rest] * 2, [1, 1])
    down, across = shape_of(gradient)[2:]
    more = [side + 2 * padding - ((length - 1) * stride + kernel) for side, length in zip(size, (down, across))]
    return op.convolution_backprop_data(
        gradient, filters, [stride] * 2, None, [padding] * 2, [padding] * 2, [1, 1], output_padding=more
    )


def _turned(op: Any, filters: Node) -> Node:
    """Return filters turned by 180 degrees, with channels in and out exchanged."""
    return op.transpose(_reversed(op, filters, shape_of(filters)[2], 2, 3), _ints(op, 1, 0, 2, 3))


def _reversed(op: Any, x: Node, side: int, first: int, second: int) -> Node:
    """Reverse two axes, both as long as `side`."""
    last, before_first = _ints(op, -1, -1), _ints(op, -side - 1, -side - 1)
    return op.slice(x, last, before_first, last, _ints(op, first, second))


def _of_filters(op: Any, padded: Node, gradient: Node, kernel: int, stride: int) -> Node:
    """Return the gradient of filters: a product of matrices for each of their taps, or one where channels are few."""
    _, channels, height, width = shape_of(gradient)
    count = shape_of(padded)[1]
    if count <= NARROW:
        unfolded = _unfolded(op, padded, kernel, stride, (height, width))
        product = op.matmul(_matrix(op, gradient), _matrix(op, unfolded), False, True)
        by_tap = op.reshape(product, _ints(op, channels, kernel * kernel, count), False)
        return op.reshape(op.transpose(by_tap, _ints(op, 0, 2, 1)), _ints(op, channels, count, kernel, kernel), False)
    if channels <= NARROW and stride == 1:
        # What is unfolded is moved against the operand, so taps come in reverse.
        unfolded = _unfolded(op, _with_zeros(op, gradient, kernel - 1), kernel, 1, shape_of(padded)[2:])
        product = op.matmul(_matrix(op, unfolded), _matrix(op, padded), False, True)
        by_tap = op.reshape(product, _ints(op, kernel, kernel, channels, count), False)
        return op.transpose(_reversed(op, by_tap, kernel, 0, 1), _ints(op, 2, 3, 0, 1))
    flat, operand = _matrix(op, gradient), op.transpose(padded, _ints(op, 1, 0, 2, 3))
    taps = []
    for row in range(kernel):
        for column in range(kernel):
            ends = row + (height - 1) * stride + 1, column + (width - 1) * stride + 1
            tap = op.slice(
                operand, _ints(op, row, column), _ints(op, *ends), _ints(op, stride, stride), _ints(op, 2, 3)
            )
            of_tap = op.matmul(flat, op.reshape(tap, _ints(op, count, -1), False), False, True)
            taps.append(op.unsqueeze(of_tap, _ints(op, 0)))
    # Moved to their places by one transposition: OpenVINO (2026.4) concatenates single numbers at a tenth of its speed.
    rows = op.reshape(op.concat(taps, 0), _ints(op, kernel * kernel, channels * count), False)
    return op.reshape(op.transpose(rows, _ints(op, 1, 0)), _ints(op, channels, count, kernel, kernel), False)


def _unfolded(op: Any, x: Node, kernel: int, stride: int, size: Sequence[int]) -> Node:
    """Return what each tap of a filter sees: N x C x . x . -> N x k k C x H x W, by row, column, channel."""
    for axis, side in ((3, size[1]), (2, size[0])):
        x = op.concat([_part(op, x, axis, start, side, stride) for start in range(kernel)], 1)
    return x


def _part(op: Any, x: Node, axis: int, start: int, count: int, stride: int) -> Node:
    """Return every so many lines of an axis."""
    end = start + (count - 1) * stride + 1
    return op.slice(x, _ints(op, start), _ints(op, end), _ints(op, stride), _ints(op, axis))


def _matrix(op: Any, x: Node) -> Node:
    """N x C x H x W -> C x NHW."""
    return op.reshape(op.transpose(x, _ints(op, 1, 0, 2, 3)), _ints(op, shape_of(x)[1], -1), False)


def _with_zeros(op: Any, x: Node, width: int) -> Node:
    """Pad height and width by zeros."""
    return op.pad(x, _ints(op, 0, 0, width, width), _ints(op, 0, 0, width, width), "constant") if width else x


def _folded(op: Any, gradient: Node, size: tuple[int, int], padding: int, skipped: int) -> Node:
    """Add the gradient of a border to that of the pixels it was made of; `skipped` are between it and these."""
    for axis, side in zip((2, 3), size):

        def part(start: int, end: int, whole: Node = gradient, axis: int = axis) -> Node:
            return op.slice(whole, _ints(op, start), _ints(op, end), _ints(op, 1), _ints(op, axis))

        def line(place: int, border: int, part: Callable[[int, int], Node] = part) -> Node:
            return op.add(part(place, place + 1), part(border, border + 1))

        first, last = padding, padding + side - 1  # the pixels at the ends, within the padded picture
        before = [line(first + skipped + away, first - 1 - away) for away in range(padding)]
        after = [line(last - skipped - away, last + 1 + away) for away in reversed(range(padding))]
        left = [part(first, first + skipped)] if skipped else []
        right = [part(last + 1 - skipped, last + 1)] if skipped else []
        middle = part(first + skipped + padding, last + 1 - skipped - padding)
        gradient = op.concat([*left, *before, middle, *after, *right], axis)
    return gradient


def add(tape: Tape, a: Value, b: Value) -> Value:
    """Add two tensors of one shape, or a bias of 1 x C x 1 x 1 to the first."""
    op = tape.op

    def backward(gradient: Node, _: Replay) -> list[Node | None]:
        of_b = gradient if b.shape == a.shape else op.reduce_sum(gradient, _ints(op, 0, 2, 3), True)
        return [gradient, of_b if b.differentiable else None]

    def rebuild(values: Replay) -> Node:
        return op.add(values[a], values[b])

    return tape.record(op.add(a.node, b.node), [a, b], backward, rebuild=rebuild)


def affine(tape: Tape, x: Value, *, scale: float, shift: np.ndarray) -> Value:
    """Return scale * x + shift, of constants; the shift is 1 x C x 1 x 1."""
    op = tape.op
    scaled = op.multiply(x.node, np.float32(scale))
    return tape.record(
        op.add(scaled, op.constant(shift.astype(np.float32))),
        [x],
        lambda gradient, _: [op.multiply(gradient, np.float32(scale))],
    )


def relu(tape: Tape, x: Value, *, slope: float = 0.0) -> Value:
    """Clip at 0 from below, or multiply what is below 0 by a slope. The result is kept."""
    op = tape.op
    result: Value

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        return [op.multiply(gradient, _slopes(op, values[result], slope))]

    result = tape.record(_rectified(op, x.node, slope), [x], backward)
    return result


def _rectified(op: Any, x: Node, slope: float) -> Node:
    return op.prelu(x, np.float32(slope)) if slope else op.relu(x)


def _slopes(op: Any, x: Node, slope: float) -> Node:
    """Return the slope of a rectifier at each of its operands, or at each of its results."""
    positive = op.greater(x, np.float32(0))
    return op.select(positive, np.float32(1), np.float32(slope)) if slope else op.convert(positive, "f32")


def normalize(
    tape: Tape, x: Value, scale: Value, shift: Value, *, epsilon: float, rectified: bool = False, slope: float = 0.0
) -> Value:
    """Normalize each channel of each picture, scale, shift, and rectify if asked for.

    Args:
        tape: That records it.
        x: N x C x H x W.
        scale: N x C x 1 x 1.
        shift: The same.
        epsilon: Added to the variances.
        rectified: Whether a ReLU follows.
        slope: Of that below 0.
    """
    op = tape.op
    places = _ints(op, 2, 3)
    count = float(x.shape[2] * x.shape[3])
    centered = op.subtract(x.node, op.reduce_mean(x.node, places, True))
    variance = op.reduce_mean(op.multiply(centered, centered), places, True)
    # Both are kept: the gradient needs nothing else.
    inverse = Value(op.power(op.add(variance, np.float32(epsilon)), np.float32(-0.5)), False)
    normalized = Value(op.multiply(centered, inverse.node), False)

    def scaled(normal: Node, values: Callable[[Value], Node]) -> Node:
        return op.add(op.multiply(normal, values(scale)), values(shift))

    def of_parameter(parameter: Value, of_each: Node) -> Node | None:
        return op.multiply(of_each, np.float32(count)) if parameter.differentiable else None

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        normal = values[normalized]
        if rectified:
            gradient = op.multiply(gradient, _slopes(op, scaled(normal, values.__getitem__), slope))
        mean = op.reduce_mean(gradient, places, True)
        along = op.reduce_mean(op.multiply(gradient, normal), places, True)
        rest = op.subtract(op.subtract(gradient, mean), op.multiply(normal, along))
        of_x = op.multiply(rest, op.multiply(values[scale], values[inverse]))
        return [of_x, of_parameter(scale, along), of_parameter(shift, mean)]

    def rebuild(values: Replay) -> Node:
        result = scaled(values[normalized], values.__getitem__)
        return _rectified(op, result, slope) if rectified else result

    result = scaled(normalized.node, lambda value: value.node)
    result = _rectified(op, result, slope) if rectified else result
    return tape.record(result, [x, scale, shift], backward, rebuild=rebuild)


def blend(tape: Tape, a: Value, b: Value, share: Value) -> Value:
    """Return a + share * (b - a); the share, N x 1 x 1 x 1, has no gradient."""
    op = tape.op

    def blended(first: Node, second: Node, part: Node) -> Node:
        return op.add(first, op.multiply(part, op.subtract(second, first)))

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        of_b = op.multiply(gradient, values[share])
        return [op.subtract(gradient, of_b), of_b, None]

    def rebuild(values: Replay) -> Node:
        return blended(values[a], values[b], values[share])

    return tape.record(blended(a.node, b.node, share.node), [a, b, share], backward, rebuild=rebuild)


def sigmoid(tape: Tape, x: Value) -> Value:
    """Return 1 / (1 + exp(-x))."""
    op = tape.op
    result: Value

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        y = values[result]
        return [op.multiply(gradient, op.multiply(y, op.subtract(np.float32(1), y)))]

    result = tape.record(op.sigmoid(x.node), [x], backward)
    return result


def tanh(tape: Tape, x: Value) -> Value:
    """Return the hyperbolic tangent."""
    op = tape.op
    result: Value

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        y = values[result]
        return [op.multiply(gradient, op.subtract(np.float32(1), op.multiply(y, y)))]

    result = tape.record(op.tanh(x.node), [x], backward)
    return result


def interleave(tape: Tape, x: Value) -> Value:
    """Put the four phases of an upsampling in their places: N x 4C x (H + 1) x (W + 1) -> N x C x 2H x 2W.

    Phase (a, b) has channels (2a + b) C and on, and holds the pixels of rows 2i + a and columns 2j + b; it is cut by a
    row at its bottom (a = 0) or its top, and by a column at its right (b = 0) or its left.
    """
    op = tape.op
    _, phases, down, across = x.shape
    channels, height, width = phases // 4, down - 1, across - 1
    places = [(a, b) for a in (0, 1) for b in (0, 1)]

    def cut(number: int, a: int, b: int) -> Node:
        starts = number * channels, a, b
        ends = (number + 1) * channels, a + height, b + width
        return op.slice(x.node, _ints(op, *starts), _ints(op, *ends), _ints(op, 1, 1, 1), _ints(op, 1, 2, 3))

    parts = op.concat([cut(number, a, b) for number, (a, b) in enumerate(places)], 1)

    def backward(gradient: Node, _: Replay) -> list[Node | None]:
        parts = op.space_to_depth(gradient, "blocks_first", 2)
        grown = []
        for number, (a, b) in enumerate(places):
            own = op.slice(
                parts, _ints(op, number * channels), _ints(op, (number + 1) * channels), _ints(op, 1), _ints(op, 1)
            )
            grown.append(op.pad(own, _ints(op, 0, 0, a, b), _ints(op, 0, 0, 1 - a, 1 - b), "constant"))
        return [op.concat(grown, 1)]

    return tape.record(op.depth_to_space(parts, "blocks_first", 2), [x], backward)


def max_pool(tape: Tape, x: Value) -> Value:
    """Take the largest of each 2 x 2 values, without an odd row or column. In the gradient equal ones share it."""
    op = tape.op

    def pooled(node: Node) -> Node:
        return op.max_pool(node, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        whole = values[x]
        largest = op.convert(op.equal(whole, _enlarged(op, pooled(whole), x.shape[2:])), "f32")
        count = op.multiply(op.avg_pool(largest, [2, 2], [0, 0], [0, 0], [2, 2], False), np.float32(4))
        return [op.multiply(_enlarged(op, op.divide(gradient, count), x.shape[2:]), largest)]

    def rebuild(values: Replay) -> Node:
        return pooled(values[x])

    return tape.record(pooled(x.node), [x], backward, rebuild=rebuild)


def _enlarged(op: Any, x: Node, size: Sequence[int]) -> Node:
    """Repeat each value four times, to a size; its odd row or column, which pooling drops, gets zeros."""
    odd = [side % 2 for side in size]
    even = [side - rest for side, rest in zip(size, odd)]
    x = op.interpolate(
        *(x, _ints(op, *even), "nearest", "sizes"),
        axes=_ints(op, 2, 3),
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    return op.pad(x, _ints(op, 0, 0, 0, 0), _ints(op, 0, 0, *odd), "constant") if any(odd) else x


def gram(tape: Tape, x: Value) -> Value:
    """Return Gram matrices, N x C x C, divided by the number of positions."""
    op = tape.op
    n, channels, height, width = x.shape
    share = np.float32(1 / (height * width))

    def flat(node: Node) -> Node:
        return op.reshape(node, _ints(op, n, channels, height * width), False)

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        both = op.multiply(op.add(gradient, op.transpose(gradient, _ints(op, 0, 2, 1))), share)
        return [op.reshape(op.matmul(both, flat(values[x]), False, False), _ints(op, *x.shape), False)]

    features = flat(x.node)
    return tape.record(op.multiply(op.matmul(features, features, False, True), share), [x], backward)


def relative_distance(tape: Tape, x: Value, wanted: Value, *, epsilon: float) -> Value:
    """Return the squared distance of features, divided by the sum of squares of those that are wanted: N numbers.

    Args:
        tape: That records it.
        x: N x C x H x W.
        wanted: The same; they have no gradient.
        epsilon: Added to the sum.
    """
    op, axes = tape.op, _ints(tape.op, 1, 2, 3)
    difference = Value(op.subtract(x.node, wanted.node), False)
    size = op.reduce_sum(op.multiply(wanted.node, wanted.node), axes, True)
    # Both are kept: the gradient needs nothing else.
    inverse = Value(op.power(op.add(size, np.float32(epsilon)), np.float32(-1)), False)
    distance = op.multiply(op.reduce_sum(op.multiply(difference.node, difference.node), axes, True), inverse.node)

    def backward(gradient: Node, values: Replay) -> list[Node | None]:
        of_each = op.multiply(op.reshape(gradient, _ints(op, -1, 1, 1, 1), False), np.float32(2))
        return [op.multiply(values[difference], op.multiply(values[inverse], of_each)), None]

    return tape.record(op.reshape(distance, _ints(op, -1), False), [x, wanted], backward)


def _ints(op: Any, *values: int) -> Node:
    return op.constant(np.array(values, np.int64))
