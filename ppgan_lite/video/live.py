"""A camera, painted while it films."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ppgan_lite.errors import UsageError
from ppgan_lite.inference.arrays import resized
from ppgan_lite.video.camera import Camera
from ppgan_lite.video.frames import Clip, Frame
from ppgan_lite.video.steadiness import Steadiness
from ppgan_lite.video.writing import Encoding, Segment

_SECONDS = 2.0  # over which the rate is measured
_TICKS = 1000  # of a second, in a recording


@dataclass(frozen=True, eq=False)
class Painted:
    """A frame on its way to the screen.

    Attributes:
        image: uint8 H x W x 3 RGB.
        rate: Frames per second, of the last two seconds.
        dropped: Frames that the camera has made and nobody painted, since the beginning.
        recorded: Frames in the recording; 0 without one.
    """

    image: np.ndarray
    rate: float
    dropped: int
    recorded: int = 0


class Live:
    """Paints the newest frame of a camera, again and again, until it is stopped.

    Attributes:
        mirrored: Whether frames are shown as in a mirror; may be changed at any time.

    Args:
        camera: Makes them; closed at the end.
        paint: A frame, uint8 H x W x 3, to its painting.
        size_px: Short side of the frames that are painted; smaller ones stay as they are.
        mirrored: As above.
        steady: See `Steadiness`.
        record: The `.mp4` to record to; None for none.
    """

    def __init__(
        self,
        camera: Camera,
        paint: Callable[[np.ndarray], np.ndarray],
        *,
        size_px: int,
        mirrored: bool = True,
        steady: float = 0.0,
        record: Path | None = None,
    ) -> None:
        self.mirrored = mirrored
        self._camera = camera
        self._paint = paint
        self._size_px = size_px
        self._steadiness = Steadiness(steady)
        self._record = record
        self._stopped = False

    def stop(self) -> None:
        """End `run` after the frame that is being painted."""
        self._stopped = True

    def close(self) -> None:
        """Let go of the camera, if `run` has not."""
        self._camera.close()

    def run(self, show: Callable[[Painted], None]) -> None:
        """Paint until the camera ends or `stop` is called; a recording is complete then.

        Args:
            show: Called with each frame; should return at once.

        Raises:
            VideoError: The recording cannot be written.
        """
        times: deque[float] = deque()
        segment: Segment | None = None
        began = time.monotonic()
        try:
            while not self._stopped and (frame := self._camera.newest()) is not None:
                image = fitted(frame, self._size_px, mirrored=self.mirrored)
                taken = time.monotonic()
                result = self._steadiness(image, self._paint(image))
                if self._record is not None:
                    segment = segment or _recording(self._record, result)
                    segment.write(Frame(result, round((taken - began) * _TICKS)))
                now = time.monotonic()
                times.append(now)
                while now - times[0] > _SECONDS:
                    times.popleft()
                rate = (len(times) - 1) / (now - times[0]) if len(times) > 1 else 0.0
                show(Painted(result, rate, self._camera.dropped, segment.frames if segment else 0))
        finally:
            self._camera.close()
            if segment is not None:
                segment.close()


def check_recording(path: Path, *, overwrite: bool) -> None:
    """Refuse a file that cannot be recorded to, before anything is.

    Raises:
        UsageError: It is there already, its folder is not, or its format is none.
        MissingDependencyError: PyAV is not installed.
    """
    from ppgan_lite.video.reading import require_av

    require_av()
    if path.suffix.lower() != ".mp4":
        raise UsageError(path, f"cannot become a {path.suffix or 'file without a suffix'}", ".mp4")
    if path.exists() and not overwrite:
        raise UsageError(path, "is there already", remedy="Use --overwrite to replace it")
    if not path.parent.is_dir():
        raise UsageError(path.parent, "there is no such folder")


def fitted(frame: np.ndarray, short_px: int, *, mirrored: bool) -> np.ndarray:
    """Return a frame of at most a size and with even sides, which encoders need, mirrored if asked for."""
    height, width = frame.shape[:2]
    scale = min(short_px / min(height, width), 1.0)
    rows, columns = (max(round(side * scale) // 2 * 2, 16) for side in (height, width))
    small = resized(frame, rows, columns)
    return np.ascontiguousarray(small[:, ::-1] if mirrored else small)


def _recording(path: Path, first: np.ndarray) -> Segment:
    height, width = first.shape[:2]
    clip = Clip(path, width, height, rate=Fraction(30), time_base=Fraction(1, _TICKS), frames=None)
    return Segment(path, clip, Encoding())
