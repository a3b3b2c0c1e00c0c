"""Output and options shared by all verbs.

JSON goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import errno
import functools
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from ppgan_lite.errors import CancelledError, PpganError, UsageError, is_about_a_file, named, one_line
from ppgan_lite.inference.engines import ENGINES
from ppgan_lite.languages.terminal import error_in_words, in_words, with_options
from ppgan_lite.languages.width import padded, width
from ppgan_lite.runtime.files import identity_of

PROGRAM = "paddlegan"
_PLACE = "\0"  # of an error in a message, which is told whole in a language or not at all

ProgressCallback = Callable[[float], None]


def check_finite(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse NaN and infinity as the value of an option; a click callback."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(in_words(f"{value} is not a finite number."))
    return value


def check_output(output: str, inputs: Mapping[str, str | None]) -> None:
    """Refuse to replace a file that is read, by whatever path it is reached.

    Args:
        output: The file to write.
        inputs: What a file is -> its path, if there is one.

    Raises:
        UsageError: They are the same.
    """
    identity = identity_of(output)
    for kind, path in inputs.items():
        if path is not None and identity is not None and identity_of(path) == identity:
            raise UsageError(output, f"is the {kind} itself", "another name for the result")


device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|gpu:N|intel",
    help="Device to compute on; intel is an Intel GPU.",
)
engine_option = click.option(
    "--engine",
    default="auto",
    show_default=True,
    metavar="|".join(("auto", *ENGINES)),
    help="Engine to execute the net. To insist on a precision, add it after a colon: auto:float32.",
)
depth_option = click.option(
    "--depth",
    type=click.Choice(["8", "16"]),
    callback=lambda ctx, parameter, value: None if value is None else int(value),
    help="Bits per channel of the result. Default: the photo's, in PNG and TIFF.",
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace files that exist.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON on stdout.")


def metadata_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of what a result keeps of its photo's metadata; the command's `kept`, see `images.Kept`."""

    @click.option("--strip-metadata", is_flag=True, help="Write neither the photo's EXIF and XMP nor the settings.")
    @click.option("--no-gps", is_flag=True, help="Leave out where the photo was taken.")
    @functools.wraps(command)
    def with_kept(*arguments: Any, strip_metadata: bool, no_gps: bool, **options: Any) -> None:
        command(*arguments, kept="none" if strip_metadata else "no_gps" if no_gps else "all", **options)

    return with_kept


def outline(value: Any, indent: str = "") -> Iterable[str]:
    """Yield a JSON object as indented lines of "key: value"."""
    for name, item in value.items():
        key = name if str(name).isprintable() else json.dumps(name)
        if isinstance(item, dict) and item:
            yield f"{indent}{key}:"
            yield from outline(item, indent + "  ")
        else:
            plain = isinstance(item, str) and item.isprintable()
            yield f"{indent}{key}: {item if plain else json.dumps(item)}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines with aligned columns; the first row, of headings, in the language of the process."""
    rows = [[in_words(heading) for heading in rows[0]], *rows[1:]]
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(map(padded, row, widths)).rstrip() for row in rows)


class CountBar:
    """A progress bar called with the number of finished items and their total; hidden before the first call.

    Args:
        unit: Name of an item, in the singular.
    """

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.done = 0
        self.total = 0
        self._bar: Any = None

    def __enter__(self) -> CountBar:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def __call__(self, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None:
            tqdm.monitor_interval = 0  # no monitor thread: a process with other threads cannot be forked
            form = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"
            self._bar = tqdm(total=total, unit=f" {self.unit}s", bar_format=form)
        self.done, self.total = done, total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Leave the bar as it is; the next output starts on a new line."""
        if self._bar is not None:
            self._bar.close()


def describe(error: BaseException) -> str:
    """Return an error as one line that tells the user how to proceed."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT) and error.filename is None:
        return f"cannot print the outcome ({error.strerror}). Free some space"  # errors about files name the file
    text = with_options(one_line(error))
    if isinstance(error, PpganError) or is_about_a_file(error):
        return text
    return f"unexpected {text}. Please report it, with what --debug shows"


def say_error(error: BaseException) -> None:
    """Print an error as one line, in the language of the process."""
    known = named(error) if is_about_a_file(error) else error
    text = error_in_words(known) if isinstance(known, PpganError) else describe(error)
    kind = "interrupted" if isinstance(error, CancelledError) else "error"
    click.echo(in_words(f"{PROGRAM}: {kind}: {_PLACE}").replace(_PLACE, text), err=True)


def say(text: str) -> None:
    """Print a message to stderr, in the language of the process."""
    click.echo(in_words(text), err=True)


def say_above_bar(text: str) -> None:
    """Print a message to stderr without disturbing a progress bar, in the language of the process."""
    from tqdm import tqdm

    tqdm.write(in_words(text), file=sys.stderr)


def print_json_line(value: Any) -> None:
    """Print JSON on one line, at once: another program may wait for it."""
    click.echo(json.dumps(value))
    sys.stdout.flush()


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))  # in ASCII: a path may hold characters that stdout cannot encode
