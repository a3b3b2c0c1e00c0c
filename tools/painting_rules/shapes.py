"""Rules that cover the picture with shapes: cells, planes, lattices, ornaments, or shapes without any photo."""

from __future__ import annotations

import cv2
import numpy as np

from .fields import (
    blurred,
    canvas_weave,
    coordinates,
    log_uniform,
    luma,
    mixed,
    noise,
    quantized,
    ramp,
    to_bytes,
    to_floats,
    warped,
)
from .figures import FIGURES, disc, polygon
from .palettes import random_palette


def facets(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Voronoi cells or superpixels, flat or shaded, with or without contours: stained glass, cloisonne, mosaic."""
    size = photo.shape[:2]
    width = log_uniform(rng, 6, 40)
    count = max(4, int(size[0] * size[1] / width**2))
    y, x = rng.integers(0, size[0], count), rng.integers(0, size[1], count)
    if rng.uniform() < 0.35:  # a mosaic's rows
        x, y = (np.round(v / width + rng.normal(0, 0.12, count)) * width for v in (x, y))
        x, y = np.clip(x, 0, size[1] - 1).astype(int), np.clip(y, 0, size[0] - 1).astype(int)
    if rng.uniform() < 0.5:
        markers = np.zeros(size, np.int32)
        markers[y, x] = np.arange(1, count + 1)
        labels = cv2.watershed(to_bytes(blurred(photo, 1.5)), markers)
        labels = _without_gaps(labels).astype(np.float32)
        labels = cv2.medianBlur(cv2.medianBlur(labels, 5), 5).astype(np.int64)
    else:
        labels = _nearest_seed(size, x, y)
        if rng.uniform() < 0.4:
            labels = warped(labels.astype(np.float32), width / 4, width * 1.5, rng, nearest=True).astype(np.int64)
    flat = _shaded(photo, labels, rng.choice([0, 0.15, 0.35]), rng)
    return _with_contours(flat, labels, rng, widest=max(1.6, width / 6))


def planes(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Large planes: triangles, or a cubist's arcs and straight cuts, each plane shaded, and shifted."""
    size = photo.shape[:2]
    manner = rng.choice(["triangles", "cuts", "overlapping"], p=[0.3, 0.35, 0.35])
    if manner == "overlapping":
        return _overlapping_planes(photo, rng)
    labels = _triangles(photo, rng) if manner == "triangles" else _cuts(size, rng)
    x, y = coordinates(size)
    if manner == "cuts":
        shift_px = rng.uniform(0, 0.06) * size[0]
        count = labels.max() + 1
        dx, dy = rng.normal(0, shift_px, (2, count)).astype(np.float32)
        photo = cv2.remap(photo, x + dx[labels], y + dy[labels], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        flat = _shaded(photo, labels, rng.uniform(0.1, 0.4), rng)
        return _with_contours(mixed(photo, flat, rng.uniform(0.5, 1)), labels, rng)
    return _with_contours(_shaded(photo, labels, rng.uniform(0, 0.2), rng), labels, rng)


def lattice(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rectangles divided again and again, or bricks, with lines between them and few colors."""
    size = photo.shape[:2]
    smallest = log_uniform(rng, 8, 60)
    labels = np.zeros(size, np.int64)
    if rng.uniform() < 0.65:
        rectangles = [(0, 0, size[1], size[0])]
        done = []
        while rectangles:
            left, top, right, bottom = rectangles.pop()
            wide = right - left > (bottom - top) * rng.uniform(0.6, 1.6)
            extent = right - left if wide else bottom - top
            if extent < 2 * smallest or (len(done) > 3 and rng.uniform() < 0.12):
                done.append((left, top, right, bottom))
                continue
            cut = int(extent * rng.uniform(0.25, 0.75))
            if wide:
                rectangles += [(left, top, left + cut, bottom), (left + cut, top, right, bottom)]
            else:
                rectangles += [(left, top, right, top + cut), (left, top + cut, right, bottom)]
        for index, (left, top, right, bottom) in enumerate(done):
            labels[top:bottom, left:right] = index
    else:
        x, y = coordinates(size)
        turn = rng.choice([0, 0, np.pi / 4, rng.uniform(0, np.pi)])
        across, down = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
        row = np.floor(down / smallest)
        column = np.floor(across / (smallest * rng.uniform(1, 3)) + row * rng.choice([0, 0.5]))
        labels = np.unique(row.astype(np.int64) * 4096 + column.astype(np.int64), return_inverse=True)[1].reshape(size)
    if rng.uniform() < 0.25:
        labels = warped(labels.astype(np.float32), smallest / 4, smallest * 3, rng, nearest=True).astype(np.int64)
    image = _shaded(photo, labels, rng.choice([0, 0, 0.1]), rng)
    if rng.uniform() < 0.6:
        palette = random_palette(int(rng.integers(3, 9)), rng)
        means = _means(photo, labels)
        if rng.uniform() < 0.5:
            chosen = np.clip(luma(means) * len(palette) + rng.normal(0, 0.7, len(means)), 0, len(palette) - 1).astype(
                int
            )
        else:
            chosen = rng.integers(0, len(palette), len(means))
        image = palette[chosen][labels]
    if rng.uniform() < 0.3:
        image = image * (1 + 0.05 * noise(size, log_uniform(rng, 1, 12), rng)[..., None])
    return _with_contours(image, labels, rng, always=rng.uniform() < 0.7, widest=9)


def abstract(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Circles, arcs, spirals, stripes, blobs and polygons in a palette's colors; the photo gives size and palette."""
    size = photo.shape[:2]
    height, width = size
    palette = random_palette(int(rng.integers(3, 10)), rng)
    if rng.uniform() < 0.4:
        palette = quantized(photo, len(palette), rng)[1]
    ground = palette[rng.integers(len(palette))]
    canvas = to_bytes(mixed(ground, palette[rng.integers(len(palette))], _backdrop(size, rng)))
    kinds = rng.choice(list(FIGURES), rng.integers(2, len(FIGURES) + 1), replace=False)
    count, cover = int(log_uniform(rng, 12, 300)), rng.uniform(0.6, 4)
    largest = np.sqrt(cover * height * width / count) * rng.uniform(0.7, 1.4)
    opacity, shading = rng.choice([1, 1, 0.8, 0.5]), rng.choice([0, 0.5, 1])
    outlines = rng.uniform() < 0.5
    line = to_bytes(palette[rng.choice([0, 0, -1])]).tolist()
    for number in range(count):
        extent = max(4.0, largest * (1.2 - number / count) * rng.uniform(0.4, 1.2))
        center = rng.uniform((0, 0), (width, height))
        figure = FIGURES[str(rng.choice(kinds))](center, extent, rng)
        for points, closed, thickness in figure:
            outline = [np.round(points * 16).astype(np.int32)]
            color = palette[rng.integers(len(palette))]
            if not closed:
                cv2.polylines(canvas, outline, False, to_bytes(color).tolist(), thickness, cv2.LINE_AA, 4)
                continue
            if opacity == 1 and not shading:
                cv2.fillPoly(canvas, outline, to_bytes(color).tolist(), cv2.LINE_AA, 4)
            else:
                _fill_shaded(canvas, points, color, opacity, shading * rng.uniform(-0.4, 0.4), rng)
            if outlines:
                cv2.polylines(canvas, outline, True, line, int(rng.integers(1, 4)), cv2.LINE_AA, 4)
    image = to_floats(canvas)
    if rng.uniform() < 0.35:
        image = image * (1 + 0.1 * canvas_weave(size, rng.uniform(3, 6), rng))[..., None]
    return warped(image, 2.5, 25, rng) if rng.uniform() < 0.3 else image


def _backdrop(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return the share of a second color in the ground, 0 .. 1: none, fading, cloudy, or in parts."""
    manner = rng.integers(4)
    if manner == 0:
        return np.zeros(size, np.float32)
    if manner == 1:
        turn = rng.uniform(0, 2 * np.pi)
        x, y = coordinates(size)
        return ramp(np.cos(turn) * (x / size[1] - 0.5) + np.sin(turn) * (y / size[0] - 0.5), -0.6, 0.6)
    cloud = noise(size, rng.uniform(40, 160), rng)
    return 0.3 * ramp(cloud, -2, 2) if manner == 2 else ramp(cloud, 0.2, 0.25)


def ornament(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tiles of one ornament, stripes or checkers, warped smoothly, in colors of a palette or of the photo."""
    size = photo.shape[:2]
    x, y = coordinates(size)
    bend = rng.uniform(0, 30)
    x, y = x + bend * noise(size, rng.uniform(60, 200), rng), y + bend * noise(size, rng.uniform(60, 200), rng)
    turn, period = rng.uniform(0, np.pi), log_uniform(rng, 10, 70)
    u = (np.cos(turn) * x + np.sin(turn) * y) / period
    v = (np.cos(turn) * y - np.sin(turn) * x) / period * rng.choice([1, 1, 0.4])
    tile_px = 128
    palette = random_palette(int(rng.integers(3, 8)), rng)
    manner = rng.choice(["tile", "stripes", "checkers", "rings", "scales"], p=[0.4, 0.15, 0.15, 0.15, 0.15])
    if manner == "tile":
        tile = _tile(tile_px, palette, rng)
        step = (np.floor(v) % 2) * rng.choice([0, 0.5])
        image = cv2.remap(
            tile, ((u + step) % 1 * tile_px).astype(np.float32), (v % 1 * tile_px).astype(np.float32), cv2.INTER_LINEAR
        )
    else:
        if manner == "stripes":
            value = np.floor(u * rng.integers(2, 6))
        elif manner == "checkers":
            value = np.floor(u) + np.floor(v) * rng.integers(1, 4)
        elif manner == "rings":
            value = np.floor(np.hypot(u % 1 - 0.5, v % 1 - 0.5) * rng.integers(4, 14)) + np.floor(u) * rng.integers(
                0, 3
            )
        else:
            lower = np.hypot((u + 0.5 * (np.floor(v) % 2)) % 1 - 0.5, v % 1)
            value = np.floor(lower * rng.integers(3, 9)) + np.floor(v)
        image = palette[value.astype(int) % len(palette)]
        image = cv2.GaussianBlur(image, (0, 0), 0.6)
    if rng.uniform() < 0.6:  # the photo shows through the ornament
        tone = luma(photo)[..., None]
        if rng.uniform() < 0.5:
            image = image * (0.25 + 1.1 * tone)
        else:
            numbers, _ = quantized(blurred(photo, 4), 3, rng)
            other = palette[::-1][np.clip((luma(image) * len(palette)).astype(int), 0, len(palette) - 1)]
            image = np.where(
                (numbers == 0)[..., None], other, np.where((numbers == 1)[..., None], image, 0.5 * (image + photo))
            )
    return image


def _nearest_seed(size: tuple[int, int], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    blank = np.ones(size, np.uint8)
    blank[y, x] = 0
    _, labels = cv2.distanceTransformWithLabels(blank, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return labels.astype(np.int64)


def _without_gaps(labels: np.ndarray) -> np.ndarray:
    """Give the lines that a watershed leaves (-1) to an adjacent cell; returns int64."""
    y, x = np.nonzero(labels > 0)
    nearest = _nearest_seed(labels.shape, x, y)
    table = np.zeros(nearest.max() + 1, np.int64)
    table[nearest[y, x]] = labels[y, x]
    return table[nearest]


def _means(photo: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean color of every cell, float32 (cells, 3)."""
    flat = labels.ravel()
    area = np.maximum(np.bincount(flat), 1)
    return np.stack([np.bincount(flat, photo[..., c].ravel()) / area for c in range(3)], axis=1).astype(np.float32)


def _shaded(photo: np.ndarray, labels: np.ndarray, shading: float, rng: np.random.Generator) -> np.ndarray:
    """Fill every cell with its mean color, brighter to one side of it than to the other."""
    colors = _means(photo, labels) + rng.normal(0, rng.choice([0, 0.04, 0.1]), (labels.max() + 1, 1))
    image = colors.astype(np.float32)[labels]
    if shading:
        x, y = coordinates(labels.shape)
        flat = labels.ravel()
        area = np.maximum(np.bincount(flat), 1)
        middle_x, middle_y = (np.bincount(flat, v.ravel()) / area for v in (x, y))
        turn = rng.uniform(0, 2 * np.pi) + rng.normal(0, rng.choice([0.3, 3]), len(area))
        reach = shading / np.sqrt(area)
        slope_x, slope_y = np.cos(turn) * reach, np.sin(turn) * reach
        shade = slope_x[labels] * (x - middle_x[labels]) + slope_y[labels] * (y - middle_y[labels])
        image = image + shade[..., None]
    return image.astype(np.float32)


def _with_contours(image, labels, rng, *, always: bool = False, widest: float = 4) -> np.ndarray:
    """Draw the borders of cells, or leave them: dark, light or colored lines of one width or of a varying one."""
    if not always and rng.uniform() < 0.5:
        return image
    border = np.zeros(labels.shape, np.uint8)
    border[:, 1:] |= (labels[:, 1:] != labels[:, :-1]).astype(np.uint8)
    border[1:] |= (labels[1:] != labels[:-1]).astype(np.uint8)
    away = cv2.distanceTransform(1 - border, cv2.DIST_L2, 3)
    half = rng.uniform(0.6, max(0.7, widest / 2)) * (1 + rng.choice([0, 0.4]) * noise(labels.shape, 40, rng))
    color = [np.zeros(3), np.full(3, 0.08), np.full(3, 0.93), random_palette(5, rng)[rng.integers(5)]][rng.integers(4)]
    return mixed(image, color.astype(np.float32), np.clip(half - away + 0.5, 0, 1))


def _triangles(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return Delaunay triangles as labels, with more corners where the photo has contours."""
    height, width = size = photo.shape[:2]
    count = int(log_uniform(rng, 40, 900))
    edges = np.abs(cv2.Laplacian(blurred(luma(photo), 2), cv2.CV_32F)) + 0.003
    share = edges.ravel().astype(np.float64)
    chosen = rng.choice(edges.size, count, p=share / share.sum())
    corners = np.array([(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)])
    points = np.concatenate([np.stack([chosen % width, chosen // width], axis=1), corners])
    subdivision = cv2.Subdiv2D((0, 0, width, height))
    subdivision.insert(points.astype(np.float32).tolist())
    labels = np.zeros(size, np.int32)
    for index, triangle in enumerate(np.array(subdivision.getTriangleList()).reshape(-1, 3, 2)):
        cv2.fillConvexPoly(labels, np.round(np.clip(triangle, -9999, 9999)).astype(np.int32), index)
    return labels.astype(np.int64)


def _cuts(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return the cells between straight lines and arcs, each of which cuts only part of the picture."""
    x, y = coordinates(size)
    labels = np.zeros(size, np.int64)
    for _ in range(rng.integers(6, 34)):
        px, py = rng.uniform(0, size[1]), rng.uniform(0, size[0])
        if rng.uniform() < 0.5:
            turn = rng.uniform(0, 2 * np.pi)
            side = np.cos(turn) * (x - px) + np.sin(turn) * (y - py) > 0
        else:
            side = np.hypot(x - px, y - py) < rng.uniform(0.1, 0.7) * size[0]
        near = np.hypot(x - rng.uniform(0, size[1]), y - rng.uniform(0, size[0])) < rng.uniform(0.25, 1) * size[0]
        labels = np.unique(labels * 2 + (side & near), return_inverse=True)[1].reshape(size)
    return labels


def _overlapping_planes(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Polygons and discs over each other, each in a color that the photo has there, fading to one side."""
    height, width = photo.shape[:2]
    canvas = to_bytes(blurred(photo, 10) * rng.uniform(0.4, 1))
    count = int(log_uniform(rng, 60, 350))
    largest = np.sqrt(rng.uniform(2, 7) * height * width / count)
    opacity, outlines = rng.uniform(0.5, 1), rng.uniform() < 0.4
    for number in range(count):
        center = rng.uniform((0, 0), (width - 1, height - 1))
        extent = max(5.0, largest * (1.2 - number / count) * rng.uniform(0.5, 1.2))
        ((points, _, _),) = polygon(center, extent, rng) if rng.uniform() < 0.75 else disc(center, extent, rng)
        color = photo[int(center[1]), int(center[0])]
        _fill_shaded(canvas, points, color, opacity, rng.uniform(-0.5, 0.5), rng)
        if outlines:
            tint = (color * 60).tolist()
            cv2.polylines(
                canvas, [np.round(points * 16).astype(np.int32)], True, tint, int(rng.integers(1, 3)), cv2.LINE_AA, 4
            )
    return to_floats(canvas)


def _fill_shaded(canvas, points, color, opacity: float, shading: float, rng: np.random.Generator) -> None:
    """Fill a closed shape in a canvas, uint8, with a color that grows brighter, and more opaque, to one side."""
    low = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, canvas.shape[1::-1])
    if (high <= low).any():
        return
    size = (high[1] - low[1], high[0] - low[0])
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, [np.round((points - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    turn = rng.uniform(0, 2 * np.pi)
    x, y = coordinates(size)
    slope = np.cos(turn) * (x / size[1] - 0.5) + np.sin(turn) * (y / size[0] - 0.5)
    part = canvas[low[1] : high[1], low[0] : high[0]]
    cover = to_floats(mask) * np.clip(opacity + abs(shading) * slope, 0, 1)
    part[:] = to_bytes(mixed(to_floats(part), color + (shading * slope)[..., None], cover))


def _tile(side_px: int, palette: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one ornament, float32 (side, side, 3): figures that run over an edge come in again at the other one."""
    canvas = np.empty((side_px, side_px, 3), np.uint8)
    canvas[:] = to_bytes(palette[rng.integers(len(palette))])
    names = rng.choice(list(FIGURES), 3)
    for _ in range(rng.integers(3, 9)):
        center = rng.uniform(0, side_px, 2)
        for points, closed, thickness in FIGURES[str(rng.choice(names))](
            center, side_px * rng.uniform(0.15, 0.45), rng
        ):
            color = to_bytes(palette[rng.integers(len(palette))]).tolist()
            for dx in (-side_px, 0, side_px):
                for dy in (-side_px, 0, side_px):
                    outline = [np.round((points + np.array((dx, dy))) * 16).astype(np.int32)]
                    if closed:
                        cv2.fillPoly(canvas, outline, color, cv2.LINE_AA, 4)
                    else:
                        cv2.polylines(canvas, outline, False, color, thickness * 2, cv2.LINE_AA, 4)
    return to_floats(canvas)
