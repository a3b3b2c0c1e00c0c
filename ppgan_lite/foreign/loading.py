"""Load any file of weights as a checkpoint: ours as they are, PaddleGAN's and PyTorch's converted."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ppgan_lite.checkpoint import FORMAT, Header, describe, read_checkpoint, sha256_of
from ppgan_lite.errors import CheckpointError
from ppgan_lite.runtime.files import is_stream
from ppgan_lite.safetensors_files import read_front

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.foreign.options import ConversionOptions


def open_checkpoint(path: str | Path, options: ConversionOptions | None = None) -> tuple[Header, dict[str, np.ndarray]]:
    """Read any file of weights as a checkpoint, without Paddle and without executing anything in it.

    Args:
        path: A `.ppgan`, `.pdparams`, `.pth` or `.safetensors` file; its content counts, not its suffix. Or the folder
            of a run, or the name of a model.
        options: For files of other programs; ours say everything themselves.

    Returns:
        As `read_checkpoint`.

    Raises:
        CheckpointError: The file is missing, damaged, hostile or of another kind, or holds no net that is known here.
    """
    path = _file_of(path)
    _check_can_be_read_twice(path)
    if is_ours(path):
        return read_checkpoint(path)
    # Imported here because a checkpoint of ours does not need it, and it takes as long as all the rest of this package.
    from ppgan_lite.foreign.conversion import convert_file

    return convert_file(path, options)


def describe_file(path: str | Path) -> dict[str, Any]:
    """Return a summary of any file of weights as JSON values; no net is built and nothing in the file is executed.

    A file that cannot be used is described as far as possible, its fault under "problem".

    Raises:
        CheckpointError: The file cannot be read at all, or is a damaged checkpoint of ours.
    """
    path = _file_of(path)
    _check_can_be_read_twice(path)
    if is_ours(path):
        return {**describe(path), "globals": []}
    from ppgan_lite.foreign.conversion import describe_conversion

    return {**describe_conversion(path), "size_bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _file_of(source: str | Path) -> Path:
    """Return the file that a path, the folder of a run or the name of a model stands for."""
    path = Path(source)
    if path.is_file():
        return path
    from ppgan_lite.published import weights_file  # a table that takes longer to load than a checkpoint to read

    return weights_file(source)


def _check_can_be_read_twice(path: Path) -> None:
    """Refuse a pipe: a file is read once to tell its kind, and again for its arrays."""
    if is_stream(path):
        raise CheckpointError(path, "is a pipe or a device", "a file", "Save it to a file first")


def is_ours(path: Path) -> bool:
    """Return whether a file is a checkpoint of ours, however damaged; other programs' safetensors files are not."""
    with contextlib.suppress(OSError):
        with path.open("rb") as file:
            if file.read(9)[8:] != b"{":
                return False
        metadata, _ = read_front(path)
        return FORMAT in metadata
    return False
