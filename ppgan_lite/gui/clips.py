"""A clip in the window: opened, and looked at frame by frame; without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ppgan_lite.gui.state import Picture
from ppgan_lite.images import READABLE_SUFFIXES
from ppgan_lite.video.codecs import VIDEOS, is_animation, is_video
from ppgan_lite.video.frames import Clip

OPENABLE_SUFFIXES = frozenset((*READABLE_SUFFIXES, *VIDEOS))


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a clip that is open.

    Attributes:
        clip: The clip.
        number: Which of its frames, from 0.
        picture: Its pixels.
    """

    clip: Clip
    number: int
    picture: Picture

    @property
    def last(self) -> int:
        """The number of the clip's last frame."""
        return max((self.clip.frames or 1) - 1, 0)


def is_clip(path: Path) -> bool:
    """Return whether a file is a clip: a video by its name, or a picture with several frames."""
    if is_video(path):
        return True
    if not is_animation(path):
        return False
    from ppgan_lite.video.pictures import is_animated  # slower to import than the window

    return is_animated(path)


def read_frame(path: Path) -> Frame:
    """Open a clip with its first frame; on any thread.

    Raises:
        VideoError: It cannot be read.
        MissingDependencyError: It is a video, and PyAV is not installed.
    """
    from ppgan_lite.video.scrubbing import open_any_clip

    return frame_of(open_any_clip(path), 0)


def frame_of(clip: Clip, number: int) -> Frame:
    """Read a frame of a clip; on any thread.

    Raises:
        VideoError: The file is damaged there.
    """
    from ppgan_lite.video.scrubbing import frame_at

    time = clock(number, clip)
    picture = Picture.of(frame_at(clip, number), title=f"{clip.path.stem} {time.replace(':', '.')}")
    return Frame(clip, number, picture)


def clock(number: int, clip: Clip) -> str:
    """Return the time of a frame in minutes and seconds, to a tenth."""
    tenths = round(10 * number / clip.rate)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"
