"""The options of verbs that make a picture of each of many."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.errors import UsageError
from ppgan_lite.languages.terminal import in_words

if TYPE_CHECKING:
    from ppgan_lite.workers.task_queue import TaskQueue

TASK_QUEUE = "ppgan_lite.task_queue"  # key of a context's `meta`: that of a worker, which runs the command
FORMATS = ("jpg", "png", "webp", "tif", "bmp")


@dataclass(frozen=True)
class BatchOptions:
    """Options of all verbs that make a picture of each of many.

    Attributes:
        skip_existing: Whether to skip pictures whose results are there.
        shard: See `plan_batch`.
        as_jsonl: Whether to print a line of JSON on stdout for each picture as it is done.
        suffix: Of the results' format; None for those of the photos.
        workers: The number of processes; None for one, or for one per processor of a cluster.
        cluster: Address of the cluster that has them; None for this machine.
        watches: Whether to wait for photos that appear in a folder.
        task_queue: Of a worker that runs the command.
    """

    skip_existing: bool = False
    shard: tuple[int, int] = (1, 1)
    as_jsonl: bool = False
    suffix: str | None = None
    workers: int | None = None
    cluster: str | None = None
    watches: bool = False
    task_queue: TaskQueue | None = None

    @property
    def works_alone(self) -> bool:
        """Whether this process makes the pictures, all of them."""
        return (self.workers or 1) == 1 and self.cluster is None and self.task_queue is None


def batch_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of `BatchOptions`; the command's `many`."""

    @click.option("--skip-existing", is_flag=True, help="Skip photos whose results exist.")
    @click.option(
        "--shard", default="1/1", metavar="I/N", callback=_shard, help="Only the I-th of N shares of the photos."
    )
    @click.option("--jsonl", "as_jsonl", is_flag=True, help="Print a line of JSON for each photo as it is done.")
    @click.option(
        "--workers",
        type=click.IntRange(1),
        metavar="N",
        help="Processes that share photos and cores. Default: 1.",
    )
    @click.option(
        "--cluster", metavar="ADDRESS|local", help="Let a Ray cluster do it, one worker per processor or --workers."
    )
    @click.option("--watch", "watches", is_flag=True, help="Then wait for photos that appear in the folder.")
    @click.option("--format", "suffix", type=click.Choice(FORMATS), help="Format of the results. Default: the photo's.")
    @functools.wraps(command)
    def with_many(
        *arguments: Any,
        skip_existing: bool,
        shard: tuple[int, int],
        as_jsonl: bool,
        suffix: str | None,
        workers: int | None,
        cluster: str | None,
        watches: bool,
        as_json: bool,
        output: str | None,
        **options: Any,
    ) -> None:
        if as_json and as_jsonl:
            raise UsageError("--jsonl", "and --json are both given", "one of them")
        if output == "-" and (as_json or as_jsonl):
            option = "--json" if as_json else "--jsonl"
            raise UsageError(option, "and the picture both go to standard output", "a file or folder for --output")
        if watches:
            for option, value in (("--workers", workers), ("--cluster", cluster), ("--shard", shard[1] > 1)):
                if value:
                    raise UsageError("--watch", f"and {option} are both given", "one of them")
        many = BatchOptions(
            skip_existing,
            shard,
            as_jsonl,
            f".{suffix}" if suffix else None,
            workers,
            cluster,
            watches,
            click.get_current_context().meta.get(TASK_QUEUE),
        )
        command(*arguments, many=many, as_json=as_json, output=output, **options)

    return with_many


def _shard(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int]:
    """Read "3/8"; a click callback."""
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", value)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise click.BadParameter(in_words(f"{value!r} is no share, such as 3/8: the third of eight."))
    return int(found[1]), int(found[2])
