"""The options of how a style is painted."""

from __future__ import annotations

from collections.abc import Callable

import click

from ppgan_lite.cli.terminal import check_finite

faces_option = click.option(
    "--faces",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    callback=check_finite,
    help="Share of the strokes on faces, where there are any; 1 does not look for them.",
)


def brushwork_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of how a style is painted: the command's `strength`, `keep_colors`, `brush` and `faces`."""
    for option in reversed(_BRUSHWORK):
        command = option(command)
    return command


_BRUSHWORK = (
    click.option(
        "--strength",
        type=click.FloatRange(0, 1),
        default=1.0,
        show_default=True,
        callback=check_finite,
        help="Strength of the style, from 0 (the photo) to 1.",
    ),
    click.option("--keep-colors", is_flag=True, help="The photo's colors, the painting's brush."),
    click.option(
        "--brush",
        type=click.FloatRange(0, min_open=True),
        callback=check_finite,
        metavar="PX",
        help="Width of a stroke in pixels of the photo. Default: follows the picture.",
    ),
    faces_option,
)
