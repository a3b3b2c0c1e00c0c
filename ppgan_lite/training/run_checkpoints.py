"""The checkpoints of a run: `latest.ppgan` and numbered ones, to resume from; `best` and `final`, for predictors."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.checkpoint import Header, net_spec, read_checkpoint, write_checkpoint
from ppgan_lite.config import Config
from ppgan_lite.errors import CheckpointError
from ppgan_lite.runs import BEST, FINAL, LATEST, NUMBERED
from ppgan_lite.runtime import files
from ppgan_lite.training import run_folder
from ppgan_lite.training.averaging import MovingAverages
from ppgan_lite.training.state import Tensors, predictor_tensors, size_of

if TYPE_CHECKING:
    from ppgan_lite.recipes.recipe import Recipe

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Position:
    """The progress of a training: the number of completed iterations, and the seconds that they took."""

    iteration: int
    seconds: float


@dataclass(frozen=True, eq=False)
class CheckpointWriter:
    """Writes the checkpoints of a run.

    Attributes:
        folder: The folder of the run.
        config: The experiment.
        recipe: The nets and their optimizers.
    """

    folder: Path
    config: Config
    recipe: Recipe

    def require_space(self, tensors: Tensors, *, is_new: bool) -> None:
        """Check that all checkpoints fit on the disk of the run; see `run_folder.require_space`.

        Args:
            tensors: Those of `latest.ppgan`.
            is_new: Whether no iteration was run yet.
        """
        whole = size_of(tensors)
        if is_new:
            # An optimizer has no state before its first step; Adam's is twice the size of its parameters.
            trained = [p for group in self.recipe.groups.values() for p in group.optimizer._parameter_list]
            whole += 2 * sum(4 * int(parameter.size) for parameter in trained)
        existing = [path.stat().st_size for name in (LATEST, BEST, FINAL) if (path := self.folder / name).exists()]
        # While a checkpoint is written, the one that it replaces still exists; best and final are smaller than latest.
        run_folder.require_space(self.folder, max(whole, 3 * whole - sum(existing)), "the run's checkpoints")

    def write_latest(self, position: Position, tensors: Tensors, progress: Mapping[str, Any]) -> None:
        """Write `latest.ppgan`: all tensors that resuming needs, and what it needs beside them as JSON values."""
        self._write(LATEST, self.header(list(self.recipe.nets), position, progress), tensors)

    def write_predictors(
        self,
        name: str,
        position: Position,
        averages: MovingAverages | None,
        *,
        validation: Mapping[str, float] | None = None,
    ) -> None:
        """Write the predictors and their nets, averaged if they are, with the metrics of a validation."""
        nets = list(dict.fromkeys(predictor.net for predictor in self.recipe.predictors().values()))
        training = {"validation": dict(validation)} if validation else {}
        self._write(name, self.header(nets, position, training), predictor_tensors(self.recipe, nets, averages))

    def header(self, nets: list[str], position: Position, training: Mapping[str, Any] | None = None) -> Header:
        """Return the header of a checkpoint with some of the nets."""
        return Header(
            nets={name: net_spec(self.recipe.nets[name]) for name in nets},
            predictors=self.recipe.predictors(),
            recipe=self.config.recipe,
            training={
                "iteration": position.iteration,
                "seed": self.config.train.seed,
                "seconds": round(position.seconds, 2),
                "config": self.config.as_dict(),
                **(training or {}),
            },
        )

    def _write(self, name: str, header: Header, tensors: Tensors) -> None:
        run_folder.require_space(self.folder, size_of(tensors), name)
        write_checkpoint(self.folder / name, header, tensors)


def numbered(folder: Path, iteration: int) -> Path:
    """Return the path of the numbered checkpoint of an iteration."""
    return folder / f"iteration_{iteration:07d}.ppgan"


def numbered_checkpoints(folder: Path) -> dict[int, Path]:
    """Return iteration -> numbered checkpoint, the newest last."""
    found = {int(match[1]): path for path in folder.iterdir() if (match := NUMBERED.fullmatch(path.name))}
    return {iteration: path for iteration, path in sorted(found.items()) if path.is_file()}


def keep_numbered(folder: Path, iteration: int, keep: int | None) -> None:
    """Keep `latest.ppgan` under the number of the iteration too; keep the newest `keep` of such files (all if None).

    A run that went back to an earlier checkpoint meets files of its own future: they are never written over, and do not
    count.
    """
    path = numbered(folder, iteration)
    if os.path.lexists(path):
        logger.info("%s: stays as %s", path, files.set_aside(path, "earlier").name)
    try:
        os.link(folder / LATEST, path)  # `latest` is replaced, never written into, so the link keeps its content.
    except OSError:
        files.replace_file(path, (folder / LATEST).read_bytes(), durable=True)
    if keep is not None:
        until_now = [path for number, path in numbered_checkpoints(folder).items() if number <= iteration]
        for old in until_now[:-keep]:
            old.unlink()


def resumable(folder: Path) -> list[Path]:
    """Return the checkpoints that a run could be resumed from: `latest.ppgan`, then numbered ones, the newest first."""
    latest = [folder / LATEST] if (folder / LATEST).is_file() else []
    return latest + list(reversed(numbered_checkpoints(folder).values()))


def read_newest(folder: Path) -> tuple[Path, Header, dict[str, np.ndarray]]:
    """Read `latest.ppgan`; where it is missing or damaged, the newest numbered checkpoint that is whole, and say so.

    Returns:
        Its path, header and tensors.

    Raises:
        CheckpointError: There is none; the error is that of `latest.ppgan`.
    """
    try:
        return folder / LATEST, *read_checkpoint(folder / LATEST)
    except CheckpointError as error:
        for path in reversed(numbered_checkpoints(folder).values()):
            try:
                header, tensors = read_checkpoint(path)
            except CheckpointError as other:
                logger.warning("%s", other)
                continue
            logger.warning("%s: %s; going on from %s", folder / LATEST, error.found, path.name)
            return path, header, tensors
        others = [name for name in (BEST, FINAL) if (folder / name).is_file()]
        if not others:
            raise
        remedy = f"Start another run from the weights of {others[-1]}: -o train.init_from={folder / others[-1]}"
        raise CheckpointError(folder / LATEST, error.found, error.expected, remedy) from error


def set_damaged_aside(folder: Path, *, newest: Path, best: int) -> None:
    """Rename the checkpoints of a resumed run that are damaged, so that they are not written over.

    Args:
        folder: The run.
        newest: The checkpoint that it is resumed from.
        best: The iteration of its best validation; 0 without one.

    Raises:
        OSError: The folder cannot be written.
    """
    if newest.name != LATEST and (folder / LATEST).exists():
        files.set_aside(folder / LATEST, "damaged")
    if best:
        try:
            read_checkpoint(folder / BEST)
        except CheckpointError as error:
            aside = f", renamed to {files.set_aside(folder / BEST, 'damaged').name}" if (folder / BEST).exists() else ""
            logger.warning("%s: %s%s; a better validation will write it again", folder / BEST, error.found, aside)
