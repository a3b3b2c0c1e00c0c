"""Animated GIF, WebP and PNG, by Pillow: a painting of each frame, with its time and transparency."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence, UnidentifiedImageError

from ppgan_lite.errors import VideoError
from ppgan_lite.images import ResultSettings
from ppgan_lite.images.writing import animation_options
from ppgan_lite.runtime.files import replace_file
from ppgan_lite.runtime.memory import require_memory
from ppgan_lite.video.frames import Clip
from ppgan_lite.video.steadiness import Steadiness

_DURATION_MS = 100  # of a frame that says nothing, as browsers take it


def render_pictures(
    source: Path,
    target: Path,
    paint: Callable[[np.ndarray], np.ndarray],
    progress: Callable[[int, int | None], None],
    *,
    steady: float,
    stored: ResultSettings | None = None,
) -> int:
    """Paint an animated picture; written whole or not at all.

    Args:
        source: The file.
        target: The file to write; replaced if it is there.
        paint: A frame, uint8 H x W x 3, to its result of the same size.
        progress: Called with the frames that are done and their number; may raise to stop.
        steady: See `Steadiness`.
        stored: How it is made, which the target holds; None for nothing.

    Returns:
        The number of frames.

    Raises:
        VideoError: It cannot be read or written, or is not animated.
    """
    with _opened(source) as animation:
        count = animation.n_frames
        width, height = animation.size
        require_memory(f"{count} frames of {width} x {height} pixels", count * width * height * 4)
        durations: list[int] = []
        painted = list(_painted(animation, paint, Steadiness(steady), progress, durations, count))
        loop = animation.info.get("loop")
        progress(count, count)
    options: dict[str, Any] = {"duration": durations}
    if target.suffix.lower() == ".webp":
        # Lossy frames lose their transparency (Pillow 12, libwebp 1.6).
        options |= {"lossless": True} if any(image.mode == "RGBA" for image in painted) else {"quality": 90}
    else:
        options["disposal"] = 2  # a frame replaces the one before, also where it is transparent
    if loop is not None:
        options["loop"] = loop
    elif target.suffix.lower() != ".gif":
        options["loop"] = 1
    kind = Image.registered_extensions()[target.suffix.lower()]
    if stored is not None:
        options |= animation_options(kind, stored)
    try:
        data = io.BytesIO()
        painted[0].save(data, kind, save_all=True, append_images=painted[1:], **options)
        replace_file(target, data.getvalue())
    except OSError as error:
        raise VideoError(target, f"cannot be written ({error.strerror or error})") from error
    return count


def open_animation(path: Path) -> Clip:
    """Read the facts of an animated picture, as of a clip.

    Raises:
        VideoError: It cannot be read, or is not animated.
    """
    with _opened(path) as animation:
        frame_ms = int(animation.info.get("duration") or _DURATION_MS)
        width, height = animation.size
        count = getattr(animation, "n_frames", 1)
        return Clip(path, width, height, Fraction(1000, frame_ms), Fraction(1, 1000), count, container="pictures")


def animation_frame(path: Path, number: int) -> np.ndarray:
    """Return a frame of an animated picture, uint8 H x W x 3 RGB; the last one where there are fewer.

    Raises:
        VideoError: It is damaged.
    """
    with _opened(path) as animation:
        animation.seek(min(number, getattr(animation, "n_frames", 1) - 1))
        return np.asarray(animation.convert("RGB")).copy()


def is_animated(path: Path) -> bool:
    """Say whether a picture file has several frames; False for one that cannot be read."""
    try:
        with Image.open(path) as picture:
            return getattr(picture, "n_frames", 1) > 1
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return False


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open an animated picture, with errors as ours."""
    try:
        with Image.open(path) as animation:
            count = getattr(animation, "n_frames", 1)
            if count < 2:
                raise VideoError(path, "is a single picture", "a clip", "Use: paddlegan stylize")
            animation.load()  # WebP tells the time of a frame only then
            yield animation
    except (UnidentifiedImageError, OSError, EOFError, ValueError, SyntaxError) as error:
        raise VideoError(path, f"cannot be read as an animation ({error})") from error


def _painted(
    animation: Any,
    paint: Callable[[np.ndarray], np.ndarray],
    steadiness: Steadiness,
    progress: Callable[[int, int | None], None],
    durations: list[int],
    count: int,
) -> Iterator[Any]:
    for number, frame in enumerate(ImageSequence.Iterator(animation)):
        progress(number, count)
        frame.load()  # WebP tells the time of a frame only then
        durations.append(int(frame.info.get("duration") or _DURATION_MS))
        rgba = np.asarray(frame.convert("RGBA"))
        image = np.ascontiguousarray(rgba[..., :3])
        result = Image.fromarray(steadiness(image, paint(image)))
        if rgba[..., 3].min() < 255:
            result.putalpha(Image.fromarray(rgba[..., 3]))
        yield result
