"""The net that learning starts from: the painter of any picture, told the painting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import paddle

from ppgan_lite.checkpoint import Header, build_net, load_net, net_spec, net_tensors, read_checkpoint, write_checkpoint
from ppgan_lite.images import short_side_to
from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.nets.painter_interface import IMAGE, NORMS
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.recipes.painter import painter_spec
from ppgan_lite.styles import any_painting

_NET = "painter"
_ARGUMENTS = ("channels", "blocks", "revision_channels", "revisions")  # that both nets have


def write_start(painting: np.ndarray, path: Path) -> None:
    """Write a painter of one style that paints as the one of any picture does where it is told this painting.

    Args:
        painting: uint8 height x width x 3, RGB.
        path: The checkpoint to write; its folder exists.

    Raises:
        CheckpointError: It cannot be written.
    """
    header, tensors = read_checkpoint(any_painting())
    told: AnyStyleNet = build_net(_NET, header, tensors)
    small = short_side_to(painting, header.predictors[_NET].settings["style_px"])
    with paddle.no_grad():
        style = told.style_statistics(paddle.to_tensor(small.transpose(2, 0, 1)[None].astype(np.float32) / 255))
    net = StyleTransferNet(**{name: told.arguments[name] for name in _ARGUMENTS})
    net.update_own_style({IMAGE: style[IMAGE]})
    own = net_tensors(_NET, net)
    load_net(net, _NET, {name: tensors.get(name, tensor) for name, tensor in own.items()}, where=str(path))
    net.transform.absorb(*style[NORMS])
    spec = painter_spec(net, draft_px=header.predictors[_NET].settings["draft_px"])
    write_checkpoint(path, Header({_NET: net_spec(net)}, {_NET: spec}), net_tensors(_NET, net))
