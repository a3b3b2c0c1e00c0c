"""The picture that eager Paddle paints of the sample photo, stored in a painter's checkpoint.

By it engines are compared with Paddle where Paddle is not installed, and sooner where it is.
"""

from __future__ import annotations

from pathlib import Path

from ppgan_lite.checkpoint import read_checkpoint, write_checkpoint
from ppgan_lite.inference.engines.paddle import PaddleEngine
from ppgan_lite.inference.stylization.painters import REFERENCE, painter_subgraphs, read_painter
from ppgan_lite.inference.stylization.stylizer import sample_painting


def add_reference(path: Path) -> None:
    """Paint the sample photo by eager Paddle on the CPU, and store it in the checkpoint that paints it.

    Args:
        path: A checkpoint with one predictor, which paints; tensors are stored in half precision.

    Raises:
        CheckpointError: It is damaged, or cannot be written.
    """
    header, tensors = read_checkpoint(path)
    (spec,) = header.predictors.values()
    engines = {}
    for name, subgraph in painter_subgraphs(header, spec.net, tensors, key="reference").items():
        engines[name] = PaddleEngine()
        engines[name].load(subgraph)
    picture = sample_painting(engines, spec, read_painter(header, spec.net, tensors))
    write_checkpoint(path, header, {**tensors, REFERENCE: picture}, half=True)
