"""Degrade a folder of clean pictures into another folder: on all cores, each picture once, with checksums."""

from __future__ import annotations

import dataclasses
import functools
import os
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ppgan_lite.data.degraded_picture import Job, Outcome, degrade_file, lost
from ppgan_lite.data.manifest import FILE_NAME, Entry, Manifest
from ppgan_lite.degradations import Chain, resolve_chain
from ppgan_lite.errors import DataError, ImageError, UsageError
from ppgan_lite.images import (
    Kept,
    find_images,
    result_name,
)
from ppgan_lite.runtime.files import identity_of
from ppgan_lite.runtime.threads import usable_cores
from ppgan_lite.workers.for_each import delaying_ctrl_c, for_each, for_each_in_cluster

# The interval of writing the manifest while pictures are made, and the largest share of the time it may take.
_SAVE_EVERY_S = 2.0
_LARGEST_SHARE_OF_SAVING = 0.05
# Smaller folders are done faster than other processes start.
_BYTES_WORTH_PROCESSES = 2_000_000


@dataclass
class FolderReport:
    """The result of degrading a folder. Pictures are named by their paths below the source folder.

    Attributes:
        made: Picture -> the reason for making its result: "new", "settings changed" ...
        skipped: The number of existing results of the same sources with the same settings.
        errors: Picture -> the error that prevented its result.
        orphans: Pictures that no longer exist; their results are kept.
        left_out: Kind -> number of what the folder has besides pictures to degrade.
    """

    made: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    errors: dict[str, ImageError] = field(default_factory=dict)
    orphans: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def degrade_folder(
    source: str | Path,
    target: str | Path,
    chain: Chain,
    *,
    seed: int = 0,
    kept: Kept = "all",
    workers: int | None = None,
    cluster: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    report: FolderReport | None = None,
) -> FolderReport:
    """Degrade every picture of a folder into another one of the same structure, and keep a manifest there.

    Random numbers depend on the seed and on the path of a picture below the folder only. Pictures that the manifest
    lists with the same settings, and whose source and result are unchanged, are skipped, so that after an interruption
    the same call continues. Each file is written whole or not at all.

    Args:
        source: Searched recursively, by content. Gray or RGB, 8 or 16 bits and alpha are kept.
        target: Created if missing. Formats that cannot be written become PNG.
        chain: Degradations in order, see `degradations.degrade`.
        seed: Seed of the random numbers.
        kept: What results keep of the metadata of their sources; see `images.kept_metadata`.
        workers: The number of processes; None for one per core if the folder is large enough.
        cluster: Address of a Ray cluster that has them, see `workers.cluster.Cluster`; None for this machine.
        overwrite: Whether to replace files that are not in the manifest or were changed since.
        progress: Called with the number of finished pictures and of all that are not skipped.
        report: Filled and returned, so that a caller has it after an error too.

    Raises:
        UsageError: The chain or the folders are invalid.
        ImageError: There are no pictures, or the disk is full. Finished results are kept.
        DataError: The manifest is damaged.
        WorkerError: A process died, or the cluster is not there. Finished results are kept.
        KeyboardInterrupt: Finished results are kept.
    """
    source, target = Path(source), Path(target)
    chain = resolve_chain(chain)
    report = FolderReport() if report is None else report
    results = _plan(source, target, report)
    old = Manifest.read(target)
    has_old_settings = old is not None and (old.chain, old.seed, old.kept) == (chain, seed, kept)
    manifest = Manifest(chain, seed, kept)
    jobs = _jobs(source, target, results, old, manifest, report, has_old_settings=has_old_settings, overwrite=overwrite)
    if old:
        report.orphans = _orphans(old, results, report)
        if has_old_settings:
            manifest.entries |= {name: old.entries[name] for name in report.orphans}
    if jobs:
        if cluster is None:
            for_each_job = functools.partial(for_each, workers=_workers(jobs, workers))
        else:
            for_each_job = functools.partial(for_each_in_cluster, address=cluster, workers=workers, failed=lost)
        _make(jobs, manifest, target, report, for_each_job, progress)
    elif old and has_old_settings and manifest.entries != old.entries:
        manifest.write(target)  # without entries of pictures that were never made and no longer exist
    return report


def verify_folder(
    source: str | Path,
    target: str | Path,
    *,
    chain: Chain | None = None,
    seed: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Compare every file of both folders with the manifest, by checksum.

    Args:
        source: The clean pictures.
        target: The degraded ones, with the manifest.
        chain: The expected degradations; None for any.
        seed: The expected seed; None for any.
        progress: Called with the number of compared pictures and of all.

    Returns:
        A line for each difference; none if the folder matches the manifest and is complete.

    Raises:
        DataError: There is no manifest, or it is damaged.
        UsageError: The chain or the folders are invalid.
    """
    source, target = Path(source), Path(target)
    manifest = Manifest.read(target)
    if manifest is None:
        raise DataError(target, f"holds no {FILE_NAME}", "a folder that was made by degrading another one")
    differences = []
    if chain is not None and resolve_chain(chain) != manifest.chain:
        differences.append(f"{target / FILE_NAME}: was made with other degradations: {manifest.chain}")
    if seed is not None and seed != manifest.seed:
        differences.append(f"{target / FILE_NAME}: was made with seed {manifest.seed}")

    def compare(item: tuple[str, Entry]) -> list[str]:
        name, entry = item
        if entry.source_state is None or entry.result_state is None:
            return [f"{source / name}: has no result yet"]
        files = ((source / name, entry.source_state), (target / entry.result, entry.result_state))
        return [
            f"{path}: {'differs from the manifest' if path.exists() else 'is missing'}"
            for path, state in files
            if not state.proves(path)
        ]

    with ThreadPoolExecutor(usable_cores()) as pool:
        for done, found in enumerate(pool.map(compare, manifest.entries.items()), 1):
            differences += found
            progress(done, len(manifest.entries))
    known = {source / name for name in manifest.entries} | {
        target / entry.result for entry in manifest.entries.values()
    }
    unlisted = FolderReport()
    clean = _sources(source, target, unlisted)
    differences += map(str, unlisted.errors.values())
    strangers = [*clean, *find_images(target, by_content=True)]
    return differences + [f"{path}: is not in the manifest" for path in strangers if path not in known]


def _plan(source: Path, target: Path, report: FolderReport) -> dict[str, str]:
    """Return picture -> result, as paths below their folders with /; report pictures whose results collide."""
    names = [path.relative_to(source) for path in _sources(source, target, report)]
    results: dict[str, str] = {}
    read = {identity_of(source / name) for name in names} - {None}
    taken: dict[str, str] = {}
    keeps_name = {name: result_name(name) == name.name for name in names}
    for name in sorted(names, key=lambda name: not keeps_name[name]):  # pictures that keep their name come first
        result = name.with_name(result_name(name)).as_posix()
        place = target / result
        # Other systems take names for the same that differ in case or in how Unicode writes an accent.
        whole = os.path.join(os.path.realpath(place.parent), place.name)
        other = taken.setdefault(unicodedata.normalize("NFC", whole).casefold(), name.as_posix())
        if identity_of(place) in read:
            report.errors[name.as_posix()] = ImageError(place, "is one of the clean pictures", "another folder")
        elif other == name.as_posix():
            results[name.as_posix()] = result
        else:
            found = f"its result {result} is that of {other} too"
            report.errors[name.as_posix()] = ImageError(source / name, found, remedy="Rename one of them")
    return {name.as_posix(): results[name.as_posix()] for name in names if name.as_posix() in results}


def _sources(source: Path, target: Path, report: FolderReport) -> list[Path]:
    """Return the pictures of a folder, without those in a target folder inside it; report folders that are refused."""
    if not source.is_dir():
        raise UsageError(source, "is not a folder", "a folder of clean pictures")
    if target.exists() and not target.is_dir():
        raise UsageError(target, "is not a folder", "a folder for the degraded pictures")
    if os.path.realpath(source) == os.path.realpath(target):
        raise UsageError(target, "is the folder of the clean pictures itself", "another one")

    def refuse(error: ImageError) -> None:
        report.errors[os.path.relpath(error.where, source)] = error

    found = find_images(source, by_content=True, without=target, on_error=refuse, left_out=report.left_out)
    if not found and not report.errors:
        raise ImageError(source, "holds no pictures")
    return found


def _why(source: Path, result: Path, entry: Entry | None, has_old_settings: bool) -> tuple[str, bool]:
    """Return the reason for making a result ("" if it is up to date), and whether its place is free or ours."""
    if entry is None:
        return ("exists already", False) if result.exists() else ("new", True)
    if entry.source_state is None or entry.result_state is None:
        return "not finished", True
    if not result.exists():
        return "result missing", True
    if not entry.result_state.fits(result):
        return "was changed after it was made", False
    if not has_old_settings:
        return "settings changed", True
    return ("", True) if entry.source_state.fits(source) else ("source changed", True)


def _jobs(
    source: Path,
    target: Path,
    results: Mapping[str, str],
    old: Manifest | None,
    manifest: Manifest,
    report: FolderReport,
    *,
    has_old_settings: bool,
    overwrite: bool,
) -> list[Job]:
    """Return the pictures to be made; fill a new manifest, and report those that are done or that are refused."""
    jobs = []
    for name, path in results.items():
        entry = old.entries.get(name) if old else None
        if entry and entry.result != path:
            entry = None
        why, is_free = _why(source / name, target / path, entry, has_old_settings)
        if not why and entry:
            manifest.entries[name] = entry
            report.skipped += 1
        elif is_free or overwrite:
            manifest.entries[name] = Entry(path)  # without a checksum: a file there is ours to replace
            jobs.append(Job(name, source / name, target / path, why, manifest.chain, manifest.seed, manifest.kept))
        else:
            remedy = "Choose another folder, or allow it with overwrite=True"
            report.errors[name] = ImageError(target / path, why, remedy=remedy)
            if entry:
                manifest.entries[name] = entry
    return jobs


def _orphans(old: Manifest, results: Mapping[str, str], report: FolderReport) -> list[str]:
    """Return the pictures with a result that are no longer there; those below a refused folder may be."""
    refused = tuple(f"{name}/" for name in report.errors)
    return [
        name
        for name, entry in old.entries.items()
        if entry.result_state is not None and name not in results and not name.startswith(refused)
    ]


def _workers(jobs: Sequence[Job], workers: int | None) -> int:
    if workers is not None:
        return workers
    return usable_cores() if sum(job.source.stat().st_size for job in jobs) > _BYTES_WORTH_PROCESSES else 1


def _make(
    jobs: Sequence[Job],
    manifest: Manifest,
    target: Path,
    report: FolderReport,
    for_each_job: Callable[[Callable[[Job], Outcome], Sequence[Job], Callable[[Job, Outcome], None]], None],
    progress: Callable[[int, int], None],
) -> None:
    done, next_save = 0, 0.0

    def save() -> None:
        nonlocal next_save
        started = time.monotonic()
        with delaying_ctrl_c():
            manifest.write(target)
        ended = time.monotonic()
        next_save = ended + max(_SAVE_EVERY_S, (ended - started) / _LARGEST_SHARE_OF_SAVING)

    def record(job: Job, outcome: Outcome) -> None:
        nonlocal done
        done += 1
        if outcome.states is None:
            report.errors[job.name] = ImageError(*outcome.error)
        else:
            report.made[job.name] = job.why
            manifest.entries[job.name] = dataclasses.replace(
                manifest.entries[job.name], source_state=outcome.states[0], result_state=outcome.states[1]
            )
        progress(done, len(jobs))
        if outcome.is_fatal:
            raise report.errors[job.name]
        if time.monotonic() > next_save:
            save()

    save()
    progress(0, len(jobs))
    try:
        for_each_job(degrade_file, jobs, record)
    except BaseException:
        with suppress(ImageError):  # on a full disk: unrecorded results are made again
            save()
        raise
    save()
