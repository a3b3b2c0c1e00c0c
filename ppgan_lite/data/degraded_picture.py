"""Degrade one picture: bytes to bytes, or file to file as a part of a folder."""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.data.manifest import FileState
from ppgan_lite.degradations import Chain, degrade, rng_for
from ppgan_lite.errors import ImageError, UsageError, WorkerError
from ppgan_lite.images import (
    ImageMetadata,
    Kept,
    decode_stored,
    encode_stored,
    kept_metadata,
    read_file,
    suffix_of,
    write_file,
)
from ppgan_lite.runtime.opencv import opencv

# After one of these errors no other picture can be written either.
_FATAL_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True)
class Job:
    """One picture to degrade.

    Attributes:
        name: Its path below the source folder; the random numbers depend on it and on the seed.
        source: The file.
        target: The file of the result.
        why: The reason for making it, for the report, such as "new" or "source changed".
        chain: As of `resolve_chain`.
        seed: Seed of the random numbers.
        kept: See `degrade_folder`.
    """

    name: str
    source: Path
    target: Path
    why: str
    chain: Sequence[dict[str, Any]]
    seed: int
    kept: Kept

    def __str__(self) -> str:
        return str(self.source)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job: the states of source and result, or the arguments of an ImageError."""

    states: tuple[FileState, FileState] | None = None
    error: tuple[str, ...] = ()
    is_fatal: bool = False


def degrade_picture(data: bytes, name: str, chain: Chain, *, seed: int = 0, kept: Kept = "all") -> bytes:
    """Degrade the bytes of one picture file; the result has its format, or PNG where that cannot be written.

    Args:
        data: The file.
        name: The random numbers depend on it and on the seed.
        chain: As of `resolve_chain`.
        seed: Seed of the random numbers.
        kept: See `degrade_folder`.

    Raises:
        ImageError: It is no picture.
        UsageError: A degradation does not support it.
    """
    image, metadata = decode_stored(data, name)
    worse = degrade(image, chain, rng=rng_for(name, seed))
    return encode_stored(Path(name + suffix_of(metadata.format)), worse, _of_size(kept_metadata(metadata, kept), worse))


def lost(error: WorkerError) -> Outcome:
    """Return the outcome of a job whose worker is gone."""
    return Outcome(error=(error.where, error.found, error.expected, error.remedy))


def degrade_file(job: Job) -> Outcome:
    """Degrade a file into another; no fault of one picture is an exception, so that the others are done."""
    try:
        data = read_file(job.source)
        source_state = FileState.of(job.source, data)
        image, metadata = decode_stored(data, str(job.source))
        worse = degrade(image, job.chain, rng=rng_for(job.name, job.seed))
        encoded = encode_stored(job.target, worse, _of_size(kept_metadata(metadata, job.kept), worse))
        write_file(job.target, encoded)
        return Outcome((source_state, FileState.of(job.target, encoded)))
    except ImageError as error:
        is_fatal = isinstance(error.__cause__, OSError) and error.__cause__.errno in _FATAL_ERRORS
        return Outcome(error=(error.where, error.found, error.expected, error.remedy), is_fatal=is_fatal)
    except UsageError as error:  # a picture that a degradation does not support
        return Outcome(error=(str(job.source), f"cannot be degraded: {error}"))
    except MemoryError:
        return Outcome(error=(str(job.source), "not enough memory"))
    except Exception as error:  # noqa: BLE001 - one picture must not end the folder
        remedy = "Please report it, with the picture"
        return Outcome(error=(str(job.source), f"unexpected {type(error).__name__}: {error}", "", remedy))


def _of_size(metadata: ImageMetadata, image: np.ndarray) -> ImageMetadata:
    """Return the metadata with alpha resized to the picture."""
    if metadata.alpha is None or metadata.alpha.shape == image.shape[:2]:
        return metadata
    cv2 = opencv()
    height, width = image.shape[:2]
    alpha = cv2.resize(metadata.alpha, (width, height), interpolation=cv2.INTER_AREA)
    return dataclasses.replace(metadata, alpha=alpha)
