"""Weights between files and nets: `.ppgan`, and safetensors with the same names of tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ppgan_lite.aliases import current_tensor
from ppgan_lite.checkpoint import SUFFIX, read_checkpoint, read_header
from ppgan_lite.errors import CheckpointError
from ppgan_lite.safetensors_files import read_front, read_tensors, replace_file
from ppgan_lite.styles import shipped

PREFIX = "net/painter/"


def read_painter(source: str, folder: Path = Path()) -> dict[str, np.ndarray]:
    """Return the tensors of a painter without their prefix, in float32.

    Args:
        source: The name of a style that ships, a .ppgan or a .safetensors file.
        folder: Where a relative path begins.

    Raises:
        CheckpointError: The file cannot be read or holds no painter.
    """
    path = shipped(source) or folder / source
    stored = read_checkpoint(path)[1] if path.suffix == SUFFIX else read_tensors(path)
    named = {current_tensor(name): array for name, array in stored.items()}
    found = {name.removeprefix(PREFIX): array for name, array in named.items() if name.startswith(PREFIX)}
    if not found:
        raise CheckpointError(path, "holds no painter", f"tensors named {PREFIX}...")
    return {name: array.astype(np.float32) for name, array in found.items()}


def read_history(source: str, folder: Path = Path()) -> list[dict[str, Any]]:
    """Return the records of the trainings that made a painter, the first one first; none if its file has none.

    Args:
        source: As in `read_painter`.
        folder: As in `read_painter`.
    """
    path = shipped(source) or folder / source
    if path.suffix == SUFFIX:
        return read_header(path).training.get("history", [])
    return json.loads(read_front(path)[0].get("history", "[]"))


def load(net: nn.Module, arrays: Mapping[str, np.ndarray], *, where: object) -> None:
    """Load a painter's tensors into a net; revision nets that the file lacks keep their fresh weights.

    Raises:
        CheckpointError: Tensors are missing, left over or of another shape.
    """
    own = net.state_dict()
    fresh = {name for name in own if name.startswith("revisions.") and name not in arrays}
    faults = [f"{name} is missing" for name in own if name not in arrays and name not in fresh]
    faults += [f"{name} is not part of it" for name in arrays if name not in own]
    given = {name: _turned(name, torch.from_numpy(np.array(arrays[name]))) for name in own if name in arrays}
    faults += [f"{name} has another shape" for name, tensor in given.items() if tensor.shape != own[name].shape]
    if faults:
        raise CheckpointError(where, f"its weights do not fit {type(net).__name__}: {'; '.join(faults[:3])}")
    net.load_state_dict(own | given)


def save(net: nn.Module, path: Path, metadata: Mapping[str, str]) -> None:
    """Write a painter in half precision with our names of tensors, whole or not at all."""
    from safetensors.torch import save as as_bytes

    tensors = {
        PREFIX + name: _turned(name, tensor.detach()).half().cpu().contiguous()
        for name, tensor in net.state_dict().items()
    }
    replace_file(path, as_bytes(tensors, dict(metadata)))


def _turned(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Paddle keeps the weights of a linear layer as inputs x outputs, PyTorch as outputs x inputs."""
    return tensor.t() if name.endswith("weight") and tensor.ndim == 2 else tensor
