"""Maps that several rules share: noise, direction fields, blur along them, relief.

Images are float32 (height, width, 3) RGB in [0, 1] here; maps are float32 (height, width); angles are in radians.
"""

from __future__ import annotations

import cv2
import numpy as np

from ppgan_lite.nets.luma import LUMA

_LUMA = np.array(LUMA, np.float32)


def luma(image: np.ndarray) -> np.ndarray:
    """Return the brightness of an image or of colors (..., 3)."""
    return image @ _LUMA


def blurred(array: np.ndarray, sigma_px: float) -> np.ndarray:
    return cv2.GaussianBlur(array, (0, 0), sigma_px) if sigma_px > 0 else array


def mixed(below: np.ndarray, above: np.ndarray, opacity: np.ndarray | float) -> np.ndarray:
    """Lay one image (or color) over another; the opacity is a number or a map in [0, 1]."""
    if isinstance(opacity, np.ndarray):
        opacity = opacity[..., None]
    return (below + (above - below) * opacity).astype(np.float32)


def to_bytes(image: np.ndarray) -> np.ndarray:
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def to_floats(image: np.ndarray) -> np.ndarray:
    return image.astype(np.float32) / 255


def ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map low .. high to 0 .. 1, and values outside to 0 and 1."""
    return np.clip((values - low) / (high - low), 0, 1).astype(np.float32)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a length: half as likely between 20 and 40 as between 5 and 20."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def noise(size: tuple[int, int], grain_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth random map of mean 0 and deviation 1, with spots of about the given width."""
    height, width = size
    rows, columns = (max(2, round(side / max(grain_px, 1)) + 1) for side in size)
    spots = rng.standard_normal((rows, columns)).astype(np.float32)
    spots = cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC)
    return (spots - spots.mean()) / (spots.std() + 1e-6)


def coordinates(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the x and the y of every pixel as two maps."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    return x, y


def warped(array: np.ndarray, amount_px: float, grain_px: float, rng: np.random.Generator, *, nearest: bool = False):
    """Shift every pixel of an image or map smoothly, by about the given amount."""
    size = array.shape[:2]
    x, y = coordinates(size)
    x, y = x + amount_px * noise(size, grain_px, rng), y + amount_px * noise(size, grain_px, rng)
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return cv2.remap(array, x, y, how, borderMode=cv2.BORDER_REFLECT_101)


def contour_angle(image: np.ndarray, blur_px: float) -> np.ndarray:
    """Return the direction along the contours, from the structure tensor averaged over the blur's width."""
    gray = blurred(luma(image), 1)
    dx, dy = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    xx, yy, xy = (blurred(product, blur_px) for product in (dx * dx, dy * dy, dx * dy))
    return 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2


def direction_field(image: np.ndarray, rng: np.random.Generator, manner: str = "") -> np.ndarray:
    """Return an angle for every pixel: along or across the contours, swirling, around a point, or nearly fixed."""
    size = image.shape[:2]
    manner = manner or str(rng.choice(["along", "across", "fixed", "swirl", "around", "both"], p=P_MANNERS))
    fixed = rng.uniform(0, np.pi) + rng.uniform(0, 0.4) * noise(size, 80, rng)
    if manner == "fixed":
        return fixed
    if manner == "swirl":
        return fixed + rng.uniform(1, 2.5) * noise(size, rng.uniform(60, 220), rng)
    if manner == "around":
        x, y = coordinates(size)
        return np.arctan2(y - rng.uniform(0, size[0]), x - rng.uniform(0, size[1])) + rng.choice([0, 0.8, np.pi / 2])
    along = contour_angle(image, log_uniform(rng, 3, 14))
    if manner == "both":  # doubled, for angles half a turn apart are one direction
        share = rng.uniform(0.3, 0.7)
        sine = share * np.sin(2 * along) + (1 - share) * np.sin(2 * fixed)
        return 0.5 * np.arctan2(sine, share * np.cos(2 * along) + (1 - share) * np.cos(2 * fixed))
    return along + (np.pi / 2 if manner == "across" else 0)


P_MANNERS = (0.3, 0.1, 0.2, 0.15, 0.05, 0.2)


def smeared(array: np.ndarray, angle: np.ndarray, length_px: float, step_px: float = 1.5) -> np.ndarray:
    """Average an image or map along a direction field: line integral convolution (Cabral and Leedom 1993)."""
    x0, y0 = coordinates(array.shape[:2])
    total, count = array.copy(), 1
    dx_field, dy_field = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    for way in (1, -1):
        x, y = x0, y0
        dx, dy = way * dx_field, way * dy_field
        for _ in range(max(1, round(length_px / step_px / 2))):
            x, y = x + step_px * dx, y + step_px * dy
            new_dx = cv2.remap(dx_field, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            new_dy = cv2.remap(dy_field, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            turn = np.where(new_dx * dx + new_dy * dy < 0, np.float32(-1), np.float32(1))
            dx, dy = new_dx * turn, new_dy * turn
            total += cv2.remap(array, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
            count += 1
    return total / count


def streaks(size: tuple[int, int], angle: np.ndarray, length_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return a map of mean 0 and deviation 1: fine streaks, as bristles leave them."""
    fine = smeared(rng.standard_normal(size).astype(np.float32), angle, length_px)
    return (fine - fine.mean()) / (fine.std() + 1e-6)


def relief(image: np.ndarray, height: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Light a height map from one side, and shade the image with it."""
    light = rng.uniform(0, 2 * np.pi)
    slope = np.cos(light) * cv2.Sobel(height, cv2.CV_32F, 1, 0) + np.sin(light) * cv2.Sobel(height, cv2.CV_32F, 0, 1)
    return image + (strength * np.tanh(slope / (slope.std() + 1e-6)))[..., None]


def canvas_weave(size: tuple[int, int], period_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return the height map of a woven ground, about -1 .. 1."""
    x, y = coordinates(size)
    x, y = x + 0.5 * noise(size, 20, rng), y + 0.5 * noise(size, 20, rng)
    over = np.sin(2 * np.pi * x / period_px) * np.sin(2 * np.pi * y / period_px)
    return (over + 0.3 * noise(size, 1, rng)).astype(np.float32)


def quantized(image: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Find the main colors of an image by k-means.

    Returns:
        The number of its color for every pixel, int64 (height, width), and the colors (count, 3), dark ones first.
    """
    pixels = image.reshape(-1, 3)
    some = pixels[rng.integers(0, len(pixels), 3000)]
    centers = some[rng.choice(len(some), count, replace=False)].copy()
    for _ in range(8):
        nearest = _nearest(some, centers)
        for index in range(count):
            members = some[nearest == index]
            if len(members):
                centers[index] = members.mean(axis=0)
    centers = centers[np.argsort(luma(centers))]
    return _nearest(pixels, centers).reshape(image.shape[:2]), centers


def _nearest(pixels: np.ndarray, centers: np.ndarray) -> np.ndarray:
    return np.argmin((centers**2).sum(axis=1) - 2 * pixels @ centers.T, axis=1)


def kuwahara(image: np.ndarray, radius_px: int) -> np.ndarray:
    """Flatten an image and keep its edges (Kuwahara 1976): the mean of the quietest of four squares at each pixel."""
    side = radius_px + 1
    best = variance = None
    for x in (0, radius_px):
        for y in (0, radius_px):
            mean = cv2.boxFilter(image, -1, (side, side), anchor=(x, y), borderType=cv2.BORDER_REFLECT_101)
            square = cv2.boxFilter(image**2, -1, (side, side), anchor=(x, y), borderType=cv2.BORDER_REFLECT_101)
            spread = (square - mean**2).sum(axis=2)
            if best is None:
                best, variance = mean, spread
            else:
                better = spread < variance
                best, variance = np.where(better[..., None], mean, best), np.minimum(spread, variance)
    return best


def ink_lines(image: np.ndarray, width_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return a map of drawn contours, 1 where there is ink: a thresholded difference of Gaussians (XDoG, 2012)."""
    gray = smeared(luma(image), contour_angle(image, 3), 8)
    difference = blurred(gray, width_px * 0.7) - blurred(gray, width_px * 1.2)
    level = -np.quantile(np.abs(difference), rng.uniform(0.8, 0.92)) - 0.002
    return 1 - ramp(difference, level * 1.25, level * 0.75)
