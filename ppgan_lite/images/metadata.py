"""The metadata of a picture file: all that it holds beside its colors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ppgan_lite.images import exif
from ppgan_lite.images.xmp import without_place

Kept = Literal["all", "no_gps", "none"]  # parts of a photo's metadata; see `kept_metadata`


@dataclass(frozen=True, eq=False)
class ImageMetadata:
    """The data of a picture file other than its colors.

    Attributes:
        icc_profile: The RGB profile of the colors; None for sRGB.
        exif: The EXIF block without thumbnail, for a picture that is upright already.
        dpi: Horizontal and vertical resolution.
        alpha: Opacity, (height, width) in the type of the picture, the largest value being opaque; None without it.
        xmp: The XMP packet, for a picture that is upright already.
        sha256: Of the file that was read, in hexadecimal digits; None if it was given as bytes.
        format: Of the file that was read: "JPEG", "PNG" ...; None if nothing was read.
    """

    icc_profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    alpha: np.ndarray | None = None
    xmp: bytes | None = None
    sha256: str | None = None
    format: str | None = None


def kept_metadata(metadata: ImageMetadata, kept: Kept) -> ImageMetadata:
    """Return the part of a photo's metadata that its result is to have.

    Args:
        metadata: Of the photo.
        kept: "all"; "no_gps", without coordinates in EXIF and XMP; or "none", with nothing but what the picture looks
            like: color profile, opacity and resolution.
    """
    if kept == "all":
        return metadata
    if kept == "none":
        return replace(metadata, exif=None, xmp=None)
    exif_block = exif.without_place(metadata.exif) if metadata.exif else None
    return replace(metadata, exif=exif_block, xmp=without_place(metadata.xmp) if metadata.xmp else None)
