"""Other colors for an image: those of another picture, those of a palette made up here, or another tone curve."""

from __future__ import annotations

import colorsys

import numpy as np

from .fields import luma, mixed, quantized, ramp


def random_palette(count: int, rng: np.random.Generator) -> np.ndarray:
    """Make up colors that belong together, float32 (count, 3), dark ones first.

    The hues are one, neighbors, opposites, a triad or any; the saturations lie in a range from dull to vivid.
    """
    first = rng.uniform()
    deviation = rng.choice([0.02, 0.08, 0.2])
    bases = np.array(
        [[0.0], [0.0, 0.5], [0.0, 1 / 3, 2 / 3], [0.0, 0.42, 0.58], rng.uniform(size=5)][rng.integers(5)], float
    )
    hues = first + rng.choice(bases, count) + rng.normal(0, deviation, count)
    dull, vivid = np.sort(rng.uniform(0, 1, 2)) if rng.uniform() < 0.6 else (0.6, 1.0)
    low, high = [(0.05, 0.95), (0.0, 0.6), (0.45, 1.0), (0.2, 0.9)][rng.integers(4)]
    lightness = np.linspace(low, high, count) + rng.normal(0, 0.06, count)
    saturations = rng.uniform(dull, vivid, count)
    rows = [colorsys.hls_to_rgb(h % 1, min(max(v, 0), 1), s) for h, v, s in zip(hues, lightness, saturations)]
    colors = np.array(rows, np.float32)
    if rng.uniform() < 0.35:
        colors[np.argmin(luma(colors))] = rng.uniform(0, 0.1)
    if rng.uniform() < 0.35:
        colors[np.argmax(luma(colors))] = rng.uniform(0.9, 1)
    return colors[np.argsort(luma(colors))]


def with_colors_of(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give an image the mean and the covariance of another one's colors (Reinhard 2001, in RGB)."""
    own, wanted = image.reshape(-1, 3), other.reshape(-1, 3)
    colored = (own - own.mean(axis=0)) @ _power(np.cov(own.T), -0.5) @ _power(np.cov(wanted.T), 0.5)
    return np.clip(colored + wanted.mean(axis=0), 0, 1).astype(np.float32).reshape(image.shape)


def _power(covariance: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.maximum(values, 2e-4) ** exponent) @ vectors.T


def with_palette(image: np.ndarray, palette: np.ndarray, softness: float, rng: np.random.Generator) -> np.ndarray:
    """Replace the main colors of an image by those of a palette, in the order of their brightness, nearly.

    Args:
        image: Float32 (height, width, 3) in [0, 1].
        palette: Float32 (count, 3), dark ones first.
        softness: Distance of colors over which two of them mix; 0 for flat areas.
        rng: Shuffles neighbors.
    """
    count = len(palette)
    numbers, centers = quantized(image, count, rng)
    order = np.argsort(np.arange(count) + rng.normal(0, rng.choice([0.0, 0.6, 1.5]), count))
    palette = palette[order]
    if softness <= 0:
        return palette[numbers]
    distance = (centers**2).sum(axis=1) - 2 * image.reshape(-1, 3) @ centers.T
    share = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / softness**2)
    share /= share.sum(axis=1, keepdims=True)
    return (share @ palette).astype(np.float32).reshape(image.shape)


def with_tones(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change contrast and saturation: garish, dull, dark, pale, or nearly one color."""
    manner = rng.choice(["garish", "dull", "dark", "pale", "single"])
    gray = luma(image)[..., None]
    if manner == "garish":
        return np.clip(0.5 + (gray + (image - gray) * rng.uniform(1.6, 3.5) - 0.5) * rng.uniform(1, 1.6), 0, 1)
    if manner == "dull":
        return gray + (image - gray) * np.float32(rng.uniform(0.1, 0.6))
    if manner == "dark":
        return image ** np.float32(rng.uniform(1.3, 2.2)) * np.float32(rng.uniform(0.7, 1))
    if manner == "pale":
        return 1 - (1 - image) ** np.float32(rng.uniform(1, 1.8)) * np.float32(rng.uniform(0.3, 0.75))
    dark, middle, light = random_palette(3, rng)
    stretched = ramp(gray[..., 0], float(gray.min()), float(gray.max()) + 1e-3)
    single = mixed(mixed(dark, middle, ramp(stretched, 0, 0.5)), light, ramp(stretched, 0.5, 1))
    return mixed(image, single, rng.uniform(0.7, 1))


def with_contrast(image: np.ndarray, least: float = 0.08) -> np.ndarray:
    """Stretch the brightness of an image around its mean until its deviation is at least so much."""
    deviation = float(luma(image).std())
    return image if deviation >= least else image.mean() + (image - image.mean()) * min(least / (deviation + 1e-3), 5.0)


def recolored(image: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change the colors of an image in one of many ways; one picture in three keeps them.

    Args:
        image: Float32 (height, width, 3) in [0, 1].
        other: A picture that may lend its colors, float32 (any, any, 3) in [0, 1].
        rng: Chooses.
    """
    manner = rng.choice(["own", "other", "palette", "tones"], p=[0.3, 0.27, 0.28, 0.15])
    if manner == "other":
        return with_colors_of(image, other)
    if manner == "palette":
        palette = random_palette(int(rng.integers(4, 11)), rng)
        return with_palette(image, palette, rng.choice([0.0, 0.08, 0.2, 0.3], p=[0.15, 0.25, 0.3, 0.3]), rng)
    return with_tones(image, rng) if manner == "tones" else image
