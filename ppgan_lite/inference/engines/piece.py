"""Pieces: the parts of nets that an engine executes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from paddle import nn

# Of an input, in NCHW; None is any size.
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Piece:
    """A part of a net with arrays in and arrays out.

    Attributes:
        name: Of the part, "net" for a whole one.
        key: What the numbers of the net are known by: the same key, the same outputs.
        inputs: The shape of each input.
        build: Makes the layer, in evaluation mode: as many tensors in as there are inputs, one tensor or a tuple of
            them out. Needs Paddle; not called where a graph of the piece is in the cache.
    """

    name: str
    key: str
    inputs: tuple[Shape, ...]
    build: Callable[[], nn.Layer]


class Engine(Protocol):
    """What executes a piece.

    Attributes:
        name: "paddle", "openvino" or "onnxruntime".
        device: What computes: "cpu", "gpu:0".
        precision: "float32" or "bfloat16": how it computes inside; arrays are float32.
    """

    name: str
    device: str
    precision: str

    def load(self, piece: Piece) -> None:
        """Make ready to run a piece.

        Raises:
            EngineError: This engine cannot execute it.
        """

    def load_kept(self, piece: Piece) -> bool:
        """Make ready from the cache alone, on any thread; False if it has not all that this takes."""

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Execute the piece on float32 arrays of its shapes; may be called from one thread at a time."""

    def close(self) -> None:
        """Give back the memory; the engine cannot run any more."""
