"""Winograd's way to a 3x3 convolution: a quarter of the multiplications, as matrix products, for training on a CPU.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4.2: F(4x4, 3x3). The picture is
cut into tiles of 6x6 that overlap by two pixels; each gives 4x4 pixels of the result. In the space of 36 values that a
tile and a filter are transformed into, the convolution is a product of matrices for each value, which MKL computes
at more than twice the speed of Paddle's own convolution (3.3).

Departure: one matrix for a whole side transforms a picture to tiles, which also cuts the tiles and adds the padding. It
multiplies by many zeros, and is still quicker than to cut and to pad in Paddle. Tiles of the result do not overlap:
their pixels are moved, and one matrix serves all of them.
"""

from __future__ import annotations

import functools

import numpy as np
import paddle
from paddle.autograd import PyLayer, PyLayerContext
from paddle.nn import functional as F

TILE = 4  # pixels of the result along a side
VALUES = 6  # of a tile along a side: TILE + 3 - 1

# Where the polynomials of a convolution are evaluated, in addition to infinity. With the paper's points, 0, 1, -1, 2
# and -2, rounding errors are twice as large.
POINTS = (0.0, 0.75, -0.75, 1.5, -1.5)


def convolve(x: paddle.Tensor, weight: paddle.Tensor, *, reflects: bool) -> paddle.Tensor:
    """Convolve with 3x3 filters, stride 1, keeping the size; the numbers are `F.conv2d`'s up to rounding.

    Its gradient cannot be differentiated again.

    Args:
        x: N x C x H x W, float32, on a CPU; sides of at least 2.
        weight: D x C x 3 x 3.
        reflects: Whether the padding is reflect, or zero.
    """
    return _Convolution.apply(x, weight, reflects)


class _Convolution(PyLayer):
    @staticmethod
    def forward(context: PyLayerContext, x: paddle.Tensor, weight: paddle.Tensor, reflects: bool) -> paddle.Tensor:
        context.needs_gradient = not x.stop_gradient, not weight.stop_gradient
        context.size = x.shape[2:]
        context.reflects = reflects
        tiles = _to_tiles(x, *(_tile_matrix(size, reflects) for size in context.size))
        context.save_for_backward(tiles, weight)
        product = paddle.matmul(tiles, _of_filters(weight), transpose_y=True)
        return _from_product(product, *context.size, x.shape[0])

    @staticmethod
    def backward(context: PyLayerContext, gradient: paddle.Tensor) -> tuple[paddle.Tensor | None, ...]:
        tiles, weight = context.saved_tensor()
        product = _from_product_transposed(gradient)
        of_x = of_weight = None
        if context.needs_gradient[0]:
            of_tiles = paddle.matmul(product, _of_filters(weight))
            matrices = (_tile_matrix(size, context.reflects) for size in context.size)
            of_x = _to_tiles_transposed(of_tiles, *matrices, gradient.shape[0])
        if context.needs_gradient[1]:
            of_filters = paddle.matmul(product, tiles, transpose_x=True).reshape([VALUES * VALUES, -1])
            of_weight = paddle.matmul(_filter_matrix(), of_filters, transpose_x=True).t().reshape(weight.shape)
        return of_x, of_weight


def _to_tiles(x: paddle.Tensor, rows: paddle.Tensor, columns: paddle.Tensor) -> paddle.Tensor:
    """Multiply every line of a picture, then every column: N x C x H x W -> 36 x (tiles) x C.

    Values of columns come first, then those of rows; tiles are ordered by row, sample, column. Channels are last, so
    that each step is a product of matrices without anything to be moved in between.
    """
    n, channels, height, width = x.shape
    values, across, _ = columns.shape
    x = _channels_last(x).reshape([1, height * n, width, channels])
    x = paddle.matmul(columns.unsqueeze(1), x).reshape([values, height, n * across * channels])
    return paddle.matmul(rows.flatten(0, 1), x).reshape([values * values, -1, channels])


def _to_tiles_transposed(x: paddle.Tensor, rows: paddle.Tensor, columns: paddle.Tensor, n: int) -> paddle.Tensor:
    """Compute the transpose of `_to_tiles` with the same matrices: 36 x (tiles) x C -> N x C x H x W."""
    channels = x.shape[2]
    values, across, width = columns.shape
    height = rows.shape[2]
    x = x.reshape([values, -1, n * across * channels])
    x = paddle.matmul(rows.flatten(0, 1), x, transpose_x=True).reshape([values, height * n, across, channels])
    x = paddle.concat(paddle.unbind(x), axis=1)
    x = paddle.matmul(columns.flatten(0, 1), x, transpose_x=True)
    return _channels_first(x.reshape([height, n, width, channels]))


def _from_product(x: paddle.Tensor, height: int, width: int, n: int) -> paddle.Tensor:
    """Turn products into the pixels of the result: 36 x (tiles) x C -> N x C x H x W."""
    down, across, channels = -(-height // TILE), -(-width // TILE), x.shape[2]
    x = paddle.matmul(_product_matrix(), x.flatten(1)).reshape([TILE * TILE * down, n, across, channels])
    x = _channels_first(x).reshape([n, channels * TILE * TILE, down, across])
    return F.pixel_shuffle(x, TILE)[:, :, :height, :width]


def _from_product_transposed(x: paddle.Tensor) -> paddle.Tensor:
    """Compute the transpose of `_from_product`: N x C x H x W -> 36 x (tiles) x C."""
    n, channels, height, width = x.shape
    if height % TILE or width % TILE:
        x = F.pad(x, [0, -width % TILE, 0, -height % TILE])
    x = F.pixel_unshuffle(x, TILE)
    x = _channels_last(x.reshape([n, channels, -1, x.shape[3]])).reshape([TILE * TILE, -1])
    return paddle.matmul(_product_matrix(), x, transpose_x=True).reshape([VALUES * VALUES, -1, channels])


def _channels_last(x: paddle.Tensor) -> paddle.Tensor:
    """N x C x H x W -> H x N x W x C."""
    _, channels, height, width = x.shape
    # One sample at a time: Paddle 3.3 is slow at moving an axis over more than one other.
    samples = [sample.flatten(1).t().reshape([height, 1, width, channels]) for sample in paddle.unbind(x)]
    return samples[0] if len(samples) == 1 else paddle.concat(samples, axis=1)


def _channels_first(x: paddle.Tensor) -> paddle.Tensor:
    """H x N x W x C -> N x C x H x W."""
    height, _, width, channels = x.shape
    samples = [sample.flatten(0, 1).t().reshape([1, channels, height, width]) for sample in paddle.unbind(x, axis=1)]
    return samples[0] if len(samples) == 1 else paddle.concat(samples)


def _of_filters(weight: paddle.Tensor) -> paddle.Tensor:
    """Transform filters: D x C x 3 x 3 -> 36 x D x C, in the order of `_to_tiles`."""
    out_channels, in_channels = weight.shape[:2]
    values = paddle.matmul(_filter_matrix(), weight.reshape([-1, 9]), transpose_y=True)
    return values.reshape([VALUES * VALUES, out_channels, in_channels])


def _matrices() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the one-dimensional transforms of tiles, of filters and of products: 6 x 6, 6 x 3 and 4 x 6.

    Toom and Cook's construction, as in the paper's reference implementation.
    """
    points = np.array(POINTS)
    others = [np.delete(points, place) for place in range(len(points))]
    of_tile, of_filter, of_product = np.zeros((VALUES, VALUES)), np.zeros((VALUES, 3)), np.zeros((TILE, VALUES))
    for place, point in enumerate(points):
        of_tile[place, :-1] = np.poly(others[place])[::-1]
        of_filter[place] = point ** np.arange(3) / np.prod(point - others[place])
        of_product[:, place] = point ** np.arange(TILE)
    of_tile[-1] = np.poly(points)[::-1]
    of_filter[-1, -1] = of_product[-1, -1] = 1.0
    return of_tile, of_filter, of_product


OF_TILE, OF_FILTER, OF_PRODUCT = _matrices()


@functools.cache
def _filter_matrix() -> paddle.Tensor:
    """36 x 9: values of columns come first, then those of rows, as in `_to_tiles`; taps by row and column."""
    matrix = np.einsum("qc,pr->qprc", OF_FILTER, OF_FILTER).reshape(VALUES * VALUES, 9)
    return paddle.to_tensor(matrix.astype(np.float32))


@functools.lru_cache(maxsize=64)
def _tile_matrix(size: int, reflects: bool) -> paddle.Tensor:
    """6 x tiles x size: the transform of a side of a picture, padded by a pixel at each end, to its tiles."""
    tiles = -(-size // TILE)
    places = TILE * np.arange(tiles)[:, None] + np.arange(VALUES) - 1  # of the pixels of each tile
    if reflects:
        # Pixels beyond the mirror image reach no pixel that is kept.
        places = np.where(places < 0, -places, places)
        places = np.where(places == size, size - 2, places)
    pixels = (places[:, :, None] == np.arange(size)).astype(np.float64)
    return paddle.to_tensor(np.einsum("vk,tks->vts", OF_TILE, pixels).astype(np.float32))


@functools.cache
def _product_matrix() -> paddle.Tensor:
    """16 x 36: pixels of a tile of the result by row and column, of values in the order of `_to_tiles`."""
    matrix = np.einsum("iv,jw->ijwv", OF_PRODUCT, OF_PRODUCT).reshape(TILE * TILE, VALUES * VALUES)
    return paddle.to_tensor(matrix.astype(np.float32))
