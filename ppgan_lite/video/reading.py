"""Clips to frames, with PyAV."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ppgan_lite.errors import VideoError, missing_extra
from ppgan_lite.runtime.memory import require_memory
from ppgan_lite.video.frames import (
    BT709,
    HDR_TRANSFERS,
    SMPTE170M,
    UNSPECIFIED,
    Clip,
    Colors,
    Frame,
)
from ppgan_lite.video.tone_mapping import SDR, ToneMap

_HD_PX = 720  # a stream that does not say its colors is of HD from so many rows on, as players take it
# SWS_BICUBIC, SWS_ACCURATE_RND and SWS_FULL_CHR_H_INT: swscale's default makes frames darker by more than 1/255.
SCALING = 0x4 | 0x40000 | 0x2000
_MISSING_S = 0.5  # at the end of a clip that is not called cut
_BYTES_PER_PIXEL = (
    60  # of a clip that is being painted: frames in the queues, the last ones for steadiness, the encoder
)


def require_av() -> ModuleType:
    """Import PyAV.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise missing_extra("video", "PyAV (av)", "video") from error
    av.logging.set_level(None)  # FFmpeg's own words; errors are told as ours
    return av


def open_clip(path: Path) -> Clip:
    """Read the facts of a clip.

    Raises:
        VideoError: It cannot be read, holds no video, or colors that no painter knows.
        UsageError: Its frames do not fit into memory.
    """
    with _opened(path) as (container, stream):
        context = stream.codec_context
        frame = next(_decoded(path, container, stream), None)
        if frame is None:
            raise VideoError(path, "has no frame that can be decoded")
        hdr = HDR_TRANSFERS.get(int(context.color_trc))
        if hdr is not None:
            _tone_map(path, hdr).check(frame)
        turns = _turns(frame)
        height, width = _shown_size(frame, turns)
        require_memory(f"a clip of {width} x {height} pixels", width * height * _BYTES_PER_PIXEL)
        return Clip(
            path,
            width,
            height,
            rate=Fraction(stream.average_rate or stream.guessed_rate or 25),
            time_base=Fraction(stream.time_base),
            frames=_count(container, stream),
            turns=turns,
            colors=_colors(context, frame) if hdr is None else SDR,
            hdr=hdr,
            streams=tuple(other.type for other in container.streams if other is not stream),
            container=container.format.name,
        )


def read_frames(clip: Clip, *, start: int = 0) -> Iterator[Frame]:
    """Yield the frames of a clip, upright and of its size.

    Args:
        clip: From `open_clip`.
        start: The number of frames to leave out at the beginning.

    Raises:
        VideoError: The file is damaged from here on.
    """
    with _opened(clip.path) as (container, stream):
        stream.thread_type = "AUTO"
        tone_map = _tone_map_of(clip)
        first, last, duration = 0, -1, 0
        for number, frame in enumerate(_decoded(clip.path, container, stream)):
            time = frame.pts if frame.pts is not None and frame.pts > last else last + 1
            first, last, duration = first if number else time, time, frame.duration or 0
            if number >= start:
                yield Frame(_upright(frame, clip, tone_map), time, duration)
        _check_whole(clip.path, container, stream, float((last + duration - first) * clip.time_base))


def _check_whole(path: Path, container: Any, stream: Any, seconds: float) -> None:
    """Refuse a file whose frames end before its head says."""
    declared = _declared_seconds(container.format.name, stream)
    if declared is not None and declared - seconds > max(_MISSING_S, declared / 100):
        raise VideoError(path, f"is cut: its frames end after {seconds:.1f} of {declared:.1f} s")


def _declared_seconds(container: str, stream: Any) -> float | None:
    """Return the length of a video stream by the file's head, not by what is there of it; None if it says nothing."""
    if container.startswith("mov"):
        return None if stream.duration is None else float(stream.duration * stream.time_base)
    if container == "avi" and stream.average_rate:
        return float(stream.frames / stream.average_rate)
    with contextlib.suppress(ValueError):  # Matroska: "00:01:02.5"; its other durations are those of the longest stream
        hours, minutes, rest = map(float, stream.metadata.get("DURATION", "").split(":"))
        return 3600 * hours + 60 * minutes + rest
    return None


def read_frame(clip: Clip, number: int) -> np.ndarray:
    """Return one frame of a clip, upright, uint8 H x W x 3 RGB; the last one where there are fewer.

    Only what lies between the key frame before it and itself is decoded. Where the rate varies, it is the frame that is
    shown after `number` frames of the average rate.

    Args:
        clip: From `open_clip`.
        number: From 0.

    Raises:
        VideoError: The file is damaged there.
    """
    with _opened(clip.path) as (container, stream):
        time = round(number / clip.rate / clip.time_base) + (stream.start_time or 0)
        half = round(1 / clip.rate / clip.time_base / 2)
        for start in (time, 0):
            av = require_av()
            with contextlib.suppress(av.FFmpegError):  # some formats cannot be searched; then all is decoded
                container.seek(start, stream=stream)
            found = None
            for frame in _decoded(clip.path, container, stream):
                if found is not None and frame.pts is not None and frame.pts > time + half:
                    break
                found = frame
                if frame.pts is not None and frame.pts >= time - half:
                    break
            if found is not None:
                return _upright(found, clip, _tone_map_of(clip))
    raise VideoError(clip.path, "has no frame that can be decoded")


def open_container(path: Path) -> Any:
    """Open a file with PyAV.

    Raises:
        VideoError: It is missing, or nothing that FFmpeg reads.
    """
    av = require_av()
    if not path.is_file():
        raise VideoError(path, "there is no such file" if not path.exists() else "is no file", "a clip")
    try:
        return av.open(str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VideoError(path, f"is no clip that FFmpeg reads ({_reason(error)})") from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a file and its first video stream."""
    with contextlib.closing(open_container(path)) as container:
        # A cover of a song is a video stream of one picture.
        streams = [stream for stream in container.streams.video if not stream.disposition & _ATTACHED]
        if not streams:
            raise VideoError(path, "holds no video", "a clip")
        yield container, streams[0]


_ATTACHED = 0x400  # AV_DISPOSITION_ATTACHED_PIC


def _decoded(path: Path, container: Any, stream: Any) -> Iterator[Any]:
    av = require_av()
    try:
        yield from container.decode(stream)
    except av.EOFError:
        return
    except av.FFmpegError as error:
        raise VideoError(path, f"is damaged ({_reason(error)})") from error


def _reason(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _count(container: Any, stream: Any) -> int | None:
    if stream.frames:
        return int(stream.frames)
    rate = stream.average_rate or stream.guessed_rate
    if stream.duration and rate:
        return max(round(stream.duration * stream.time_base * rate), 1)
    return max(round(container.duration / 1_000_000 * rate), 1) if container.duration and rate else None


def _tone_map_of(clip: Clip) -> ToneMap | None:
    return None if clip.hdr is None else _tone_map(clip.path, clip.hdr)


@functools.lru_cache(maxsize=2)
def _tone_map(path: Path, transfer: str) -> ToneMap:
    """Return the tone map of a clip, the same one for each of its frames: its tables take seconds."""
    return ToneMap(require_av(), path, transfer)


def _turns(frame: Any) -> int:
    """Return the quarter turns against the clock that make a frame upright."""
    return round((frame.rotation or 0) / 90) % 4


def _shown_size(frame: Any, turns: int) -> tuple[int, int]:
    """Return height and width as they are shown; frames of a video have even sides."""
    aspect = frame.sample_aspect_ratio if hasattr(frame, "sample_aspect_ratio") else None
    width = round(frame.width * aspect) if aspect and aspect > 0 else frame.width
    sides = (frame.height, width) if turns % 2 == 0 else (width, frame.height)
    return max(sides[0] - sides[0] % 2, 2), max(sides[1] - sides[1] % 2, 2)


def _colors(context: Any, frame: Any) -> Colors:
    matrix = int(frame.colorspace)
    if matrix == UNSPECIFIED or matrix == 0:
        matrix = BT709 if frame.height >= _HD_PX else SMPTE170M
    full = int(frame.color_range) == 2 or frame.format.name.startswith("yuvj")
    return Colors(matrix, full, int(context.color_primaries), int(context.color_trc))


def _upright(frame: Any, clip: Clip, tone_map: ToneMap | None) -> np.ndarray:
    """Return a frame as RGB of the clip's size; one of another size than the first is scaled."""
    across = (clip.width, clip.height) if clip.turns % 2 == 0 else (clip.height, clip.width)
    whole = (frame.width - frame.width % 2, frame.height - frame.height % 2)
    size = {} if whole == across else {"width": across[0], "height": across[1]}
    if tone_map is not None:
        return np.ascontiguousarray(np.rot90(tone_map(frame, *across), clip.turns))
    rgb = frame.reformat(
        format="rgb24",
        src_colorspace=clip.colors.swscale_matrix,
        src_color_range=2 if clip.colors.full_range else 1,
        interpolation=SCALING,
        **size,
    )
    image = rgb.to_ndarray()[: across[1], : across[0]]
    return np.ascontiguousarray(np.rot90(image, clip.turns))
