"""One training: its recipe, how far it is, and each thing that the loop does with it."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.checkpoint import Header, net_spec, read_checkpoint, write_checkpoint
from ppgan_lite.config import Config
from ppgan_lite.data import DATASETS
from ppgan_lite.data.loader import batches
from ppgan_lite.errors import CheckpointError, PpganError
from ppgan_lite.images import write_image
from ppgan_lite.recipes import RECIPES
from ppgan_lite.styles import shipped
from ppgan_lite.training import run_folder
from ppgan_lite.training.averaging import Averages
from ppgan_lite.training.distributed import Processes
from ppgan_lite.training.preparing import built, set_up
from ppgan_lite.training.previews import grid
from ppgan_lite.training.resuming import check_resumable
from ppgan_lite.training.run_folder import BEST, FINAL, LATEST, METRICS, NoSpaceError
from ppgan_lite.training.schedule import rate_factor, seed_of
from ppgan_lite.training.state import full_tensors, load_full, load_start, not_finite, size_of, usable_tensors, using
from ppgan_lite.training.validation import Standing, Validation, evaluating

if TYPE_CHECKING:
    import paddle

    from ppgan_lite.recipes.recipe import Recipe

logger = logging.getLogger(__name__)

_PREVIEW_SAMPLES = 4


class Run:
    """A training on its way.

    Attributes:
        config: The experiment.
        folder: Where it is kept.
        processes: Which process this is, of how many.
        recipe: The nets and their optimizers.
        iteration: The last one that was done.
    """

    def __init__(self, config: Config, folder: Path, processes: Processes) -> None:
        import paddle

        self.config = config
        self.folder = folder
        self.processes = processes
        self.iteration = 0
        self._seconds = 0.0  # of training, those before a resume included
        self._losses: list[dict[str, float]] = []  # of the iterations since the last line
        self._busy_s = self._waiting_s = 0.0  # the same iterations' time, and what of it was waiting for data
        self._standing = Standing()
        self._averages: Averages | None = None
        validation, seed = config.validation, config.train.seed
        self._dataset = built(DATASETS, config.data, "data")
        self._validation = Validation(validation, seed) if validation.every else None
        paddle.seed(seed_of(seed, 0))
        self.recipe: Recipe = built(RECIPES, config.recipe, "recipe")
        self._autocast = set_up(self.recipe, config.train, processes)
        self._header(list(self.recipe.nets))  # What cannot be saved is found now rather than at the first checkpoint.

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do: all iterations are done, or validation has run out of patience."""
        patient = not self._standing.exhausted(self.config.validation)
        return self.iteration >= self.config.train.iterations or not patient

    def start(self) -> None:
        """Begin with fresh weights, or with those of `train.init_from`."""
        origin = self.config.train.init_from
        if origin is not None:
            path = shipped(origin) or Path(origin)
            loaded, fresh = load_start(path, self.recipe)
            logger.info("from %s: %s; fresh: %s", path, ", ".join(loaded), ", ".join(fresh) or "nothing")
        self._begin_averages()

    def resume(self) -> None:
        """Go back to where `latest.ppgan` was written."""
        path = self.folder / LATEST
        header, tensors = read_checkpoint(path)
        check_resumable(path, header, self.config, self.processes.count)
        self._begin_averages()
        load_full(path, tensors, self.recipe, self._averages, self.processes.rank)
        training = header.training
        self.iteration = int(training["iteration"])
        self._seconds = float(training["seconds"])
        try:
            self._losses = [dict(losses) for losses in training.get("losses", [])]
            self._standing = Standing(**training.get("standing", {}))
            for name, state in training.get("scalers", {}).items():
                scaler = self.recipe.groups[name].scaler
                if scaler is not None:
                    scaler.load_state_dict(state)
        except (TypeError, ValueError, KeyError) as error:
            raise CheckpointError(path, "describes its training in a way that this version cannot read") from error
        if self.processes.first:
            run_folder.drop_lines_after(self.folder / METRICS, self.iteration)

    def _begin_averages(self) -> None:
        decay = self.config.train.ema
        if decay is not None:
            self._averages = Averages({name: self.recipe.nets[name] for name in self.recipe.averaged}, decay)

    def require_space(self) -> None:
        """Make sure that the run's checkpoints fit on its disk; see `run_folder.require_space`."""
        whole = size_of(self._all_tensors([self.recipe.state()]))
        if not self.iteration:
            # An optimizer has no memory before its first step; Adam's is twice its parameters.
            learning = [p for group in self.recipe.groups.values() for p in group.optimizer._parameter_list]
            whole += 2 * sum(4 * int(parameter.size) for parameter in learning)
        there = [path.stat().st_size for name in (LATEST, BEST, FINAL) if (path := self.folder / name).exists()]
        # A checkpoint is written beside the one that it replaces; best and final are smaller than latest.
        run_folder.require_space(self.folder, max(whole, 3 * whole - sum(there)), "the run's checkpoints")

    def source(self) -> Generator[dict[str, np.ndarray]]:
        """Return this process's batches, from the next iteration on."""
        loader, processes = self.config.loader, self.processes
        return batches(
            self._dataset,
            loader.batch_size,
            seed=self.config.train.seed,
            start_iteration=self.iteration * self.config.train.accumulate,
            workers=loader.workers,
            shard=(processes.rank, processes.count),
        )

    def update(self, source: Iterator[dict[str, np.ndarray]]) -> dict[str, float]:
        """Do the next iteration; return this process's losses."""
        import paddle

        settings, recipe = self.config.train, self.recipe
        started = time.monotonic()
        self.iteration += 1
        recipe.iteration = self.iteration
        # What a recipe draws at random depends on the iteration alone, so a resumed run draws the same.
        paddle.seed(seed_of(settings.seed, self.iteration, self.processes.rank))
        factor = rate_factor(settings.schedule, self.iteration, settings.iterations)
        for group in recipe.groups.values():
            group.optimizer.set_lr(group.learning_rate * factor)
        self.processes.share_buffers(recipe.nets.values())
        parts = []
        for _ in range(settings.accumulate):
            asked = time.monotonic()
            batch = next(source)
            self._waiting_s += time.monotonic() - asked
            with self._autocast():
                parts.append(recipe.update(_tensors(batch)))
        # A checkpoint holds no half-gathered gradients.
        assert not any(group.pending for group in recipe.groups.values()), "a loss was not minimised in every batch"
        if self._averages is not None:
            self._averages.update(self.iteration)
        took = time.monotonic() - started
        self._seconds += took
        self._busy_s += took
        return _mean(parts)

    def agree(self, stop: bool, save: bool, losses: dict[str, float]) -> tuple[bool, bool, dict[str, float]]:
        """Settle with the other processes on what this one saw in an iteration.

        Args:
            stop: Whether this process was asked to stop; one is enough.
            save: Whether a checkpoint is due; the first process's clock counts.
            losses: This process's.

        Returns:
            The same for all processes; the losses averaged.

        Raises:
            PpganError: A loss is NaN or infinite.
        """
        own = [float(stop), float(save and self.processes.first), *losses.values()]
        stops, saves, *sums = self.processes.summed(own)
        losses = {name: value / self.processes.count for name, value in zip(losses, sums)}
        for name, value in losses.items():
            if not math.isfinite(value):
                raise self._diverged(f"loss {name} is {value}")
        self._losses.append(losses)
        return stops > 0, saves > 0, losses

    def lines(self, losses: Mapping[str, float]) -> Iterator[dict[str, Any]]:
        """Yield what the iteration adds to metrics.jsonl: averages of losses, numbers of a validation."""
        settings, validation = self.config.train, self.config.validation
        if self.iteration % settings.log_every == 0 or self.iteration == settings.iterations:
            line: dict[str, Any] = {
                "iteration": self.iteration,
                "losses": _mean(self._losses),
                "lr": {name: group.optimizer.get_lr() for name, group in self.recipe.groups.items()},
                "seconds": round(self._seconds, 2),
                "data_share": round(self._waiting_s / self._busy_s, 3) if self._busy_s else 0.0,
            }
            self._losses.clear()
            self._busy_s = self._waiting_s = 0.0
            logger.debug("iteration %d: %s", self.iteration, _shown(line["losses"]))
            yield line
        if validation.every and self.iteration % validation.every == 0:
            yield {"iteration": self.iteration, "validation": self._validate(), "seconds": round(self._seconds, 2)}

    def measure(self, *, samples: int | None = None) -> dict[str, float]:
        """Return what the recipe's validation measures with the averaged nets; {} without a validation.

        Args:
            samples: The first so many instead of all that the config says.
        """
        if self._validation is None:
            return {}
        with using(self._averages):
            return self._validation.measure(self.recipe, self.processes, samples=samples)

    def _validate(self) -> dict[str, float | None]:
        """Measure, and keep the nets as `best.ppgan` if they never were better."""
        found = self.measure()
        assert self.recipe.best  # The config was checked.
        number, direction = self.recipe.best
        better = self._standing.take(found[number], self.iteration, direction)
        logger.info("validation at iteration %d: %s%s", self.iteration, _shown(found), " (best)" if better else "")
        if better and self.processes.first:
            with _told():
                self._write_usable(BEST, found)
        elif self._standing.exhausted(self.config.validation):
            best, at = self._standing.best, self._standing.iteration
            logger.info(
                "stopping: no better %s than %s of iteration %d in %d validations",
                number,
                best,
                at,
                self._standing.since,
            )
        return {name: value if math.isfinite(value) else None for name, value in found.items()}

    def preview_batch(self) -> dict[str, paddle.Tensor]:
        """Return the fixed batch that previews show."""
        samples = min(self.config.loader.batch_size, _PREVIEW_SAMPLES)
        with contextlib.closing(batches(self._dataset, samples, seed=self.config.train.seed)) as source:
            return _tensors(next(source))

    def preview_sheet(self, batch: dict[str, paddle.Tensor]) -> np.ndarray:
        """Return the recipe's pictures of the fixed batch as one, uint8 (height, width, 3) RGB."""
        import paddle

        with paddle.no_grad(), using(self._averages), evaluating(self.recipe.nets.values()):
            images = self.recipe.preview(batch)
        return grid({name: image.astype("float32").numpy() for name, image in images.items()})

    def preview(self, batch: dict[str, paddle.Tensor]) -> np.ndarray:
        """Write the recipe's pictures of the fixed batch as one PNG; return it."""
        sheet = self.preview_sheet(batch)
        path = self.folder / "previews" / f"{self.iteration:07d}.png"
        with _told():
            path.parent.mkdir(exist_ok=True)
            write_image(path, sheet, overwrite=True)
        return sheet

    def save(self, *, keep: bool = False) -> None:
        """Write `latest.ppgan`, unless the weights are no numbers any more.

        Args:
            keep: Also under the iteration's number, whatever comes later.

        Raises:
            PpganError: There is no room, or a weight is NaN or infinite; the file from before is whole.
        """
        states = self.processes.gathered(self.recipe.state())
        if not self.processes.first:
            return
        tensors = self._all_tensors(states)
        broken = not_finite(tensors)
        if broken is not None:
            raise self._diverged(f"tensor {broken} holds NaN or infinity")
        self._write(LATEST, list(self.recipe.nets), tensors, self._progress())
        if keep:
            run_folder.keep_numbered(self.folder, self.iteration, self.config.train.keep)
        logger.info("saved at iteration %d: %s", self.iteration, self.folder / LATEST)

    def save_if_there_is_room(self, *, keep: bool) -> None:
        """As `save`, but a disk that is full is told, and the training goes on with the file from before."""
        with _told():
            self.save(keep=keep)

    def finish(self) -> None:
        """Write `final.ppgan`: the predictors and the nets that they use."""
        if self.processes.first:
            self._write_usable(FINAL, {})
            logger.info("finished after %.0f s of training: %s", self._seconds, self.folder / FINAL)

    def _all_tensors(self, states: list[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return full_tensors(self.recipe, self._averages, states)

    def _write_usable(self, name: str, validation: Mapping[str, float]) -> None:
        """Write the predictors and the nets that they use, with what they were measured at."""
        nets = list(dict.fromkeys(predictor.net for predictor in self.recipe.predictors().values()))
        tensors = usable_tensors(self.recipe, nets, self._averages)
        self._write(name, nets, tensors, {"validation": dict(validation)} if validation else {})

    def _write(
        self, name: str, nets: list[str], tensors: Mapping[str, np.ndarray], training: Mapping[str, Any]
    ) -> None:
        run_folder.require_space(self.folder, size_of(tensors), name)
        write_checkpoint(self.folder / name, self._header(nets, training), tensors)

    def _header(self, nets: list[str], training: Mapping[str, Any] | None = None) -> Header:
        return Header(
            nets={name: net_spec(self.recipe.nets[name]) for name in nets},
            predictors=self.recipe.predictors(),
            recipe=self.config.recipe,
            training={
                "iteration": self.iteration,
                "seed": self.config.train.seed,
                "seconds": round(self._seconds, 2),
                "config": self.config.as_dict(),
                **(training or {}),
            },
        )

    def _progress(self) -> dict[str, Any]:
        """Return what resuming needs beside tensors, as JSON values."""
        scalers = {name: group.scaler.state_dict() for name, group in self.recipe.groups.items() if group.scaler}
        return {
            "processes": self.processes.count,
            "losses": self._losses,
            "standing": asdict(self._standing),
            "scalers": {
                name: {key: np.asarray(value).tolist() for key, value in state.items()}
                for name, state in scalers.items()
            },
        }

    def _diverged(self, found: str) -> PpganError:
        latest = self.folder / LATEST
        kept = f"{latest} is the last good checkpoint" if latest.exists() else "No checkpoint was written yet"
        return PpganError(
            f"iteration {self.iteration}", found, "a finite number", f"{kept}; lower the learning rate and start again"
        )


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Tell what could not be written, and go on: a training must not end for want of a file that can be had later."""
    try:
        yield
    except (NoSpaceError, CheckpointError) as error:
        logger.error("%s; the training goes on", error)
    except OSError as error:
        logger.error("%s: cannot be written (%s); the training goes on", error.filename, error.strerror)


def _mean(parts: list[dict[str, float]]) -> dict[str, float]:
    """Return the averages of losses by name, each over those that have it."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: float(np.mean([part[name] for part in parts if name in part])) for name in names}


def _shown(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.5g}" for name, value in numbers.items())


def _tensors(batch: Mapping[str, np.ndarray]) -> dict[str, paddle.Tensor]:
    import paddle

    return {name: paddle.to_tensor(array) for name, array in batch.items()}
