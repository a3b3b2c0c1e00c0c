"""Read, paint and write a clip at once; stop, and go on where it stopped."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.errors import CancelledError, PpganError, UsageError, VideoError
from ppgan_lite.images import ResultSettings
from ppgan_lite.inference.engines.subgraph import ALONE_PX
from ppgan_lite.runtime.files import replace_file
from ppgan_lite.video.frames import Clip, Frame
from ppgan_lite.video.painting import FramePainter
from ppgan_lite.video.planning import parts_folder
from ppgan_lite.video.reading import read_frames
from ppgan_lite.video.steadiness import Last, Steadiness
from ppgan_lite.video.writing import Encoding, Segment, estimate_bytes, put_together

SEGMENT_FRAMES = 100  # of a segment: what a stop costs at most when it goes on
_INDEX = "index.json"
_LAST = "last.npz"
_SEGMENTS = "{:06d}.mp4"  # of any codec; Matroska rounds times, NUT knows none below 0

Progress = Callable[[int, int | None], None]


class RenderingStopped(CancelledError):
    """A rendering that was asked to stop; its frames so far are in the target."""

    def __init__(self, target: Path, done: int, frames: int | None) -> None:
        of = f" of {frames}" if frames else ""
        kept = f"stopped after {done}{of} frames, which it holds" if done else "stopped before the first frame"
        PpganError.__init__(self, target, kept, remedy="Go on with the same command and --resume" if done else "")


@dataclass(frozen=True)
class Rendering:
    """A clip to paint, and how.

    Attributes:
        clip: The source.
        target: The file to write.
        encoding: Of its frames.
        steady: See `Steadiness`.
        settings: JSON values; a rendering goes on only with the same ones.
        stored: How it is made, which the target holds; None for nothing.
    """

    clip: Clip
    target: Path
    encoding: Encoding
    steady: float
    settings: Mapping[str, Any]
    stored: ResultSettings | None = None

    @property
    def parts(self) -> Path:
        """The folder of what is needed to go on."""
        return parts_folder(self.target)


def check_disk(rendering: Rendering) -> None:
    """Refuse a rendering that will not find room.

    Raises:
        VideoError: The disk has less room than the clip may take.
    """
    needed, free = estimate_bytes(rendering.clip), shutil.disk_usage(rendering.target.parent or ".").free
    if needed > free:
        found = f"its disk has {free / 1e6:.0f} MB left"
        raise VideoError(rendering.target, found, f"{needed / 1e6:.0f} MB, which the clip may take")


def can_resume(rendering: Rendering) -> bool:
    """Say whether an earlier rendering of the target left something to go on with."""
    return (rendering.parts / _INDEX).is_file()


def render(
    rendering: Rendering, paint: FramePainter, progress: Progress, *, resume: bool = False
) -> tuple[int, tuple[str, ...]]:
    """Paint a clip.

    Frames are read, painted and encoded at the same time, several of them painted at a time if they are not large.
    The target is complete when this returns; after a stop or an error it holds the frames so far, with their sound, and
    plays.

    Args:
        rendering: As above.
        paint: Makes results of one size.
        progress: Called with the frames that are done, and how many there are about; may raise to stop.
        resume: Whether to go on with what an earlier rendering left.

    Returns:
        The number of frames, and the kinds of streams that the target's format cannot hold.

    Raises:
        RenderingStopped: `progress` raised KeyboardInterrupt or CancelledError.
        UsageError: What is left is of other settings.
        VideoError: The clip is damaged, or the target cannot be written.
    """
    job = _Job(rendering, paint, progress)
    job.begin(resume=resume)
    return job.run()


class _Job:
    """One run of a rendering."""

    def __init__(self, rendering: Rendering, paint: FramePainter, progress: Progress) -> None:
        self._rendering = rendering
        self._clip = rendering.clip
        self._paint = paint
        self._progress = progress
        self._steadiness = Steadiness(rendering.steady)
        self._done: list[tuple[int, int]] = []  # frames of each whole segment, and when it begins
        self._segment: Segment | None = None

    @property
    def _whole(self) -> int:
        return sum(frames for frames, _ in self._done)

    def begin(self, *, resume: bool) -> None:
        """Make the folder of parts, or read that of an earlier run."""
        parts = self._rendering.parts
        settings = json.loads(json.dumps(dict(self._rendering.settings)))
        if resume:
            try:
                index = json.loads((parts / _INDEX).read_text(encoding="utf-8"))
                done, known = [(int(frames), int(start)) for frames, start in index["segments"]], index["settings"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UsageError("--resume", f"nothing is left of {self._rendering.target}") from error
            if known != settings:
                changed = ", ".join(sorted(key for key in {*known, *settings} if known.get(key) != settings.get(key)))
                raise UsageError("--resume", f"{changed} differs from that of the frames that are done", "the same")
            there = [number for number in range(len(done)) if (parts / _SEGMENTS.format(number)).is_file()]
            self._done = done[: next((number for number, found in enumerate(there) if number != found), len(there))]
            if len(self._done) == len(done):
                self._steadiness.last = _read_last(parts / _LAST)
        else:
            shutil.rmtree(parts, ignore_errors=True)
            parts.mkdir()
            self._write_index()

    def run(self) -> tuple[int, tuple[str, ...]]:
        rendering = self._rendering
        try:
            done = self._render_frames()
        except (KeyboardInterrupt, CancelledError) as error:
            raise RenderingStopped(rendering.target, self._keep(), self._clip.frames) from error
        except VideoError as error:
            done = self._keep()
            if done:
                held = f"{error.found}; the {done} frames before are in {rendering.target}"
                raise VideoError(error.where, held, error.expected, error.remedy) from error
            raise
        if not done:
            raise VideoError(self._clip.path, "has no frame that can be decoded")
        missing = self._put_together(complete=True)
        shutil.rmtree(rendering.parts, ignore_errors=True)
        return done, missing

    def _render_frames(self) -> int:
        """Paint the frames that are not done; return how many there are then."""
        frames = read_frames(self._clip, start=self._whole)
        done = self._whole
        at_once = self._paint.at_once if self._clip.width * self._clip.height < ALONE_PX else 1
        with (
            ThreadPoolExecutor(1, "reader") as reader,
            ThreadPoolExecutor(at_once, "painter") as painters,
            ThreadPoolExecutor(1, "writer") as writer,
        ):
            following: Future[Frame | None] = reader.submit(next, frames, None)
            begun: deque[Future[None]] = deque()
            try:
                while (frame := following.result()) is not None:
                    self._progress(done, self._clip.frames)
                    following = reader.submit(next, frames, None)
                    painted = painters.submit(copy_context().run, self._paint.begin(frame.image))
                    begun.append(writer.submit(self._write, frame, painted))
                    if len(begun) > at_once:  # one is steadied and encoded while the next ones are painted
                        begun.popleft().result()
                    done += 1
            finally:
                for written in begun:
                    written.result()
                _finish(following)
        self._close_segment()
        self._progress(done, done)
        return done

    def _write(self, frame: Frame, painted: Future[np.ndarray]) -> None:
        """Steady the result of a frame and encode it."""
        steadied = dataclasses.replace(frame, image=self._steadiness(frame.image, painted.result()))
        if self._segment is None:
            height, width = steadied.image.shape[:2]
            clip = dataclasses.replace(self._clip, width=width, height=height)
            path = self._rendering.parts / _SEGMENTS.format(len(self._done))
            self._segment = Segment(path, clip, self._rendering.encoding)
        self._segment.write(steadied)
        if self._segment.frames >= SEGMENT_FRAMES:
            self._close_segment()

    def _close_segment(self) -> None:
        """Complete a segment, and write down all that is needed to go on after it."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        segment.close()
        self._done.append((segment.frames, segment.start or 0))
        if self._steadiness.last is not None:
            _write_last(self._rendering.parts / _LAST, self._steadiness.last)
        self._write_index()

    def _write_index(self) -> None:
        index = {"settings": dict(self._rendering.settings), "segments": self._done}
        replace_file(self._rendering.parts / _INDEX, json.dumps(index).encode())

    def _keep(self) -> int:
        """Put what is done together, so that it plays; return the number of its frames.

        A segment that is not full is in the target, but painted again when the rendering goes on: what the next frame
        takes over is known at the ends of full ones.
        """
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()
        more = segment.frames if segment is not None else 0
        done = self._whole + more
        if done:
            self._put_together(complete=False, more=segment if more else None)
        else:
            shutil.rmtree(self._rendering.parts, ignore_errors=True)
        if segment is not None:
            segment.discard()
        return done

    def _put_together(self, *, complete: bool, more: Segment | None = None) -> tuple[str, ...]:
        parts = self._rendering.parts
        segments = [(parts / _SEGMENTS.format(number), start) for number, (_, start) in enumerate(self._done)]
        if more is not None:
            segments.append((more.path, more.start or 0))
        rendering = self._rendering
        return put_together(self._clip, segments, rendering.target, complete=complete, stored=rendering.stored)


def _finish(future: Future[Any]) -> None:
    """Wait for a frame that nobody needs any more."""
    future.cancel() or future.exception()


def _write_last(path: Path, last: Last) -> None:
    data = io.BytesIO()
    np.savez(data, source=last.source, result=last.result)
    replace_file(path, data.getvalue())


def _read_last(path: Path) -> Last | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Last(arrays["source"], arrays["result"])
    except (OSError, ValueError, KeyError):
        return None  # the first frame then stands alone
