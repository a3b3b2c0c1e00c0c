"""Any frame of a clip by its number, for whoever looks at one; of videos and of animated pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ppgan_lite.video.codecs import is_animation
from ppgan_lite.video.frames import Clip
from ppgan_lite.video.pictures import animation_frame, open_animation
from ppgan_lite.video.reading import open_clip, read_frame


def open_any_clip(path: Path) -> Clip:
    """Read the facts of a video or of an animated picture.

    Raises:
        VideoError: It cannot be read, or is neither.
        UsageError: Its frames do not fit into memory.
        MissingDependencyError: It is a video, and PyAV is not installed.
    """
    return open_animation(path) if is_animation(path) else open_clip(path)


def frame_at(clip: Clip, number: int) -> np.ndarray:
    """Return a frame of a clip from `open_any_clip`, uint8 H x W x 3 RGB; the last one where there are fewer.

    Raises:
        VideoError: The file is damaged there.
    """
    return animation_frame(clip.path, number) if is_animation(clip.path) else read_frame(clip, number)
