"""Frames to a file: encoded in segments, then put together with the sound and the subtitles of the source.

A segment is a file of its own with an encoder of its own, so that what is encoded stays when a rendering stops. Putting
together copies packets; nothing is encoded twice, and the sound not at all.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ppgan_lite.errors import UsageError, VideoError
from ppgan_lite.images import ResultSettings
from ppgan_lite.images.settings import settings_text
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.video.clip_settings import COMMENT
from ppgan_lite.video.codecs import CODECS, HARDWARE
from ppgan_lite.video.frames import Clip, Frame
from ppgan_lite.video.reading import SCALING, open_container, require_av

CRF = 18  # visually lossless or nearly
_BITS_PER_PIXEL = 1.0  # of a painted clip at CRF 18, at most; H.264 took 0.28 to 0.67 for two clips in three styles


@dataclass(frozen=True)
class Encoding:
    """The encoding of frames.

    Attributes:
        codec: One of `CODECS`.
        crf: Constant rate factor: 0 is lossless, 18 looks so, 28 is small.
    """

    codec: str = "h264"
    crf: int = CRF


def choose_codec(name: str, target: Path) -> str:
    """Return the codec that a user's word stands for.

    Args:
        name: One of `CODECS`, "auto" (by the target) or "hardware" (the first that this machine has).
        target: The file to write.

    Raises:
        UsageError: There is none, or the target's format does not hold it.
    """
    if name == "hardware":
        found = next((codec for codec in HARDWARE if _encodes(codec)), None)
        if found is None:
            raise UsageError("--codec", "this machine has no encoder of a graphics card that FFmpeg finds", "h264")
        return found
    codec = ("vp9" if target.suffix.lower() == ".webm" else "h264") if name == "auto" else name
    if target.suffix.lower() == ".webm" and codec not in ("vp9", "av1"):
        raise UsageError("--codec", f"{codec} does not fit into .webm", "vp9 or av1, or another name than .webm")
    if codec in HARDWARE and not _encodes(codec):
        raise UsageError("--codec", f"{codec} does not work on this machine", "h264")
    return codec


def estimate_bytes(clip: Clip) -> int:
    """Return how many bytes a painted clip takes at most, with its segments."""
    frames = clip.frames or 0
    return round(2 * frames * clip.width * clip.height * _BITS_PER_PIXEL / 8) + os.path.getsize(clip.path)


class Segment:
    """A file of encoded frames, whose times begin with 0.

    Attributes:
        path: The file.
        frames: How many are in it.
        start: The time of the first one in the clip; None before it.

    Args:
        path: To write.
        clip: Whose frames they are.
        encoding: As above.

    Raises:
        VideoError: It cannot be written.
    """

    def __init__(self, path: Path, clip: Clip, encoding: Encoding) -> None:
        av = require_av()
        self.path = path
        self.frames = 0
        self.start: int | None = None
        encoder, options, quality = CODECS[encoding.codec]
        if encoding.codec == "h264" and "AVX512" in opencv().getCPUFeaturesLine():
            # With AVX-512 x264 (165) reads memory that it has not written, and gives other bytes each time.
            options = {**options, "x264-params": "asm=avx2"}
        with _as_video_errors(path):
            self._container = av.open(str(path), "w", format="mp4")
            stream = self._container.add_stream(
                encoder, rate=clip.rate, options={**options, quality: str(encoding.crf)}
            )
        context = stream.codec_context
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv420p"
        context.time_base = clip.time_base
        context.color_range = 2 if clip.colors.full_range else 1
        context.colorspace = clip.colors.matrix
        context.color_primaries = clip.colors.primaries
        context.color_trc = clip.colors.transfer
        self._stream = stream
        self._clip = clip

    def write(self, frame: Frame) -> None:
        """Encode a frame.

        Raises:
            VideoError: The file cannot be written.
        """
        av = require_av()
        colors = self._clip.colors
        picture = av.VideoFrame.from_ndarray(frame.image, format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=colors.swscale_matrix,
            dst_color_range=2 if colors.full_range else 1,
            interpolation=SCALING,
        )
        if self.start is None:
            self.start = frame.time
        picture.pts, picture.time_base = frame.time - self.start, self._clip.time_base
        picture.colorspace = colors.matrix
        with _as_video_errors(self.path):
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
        self.frames += 1

    def close(self) -> None:
        """Encode what is left, and complete the file.

        Raises:
            VideoError: The file cannot be written.
        """
        with _as_video_errors(self.path):
            for packet in self._stream.encode():
                self._container.mux(packet)
            self._container.close()

    def discard(self) -> None:
        """Close the file and delete it."""
        with contextlib.suppress(Exception):
            self._container.close()
        with contextlib.suppress(OSError):
            self.path.unlink()


def put_together(
    clip: Clip,
    segments: Sequence[tuple[Path, int]],
    target: Path,
    *,
    complete: bool,
    stored: ResultSettings | None = None,
) -> tuple[str, ...]:
    """Write a file of the frames of segments and the sound and subtitles of a clip.

    Args:
        clip: The source.
        segments: Files in order, at least one, and when each begins.
        target: The file to write; replaced if it is there.
        complete: Whether all frames are there; if not, the sound ends with them.
        stored: How it was made, for `read_clip_settings`.

    Returns:
        The kinds of streams that the target's format cannot hold, which are missing in it.

    Raises:
        VideoError: It cannot be written.
        UsageError: The format of the target does not hold the sound as it is.
    """
    av = require_av()
    part = target.with_name(f".{os.urandom(8).hex()}{target.suffix}")
    missing: list[str] = []
    try:
        with (
            _as_video_errors(target),
            contextlib.closing(av.open(str(part), "w", options=_options_of(target))) as output,
            contextlib.closing(open_container(clip.path)) as source,
        ):
            with contextlib.closing(av.open(str(segments[0][0]))) as first:
                video = output.add_stream_from_template(first.streams.video[0], opaque=True)
            video.time_base = clip.time_base
            if "hevc" in video.codec_context.name and target.suffix.lower() in (".mp4", ".mov", ".m4v"):
                video.codec_context.codec_tag = "hvc1"  # Apple's players know no other
            copies: dict[int, Any] = {}
            for stream in source.streams:
                if stream.type not in ("audio", "subtitle"):
                    continue
                if stream.codec_context.name not in output.supported_codecs:
                    if stream.type == "audio":
                        found = f"{target.suffix} does not hold its sound ({stream.codec_context.name})"
                        raise UsageError(target, found, "a name that ends with .mkv, which holds any")
                    missing.append(stream.type)
                    continue
                copies[stream.index] = output.add_stream_from_template(stream)
                copies[stream.index].metadata.update(stream.metadata)
            output.metadata.update({key: value for key, value in source.metadata.items() if key in ("title", "artist")})
            if stored is not None:
                output.metadata[COMMENT] = settings_text(stored)
            packets = _video_packets(segments, clip.time_base)
            _interleave(output, video, packets, source, copies, cut=not complete)
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    return tuple(missing)


def _interleave(
    output: Any, video: Any, packets: Iterator[Any], source: Any, copies: dict[int, Any], *, cut: bool
) -> None:
    """Write packets of video, sound and subtitles in the order of their times."""
    waiting = next(packets, None)
    end = 0.0
    streams = [source.streams[index] for index in copies]

    def mux_video() -> None:
        nonlocal waiting, end
        assert waiting is not None
        end = max(end, float((waiting.pts + (waiting.duration or 0)) * waiting.time_base))
        waiting.stream = video
        output.mux_one(waiting)
        waiting = next(packets, None)

    for packet in source.demux(streams) if streams else ():
        if packet.dts is None:
            continue
        time = float(packet.dts * packet.time_base)
        while waiting is not None and float(waiting.dts * waiting.time_base) <= time:
            mux_video()
        if waiting is None and cut and time > end:
            continue
        packet.stream = copies[packet.stream.index]
        output.mux_one(packet)
    while waiting is not None:
        mux_video()


def _video_packets(segments: Sequence[tuple[Path, int]], time_base: Fraction) -> Iterator[Any]:
    av = require_av()
    for path, start in segments:
        with contextlib.closing(av.open(str(path))) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.dts is not None:
                    shift = round(start * time_base / packet.time_base)  # a file has ticks of its own
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    yield packet


def _options_of(target: Path) -> dict[str, str]:
    if target.suffix.lower() in (".mkv", ".webm"):
        return {"fflags": "+bitexact"}  # the same bytes each time, without a random number
    return {"movflags": "+faststart"}


def _encodes(codec: str) -> bool:
    """Say whether an encoder works here, by opening it."""
    av = require_av()
    encoder, options, _ = CODECS[codec]
    try:
        context = av.CodecContext.create(encoder, "w")
        context.width, context.height, context.pix_fmt = 320, 240, "yuv420p"
        context.time_base, context.options = "1/25", options
        context.open()
    except (av.FFmpegError, OSError, ValueError, TypeError):
        return False
    return True


@contextlib.contextmanager
def _as_video_errors(path: Path) -> Iterator[None]:
    av = require_av()
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise VideoError(path, f"cannot be written ({(error.strerror or str(error)).lower()})") from error
