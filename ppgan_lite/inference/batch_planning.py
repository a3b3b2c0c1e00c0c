"""Which pictures a batch has, and the file that each becomes: all that cannot be is refused before any work is done."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ppgan_lite.errors import ImageError, UsageError
from ppgan_lite.runtime.files import identity_of

STANDARD_INPUT = STANDARD_OUTPUT = Path("-")


class Item(NamedTuple):
    """A picture of a batch: the file to read and the file to write.

    Attributes:
        source: "-" is standard input.
        target: "-" is standard output.
        suffix: Of the format on standard output; "" for that of the photo.
    """

    source: Path
    target: Path
    suffix: str = ""

    def __str__(self) -> str:
        return str(self.source)

    @property
    def can_be_deep(self) -> bool:
        """Whether the result's format can hold 16 bits per channel, as far as it is known."""
        from ppgan_lite.images import HOLDS_16_BITS

        suffix = self.suffix or self.target.suffix
        return not suffix or suffix.lower() in HOLDS_16_BITS


@dataclass
class Plan:
    """The plan of a batch: its pictures, by what becomes of them.

    Attributes:
        items: Those to be made.
        skipped: Those whose results are there already.
        failures: Files and folders that cannot be read, or whose results cannot be written.
        left_out: Kinds of files in folders that are no photos, and their numbers.
    """

    items: list[Item] = field(default_factory=list)
    skipped: list[Item] = field(default_factory=list)
    failures: list[tuple[Path, BaseException]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def plan_batch(
    sources: Sequence[str | Path],
    output: str | None,
    *,
    label: str = "",
    overwrite: bool,
    skip_existing: bool = False,
    shard: tuple[int, int] = (1, 1),
    inputs: Mapping[str, str | None] | None = None,
    depth: int | None = None,
    suffix: str | None = None,
    name: Callable[[Path], str] | None = None,
    taken: Collection[Path] = (),
    may_be_empty: bool = False,
) -> Plan:
    """Find the pictures of a batch and a target for the result of each.

    Args:
        sources: Files and folders; "-" is standard input.
        output: A file for a single source, "-" for standard output, or a folder, in which the tree of the sources is
            mirrored; None puts each result next to its source.
        label: Part of the name of a result next to its source.
        overwrite: Whether results may replace files; never those that are read.
        skip_existing: Whether to skip pictures whose results are there.
        shard: Which share of the pictures, and of how many, counted from 1: each picture is in one. Shards of one
            command may be made at the same time, by several machines too.
        inputs: Option -> another file that is read, if it is one.
        depth: Bits per channel that each result must hold, 8 or 16; None for as many as it can.
        suffix: Of the results, such as ".png"; None keeps that of each picture, where it can be written.
        name: Gives the name of a picture's result; None keeps the picture's, with the label next to it.
        taken: Targets of other batches.
        may_be_empty: Whether folders may hold no pictures.

    Raises:
        UsageError: The output does not fit the sources.
    """
    from ppgan_lite.images import HOLDS_16_BITS, check_readable, check_writable

    plan = Plan()
    paths = [Path(source) for source in sources]
    items = list(_targets(paths, output, label, suffix, name, plan, may_be_empty=may_be_empty))
    read = {_identity_of(item.source): "is one of the photos" for item in items}
    read |= {identity_of(path): f"is the file of {option}" for option, path in (inputs or {}).items() if path}
    read.pop(None, None)
    places = {_place_of(target) for target in taken}
    for number, item in enumerate(items):
        place = _place_of(item.target)
        if number % shard[1] != shard[0] - 1:
            places.add(place)
            continue
        try:
            if item.source != STANDARD_INPUT:
                check_readable(item.source)
            if item.target == STANDARD_OUTPUT:
                plan.items.append(item)
                continue
            if place in places:
                raise ImageError(item.source, f"its result {item.target} is that of another picture too")
            if (identity := identity_of(item.target)) in read:
                found = "is the photo itself" if identity == _identity_of(item.source) else read[identity]
                raise ImageError(item.target, found, "another name or folder for the result")
            if skip_existing and item.target.is_file():
                plan.skipped.append(item)
                continue
            check_writable(item.target, overwrite=overwrite)
            if depth == 16 and not item.can_be_deep:
                expected = f"one of {' '.join(sorted(HOLDS_16_BITS))}, or --depth 8"
                raise ImageError(item.target, "holds 8 bits per channel, not 16", expected)
        except ImageError as error:
            plan.failures.append((item.source, error))
        else:
            places.add(place)
            plan.items.append(item)
    return plan


def _targets(
    sources: list[Path],
    output: str | None,
    label: str,
    suffix: str | None,
    name: Callable[[Path], str] | None,
    plan: Plan,
    *,
    may_be_empty: bool,
) -> Iterable[Item]:
    """Yield all pictures with their targets; note what cannot be listed in a plan."""
    from ppgan_lite.images import WRITABLE, find_images, result_name

    def named(source: Path, *labels: str) -> str:
        path = Path(result_name(source, *labels) if name is None else name(source))
        return str(path.with_suffix(suffix or path.suffix))

    if output == str(STANDARD_OUTPUT):
        if len(sources) > 1 or (sources[0] != STANDARD_INPUT and os.path.isdir(sources[0])):
            raise UsageError("--output", "- is for one picture", "a folder, for more than one")
        yield Item(sources[0], STANDARD_OUTPUT, suffix or "")
        return
    if output is None and STANDARD_INPUT in sources:
        raise UsageError("--output", "is missing", "a place for the result of the photo from standard input")
    to_folder = output is not None and (os.path.isdir(output) or output.endswith(("/", os.sep)))
    if output is not None and not to_folder:
        own = Path(output).suffix
        if len(sources) == 1 and own and (sources[0] == STANDARD_INPUT or not os.path.isdir(sources[0])):
            if suffix is not None and WRITABLE[suffix] != WRITABLE.get(own.lower()):
                raise UsageError("--format", f"{suffix[1:]} is not that of {output}", "one of them")
            yield Item(sources[0], Path(output))
            return
        if own.lower() in WRITABLE:
            raise UsageError("--output", f"{output} is one file", "a folder, for more than one picture")
    for source in sources:
        if source == STANDARD_INPUT and output is not None:
            yield Item(source, Path(output) / f"stdin{suffix or '.png'}")
            continue
        if not os.path.isdir(source):
            if output is None:
                yield Item(source, source.parent / named(source, label))
            else:
                yield Item(source, Path(output) / named(source))
            continue
        if output is None:
            folder = source.resolve().with_name(f"{source.resolve().name}_{label}")
        else:
            folder = Path(output) if len(sources) == 1 else Path(output) / source.resolve().name
        try:
            refused: list[ImageError] = []
            # Results of an earlier run are no photos.
            found = find_images(source, without=output, on_error=refused.append, left_out=plan.left_out)
            plan.failures += [(Path(error.where), error) for error in refused]
            if not (found or refused or may_be_empty):
                raise ImageError(source, "holds no pictures")
        except ImageError as error:
            plan.failures.append((source, error))
            continue
        for path in found:
            yield Item(path, folder / path.relative_to(source).parent / named(path))


def _place_of(target: Path) -> str:
    """Return a path of a file that may not be there yet, the same by whatever links its folder is reached."""
    return os.path.join(os.path.realpath(target.parent), target.name)


def _identity_of(source: Path) -> tuple[int, int] | None:
    """Return the identity of a source; standard input may be a file."""
    if source != STANDARD_INPUT:
        return identity_of(source)
    with contextlib.suppress(AttributeError, OSError, ValueError):
        status = os.fstat(sys.stdin.fileno())
        return status.st_dev, status.st_ino
    return None
