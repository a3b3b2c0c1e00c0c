"""The settings that a clip holds: how it was made, as pictures hold them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ppgan_lite.images import ResultSettings, read_settings
from ppgan_lite.images.settings import parse_settings
from ppgan_lite.video.codecs import is_animation, is_video
from ppgan_lite.video.pictures import is_animated
from ppgan_lite.video.reading import open_container

COMMENT = "comment"  # the tag of a video that holds them, in FFmpeg's words


def is_clip(path: Path) -> bool:
    """Say whether a file is a video by its name, or an animated picture."""
    return is_video(path) or (is_animation(path) and is_animated(path))


def read_clip_settings(path: Path) -> ResultSettings | None:
    """Return the settings that a video or an animated picture holds, None where there are none.

    Raises:
        VideoError: It cannot be read.
        ImageError: It cannot be read as a picture, or a newer version of this program has written it.
        MissingDependencyError: It is a video, and PyAV is not installed.
    """
    if is_animation(path):
        return read_settings(path)
    with contextlib.closing(open_container(path)) as container:
        tags = {name.lower(): text for name, text in container.metadata.items()}
    return parse_settings(tags[COMMENT], path) if COMMENT in tags else None
