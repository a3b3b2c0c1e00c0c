"""The verbs that prepare data: degrade."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ppgan_lite.cli.batch import Batch, Task
from ppgan_lite.cli.terminal import Progress, finite, overwrite_option
from ppgan_lite.errors import UsageError


@click.command()
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@click.option(
    "--noise",
    type=click.FloatRange(0, 0.5),
    default=0.1,
    show_default=True,
    callback=finite,
    help="Share of the pixels that turns black, and share that turns white.",
)
@click.option(
    "--blur", type=click.IntRange(1), default=20, show_default=True, metavar="PX", help="Side of the mean blur."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N")
@overwrite_option
def degrade(source: str, target: str, noise: float, blur: int, seed: int, overwrite: bool) -> None:
    """Degrade all pictures of a folder: salt-and-pepper noise, then a mean blur.

    DST gets the same folders and names. A picture's noise depends on its name and the seed only.
    """
    from ppgan_lite.degradations import mean_blur, rng_for, salt_and_pepper
    from ppgan_lite.images import read_image, write_image

    if not Path(source).is_dir():
        raise UsageError(source, "is not a folder", "a folder of clean pictures")
    batch = Batch((source,), target, overwrite=overwrite)

    def worsen(task: Task, progress: Progress) -> dict[str, Any]:
        image, metadata = read_image(task.source)
        rng = rng_for(task.source.relative_to(source).as_posix(), seed)
        worse = mean_blur(salt_and_pepper(image, noise, rng=rng), blur)
        write_image(task.target, worse, metadata, overwrite=overwrite)
        return {}

    batch.run(worsen)
    batch.conclude({}, as_json=False)
