"""Read and write PaddlePaddle's `.pdparams` files: pickled state dicts, as `paddle.save` writes them.

`paddle.load` is a plain `pickle.load` (3.3): a planted function runs. This reader knows the few globals that such a
file needs, see `numpy_globals`, and refuses every other. It needs no Paddle.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.arrays import flattened, numpy_globals, read_bytes
from ppgan_lite.foreign.pickle_encoding import encode_array, encode_dict
from ppgan_lite.foreign.pickles import read_pickle
from ppgan_lite.safetensors_files import replace_file

SUFFIX = ".pdparams"

# Added by paddle.save at protocol 2 when it cuts an array of more than a gigabyte into slices.
_SLICED = "UnpackBigParamInfor@@"


def read_pdparams(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays of a `.pdparams` file.

    Args:
        path: A file that `paddle.save` wrote: a state dict, or a dict of state dicts and optimizer states.

    Returns:
        Joined name (see `flattened`) -> read-only array.

    Raises:
        CheckpointError: The file is missing, damaged, hostile, or holds anything but numbers.
    """
    path = Path(path)
    return parse_pdparams(read_bytes(path, f"a {SUFFIX} file"), path)


def parse_pdparams(data: bytes, path: Path) -> dict[str, np.ndarray]:
    """Read the arrays from the bytes of a `.pdparams` file; `path` is for messages."""
    if data[:1] != b"\x80":
        raise CheckpointError(path, "does not begin like a pickle", f"a {SUFFIX} file that paddle.save wrote")
    content = read_pickle(data, numpy_globals(len(data)), where=path)
    if not isinstance(content, dict):
        raise CheckpointError(path, f"holds a {type(content).__name__}", "a dict of named arrays")
    if _SLICED in content:
        raise CheckpointError(path, "holds arrays cut into slices", "whole arrays", "Save it with protocol=4")
    return flattened(content, path)


def write_pdparams(path: str | Path, nets: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Write a `.pdparams` file of state dicts by name, as PaddleGAN's trainer saves them.

    Raises:
        CheckpointError: The folder is missing or cannot be written.
    """
    states = {
        name: encode_dict({key: encode_array(array) for key, array in state.items()}) for name, state in nets.items()
    }
    replace_file(path, b"\x80\x03" + encode_dict(states) + b".")
