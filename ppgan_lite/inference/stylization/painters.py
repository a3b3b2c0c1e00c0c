"""The table of nets that paint: for each the subgraphs that engines execute, and the drafter that is made of them.

A painter is described by its checkpoint alone; its net is built only where a subgraph has neither a template nor a
graph in the cache. A new painter costs a `PainterKind` in `PAINTERS`, beside its net and, if none of `drafting.py`
serves, its drafter.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ppgan_lite.checkpoint import Header, NetSpec, build_net
from ppgan_lite.errors import CheckpointError
from ppgan_lite.inference.engines.engine import Execute
from ppgan_lite.inference.engines.sample import REFERENCE_PX
from ppgan_lite.inference.engines.subgraph import Shape, Subgraph
from ppgan_lite.inference.onnx.templates import FilledTemplate, find_template
from ppgan_lite.inference.stylization.drafting import Drafter, LapStyleDrafter, TransformDrafter
from ppgan_lite.nets.adain import ALIGNED_LAYERS
from ppgan_lite.nets.painter_interface import IMAGE, REVISION_HALO, StyleArrays

if TYPE_CHECKING:
    from paddle import nn

_PICTURE: Shape = (1, 3, None, None)
_MAP: Shape = (1, 1, None, None)

REFERENCE = "reference"  # tensor of a checkpoint; see `PainterSpec.reference`


class _LazyNet(NamedTuple):
    """A net of a checkpoint, which is built when a subgraph of it is, unless there is a template of its graph.

    Attributes:
        spec: Its kind and arguments.
        key: Identifies its numbers.
        build: Returns it, the same one always.
        tensor: Name of a tensor -> its numbers, before the net is built.
    """

    spec: NetSpec
    key: str
    build: Callable[[], Any]
    tensor: Callable[[str], np.ndarray]

    def width(self, bias: str) -> int:
        """Return the channels of a layer, by the name of its bias."""
        return len(self.tensor(bias))

    def subgraph(
        self, name: str, inputs: tuple[Shape, ...], part: Callable[[Any], nn.Layer], **options: bool
    ) -> Subgraph:
        template = find_template(self.spec.kind, self.spec.arguments, name)
        filled = None if template is None else FilledTemplate(template, self.tensor)
        return Subgraph(name, self.key, inputs, lambda: part(self.build()), template=filled, **options)


class PainterKind(NamedTuple):
    """A class of nets that paint.

    Attributes:
        draft: Names of the subgraphs of its draft.
        subgraphs: Makes them.
        drafter: Makes the drafter of the functions that execute them, by name.
        own_parts: Constructor arguments -> the parts of the net's own style, none if it takes any.
        own_buffers: Suffixes of the buffers that hold each of these.
    """

    draft: tuple[str, ...]
    subgraphs: Callable[[_LazyNet], Iterable[Subgraph]]
    drafter: Callable[[Mapping[str, Execute]], Drafter]
    own_parts: Callable[[Mapping[str, Any]], tuple[str, ...]] = lambda arguments: ()
    own_buffers: tuple[str, str] = ("mean", "std")


def _lapstyle(net: _LazyNet) -> Iterable[Subgraph]:
    def encode(net: Any) -> nn.Layer:
        from ppgan_lite.nets.lapstyle import EncodeSubgraph

        return EncodeSubgraph(net.encoder)

    def decode(net: Any) -> nn.Layer:
        from ppgan_lite.nets.lapstyle import DecodeSubgraph

        return DecodeSubgraph(net.decoder)

    features: list[Shape] = [(1, net.width(f"encoder.conv{stage}_1.bias"), None, None) for stage in (2, 3, 4)]
    yield net.subgraph("encode", (_PICTURE,), encode)
    # At a draft's size little is gained by convolving before the upsampling, and some precision lost in bfloat16.
    yield net.subgraph("decode", (_PICTURE, *features), decode, convolve_before_upsampling=False)


def _transform(net: Any) -> nn.Layer:
    from ppgan_lite.nets.style_transfer import TransformSubgraph

    return TransformSubgraph(net.transform)


def _style_transfer(net: _LazyNet) -> Iterable[Subgraph]:
    yield net.subgraph("transform", (_PICTURE, (1, 1), _MAP), _transform)


def _any_style(net: _LazyNet) -> Iterable[Subgraph]:
    norms: Shape = (1, net.width("predictor.to_norms.bias") // 2)
    yield net.subgraph("predict", (_PICTURE,), lambda net: net.predictor)
    yield net.subgraph("transform", (_PICTURE, (1, 1), _MAP, norms, norms), _transform)


# Class of nets in `nets.NETS` -> how it paints.
PAINTERS = {
    "LapStyleNet": PainterKind(
        ("encode", "decode"),
        _lapstyle,
        lambda run: LapStyleDrafter(run["encode"], run["decode"]),
        own_parts=lambda arguments: ALIGNED_LAYERS if arguments.get("own_style") else (),
    ),
    "StyleTransferNet": PainterKind(
        ("transform",),
        _style_transfer,
        lambda run: TransformDrafter(run["transform"], None),
        own_parts=lambda arguments: (IMAGE,),
        own_buffers=("mean", "covariance"),
    ),
    "AnyStyleNet": PainterKind(
        ("transform", "predict"), _any_style, lambda run: TransformDrafter(run["transform"], run["predict"])
    ),
}


# Nets that paint at the photo's own size, without a draft; see `full_size`.
FULL_SIZE = ("ResnetGenerator",)


class PainterSpec(NamedTuple):
    """The facts of a net that paints which a `Stylizer` needs.

    Attributes:
        draft: Names of the subgraphs of its draft, the costliest first.
        drafter: Makes the drafter of the functions that execute these, by name.
        revisions: The number of its revision nets.
        halo: Receptive field of a revision net to each side, in pixels.
        style: The one style that it was made for; None if it takes any.
        reference: The sample as eager Paddle paints it, uint8 `REFERENCE_PX` x `REFERENCE_PX` x 3 RGB, by which engines
            are compared with Paddle without running it; None if the checkpoint has none.
    """

    draft: tuple[str, ...]
    drafter: Callable[[Mapping[str, Execute]], Drafter]
    revisions: int
    halo: int
    style: StyleArrays | None
    reference: np.ndarray | None = None


def read_painter(header: Header, net: str, tensors: Mapping[str, np.ndarray]) -> PainterSpec:
    """Read the facts of a checkpoint's net, without building it.

    Raises:
        CheckpointError: It is no net that paints, or lacks a tensor.
    """
    spec = header.nets[net]
    if spec.kind not in PAINTERS:
        where = header.source or "checkpoint"
        raise CheckpointError(where, f"its predictor stylizes with a {spec.kind}", f"one of {', '.join(PAINTERS)}")
    kind = PAINTERS[spec.kind]
    tensor = functools.partial(_tensor, header, net, tensors)
    style = {
        part: (_without_batch(tensor(f"{part}_{a}")), _without_batch(tensor(f"{part}_{b}")))
        for part in kind.own_parts(spec.arguments)
        for a, b in [kind.own_buffers]
    }
    revisions, reference = _revisions(net, tensors), _reference(tensors)
    return PainterSpec(kind.draft, kind.drafter, revisions, REVISION_HALO, style or None, reference)


def painter_subgraphs(header: Header, net: str, tensors: Mapping[str, np.ndarray], key: str) -> dict[str, Subgraph]:
    """Return the parts of a checkpoint's net that a `Stylizer` needs: those of the draft, and "revise0" and on.

    Args:
        header: Names the net's kind and arguments.
        net: Its name there.
        tensors: Its numbers.
        key: Identifies these.
    """
    lazy_net = _LazyNet(
        header.nets[net],
        key,
        functools.cache(lambda: build_net(net, header, tensors)),
        functools.partial(_tensor, header, net, tensors),
    )
    # Of two photos one has work for NumPy and its files while the other one's draft is computed.
    subgraphs = [found._replace(at_once=True) for found in PAINTERS[lazy_net.spec.kind].subgraphs(lazy_net)]
    for level in range(_revisions(net, tensors)):
        revision = functools.partial(lambda level, net: net.revisions[level], level)
        subgraphs.append(lazy_net.subgraph(f"revise{level}", (_PICTURE, _PICTURE), revision, in_tiles=True))
    return {subgraph.name: subgraph for subgraph in subgraphs}


def _tensor(header: Header, net: str, tensors: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return a tensor of a net; where it is missing, building the net raises an error that names it."""
    key = f"net/{net}/{name}"
    if key not in tensors:
        build_net(net, header, tensors)
    return tensors[key]


def _reference(tensors: Mapping[str, np.ndarray]) -> np.ndarray | None:
    found = tensors.get(REFERENCE)
    fits = found is not None and found.dtype == np.uint8 and found.shape == (REFERENCE_PX, REFERENCE_PX, 3)
    return found if fits else None


def _revisions(net: str, tensors: Mapping[str, np.ndarray]) -> int:
    """Return the number of revision nets of a net."""
    prefix = f"net/{net}/revisions."
    return len({key.removeprefix(prefix).partition(".")[0] for key in tensors if key.startswith(prefix)})


def _without_batch(buffer: np.ndarray) -> np.ndarray:
    """Take batch, height and width off a net's buffer: 1 x C x 1 x 1 -> C, 1 x C x C -> C x C."""
    return buffer.reshape(-1) if buffer.ndim == 4 else buffer.squeeze()
