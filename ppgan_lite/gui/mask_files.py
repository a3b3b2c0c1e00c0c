"""Masks from files and to files; without Qt."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from ppgan_lite.checkpoint import sha256_of
from ppgan_lite.errors import PpganError
from ppgan_lite.gui.mask import Mask
from ppgan_lite.images import NamedFile, ResultSettings, read_image, write_image
from ppgan_lite.runtime.user_folders import masks_folder


def read_mask(path: Path, *, outside: float = 0.0, feather: float | None = 0.0) -> Mask:
    """Read a mask from any picture, as `paddlegan stylize --mask` does: white gets the style.

    Raises:
        ImageError: It cannot be read.
    """
    from ppgan_lite.inference.masking import mask_of  # the window is there before inference is

    image, metadata = read_image(path)
    file = NamedFile(path.name, metadata.sha256)
    return Mask(mask_of(image, metadata.alpha), outside, feather, path.absolute(), file)


def write_mask(mask: Mask, path: Path, *, overwrite: bool) -> Mask:
    """Write a mask as a gray picture; return the same mask, which names its file now.

    Raises:
        ImageError: It cannot be written.
    """
    write_image(path, np.repeat(mask.pixels[..., None], 3, axis=2), overwrite=overwrite)
    return replace(mask, path=path.absolute(), file=NamedFile(path.name, sha256_of(path)))


def keep_mask(mask: Mask) -> Mask:
    """Return a mask that a file holds: one that was painted and not saved is kept in the folder of masks, once."""
    if mask.path is not None:
        return mask
    digest = hashlib.sha256(repr(mask.pixels.shape).encode() + mask.pixels.tobytes()).hexdigest()
    path = masks_folder() / f"mask_{digest[:16]}.png"
    if path.exists():
        return replace(mask, path=path.absolute(), file=NamedFile(path.name, sha256_of(path)))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return write_mask(mask, path, overwrite=True)


def naming_mask(settings: ResultSettings | None, mask: Mask | None) -> ResultSettings | None:
    """Return settings of a result that name a file of its mask, unless it cannot be written."""
    if settings is None or mask is None:
        return settings
    with contextlib.suppress(PpganError, OSError):
        return replace(settings, mask=keep_mask(mask).file)
    return settings
