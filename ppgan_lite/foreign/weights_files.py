"""Read any file of weights as named arrays, by its content and not by its suffix. Nothing in it is executed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.arrays import read_bytes
from ppgan_lite.foreign.pdparams import parse_pdparams
from ppgan_lite.foreign.pickles import pickle_globals
from ppgan_lite.foreign.torch_files import is_torch, parse_torch, torch_globals
from ppgan_lite.runtime.files import GIT_LFS_POINTER, GIT_LFS_REMEDY
from ppgan_lite.safetensors_files import kind_of_file, parse_tensors

_EXPECTED = "a file of weights: .ppgan, .pdparams, .pth or .safetensors"
# Tensors that share a storage cost nothing until they are loaded; no honest file repeats a storage.
_MAX_GROWTH = 2


@dataclass(frozen=True)
class WeightsFile:
    """The content of a file of weights.

    Attributes:
        path: The file.
        layout: "PaddlePaddle", "PyTorch" or "safetensors".
        arrays: Joined name -> read-only array, in the file's order.
    """

    path: Path
    layout: str
    arrays: dict[str, np.ndarray]


def read_weights(path: str | Path) -> WeightsFile:
    """Read the arrays of a `.pdparams`, `.pth` or `.safetensors` file.

    Raises:
        CheckpointError: The file is missing, damaged, hostile or of another kind.
    """
    path = Path(path)
    data = read_bytes(path, _EXPECTED)
    if is_torch(data):
        found = WeightsFile(path, "PyTorch", parse_torch(data, path))
    elif data[:1] == b"\x80":
        try:
            found = WeightsFile(path, "PaddlePaddle", parse_pdparams(data, path))
        except CheckpointError:
            _refuse_programs(pickle_globals(data)[0], path)
            raise
    elif data[8:9] == b"{":
        found = WeightsFile(path, "safetensors", parse_tensors(data, path))
    else:
        remedy = GIT_LFS_REMEDY if data.startswith(GIT_LFS_POINTER) else "Give the file that training wrote"
        raise CheckpointError(path, f"is {kind_of_file(data[:4096])}", _EXPECTED, remedy)
    if sum(array.nbytes for array in found.arrays.values()) > _MAX_GROWTH * len(data) + 1_000_000:
        raise CheckpointError(path, "says the same numbers again and again", "each array once")
    return found


def requested_globals(path: str | Path) -> list[str]:
    """Return every global that the pickles of a file ask for, "module.name"; nothing is looked up.

    Raises:
        CheckpointError: The file cannot be read, or is a damaged or hostile zip archive.
    """
    path = Path(path)
    data = read_bytes(path, _EXPECTED)
    if is_torch(data):
        return list(dict.fromkeys(torch_globals(data, path)))
    return pickle_globals(data)[0] if data[:1] == b"\x80" else []


def _refuse_programs(names: list[str], path: Path) -> None:
    """Refuse a StyleGAN pickle, which carries its own source code, with a message other than an attack's."""
    if any(name.startswith(("dnnlib.", "torch_utils.persistence.", "training.networks")) for name in names):
        found = f"is a StyleGAN pickle: a program with its weights ({names[0][:80]})"
        raise CheckpointError(path, found, _EXPECTED, "There is no StyleGAN here")
