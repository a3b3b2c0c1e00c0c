"""LapStyle's files lack the painting that they were trained on: its statistics, put into the checkpoint for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ppgan_lite.checkpoint import Header, NetSpec, build_net
from ppgan_lite.errors import UsageError
from ppgan_lite.images import resize

_LEAST_PX = 16  # four halvings


def with_painting(
    header: Header, tensors: Mapping[str, np.ndarray], painting: np.ndarray
) -> tuple[Header, dict[str, np.ndarray]]:
    """Return a checkpoint whose painters paint in the style of one painting and take a photo alone. Needs Paddle.

    Args:
        header: With a LapStyleNet that takes a painting with each call.
        tensors: From `open_checkpoint`.
        painting: uint8 H x W x 3 RGB.

    Raises:
        UsageError: No net of the checkpoint takes a painting.
        CheckpointError: The tensors do not fit the nets.
    """
    import paddle

    free = {
        name: spec
        for name, spec in header.predictors.items()
        if "style" in spec.inputs and header.nets[spec.net].kind == "LapStyleNet"
    }
    if not free:
        raise UsageError("--painting", f"no net of {header.source} takes a painting")
    nets, predictors, found = dict(header.nets), dict(header.predictors), dict(tensors)
    for name, spec in free.items():
        net = build_net(spec.net, header, tensors)
        height, width = painting.shape[:2]
        scale = float(spec.settings.get("style_px", min(height, width))) / min(height, width)
        small = resize(painting, max(round(width * scale), _LEAST_PX), max(round(height * scale), _LEAST_PX))
        values = paddle.to_tensor(small.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        with paddle.no_grad():
            statistics = net.style_statistics(values)
        for layer, pair in statistics.items():
            for part, value in zip(("mean", "spread"), pair, strict=True):
                found[f"net/{spec.net}/{layer}_{part}"] = value.numpy()
        nets[spec.net] = NetSpec(nets[spec.net].kind, {**net.arguments, "own_style": True})
        predictors[name] = replace(spec, inputs=tuple(name for name in spec.inputs if name != "style"))
    about = {key: value for key, value in header.about.items() if key != "notes"}
    return replace(header, nets=nets, predictors=predictors, about=about), found
