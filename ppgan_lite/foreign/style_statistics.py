"""Add the statistics of a painting to LapStyle's files, which lack the painting that they were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ppgan_lite.checkpoint import Header, NetSpec, build_net
from ppgan_lite.errors import UsageError
from ppgan_lite.images import resize

_MIN_SIDE_PX = 16  # downsampled four times


def with_style_statistics(
    header: Header, tensors: Mapping[str, np.ndarray], painting: np.ndarray
) -> tuple[Header, dict[str, np.ndarray]]:
    """Return a checkpoint whose LapStyle nets store the statistics of a painting and take a photo alone. Needs Paddle.

    Args:
        header: With a LapStyleNet that takes a painting with each call.
        tensors: From `open_checkpoint`.
        painting: uint8 H x W x 3 RGB.

    Raises:
        UsageError: No net of the checkpoint takes a painting.
        CheckpointError: The tensors do not fit the nets.
    """
    import paddle

    painters = {
        name: spec
        for name, spec in header.predictors.items()
        if "style" in spec.inputs and header.nets[spec.net].kind == "LapStyleNet"
    }
    if not painters:
        raise UsageError("--painting", f"no net of {header.source} takes a painting")
    nets, predictors, complete = dict(header.nets), dict(header.predictors), dict(tensors)
    for name, spec in painters.items():
        net = build_net(spec.net, header, tensors)
        height, width = painting.shape[:2]
        scale = float(spec.settings.get("style_px", min(height, width))) / min(height, width)
        small = resize(painting, max(round(width * scale), _MIN_SIDE_PX), max(round(height * scale), _MIN_SIDE_PX))
        values = paddle.to_tensor(small.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        with paddle.no_grad():
            statistics = net.style_statistics(values)
        for layer, pair in statistics.items():
            for part, value in zip(("mean", "std"), pair, strict=True):
                complete[f"net/{spec.net}/{layer}_{part}"] = value.numpy()
        nets[spec.net] = NetSpec(nets[spec.net].kind, {**net.arguments, "own_style": True})
        predictors[name] = replace(spec, inputs=tuple(name for name in spec.inputs if name != "style"))
    about = {key: value for key, value in header.about.items() if key != "notes"}
    return replace(header, nets=nets, predictors=predictors, about=about), complete
