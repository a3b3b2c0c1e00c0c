"""Masks from files and to files; without Qt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ppgan_lite.checkpoint import sha256_of
from ppgan_lite.gui.mask import Mask
from ppgan_lite.images import NamedFile, read_image, write_image


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
