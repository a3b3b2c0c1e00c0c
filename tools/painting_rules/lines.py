"""Rules that draw lines or lay washes over the whole picture at once: hatching, woodcut, flow, ink, watercolor."""

from __future__ import annotations

import cv2
import numpy as np

from .fields import (
    blurred,
    contour_angle,
    coordinates,
    direction_field,
    ink_lines,
    kuwahara,
    log_uniform,
    luma,
    mixed,
    noise,
    quantized,
    ramp,
    relief,
    smeared,
    streaks,
    to_bytes,
    to_floats,
    warped,
)
from .palettes import random_palette


def hatching(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lines whose width follows the tone, as engravers draw: straight, bent or round, in one to four directions."""
    size = photo.shape[:2]
    tone = _equalized(luma(blurred(photo, 1)))
    paper, ink = _paper_and_ink(rng)
    period = log_uniform(rng, 4, 14)
    manner = rng.choice(["straight", "bent", "round", "flow"], p=[0.25, 0.25, 0.15, 0.35])
    first, layers = rng.uniform(0, np.pi), int(rng.integers(1, 5))
    bend = rng.uniform(3, 25) * noise(size, rng.uniform(50, 150), rng) if manner == "bent" else 0
    x, y = coordinates(size)
    drawn = np.zeros(size, np.float32)
    for layer in range(layers):
        if manner == "flow":
            angle = contour_angle(photo, 8) + layer * np.pi / max(layers, 2)
            value = np.abs(_equalized(streaks(size, angle, rng.uniform(15, 50), rng)))
            value = _equalized(blurred(value, period / 12))
            soft = 0.15
        else:
            if manner == "round":
                across = np.hypot(x - rng.uniform(0, size[1]), y - rng.uniform(0, size[0]))
            else:
                turn = first + layer * np.pi / layers
                across = np.cos(turn) * x + np.sin(turn) * y + bend
            value = np.abs((across / period) % 1 - 0.5) * 2
            soft = 1.6 / period
        wanted = np.clip((1 - tone) * (1.3 - 0.1 * layers) - layer * 0.8 / layers * 0.9, 0, 0.95)
        drawn = np.maximum(drawn, 1 - ramp(value, wanted - soft / 2, wanted + soft / 2) - (wanted < 0.03))
    drawn = np.clip(drawn, 0, 1)
    under = np.broadcast_to(paper, photo.shape)
    if rng.uniform() < 0.4:  # a colored wash or the photo itself below the lines
        under = mixed(under, kuwahara(photo, 6), rng.uniform(0.3, 1))
    if rng.uniform() < 0.3:
        drawn = np.maximum(drawn, ink_lines(photo, rng.uniform(1, 3), rng))
    return mixed(under, ink, drawn * rng.uniform(0.75, 1))


def woodcut(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Black and white, or two or three colors: a thresholded difference of Gaussians, with cut lines."""
    size = photo.shape[:2]
    sigma, sharpness = log_uniform(rng, 0.8, 3.5), rng.uniform(4, 20)
    gray = smeared(luma(photo), contour_angle(photo, 4), rng.uniform(6, 20))
    gray = _equalized(gray) * 0.6 + gray * 0.4
    sharp = (1 + sharpness) * blurred(gray, sigma) - sharpness * blurred(gray, sigma * 1.6)
    sharp = blurred(sharp, 0.6)
    dark = 1 - ramp(sharp, rng.uniform(0.3, 0.55) - 0.06, 0.62)
    paper, ink = _paper_and_ink(rng)
    under = np.broadcast_to(paper, photo.shape)
    if rng.uniform() < 0.5:  # a second block for the middle tones
        middle = random_palette(5, rng)[rng.integers(1, 4)]
        cuts = 0.0
        if rng.uniform() < 0.6:
            cuts = 0.15 * streaks(size, direction_field(photo, rng), rng.uniform(15, 50), rng)
        under = mixed(under, middle, 1 - ramp(gray + cuts, 0.55, 0.62))
    if rng.uniform() < 0.5:  # gouges in the dark
        gouges = blurred(streaks(size, direction_field(photo, rng), rng.uniform(12, 40), rng), rng.uniform(0.5, 1.5))
        dark = dark * (1 - ramp(gouges / gouges.std() + 3 * (gray - 0.4), 0.7, 1.2))
    dark = 1 - ramp(1 - dark, 0.25, 0.6)
    return mixed(under, ink, np.clip(dark * (1 + 0.1 * noise(size, 1.5, rng)), 0, 1))


def flow(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Photo and colored noise dragged along a smooth field: swirls and streaks."""
    size = photo.shape[:2]
    angle = direction_field(photo, rng, str(rng.choice(["swirl", "swirl", "along", "around", "both"])))
    spots = np.stack([noise(size, log_uniform(rng, 1, 7), rng)] * 3, axis=-1)
    if rng.uniform() < 0.6:
        spots = spots * 0.7 + np.stack([noise(size, 5, rng) for _ in range(3)], axis=-1) * 0.25
    start = photo + rng.uniform(0.08, 0.35) * spots
    dragged = smeared(start.astype(np.float32), angle, log_uniform(rng, 15, 70), 2)
    if rng.uniform() < 0.6:  # the averaging took contrast away
        dragged = dragged + rng.uniform(0.3, 1) * (dragged - blurred(dragged, 4)) * 3
    if rng.uniform() < 0.5:
        levels = rng.integers(4, 9)
        dragged = np.round(dragged * levels) / levels * 0.7 + dragged * 0.3
    return relief(dragged, luma(dragged.astype(np.float32)), rng.choice([0, 0.06, 0.12]), rng)


def inked_areas(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Flat areas of few colors with drawn contours of varying width, as on a colored woodblock print."""
    size = photo.shape[:2]
    flat = photo
    radius = int(rng.integers(3, 13))
    for _ in range(rng.integers(1, 4)):
        flat = to_floats(cv2.medianBlur(to_bytes(kuwahara(flat, radius)), radius | 1))  # rounds the squares' corners
    count = int(rng.integers(4, 13))
    numbers, colors = quantized(flat, count, rng)
    image = colors[numbers]
    if rng.uniform() < 0.4:
        image = mixed(flat, image, rng.uniform(0.3, 0.8))
    image = blurred(image, 0.6)
    if rng.uniform() < 0.4:  # bokashi: the colors fade to one side
        fade = ramp(coordinates(size)[1] / size[0] + 0.1 * noise(size, 150, rng), 0, rng.uniform(0.4, 1))
        image = mixed(image * rng.uniform(0.5, 0.9), image, fade)
    if rng.uniform() < 0.8:
        width = log_uniform(rng, 0.8, 4)
        thin, thick = ink_lines(flat, width, rng), ink_lines(flat, width * 2, rng)
        lines = mixed(thin[..., None], thick[..., None], ramp(noise(size, 50, rng), -0.5, 0.5))[..., 0]
        _, ink = _paper_and_ink(rng)
        image = mixed(image, ink, lines * rng.uniform(0.7, 1))
    if rng.uniform() < 0.4:
        image = image + 0.04 * noise(size, rng.uniform(1, 4), rng)[..., None]
    return image


def watercolor(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pale washes that darken at their edges, on rough paper."""
    size = photo.shape[:2]
    paper = np.float32([1, 1, 1]) - np.float32([0.02, 0.04, 0.1]) * np.float32(rng.uniform(0, 1.5))
    wet = blurred(kuwahara(warped(photo, rng.uniform(0.5, 3), 14, rng), int(rng.integers(2, 8))), 1)
    density = np.zeros_like(photo)
    washes = [(int(rng.integers(4, 7)), 0.5), (int(rng.integers(8, 14)), 0.5)]
    edge = rng.uniform(0.2, 1.2)
    for count, share in washes:
        numbers, colors = quantized(wet, count, rng)
        numbers = warped(numbers.astype(np.float32), 1.5, 8, rng, nearest=True)
        wash = blurred(colors[numbers.astype(int)], rng.uniform(0.5, 1.3))
        dark = np.abs(luma(wash) - blurred(luma(wash), 2.5)) * 12
        density += share * (1 - wash) * (1 + edge * np.minimum(dark, 1.2)[..., None])
    pooled = 1 + 0.15 * noise(size, rng.uniform(20, 60), rng) + rng.uniform(0, 0.05) * noise(size, 2, rng)
    density = density * pooled[..., None] * rng.uniform(0.6, 1.05)
    if rng.uniform() < 0.5:  # left white by the brush
        density *= ramp(noise(size, 70, rng) + 1.6 - 2 * luma(photo), -0.5, -0.3)[..., None]
    image = paper * (1 - np.clip(density, 0, 1))
    if rng.uniform() < 0.35:
        image = mixed(image, np.float32([0.1, 0.1, 0.14]), ink_lines(photo, rng.uniform(0.8, 1.6), rng) * 0.8)
    return relief(image, blurred(noise(size, rng.uniform(1.2, 3), rng), 0.7), rng.uniform(0.005, 0.03), rng)


def _equalized(values: np.ndarray) -> np.ndarray:
    """Give a map uniformly distributed values in 0 .. 1, in the same order."""
    grid = np.quantile(values[::3, ::3], np.linspace(0, 1, 65))
    return np.interp(values, grid, np.linspace(0, 1, 65)).astype(np.float32)


def _paper_and_ink(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return two colors (3,): mostly dark on light, one time in five light on dark."""
    palette = random_palette(5, rng)
    paper = palette[-1] if rng.uniform() < 0.5 else np.float32([0.97, 0.95, 0.89])
    ink = palette[0] if rng.uniform() < 0.4 else np.float32([0.06, 0.05, 0.06])
    if abs(luma(paper) - luma(ink)) < 0.35:
        paper, ink = np.float32([0.97, 0.95, 0.89]), ink * np.float32(0.4)
    return (ink, paper) if rng.uniform() < 0.2 else (paper, ink)
