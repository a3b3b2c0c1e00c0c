"""The options of `paddlegan stylize` for a mask: where the style goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ppgan_lite.cli.terminal import check_finite
from ppgan_lite.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import NamedFile

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--mask",
        type=click.Path(),
        metavar="PICTURE",
        help="Where the style goes: a picture of any size, stretched over the photo. White is --strength, black "
        "--strength-outside.",
    ),
    click.option(
        "--strength-outside",
        type=click.FloatRange(0, 1),
        callback=check_finite,
        help="Of the style where the mask is black. Default: 0.",
    ),
    click.option(
        "--feather",
        type=click.FloatRange(0),
        callback=check_finite,
        metavar="PX",
        help="How wide the mask's edge fades, in pixels of the photo. Default: follows the picture.",
    ),
)


def mask_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, eq=False)
class Mask:
    """The strength of a style by place.

    Attributes:
        pixels: uint8 h x w, see `masking.mask_of`.
        file: The picture, as settings name it.
        inside: Strength where it is white.
        outside: Strength where it is black.
        feather: Width of its edge in pixels of the photo; None follows the picture.
    """

    pixels: np.ndarray
    file: NamedFile
    inside: float
    outside: float
    feather: float | None

    @classmethod
    def of(cls, path: str | None, inside: float, outside: float | None, feather: float | None) -> Mask | None:
        """Read the mask of the options' values; None without one.

        Raises:
            UsageError: There are other options, but no mask.
            ImageError: It is no picture.
        """
        if path is not None:
            from ppgan_lite.images import NamedFile, read_image
            from ppgan_lite.inference.masking import mask_of

            image, metadata = read_image(path)
            file = NamedFile(Path(path).name, metadata.sha256)
            return cls(mask_of(image, metadata.alpha), file, inside, outside or 0.0, feather)
        for option, value in (("--strength-outside", outside), ("--feather", feather)):
            if value is not None:
                raise UsageError(option, "says nothing without a mask", remedy="Name one with --mask PICTURE")
        return None

    @property
    def settings(self) -> dict[str, Any]:
        """What is stored with a result, beside the file."""
        return {"strength_outside": self.outside, "feather": self.feather}

    def strength(self, photo: np.ndarray) -> np.ndarray:
        """Return the map of strength for a photo."""
        from ppgan_lite.inference.masking import strength_map

        size = photo.shape[0], photo.shape[1]
        return strength_map(self.pixels, size, inside=self.inside, outside=self.outside, feather_px=self.feather)
