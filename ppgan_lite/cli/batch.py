"""Batches of pictures in the terminal: a bar, and a report at the end."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from ppgan_lite.cli.interrupts import raise_if_interrupted
from ppgan_lite.cli.terminal import ProgressCallback, describe, print_json, print_json_line, say, say_error
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.batch import STANDARD_OUTPUT, Item, plan_batch, run_batch, write_stream
from ppgan_lite.runtime.streams import binary_output

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import ImageMetadata, ResultSettings

Picture = TypeVar("Picture")
Result = TypeVar("Result")

FORMATS = ("jpg", "png", "webp", "tif", "bmp")


@dataclass(frozen=True)
class BatchOptions:
    """Options of all verbs that make a picture of each of many.

    Attributes:
        skip_existing: Whether to skip pictures whose results are there.
        shard: See `plan_batch`.
        as_jsonl: Whether to print a line of JSON on stdout for each picture as it is done.
        suffix: Of the results' format; None for those of the photos.
    """

    skip_existing: bool = False
    shard: tuple[int, int] = (1, 1)
    as_jsonl: bool = False
    suffix: str | None = None


def batch_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of `BatchOptions`; the command's `many`."""

    @click.option("--skip-existing", is_flag=True, help="Leave out photos whose results are there.")
    @click.option(
        "--shard", default="1/1", metavar="I/N", callback=_shard, help="Only the I-th of N shares of the photos."
    )
    @click.option("--jsonl", "as_jsonl", is_flag=True, help="Print a line of JSON for each photo as it is done.")
    @click.option("--format", "suffix", type=click.Choice(FORMATS), help="Of the results. Default: the photo's.")
    @functools.wraps(command)
    def with_many(
        *arguments: Any,
        skip_existing: bool,
        shard: tuple[int, int],
        as_jsonl: bool,
        suffix: str | None,
        as_json: bool,
        output: str | None,
        **options: Any,
    ) -> None:
        if as_json and as_jsonl:
            raise UsageError("--jsonl", "and --json are both given", "one of them")
        if output == "-" and (as_json or as_jsonl):
            option = "--json" if as_json else "--jsonl"
            raise UsageError(option, "and the picture both go to standard output", "a file or folder for --output")
        many = BatchOptions(skip_existing, shard, as_jsonl, f".{suffix}" if suffix else None)
        command(*arguments, many=many, as_json=as_json, output=output, **options)

    return with_many


def _shard(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int]:
    """Read "3/8"; a click callback."""
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", value)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise click.BadParameter(f"{value!r} is no share, such as 3/8: the third of eight.")
    return int(found[1]), int(found[2])


class Batch:
    """A batch that is planned, made and reported; a bad picture does not end it.

    Args:
        sources: As of `plan_batch`, like all others.
        output: A file or a folder; "-" is standard output.
        label: Part of the name of a result.
        overwrite: Whether results may replace files.
        inputs: Other files that are read.
        depth: Bits per channel.
        many: Options of batches.
    """

    def __init__(
        self,
        sources: Sequence[str],
        output: str | None,
        *,
        label: str = "",
        overwrite: bool,
        inputs: Mapping[str, str | None] | None = None,
        depth: int | None = None,
        many: BatchOptions | None = None,
    ) -> None:
        self._many = many or BatchOptions()
        plan = plan_batch(
            sources,
            output,
            label=label,
            overwrite=overwrite,
            skip_existing=self._many.skip_existing,
            shard=self._many.shard,
            inputs=inputs,
            depth=depth,
            suffix=self._many.suffix,
        )
        self._overwrite = overwrite
        self._stream: IO[bytes] | None = None
        self.items = plan.items
        self._skipped = [item.source for item in plan.skipped]
        self.failures = plan.failures
        self.results: list[dict[str, Any]] = []
        self._left_out = plan.left_out
        self._begun = 0
        self._show: Callable[[float, str | None], None] = lambda done, label: None

    def run(
        self,
        read: Callable[[Item], Picture],
        prepare: Callable[[], Callable[[Picture, ProgressCallback], Result]],
        write: Callable[[Item, Result], dict[str, Any]],
    ) -> None:
        """Make a result of each picture by `run_batch`, with a progress bar for more than one."""
        for source, error in self.failures:
            self._print_line({"photo": str(source), "error": describe(error)})
        with contextlib.ExitStack() as stack:
            if any(item.target == STANDARD_OUTPUT for item in self.items):
                self._stream = stack.enter_context(binary_output())

            def prepare_and_show() -> Callable[[Picture, ProgressCallback], Result]:
                process = prepare()
                self._show = stack.enter_context(_bar(len(self.items)))
                return process

            run_batch(self.items, read, prepare_and_show, write, self)

    def write(
        self, item: Item, image: np.ndarray, metadata: ImageMetadata, settings: ResultSettings | None = None
    ) -> None:
        """Write the result of a photo to its file or to standard output, as `images.write_image` does."""
        from ppgan_lite.images import write_image

        if self._stream is not None:
            write_stream(self._stream, item.suffix, image, metadata, settings)
        else:
            write_image(item.target, image, metadata, overwrite=self._overwrite, settings=settings)

    # of a batch's observer ------------------------------------------------------------------------------------------

    def check(self, error: BaseException | None = None) -> None:
        """End the batch after Ctrl-C, and with an error that concerns all pictures."""
        if isinstance(error, (UsageError, BrokenPipeError)):
            raise error
        raise_if_interrupted(error)

    def started(self, item: Item) -> None:
        """Show which picture is next."""
        self._begun += 1
        self._show(self._begun - 1, f"{self._begun}/{len(self.items)} {item.source.name}")

    def progressed(self, _item: Item, fraction: float) -> None:
        """Show how far it is."""
        raise_if_interrupted()
        self._show(self._begun - 1 + fraction, None)

    def written(self, item: Item, about: Mapping[str, Any], seconds: float) -> None:
        """Record a result."""
        result = {"photo": str(item.source), "output": str(item.target), **about}
        self.results.append({**result, "seconds": round(seconds, 3)})
        self._print_line(self.results[-1])

    def failed(self, item: Item, error: Exception) -> None:
        """Record a failure, which is reported at the end."""
        self.failures.append((item.source, error))
        self._print_line({"photo": str(item.source), "error": describe(error)})

    def _print_line(self, values: dict[str, Any]) -> None:
        if self._many.as_jsonl:
            print_json_line(values)

    # report ---------------------------------------------------------------------------------------------------------

    def print_json(self, about: dict[str, Any]) -> None:
        """Print results and failures as JSON on stdout."""
        errors = [{"photo": str(source), "error": describe(error)} for source, error in self.failures]
        left_out = {"left_out": dict(self._left_out)} if self._left_out else {}
        skipped = {"skipped": [str(source) for source in self._skipped]} if self._skipped else {}
        print_json({**about, "results": self.results, "errors": errors, **skipped, **left_out})

    def report(self, about: dict[str, Any], *, as_json: bool) -> None:
        """Print results and failures; exit with 1 if there are failures."""
        from ppgan_lite.images import told_left_out

        if as_json:
            self.print_json(about)
        if len(self.results) == 1 and self._stream is None:
            say(self.results[0]["output"])
        elif len(self.results) > 1:
            folder = os.path.commonpath([os.path.dirname(result["output"]) or "." for result in self.results])
            say(f"{len(self.results)} pictures written to {folder}")
        if self._skipped:
            say(f"{len(self._skipped)} skipped: their results are there")
        for _, error in self.failures:
            say_error(error)
        if self._left_out:
            say(f"left out: {told_left_out(self._left_out)}")
        if self.failures:
            if len(self.failures) + len(self.results) > 1:
                say(f"{len(self.failures)} of {len(self.failures) + len(self.results)} pictures failed")
            raise click.exceptions.Exit(1)


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[float, str | None], None]]:
    """Show a bar for more than one picture; yields a function of the number done and a new label or None."""
    if total < 2:
        yield lambda done, label: None
        return
    from tqdm import tqdm

    with tqdm(total=total, bar_format="{percentage:3.0f}%|{bar}| {desc}  {elapsed}<{remaining}") as bar:

        def show(done: float, label: str | None) -> None:
            if label is not None:
                bar.set_description_str(label)
            bar.update(done - bar.n)

        yield show
