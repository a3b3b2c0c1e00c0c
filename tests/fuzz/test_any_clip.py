"""Any file in the place of a clip is decoded as far as it goes, or refused in a line."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pytest
from hypothesis import strategies as st
from mutations import bounded, check_line, mutated, prop

from ppgan_lite.errors import PpganError, UsageError, VideoError
from ppgan_lite.video.reading import open_clip, read_frames

pytest.importorskip("av")

_FRAMES = 30


@functools.cache
def originals() -> tuple[bytes, ...]:
    """Return small clips in some containers."""
    from test_video import write_clip

    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, codec in (("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.webm", "libvpx-vp9"), ("a.avi", "mpeg4")):
            path = Path(folder) / name
            write_clip(path, times=list(range(6)), sound=name.endswith("mp4"), codec=codec)
            for _ in read_frames(open_clip(path)):
                pass
            found.append(path.read_bytes())
    return tuple(found)


@prop(data=st.deferred(lambda: mutated(originals())), weight=0.5)
def test_any_file_is_a_clip_or_refused_in_a_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "clip.mp4"
    path.write_bytes(data)
    try:
        with bounded(len(data)):
            clip = open_clip(path)
            for number, frame in enumerate(read_frames(clip)):
                assert frame.image.shape == (clip.height, clip.width, 3)
                if number == _FRAMES:
                    break
    except VideoError as error:
        check_line(error, path)
    except UsageError as error:  # frames that do not fit into memory
        check_line(error, "a clip of ")
    except PpganError as error:
        raise AssertionError(str(error)) from error
    assert path.read_bytes() == data
