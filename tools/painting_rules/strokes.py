"""Rules that lay marks of a brush, a finger or a knife, one over the other."""

from __future__ import annotations

import cv2
import numpy as np

from .fields import (
    blurred,
    canvas_weave,
    coordinates,
    direction_field,
    log_uniform,
    luma,
    mixed,
    noise,
    relief,
    streaks,
    to_bytes,
    to_floats,
)
from .palettes import random_palette


def long_strokes(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Curved strokes from coarse to fine (Hertzmann 1998), with the streaks and the relief of bristles."""
    size = photo.shape[:2]
    angle = direction_field(photo, rng)
    finest = log_uniform(rng, 1.5, 9)
    radii = [finest * factor for factor in (5, 2.4, 1)][: rng.integers(2, 4)] if rng.uniform() < 0.8 else [finest * 2]
    length, bend = rng.uniform(4, 18), rng.uniform(0, 0.35)
    jitter, opacity = rng.choice([0.02, 0.06, 0.14]), rng.uniform(0.6, 1)
    bristles = int(rng.choice([1, 3, 5]))
    canvas = np.empty((*size, 3), np.uint8)
    canvas[:] = to_bytes(_ground(photo, rng))
    height = np.zeros(size, np.uint8)
    for number, radius in enumerate(radii):
        target = blurred(photo, radius * 0.6)
        starts = _scattered(size, radius * rng.uniform(1.1, 1.6), rng)
        x, y = starts.T.astype(int)
        if number:
            error = blurred(np.abs(to_floats(canvas) - target).sum(axis=2), radius)
            starts = starts[error[y, x] > rng.uniform(0.08, 0.25)]
            x, y = starts.T.astype(int)
        colors = _jittered(target[y, x], jitter, rng)
        paths = traced(starts, angle, max(2, round(length)), radius, bend, rng)
        lengths = _until_color_changes(paths, target, rng.uniform(0.15, 0.5))
        _draw_strokes(canvas, height, paths, lengths, colors, radius, bristles if radius > 2.5 else 1, opacity, rng)
    image = to_floats(canvas)
    if rng.uniform() < 0.7:
        image += (rng.uniform(0.01, 0.07) * streaks(size, angle, 24, rng))[..., None]
    return relief(image, blurred(to_floats(height), 0.8), rng.choice([0, 0.05, 0.12]), rng)


def short_dabs(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Short straight dabs along or across the contours (Litwinowicz 1997), or in one direction."""
    size = photo.shape[:2]
    angle = direction_field(photo, rng)
    thickness = log_uniform(rng, 3, 14)
    length = thickness * rng.uniform(1.3, 5)
    canvas, height = to_bytes(_ground(photo, rng)), np.zeros(size, np.uint8)
    starts = _scattered(size, max(2.2, thickness * rng.uniform(0.55, 1.1)), rng)
    x, y = starts.T.astype(int)
    colors = to_bytes(_jittered(blurred(photo, thickness / 3)[y, x], rng.choice([0.03, 0.08, 0.18]), rng))
    angles = angle[y, x] + rng.normal(0, rng.choice([0.05, 0.2, 0.6]), len(x))
    sizes = rng.uniform(0.6, 1.4, (len(x), 2)) * (length / 2, thickness / 2)
    outline = rng.uniform() < 0.2
    pointed = rng.uniform() < 0.4
    for start, color, degrees, axes in zip(
        starts.tolist(), colors.tolist(), np.degrees(angles).tolist(), np.maximum(sizes, 1).tolist()
    ):
        if pointed:
            _draw_ellipse(canvas, start, axes, degrees, color)
        else:
            _draw_bar(canvas, start, axes, degrees, color)
        if outline:
            cv2.ellipse(canvas, (start, (2 * axes[0], 2 * axes[1]), degrees), [v * 0.55 for v in color], 1, cv2.LINE_AA)
        _draw_ellipse(height, start, axes, degrees, rng.integers(60, 255).item())
    image = to_floats(canvas)
    return relief(image, blurred(to_floats(height), 0.7), rng.choice([0, 0.04, 0.1]), rng)


def dots(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Dots with jittered hues on a ground (pointillism), small or as large as coins."""
    size = photo.shape[:2]
    radius = log_uniform(rng, 2, 11)
    canvas = to_bytes(_ground(photo, rng))
    jitter = rng.uniform(0.02, 0.2)
    shape = rng.choice(["round", "square", "ring", "halftone"], p=[0.55, 0.15, 0.12, 0.18])
    for layer in range(1 if shape == "halftone" else rng.integers(2, 4)):
        own = max(1.2, radius * 0.75**layer)
        starts = _scattered(size, max(2.2, own * rng.uniform(1.5, 2.3)), rng, 0.0 if shape == "halftone" else 0.5)
        x, y = starts.T.astype(int)
        bare = photo[y, x]
        colors = _jittered(bare, jitter, rng)
        if layer and rng.uniform() < 0.5:  # a few dots of the opposite hue, as the divisionists set them
            opposite = rng.uniform(size=len(x)) < 0.2
            colors[opposite] = luma(bare[opposite])[:, None] * 1.6 - 0.6 * bare[opposite]
        radii = own * rng.uniform(0.7, 1.2, len(x))
        if shape == "halftone":
            radii = own * 1.5 * np.sqrt(np.clip(1.05 - luma(bare), 0, 1))
        for (px, py), color, r in zip(starts.tolist(), to_bytes(colors).tolist(), radii.tolist()):
            center = (round(px * 16), round(py * 16))
            if shape == "square":
                low, high = (int(px - r), int(py - r)), (int(px + r), int(py + r))
                cv2.rectangle(canvas, low, high, color, -1)
                continue
            cv2.circle(canvas, center, round(r * 16), color, -1, cv2.LINE_AA, 4)
            if shape == "ring" and r > 2.5:
                inner = [255 - value for value in color]
                cv2.circle(canvas, center, round(r * 8), inner, 1 + int(r > 6), cv2.LINE_AA, 4)
    return to_floats(canvas)


def palette_knife(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Patches as a knife leaves them, thick, with ridges at their ends, on canvas."""
    size = photo.shape[:2]
    angle = direction_field(photo, rng)
    canvas, height = to_bytes(_ground(photo, rng)), np.zeros(size, np.uint8)
    broad = log_uniform(rng, 8, 44)
    for scale in (1.0, 0.5):
        width = broad * scale
        starts = _scattered(size, width * rng.uniform(0.6, 0.9), rng)
        x, y = starts.T.astype(int)
        target = blurred(photo, width / 4)
        colors = to_bytes(_jittered(target[y, x], rng.choice([0.03, 0.08]), rng)).tolist()
        turns = angle[y, x] + rng.normal(0, 0.3, len(x))
        for (px, py), color, turn in zip(starts.tolist(), colors, turns.tolist()):
            half_length, half_width = width * rng.uniform(0.6, 1.6), width * rng.uniform(0.3, 0.7)
            along = np.array((np.cos(turn), np.sin(turn)))
            across = np.array((-along[1], along[0]))
            ends = rng.uniform(0.7, 1.1, 4)[:, None]
            signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
            corners = (px, py) + ends * (signs[:, :1] * half_length * along + signs[:, 1:] * half_width * across)
            outline = np.round(corners * 16).astype(np.int32)
            cv2.fillConvexPoly(canvas, outline, color, cv2.LINE_AA, 4)
            level = rng.integers(40, 200).item()
            cv2.fillConvexPoly(height, outline, level, cv2.LINE_AA, 4)
            cv2.line(height, outline[1].tolist(), outline[2].tolist(), level + 55, 2, cv2.LINE_AA, 4)
    image = to_floats(canvas)
    ridges = to_floats(height) + rng.uniform(0.005, 0.04) * streaks(size, angle, 30, rng)
    image = relief(image, blurred(ridges, 0.8), rng.uniform(0.05, 0.18), rng)
    return image * (1 + rng.uniform(0, 0.12) * canvas_weave(size, rng.uniform(3, 6), rng))[..., None]


def pastel(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Charcoal or pastel chalks rubbed over the grain of colored paper."""
    size = photo.shape[:2]
    paper = random_palette(5, rng)[rng.integers(5)]
    if rng.uniform() < 0.4:
        paper = np.float32(0.5) + 0.5 * paper
    angle = direction_field(photo, rng)
    tooth = noise(size, rng.uniform(1, 2.5), rng) + rng.uniform(0, 1.5) * streaks(size, angle, rng.uniform(8, 40), rng)
    tooth *= 0.8 / tooth.std()
    tone = luma(blurred(photo, 1))
    if rng.uniform() < 0.35:  # charcoal, and white chalk on dark or toned paper
        ink = np.float32(rng.uniform(0, 0.15)) * np.ones(3, np.float32)
        paper = paper if luma(paper) > 0.35 else 1 - paper
        dark = 1 / (1 + np.exp(-4 * (np.quantile(tone, 0.55) - tone) / (tone.std() + 0.05) * 1.2 + 2 * tooth - 1))
        image = mixed(np.broadcast_to(paper, photo.shape), ink, dark.astype(np.float32) * rng.uniform(0.7, 1))
        if rng.uniform() < 0.5:
            light = 1 / (1 + np.exp(-6 * (tone - np.quantile(tone, 0.8)) / (tone.std() + 0.05) + 2.5 * tooth))
            chalk = random_palette(4, rng)[-1] if rng.uniform() < 0.5 else np.ones(3, np.float32)
            image = mixed(image, chalk, light.astype(np.float32) * 0.8)
        return image
    strokes = short_dabs(photo, rng) if rng.uniform() < 0.6 else photo
    pressure = rng.uniform(0.3, 1.6) + 0.5 * noise(size, 60, rng)
    cover = 1 / (1 + np.exp(-4 * (pressure - tooth)))
    grained = strokes + rng.uniform(0.02, 0.08) * tooth[..., None]
    return mixed(np.broadcast_to(paper, photo.shape), grained, cover.astype(np.float32))


def traced(
    starts: np.ndarray, angle: np.ndarray, steps: int, step_px: float, bend: float, rng: np.random.Generator
) -> np.ndarray:
    """Follow a direction field from many points at once.

    Returns:
        Float32 (points, steps + 1, 2): x and y.
    """
    height, width = angle.shape
    bends = rng.normal(0, bend, len(starts))
    paths = [starts]
    heading = None
    for _ in range(steps):
        x = np.clip(paths[-1][:, 0], 0, width - 1).astype(int)
        y = np.clip(paths[-1][:, 1], 0, height - 1).astype(int)
        turn = angle[y, x]
        direction = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        if heading is None:
            heading = direction * np.where(rng.uniform(size=(len(starts), 1)) < 0.5, -1, 1)
        direction *= np.where((direction * heading).sum(axis=1, keepdims=True) < 0, -1, 1)
        sideways = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
        heading = 0.6 * direction + 0.4 * heading + bends[:, None] * sideways
        heading /= np.linalg.norm(heading, axis=1, keepdims=True) + 1e-6
        paths.append(paths[-1] + heading * step_px)
    return np.stack(paths, axis=1).astype(np.float32)


def _until_color_changes(paths: np.ndarray, target: np.ndarray, tolerance: float) -> np.ndarray:
    """Return how many points of each path lie on the color that it starts with, at least 2."""
    height, width = target.shape[:2]
    x, y = np.clip(paths[..., 0], 0, width - 1).astype(int), np.clip(paths[..., 1], 0, height - 1).astype(int)
    colors = target[y, x]
    far = np.abs(colors - colors[:, :1]).sum(axis=2) > tolerance
    return np.maximum(2, np.where(far.any(axis=1), far.argmax(axis=1), paths.shape[1]))


def _draw_strokes(canvas, height, paths, lengths, colors, radius, bristles, opacity, rng) -> None:
    """Draw strokes into a canvas, uint8, and their relief into a height map; in four goes, each with its opacity."""
    thickness = max(1, round(2 * radius / bristles * (1.25 if bristles > 1 else 1)))
    ahead = np.gradient(paths, axis=1)
    across = np.stack([-ahead[..., 1], ahead[..., 0]], axis=-1)
    across /= np.linalg.norm(across, axis=-1, keepdims=True) + 1e-6
    levels = rng.integers(60, 255, len(paths)).tolist()
    order = rng.permutation(len(paths))
    for some in np.array_split(order, 4):
        before = canvas.copy() if opacity < 0.95 else None
        for offset in np.linspace(-1, 1, bristles) * radius * (1 - 1 / bristles):
            lines = np.round((paths[some] + offset * across[some]) * 16).astype(np.int32)
            tints = to_bytes(_jittered(colors[some], 0.03 if bristles > 1 else 0.0, rng)).tolist()
            for line, length, tint, index in zip(lines, lengths[some].tolist(), tints, some.tolist()):
                piece = [line[:length]]
                cv2.polylines(canvas, piece, False, tint, thickness, cv2.LINE_AA, 4)
                cv2.polylines(height, piece, False, levels[index], thickness, cv2.LINE_8, 4)
        if before is not None:
            cv2.addWeighted(canvas, opacity, before, 1 - opacity, 0, canvas)


def _draw_ellipse(canvas, center, axes, degrees, color) -> None:
    cv2.ellipse(canvas, (center, (2 * axes[0], 2 * axes[1]), degrees), color, -1, cv2.LINE_AA)


def _draw_bar(canvas, center, axes, degrees, color) -> None:
    corners = cv2.boxPoints((center, (2 * axes[0], 2 * axes[1]), degrees))
    cv2.fillConvexPoly(canvas, np.round(corners * 16).astype(np.int32), color, cv2.LINE_AA, 4)


def _scattered(size: tuple[int, int], distance_px: float, rng: np.random.Generator, jitter: float = 0.5) -> np.ndarray:
    """Return points of a jittered grid in a random order, float (points, 2): x and y, all inside."""
    x, y = coordinates((max(1, int(size[0] / distance_px)), max(1, int(size[1] / distance_px))))
    points = np.stack([x.ravel(), y.ravel()], axis=1) + 0.5 + rng.uniform(-jitter, jitter, (x.size, 2))
    points = np.clip(points * distance_px, 0, (size[1] - 1, size[0] - 1))
    return rng.permutation(points)


def _jittered(colors: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Change brightness and hue of colors, (count, 3), a little."""
    count = len(colors)
    brighter = rng.normal(0, amount * 0.7, (count, 1))
    return np.clip(colors + brighter + rng.normal(0, amount * 0.7, (count, 3)), 0, 1).astype(np.float32)


def _ground(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the ground under the marks: white, dark, a color, or the photo as a soft underpainting."""
    manner = rng.integers(4)
    if manner == 0:
        return blurred(photo, 8)
    flat = [None, np.float32([0.95, 0.93, 0.88]), np.float32([0.1, 0.09, 0.08]), random_palette(5, rng)[2]][manner]
    return np.broadcast_to(flat, photo.shape)
