"""The doctor: inspect all pictures that a training would use, and report faults before it starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.data import DATASETS
from ppgan_lite.data.findings import (
    Finding,
    duplicates,
    empty_folders,
    leaks,
    odd_ones_out,
    odd_widths,
    pair_sizes,
    small,
    unreadable,
)
from ppgan_lite.data.inspection import Facts, inspect_all
from ppgan_lite.data.layouts import both_folders, one_folder, splits_of
from ppgan_lite.data.paired import Paired, UnmatchedError
from ppgan_lite.data.pictures import Source, pictures_in
from ppgan_lite.errors import DataError, PpganError
from ppgan_lite.images import find_images, told_left_out
from ppgan_lite.tables import resolve

# Paintings may be shared by training and validation, and have any colors.
_STYLE = "style"


@dataclass(frozen=True)
class DoctorReport:
    """The findings of the doctor.

    Attributes:
        findings: Errors first, grouped by kind.
        files: The number of inspected files.
    """

    findings: tuple[Finding, ...]
    files: int

    @property
    def errors(self) -> list[Finding]:
        """The findings that stop a training."""
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """The findings that do not stop a training."""
        return [finding for finding in self.findings if finding.severity == "warning"]

    def lines(self, shown: int = 5) -> list[str]:
        """Return the report as lines of text: each kind with its count and its first findings."""
        lines = []
        for (severity, kind), group in groupby(self.findings, lambda finding: (finding.severity, finding.kind)):
            found = list(group)
            lines.append(f"{severity}: {kind} ({len(found)})")
            lines += [f"  {finding.file}: {finding.text}. {finding.remedy}" for finding in found[:shown]]
            if len(found) > shown:
                lines.append(f"  and {len(found) - shown} more")
        counts = f"{_count(self.errors, 'error')}, {_count(self.warnings, 'warning')}"
        return [*lines, f"{_count(range(self.files), 'picture')}: {counts if self.findings else 'nothing is wrong'}"]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "files": self.files,
            "errors": [asdict(finding) for finding in self.errors],
            "warnings": [asdict(finding) for finding in self.warnings],
        }

    def summary(self) -> dict[str, Any]:
        """Return the number of findings of each kind, each with the first of them, as JSON values."""
        kinds = []
        for (severity, kind), group in groupby(self.findings, lambda finding: (finding.severity, finding.kind)):
            found = list(group)
            example = f"{found[0].file}: {found[0].text}"
            kinds.append({"severity": severity, "kind": kind, "count": len(found), "example": example})
        return {"files": self.files, "findings": kinds}

    def check(self) -> None:
        """Raise one error if there are errors.

        Raises:
            DataError: Names the first error and the number of others.
        """
        if self.errors:
            first, more = self.errors[0], len(self.errors) - 1
            found = first.text + (f" (and {_count(self.errors[1:], 'more error')})" if more else "")
            raise DataError(first.file, found, remedy=f"{first.remedy}; `paddlegan doctor` tells of all that is wrong")


@dataclass(frozen=True)
class Layout:
    """The presumed use of a folder of pictures.

    Attributes:
        words: A description of its structure.
        data: The `data` section of a config that uses it.
        others: Changes of that section for each other split, such as one for validation.
    """

    words: str
    data: dict[str, Any]
    others: tuple[dict[str, Any], ...] = ()

    def sections(self) -> dict[str, Any]:
        """Return the sections of a config that use the folder, whatever its base says about pictures."""
        # A base for pairs may have the reverse direction.
        direction = {"direction": "a_to_b"} if self.data["name"] == "Paired" else {}
        validation = {"every": 1000, "data": self.others[0]} if self.others else {"every": 0}
        return {"data": {**self.data, **direction}, "validation": validation}


def examine(
    data: Mapping[str, Any],
    validation: Mapping[str, Any] | None = None,
    *,
    cache: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> DoctorReport:
    """Inspect all pictures of an experiment.

    Args:
        data: The `data` section of a config: name and arguments of the dataset.
        validation: The same for validation.
        cache: The file of the cache, instead of that in the cache folder.
        progress: Called with the finished fraction.

    Raises:
        UsageError: The dataset is not known.
    """
    return _examined([data] if validation is None else [data, validation], cache=cache, progress=progress)


def examine_folder(
    folder: str | Path, *, cache: Path | None = None, progress: Callable[[float], None] | None = None
) -> tuple[Layout, DoctorReport]:
    """Inspect a folder of pictures without a config: guess its use, and find faults.

    Raises:
        DataError: It is not a folder, or holds no picture.
    """
    root = Path(folder)
    files = pictures_in([str(root)], "training")
    # The pictures decide on the dataset. Their second inspection takes facts from the cache.
    layout = _layout(root, inspect_all(files, cache=cache, progress=progress))
    return layout, _examined([layout.data, *({**layout.data, **other} for other in layout.others)], cache=cache)


def _examined(
    sections: Sequence[Mapping[str, Any]], *, cache: Path | None = None, progress: Callable[[float], None] | None = None
) -> DoctorReport:
    """Inspect the datasets of `data` sections, the first for training, the others for validation."""
    findings: list[Finding] = []
    datasets = []
    for section in sections:
        dataset, faults = _dataset(section)
        datasets.append(dataset)
        findings += faults
    facts = inspect_all(_files(datasets), cache=cache, progress=progress)
    for dataset in datasets:
        findings += _findings(dataset, facts)
    for root in dict.fromkeys(folder for section in sections for folder in _folders(section)):
        left_out: Counter[str] = Counter()
        findings += empty_folders(root, find_images(root, by_content=True, left_out=left_out))
        if left_out:
            text = f"has files and folders that are left out: {told_left_out(left_out)}"
            findings.append(Finding("warning", "left out", str(root), text, "Nothing, if they are not to be used"))
    usable = [[file for file in _files([dataset], without=_STYLE) if not facts[file].fault] for dataset in datasets]
    for measured in usable[1:]:
        findings += leaks(usable[0], measured, facts)
    return _report(findings, len(facts))


def _dataset(section: Mapping[str, Any]) -> tuple[Any, list[Finding]]:
    """Build a dataset; return None and findings if it cannot be built."""
    arguments = dict(section)
    cls = resolve(DATASETS, arguments.pop("name"), "data")
    try:
        return cls(**arguments), []
    except UnmatchedError as error:
        remedy = "Rename it, add its partner or take it out"
        return None, [Finding("error", "no partner", str(file), text, remedy) for file, text in error.files]
    except PpganError as error:
        text = error.found + (f"; expected {error.expected}" if error.expected else "")
        return None, [
            Finding("error", "data", error.where, text, error.remedy or "Mend it in the config's data section")
        ]


def _sources(dataset: Any) -> list[Source]:
    """Return the sources of a dataset; none if it has no `sources`, or could not be built."""
    return dataset.sources() if hasattr(dataset, "sources") else []


def _files(datasets: Sequence[Any], *, without: str | None = None) -> list[Path]:
    sources = [source for dataset in datasets for source in _sources(dataset) if source.name != without]
    return list(dict.fromkeys(file for source in sources for file in source.files))


def _findings(dataset: Any, facts: Mapping[Path, Facts]) -> list[Finding]:
    """Return the findings of one dataset."""
    findings = list(unreadable(_files([dataset]), facts))
    for source in _sources(dataset):
        good = replace(source, files=tuple(file for file in dict.fromkeys(source.files) if not facts[file].fault))
        findings += [*duplicates(good.files, facts), *small(good, facts), *odd_widths(good, facts)]
        if source.name != _STYLE:
            findings += odd_ones_out(good, facts)
    if isinstance(dataset, Paired) and not dataset.side_by_side:
        pairs = [pair for pair in dataset.pairs if not any(facts[file].fault for file in pair)]
        findings += pair_sizes(pairs, dataset.scale, dataset.policy.resize != "none", facts)
    return findings


def _folders(section: Mapping[str, Any]) -> list[Path]:
    """Return the folders in a `data` section."""
    values = [item for value in section.values() for item in (value if isinstance(value, (list, tuple)) else [value])]
    return [Path(value) for value in values if isinstance(value, str) and Path(value).is_dir()]


def _report(findings: Sequence[Finding], files: int) -> DoctorReport:
    """Build a report: errors first, grouped by kind, without duplicates."""
    kinds = list(dict.fromkeys(finding.kind for finding in findings))
    order = sorted(dict.fromkeys(findings), key=lambda finding: (finding.severity, kinds.index(finding.kind)))
    return DoctorReport(tuple(order), files)


def _layout(root: Path, facts: Mapping[Path, Facts]) -> Layout:
    """Guess the use of a folder from its subfolders, and from names and sizes of its pictures."""
    good = [fact for fact in facts.values() if not fact.fault]
    splits = splits_of(root)
    first = "train" if "train" in splits or not splits else splits[0]
    rest = [split for split in splits if split != first]
    divided = " and ".join((first, *rest)) if splits else "not divided into train and test"
    both, together = both_folders(root, first), one_folder(root, first)
    side_by_side = sum(fact.width == 2 * fact.height for fact in good) > 0.9 * len(good)
    if both is None and (together is None or not side_by_side):
        return _one_kind(root, first, rest, divided, _crop_size(good))
    if both is None:
        name, words = "Paired", f"pairs, A and B side by side in one file: {divided}"
    else:
        name, kind = ("Paired", "pairs by name") if _mostly_paired(*both, facts) else ("Unpaired", "two domains")
        words = f"{kind}, as in {both[0].relative_to(root)}/ and {both[1].relative_to(root)}/: {divided}"
    data = {"name": name, "folder": str(root), "split": first, "size": _crop_size(good)}
    return Layout(words, data, tuple({"split": split, "augment": False} for split in rest))


def _one_kind(root: Path, first: str, rest: Sequence[str], divided: str, size: int) -> Layout:
    """Return the layout of single pictures, which can train restoration."""
    chain = [{"name": "salt_and_pepper", "amount": 0.1}, {"name": "mean_blur", "size": 20}]
    own = root / first if (root / first).is_dir() else root
    data = {"name": "Degraded", "clean": [str(own)], "chain": chain, "size": size}
    others = tuple({"clean": [str(root / split)], "augment": False} for split in rest if (root / split).is_dir())
    return Layout(f"pictures of one kind: {divided}", data, others)


def _mostly_paired(a: Path, b: Path, files: Iterable[Path]) -> bool:
    """Return whether more than half of the pictures in the smaller folder have a partner of the same name."""
    names: tuple[set[str], set[str]] = set(), set()
    for file in files:
        for folder, found in zip((a, b), names, strict=True):
            if folder in file.parents:
                found.add(file.relative_to(folder).with_suffix("").as_posix())
    return len(names[0] & names[1]) * 2 > min(len(found) for found in names)


def _crop_size(facts: Sequence[Facts]) -> int:
    """Return a crop size that nearly all pictures are large enough for: a multiple of 32 up to 256."""
    sides = [min(fact.width, fact.height) for fact in facts if not fact.fault]
    return int(np.clip(np.percentile(sides, 5) // 32 * 32, 32, 256)) if sides else 256


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"
