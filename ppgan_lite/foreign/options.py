"""The settings of a conversion that a file of another program cannot state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Padding = Literal["reflect", "zero", "reflect-everywhere"]
Statistics = Literal["picture", "training"]
Values = Literal["0..255", "0..1", "sigmoid", "imagenet", "-1..1"]
Norm = Literal["instance", "batch"]
Channels = Literal["rgb", "bgr"]


@dataclass(frozen=True)
class ConversionOptions:
    """Settings that a file of another program cannot state; None follows the program that it comes from.

    Attributes:
        padding: Of all convolutions that could have either, "reflect" or "zero"; those that downsample have zeros
            unless it is "reflect-everywhere", or the net is a painter.
        statistics: Batch norms normalize by the statistics of the "picture", as translation programs do when they are
            used, or by the running statistics of the "training".
        values: Range of the net's input and output: "0..255", "0..1", the same with a "sigmoid" at the end, colors
            normalized by the mean and deviation of "imagenet", or "-1..1" with a tanh at the end.
        norm: Whether norms with weights and statistics are "instance" norms of an old version, or "batch" norms.
        channels: The order of the colors, "rgb" or "bgr".
    """

    padding: Padding | None = None
    statistics: Statistics | None = None
    values: Values | None = None
    norm: Norm | None = None
    channels: Channels | None = None
