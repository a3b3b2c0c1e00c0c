"""One door for files of weights: ours as they are, PaddleGAN's and PyTorch's as the checkpoints that they would be."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ppgan_lite.checkpoint import FORMAT, Header, describe, read_checkpoint, sha256_of
from ppgan_lite.safetensors_files import read_front


@dataclass(frozen=True)
class Choices:
    """What a file of another program cannot tell; None follows the program that it comes from.

    Attributes:
        padding: Of all convolutions that could have either, "reflect" or "zero".
        statistics: What batch norms go by: "picture", as both programs do when they are used, or "training".
    """

    padding: Literal["reflect", "zero"] | None = None
    statistics: Literal["picture", "training"] | None = None


def open_checkpoint(path: str | Path, choices: Choices | None = None) -> tuple[Header, dict[str, np.ndarray]]:
    """Read any file of weights as a checkpoint, without Paddle and without executing anything in it.

    Args:
        path: A `.ppgan`, `.pdparams`, `.pth` or `.safetensors` file; its content counts, not its suffix.
        choices: For files of other programs; ours say everything themselves.

    Returns:
        As `read_checkpoint`.

    Raises:
        CheckpointError: The file is missing, damaged, hostile or of another kind, or holds no net that is known here.
    """
    path = Path(path)
    if _is_ours(path):
        return read_checkpoint(path)
    from ppgan_lite.foreign.translating import translate_file  # half of what loading this package takes

    return translate_file(path, choices or Choices())


def describe_file(path: str | Path) -> dict[str, Any]:
    """Return a summary of any file of weights as JSON values; no net is built and nothing in the file is executed.

    A file that cannot be used is described as far as possible, its fault under "problem".

    Raises:
        CheckpointError: The file cannot be read at all, or is a damaged checkpoint of ours.
    """
    path = Path(path)
    if _is_ours(path):
        return {**describe(path), "globals": []}
    from ppgan_lite.foreign.translating import describe_translation

    return {**describe_translation(path), "size_bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _is_ours(path: Path) -> bool:
    """Say whether a file is a checkpoint of ours, however damaged; another safetensors file is not."""
    with contextlib.suppress(OSError):
        with path.open("rb") as file:
            if file.read(9)[8:] != b"{":
                return False
        metadata, _ = read_front(path)
        return FORMAT in metadata
    return False
