"""PaddlePaddle's `.pdparams` files: pickled state dicts, as `paddle.save` writes them.

`paddle.load` is a plain `pickle.load` (3.3): a planted function runs. This reader knows the few names that such a file
has a reason to use, see `numpy_globals`, and refuses every other. It needs no Paddle.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.arrays import flattened, numpy_globals, read_bytes
from ppgan_lite.foreign.pickles import read_pickle

SUFFIX = ".pdparams"

# What paddle.save protocol 2 leaves where it has cut an array of more than a gigabyte into slices.
_SLICED = "UnpackBigParamInfor@@"


def read_pdparams(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays of a `.pdparams` file.

    Args:
        path: A file that `paddle.save` wrote: a state dict, or a dict of state dicts and optimizer states.

    Returns:
        Joined name (see `flattened`) -> read-only array.

    Raises:
        CheckpointError: The file is missing, damaged, hostile, or holds something else than numbers.
    """
    path = Path(path)
    return parse_pdparams(read_bytes(path, f"a {SUFFIX} file"), path)


def parse_pdparams(data: bytes, path: Path) -> dict[str, np.ndarray]:
    """Read the arrays out of the bytes of a `.pdparams` file; `path` is for messages."""
    if data[:1] != b"\x80":
        raise CheckpointError(path, "does not begin like a pickle", f"a {SUFFIX} file that paddle.save wrote")
    content = read_pickle(data, numpy_globals(len(data)), where=path)
    if not isinstance(content, dict):
        raise CheckpointError(path, f"holds a {type(content).__name__}", "a dict of named arrays")
    if _SLICED in content:
        raise CheckpointError(path, "holds arrays cut into slices", "whole arrays", "Save it with protocol=4")
    return flattened(content, path)
