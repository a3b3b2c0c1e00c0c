"""A frame, and the facts of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

# As FFmpeg numbers them (AVColorSpace, AVColorTransferCharacteristic).
BT709, UNSPECIFIED, BT470BG, SMPTE170M, BT2020 = 1, 2, 5, 6, 9
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class Colors:
    """The color description of a video stream, in FFmpeg's numbers.

    Attributes:
        matrix: From RGB to luma and chroma (AVColorSpace).
        full_range: Whether luma runs from 0 to 255, not from 16 to 235.
        primaries: AVColorPrimaries.
        transfer: AVColorTransferCharacteristic.
    """

    matrix: int
    full_range: bool = False
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED

    @property
    def swscale_matrix(self) -> int:
        """The matrix by swscale's number: 6 is the same as 5, which it knows."""
        return BT470BG if self.matrix == SMPTE170M else self.matrix


@dataclass(frozen=True)
class Clip:
    """The facts of a clip.

    Attributes:
        path: Its file.
        width: In pixels, as it is shown: after rotation, with square pixels.
        height: Likewise.
        rate: Frames per second, on average.
        time_base: Seconds of a tick, in which frames tell their time.
        frames: How many there are about; None if nobody knows.
        turns: Quarter turns against the clock that make a stored frame upright.
        colors: Of its frames, after tone mapping if they are HDR.
        hdr: Name of the transfer, "PQ" or "HLG"; None for SDR.
        streams: What else is in the file: "audio", "subtitle", "data" ..., in order.
        container: Name of its format, as FFmpeg has it.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    time_base: Fraction
    frames: int | None
    turns: int = 0
    colors: Colors = Colors(BT709)
    hdr: str | None = None
    streams: tuple[str, ...] = ()
    container: str = ""


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a clip.

    Attributes:
        image: uint8 H x W x 3 RGB, upright.
        time: When it is shown, in ticks of the clip's time base.
        duration: For how long, likewise; 0 if nobody says.
    """

    image: np.ndarray
    time: int
    duration: int = 0
