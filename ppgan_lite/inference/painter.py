"""The nets that paint: what there is to know of one before it is built, and its parts for engines."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ppgan_lite.checkpoint import Header, NetSpec, build_net
from ppgan_lite.errors import CheckpointError
from ppgan_lite.inference.drafting import AligningDrafter, Drafter, Run, TransformDrafter
from ppgan_lite.inference.engines.subgraph import Shape, Subgraph
from ppgan_lite.nets.alignment import IMAGE, Alignment, Style, aligned_parts
from ppgan_lite.nets.lapstyle_sizes import PUBLISHED_CHANNELS, REVISION_HALO

if TYPE_CHECKING:
    from paddle import nn

LAPSTYLE, STYLE_TRANSFER, ANY_STYLE = "LapStyleNet", "StyleTransferNet", "AnyStyleNet"
# Net that paints -> the subgraphs of its draft.
DRAFT = {LAPSTYLE: ("encode", "decode"), STYLE_TRANSFER: ("transform",), ANY_STYLE: ("transform", "predict")}


@dataclass(frozen=True)
class Painter:
    """What a `Stylizer` must know of a net that paints.

    Attributes:
        kind: Its name in the model zoo.
        alignment: Of a `LapStyleNet`: how it is given a style.
        revisions: How many revision nets it has.
        halo: How far a revision net sees, in pixels.
        style: The one style that it was made for; None if it takes any.
    """

    kind: str
    alignment: Alignment | None
    revisions: int
    halo: int
    style: Style | None


def painter_of(header: Header, net: str, tensors: Mapping[str, np.ndarray]) -> Painter:
    """Return what a checkpoint's net is, without building it.

    Raises:
        CheckpointError: It is no net that paints.
    """
    spec = header.nets[net]
    if spec.kind not in DRAFT:
        where = header.source or "checkpoint"
        raise CheckpointError(where, f"its predictor stylizes with a {spec.kind}", f"one of {', '.join(DRAFT)}")
    alignment: Alignment | None = None
    own_parts: tuple[str, ...] = ()
    if spec.kind == LAPSTYLE:
        alignment = spec.arguments.get("alignment", "adain")
        own_parts = aligned_parts(alignment) if spec.arguments.get("own_style", False) else ()
    elif spec.kind == STYLE_TRANSFER:
        own_parts = (IMAGE,)
    keys = {part: f"net/{net}/{part}" for part in own_parts}
    if any(f"{key}_{what}" not in tensors for key in keys.values() for what in ("mean", "spread")):
        build_net(net, header, tensors)  # says what is missing
    style = {part: _statistic(tensors[f"{key}_mean"], tensors[f"{key}_spread"]) for part, key in keys.items()}
    return Painter(spec.kind, alignment, _revisions(spec), REVISION_HALO, style or None)


def _revisions(spec: NetSpec) -> int:
    """Return how many revision nets a net has."""
    return spec.arguments.get("revisions", 2 if spec.kind == LAPSTYLE else 1)


def _statistic(mean: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take the batch off a net's buffers: mean 1 x C x 1 x 1, spread 1 x C x 1 x 1 or 1 x C x C."""
    channels = mean.size
    return mean.reshape(channels), spread.reshape((channels,) if spread.size == channels else (channels, channels))


def painter_subgraphs(header: Header, net: str, tensors: Mapping[str, np.ndarray], key: str) -> dict[str, Subgraph]:
    """Return the parts of a checkpoint's net that a `Stylizer` needs: those of the draft, and "revise0" and on.

    Args:
        header: Names the net's kind and arguments.
        net: Its name there.
        tensors: Its numbers.
        key: What these are known by.
    """

    @functools.cache
    def built() -> nn.Layer:
        return build_net(net, header, tensors)

    def encode() -> nn.Layer:
        from ppgan_lite.nets.lapstyle import EncodeSubgraph

        return EncodeSubgraph(built().encoder)

    def decode() -> nn.Layer:
        from ppgan_lite.nets.lapstyle import DecodeSubgraph

        return DecodeSubgraph(built().decoder)

    spec = header.nets[net]
    picture: Shape = (1, 3, None, None)
    if spec.kind == STYLE_TRANSFER:
        subgraphs = {"transform": Subgraph("transform", key, (picture, (1, 1)), lambda: built().transform)}
    elif spec.kind == ANY_STYLE:
        norms: Shape = (1, len(tensors[f"net/{net}/predictor.to_norms.bias"]) // 2)
        subgraphs = {
            "predict": Subgraph("predict", key, (picture,), lambda: built().predictor),
            "transform": Subgraph("transform", key, (picture, (1, 1), norms, norms), lambda: built().transform),
        }
    else:
        widths = spec.arguments.get("encoder_channels", PUBLISHED_CHANNELS)
        features = tuple((1, width, None, None) for width in widths[1:4])
        subgraphs = {
            "encode": Subgraph("encode", key, (picture,), encode),
            # The decoder's output is aligned and painted over, so rounding grows: with convolutions done before
            # the upsampling, 1.2 instead of 1.0 of 1000 values of the painter of any picture are further off than 6/255
            # in bfloat16. At a draft's size little is won.
            "decode": Subgraph("decode", key, (picture, *features), decode, convolve_before_upsampling=False),
        }
    for level in range(_revisions(spec)):
        name = f"revise{level}"
        subgraphs[name] = Subgraph(
            name, key, (picture, picture), functools.partial(lambda level: built().revisions[level], level)
        )
    return subgraphs


def drafter_of(painter: Painter, run: Mapping[str, Run], coats: int) -> Drafter:
    """Return what drafts.

    Args:
        painter: The net.
        run: Executes the subgraphs that `DRAFT` names.
        coats: How often to paint.
    """
    if painter.alignment is None:
        return TransformDrafter(run["transform"], run.get("predict"), coats)
    return AligningDrafter(run["encode"], run["decode"], painter.alignment, coats)
