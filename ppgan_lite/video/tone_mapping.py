"""HDR to SDR, by FFmpeg's scaler: painters have learned from pictures of SDR."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.errors import VideoError
from ppgan_lite.video.frames import BT709, BT2020, Colors

SDR = Colors(BT709, False, BT709, BT709)
_TRANSFERS = {"PQ": "smpte2084", "HLG": "arib-std-b67"}
# Highlights are compressed, not clipped.
_MAPPED = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:intent=perceptual"


class ToneMap:
    """Frames of a clip of HDR to RGB of SDR, on any thread.

    Args:
        av: PyAV.
        path: Of the clip, for messages.
        transfer: "PQ" or "HLG".
    """

    def __init__(self, av: Any, path: Path, transfer: str) -> None:
        self._av = av
        self._path = path
        self._name = transfer
        self._lock = threading.Lock()
        self._graph: Any = None
        self._made_for: tuple[Any, ...] = ()

    def check(self, frame: Any) -> None:
        """Refuse a clip that cannot be mapped.

        Raises:
            VideoError: Its colors are others than those of BT.2020, or FFmpeg is older than 7.1.
        """
        with self._as_video_errors():
            self._make_graph(frame, frame.width, frame.height)

    def __call__(self, frame: Any, width: int, height: int) -> np.ndarray:
        """Return a frame, uint8 height x width x 3 RGB; the first one takes some seconds, in which tables are made.

        Raises:
            VideoError: As `check`.
        """
        made_for = frame.width, frame.height, frame.format.name, int(frame.color_range), width, height
        with self._lock, self._as_video_errors():
            if self._made_for != made_for:
                self._graph, self._made_for = self._make_graph(frame, width, height), made_for
            self._graph.push(frame)
            return self._graph.pull().to_ndarray()

    @contextlib.contextmanager
    def _as_video_errors(self) -> Iterator[None]:
        try:
            yield
        except (self._av.FFmpegError, ValueError, OSError) as error:
            remedy = "Convert it first, for instance with a player's export or FFmpeg's tonemap filter"
            raise VideoError(self._path, f"is HDR ({self._name})", "colors of SDR", remedy) from error

    def _make_graph(self, frame: Any, width: int, height: int) -> Any:
        if int(frame.colorspace) != BT2020:
            raise ValueError("another matrix")
        color_range = "pc" if int(frame.color_range) == 2 else "tv"
        graph = self._av.filter.Graph()
        source = (
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000"
            f":colorspace=bt2020nc:range={color_range}"
        )
        colors = f"in_transfer={_TRANSFERS[self._name]}:in_primaries=bt2020:in_color_matrix=bt2020nc:{_MAPPED}"
        chain = [
            graph.add("buffer", source),
            graph.add("scale", f"w={width}:h={height}:{colors}"),
            graph.add("format", "rgb24"),
            graph.add("buffersink"),
        ]
        for before, after in itertools.pairwise(chain):
            before.link_to(after)
        graph.configure()
        return graph
