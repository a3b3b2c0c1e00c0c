"""The verb that opens the window: gui."""

from __future__ import annotations

import click


@click.command()
@click.argument("files", nargs=-1, metavar="[CHECKPOINT] [PHOTO]")
@click.pass_context
def gui(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Open the window."""
    from ppgan_lite.gui.app import run

    ctx.exit(run(list(files)))
