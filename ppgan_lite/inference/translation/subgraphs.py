"""The subgraphs of a net that translates or restores: the whole net, and each of its stages."""

from __future__ import annotations

import functools

from paddle import nn

from ppgan_lite.inference.engines.subgraph import Shape, Subgraph
from ppgan_lite.nets.stages import Stages, layer_of

WHOLE = "whole"  # the name of the only subgraph of a whole net


def whole_subgraph(net: nn.Layer, key: str) -> dict[str, Subgraph]:
    """Return a net as one subgraph.

    Args:
        net: With `halo` and `multiple`, from pictures of `arguments["in_channels"]` to pictures.
        key: Identifies the net's numbers.
    """
    return {WHOLE: Subgraph("net", key, ((1, net.arguments["in_channels"], None, None),), lambda: net)}


def stage_subgraphs(net: nn.Layer, stages: Stages, key: str) -> dict[str, Subgraph]:
    """Return a subgraph for each stage of a net, by the stages' names."""
    subgraphs = {}
    for stage in stages.all:
        channels = sum(stage.reads.values())
        shapes: list[Shape] = [(1, channels, None, None)]
        if stage.extra is not None:
            shapes.append((1, 1 if stage.extra == "photo_size" else channels, None, None))
        if stage.norms:
            shapes.append((2, sum(stage.norms.values())))
        name = f"stage {stage.name}, {len(shapes)} inputs"
        subgraphs[stage.name] = Subgraph(name, key, tuple(shapes), functools.partial(layer_of, net, stage))
    return subgraphs
