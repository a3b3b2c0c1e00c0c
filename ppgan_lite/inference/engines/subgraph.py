"""The parts of nets that an engine executes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from paddle import nn

    from ppgan_lite.inference.onnx.templates import FilledTemplate

# Of an input, in NCHW; None is any size.
Shape = tuple[int | None, ...]

# Pictures that are painted at a time, each in all threads: one has files and arrays to do while the other has its net.
AT_ONCE = 2
ALONE_PX = 2_500_000  # pictures of as many pixels are painted one after the other: each keeps all cores busy


class Subgraph(NamedTuple):
    """A part of a net, arrays in and arrays out, with nothing but layers in between.

    Attributes:
        name: Of the part, "net" for a whole one.
        key: Identifies the numbers of the net: the same key, the same outputs.
        inputs: The shape of each input.
        build: Makes the layer, in evaluation mode: as many tensors in as there are inputs, one tensor or a tuple of
            them out. Needs Paddle; not called where there is a template, or a graph in the cache.
        template: Makes the graph of the subgraph without Paddle; None where there is none for its architecture.
        convolve_before_upsampling: Whether the graph may do convolutions that follow an upsampling at the smaller size,
            which is faster and rounds a little more in bfloat16; see `inference.onnx.upsampling`.
        in_tiles: Whether several threads run it, each on tiles of one picture.
        at_once: Whether several threads may run it, each for a picture of its own, on all cores; else they take turns.
    """

    name: str
    key: str
    inputs: tuple[Shape, ...]
    build: Callable[[], nn.Layer]
    template: FilledTemplate | None = None
    convolve_before_upsampling: bool = True
    in_tiles: bool = False
    at_once: bool = False
