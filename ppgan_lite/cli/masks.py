"""The options of `paddlegan stylize` for a mask: where the style goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ppgan_lite.cli.terminal import check_finite
from ppgan_lite.errors import UsageError

if TYPE_CHECKING:
    from ppgan_lite.inference.masking import Mask

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
        help="Strength where the mask is black. Default: 0.",
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


def mask_given(path: str | None, inside: float, outside: float | None, feather: float | None) -> Mask | None:
    """Read the mask of the options' values; None without one.

    Raises:
        UsageError: There are other options, but no mask.
        ImageError: It is no picture.
    """
    if path is not None:
        from ppgan_lite.images import NamedFile, read_image
        from ppgan_lite.inference.masking import Mask, mask_of

        image, metadata = read_image(path)
        file = NamedFile(Path(path).name, metadata.sha256)
        return Mask(mask_of(image, metadata.alpha), file, inside, outside or 0.0, feather)
    for option, value in (("--strength-outside", outside), ("--feather", feather)):
        if value is not None:
            raise UsageError(option, "says nothing without a mask", remedy="Name one with --mask PICTURE")
    return None
