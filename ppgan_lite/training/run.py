"""One training: its recipe and progress, and the operations of the loop on them."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.config import Config
from ppgan_lite.data import DATASETS
from ppgan_lite.data.loader import batches
from ppgan_lite.errors import CheckpointError, PpganError
from ppgan_lite.images import write_file
from ppgan_lite.metrics.table import direction_of
from ppgan_lite.published import weights_file
from ppgan_lite.recipes import RECIPES
from ppgan_lite.runs import BEST, FINAL, LATEST
from ppgan_lite.styles.users import find_style_file
from ppgan_lite.training import run_folder
from ppgan_lite.training.averaging import MovingAverages
from ppgan_lite.training.clock import Clock
from ppgan_lite.training.data_files import data_files, note_data_files
from ppgan_lite.training.distributed import Processes
from ppgan_lite.training.metrics_file import Metrics
from ppgan_lite.training.preparing import build, configure, with_iterations
from ppgan_lite.training.previews import PAINTING, Preview, draw_preview
from ppgan_lite.training.resuming import check_resumable
from ppgan_lite.training.run_checkpoints import (
    CheckpointWriter,
    Position,
    keep_numbered,
    read_newest,
    set_damaged_aside,
)
from ppgan_lite.training.run_folder import DATA, METRICS, PREVIEWS
from ppgan_lite.training.schedule import rate_factor, seed_of
from ppgan_lite.training.state import (
    averaged_weights,
    load_initial_weights,
    load_resume_tensors,
    not_finite,
    resume_tensors,
)
from ppgan_lite.training.validation import EarlyStopping, Validation, evaluation_mode

if TYPE_CHECKING:
    import paddle

    from ppgan_lite.recipes.recipe import Recipe

logger = logging.getLogger(__name__)

_PREVIEW_SAMPLES = 4


class TrainingRun:
    """A training in progress.

    Attributes:
        config: The experiment, with the number of its iterations.
        folder: The folder of the run.
        processes: The rank of this process and the number of all.
        recipe: The nets and their optimizers.
        iteration: The number of completed iterations.
    """

    def __init__(self, config: Config, folder: Path, processes: Processes) -> None:
        import paddle

        self.folder = folder
        self.processes = processes
        self.iteration = 0
        self._clock = Clock()
        self._losses: list[dict[str, float]] = []  # of the iterations since the last line of metrics
        self._metrics: Any = None  # the state of metrics.jsonl in the checkpoint that is resumed
        self._early_stopping = EarlyStopping()
        self._averages: MovingAverages | None = None
        validation, seed = config.validation, config.train.seed
        self._dataset = build(DATASETS, config.data, "data")
        self.config = config = with_iterations(config, len(self._dataset), processes.count)
        self._validation = Validation(validation, seed) if validation.every else None
        paddle.seed(seed_of(seed, 0))
        self.recipe: Recipe = build(RECIPES, config.recipe, "recipe")
        self._autocast = configure(self.recipe, config.train, processes)
        self._writer = CheckpointWriter(folder, config, self.recipe)
        self._writer.header(list(self.recipe.nets), self._position)  # fails now if the nets cannot be saved

    @property
    def is_done(self) -> bool:
        """Whether all iterations or minutes are over, or early stopping has run out of patience."""
        settings, patient = self.config.train, not self._early_stopping.exhausted(self.config.validation)
        late = settings.minutes is not None and self._clock.shared_seconds >= 60 * settings.minutes
        return self.iteration >= self._iterations or late or not patient

    @property
    def length(self) -> int:
        """The number of iterations in all: that of the config, or what fits into its minutes at the speed so far."""
        settings = self.config.train
        fitting = None if settings.minutes is None else self._clock.fitting_iterations(settings.minutes)
        return self._iterations if fitting is None else min(self._iterations, max(fitting, self.iteration))

    @property
    def _iterations(self) -> int:
        assert self.config.train.iterations  # `with_iterations` has filled it in.
        return self.config.train.iterations

    @property
    def _position(self) -> Position:
        return Position(self.iteration, self._clock.seconds)

    def start(self) -> None:
        """Start from new weights, or from those of `train.init_from`."""
        origin = self.config.train.init_from
        if origin is not None:
            path = find_style_file(origin) or weights_file(origin)
            loaded, fresh = load_initial_weights(path, self.recipe)
            logger.info("from %s: %s; fresh: %s", path, ", ".join(loaded), ", ".join(fresh) or "nothing")
        self._begin_averages()

    def resume(self) -> None:
        """Restore the state of the newest checkpoint that is whole, which is `latest.ppgan` unless that is damaged."""
        path, header, tensors = read_newest(self.folder)
        check_resumable(path, header, self.config, self.processes.count)
        self._begin_averages()
        load_resume_tensors(path, tensors, self.recipe, self._averages, self.processes.rank)
        training = header.training
        self.iteration = int(training["iteration"])
        self._clock = Clock(float(training["seconds"]), self.iteration)
        self._metrics = training.get("metrics")
        try:
            self._losses = [dict(losses) for losses in training.get("losses", [])]
            before = training.get("config", {}).get("validation", {}).get("best")
            if before == self.config.validation.best:  # values of another metric do not compare
                self._early_stopping = EarlyStopping(**training.get("standing", {}))
            for name, state in training.get("scalers", {}).items():
                scaler = self.recipe.groups[name].scaler
                if scaler is not None:
                    scaler.load_state_dict(state)
        except (TypeError, ValueError, KeyError) as error:
            raise CheckpointError(path, "describes its training in a way that this version cannot read") from error
        if self.processes.is_first:
            with run_folder.writing(self.folder):
                set_damaged_aside(self.folder, newest=path, best=self._early_stopping.iteration)

    def begin_files(self, *, resumed: bool) -> None:
        """Bring the metrics to this iteration, and note the data files; tell which are gone since the run was saved.

        Raises:
            OSError: A file cannot be written.
        """
        Metrics(self.folder / METRICS).drop_after(self.iteration, self._metrics)
        names = data_files(self.config.data, self._dataset)
        if self._validation is not None:
            names += [
                f"validation {name}" for name in data_files(self.config.validation.data, self._validation.dataset)
            ]
        note_data_files(self.folder / DATA, names, resumed=resumed)

    def _begin_averages(self) -> None:
        decay = self.config.train.ema
        if decay is not None:
            self._averages = MovingAverages({name: self.recipe.nets[name] for name in self.recipe.averaged}, decay)

    def require_space(self) -> None:
        """Check that the checkpoints of the run fit on its disk; see `run_folder.require_space`."""
        self._writer.require_space(self._all_tensors([self.recipe.state()]), is_new=not self.iteration)

    def load_batches(self) -> Generator[dict[str, np.ndarray]]:
        """Return the batches of this process, from the next iteration on."""
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
        """Run the next iteration; return the losses of this process."""
        import paddle

        settings, recipe = self.config.train, self.recipe
        with self._clock.training():
            self.iteration += 1
            recipe.iteration = self.iteration
            # Random numbers of a recipe depend on the iteration alone, so a resumed run draws the same ones.
            paddle.seed(seed_of(settings.seed, self.iteration, self.processes.rank))
            factor = rate_factor(settings.schedule, self.iteration, self.length)
            for group in recipe.groups.values():
                group.optimizer.set_lr(group.learning_rate * factor)
            self.processes.broadcast_buffers(recipe.nets.values())
            parts = []
            for _ in range(settings.accumulate):
                with self._clock.waiting():
                    batch = next(source)
                with self._autocast():
                    parts.append(recipe.update(_to_tensors(batch)))
            # A checkpoint holds no partly accumulated gradients.
            assert not any(group.pending for group in recipe.groups.values()), "a loss was not minimized in every batch"
            if self._averages is not None:
                self._averages.update(self.iteration)
        return _mean(parts)

    def synchronize(self, stop: bool, save: bool, losses: dict[str, float]) -> tuple[bool, bool, dict[str, float]]:
        """Synchronize the results of an iteration over all processes.

        Args:
            stop: Whether this process was asked to stop; all stop if one was.
            save: Whether a checkpoint is due, by the clock of rank 0.
            losses: The losses of this process.

        Returns:
            stop, save and the averaged losses, the same in all processes.

        Raises:
            PpganError: A loss is NaN or infinite.
        """
        first = self.processes.is_first
        own = [float(stop), float(save and first), self._clock.seconds if first else 0.0, *losses.values()]
        stops, saves, seconds, *sums = self.processes.all_reduce_sum(own)
        self._clock.share(seconds, self.iteration)
        losses = {name: value / self.processes.count for name, value in zip(losses, sums)}
        for name, value in losses.items():
            if not math.isfinite(value):
                raise self._diverged(f"loss {name} is {value}")
        self._losses.append(losses)
        return stops > 0, saves > 0, losses

    def metrics_lines(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of metrics.jsonl that are due: averages of losses, metrics of a validation."""
        settings, validation = self.config.train, self.config.validation
        seconds = round(self._clock.seconds, 2)
        if self.iteration % settings.log_every == 0 or self.is_done:
            line: dict[str, Any] = {
                "iteration": self.iteration,
                "losses": _mean(self._losses),
                "lr": {name: group.optimizer.get_lr() for name, group in self.recipe.groups.items()},
                "seconds": seconds,
                "data_share": round(self._clock.take_data_share(), 3),
            }
            self._losses.clear()
            logger.debug("iteration %d: %s", self.iteration, _formatted(line["losses"]))
            yield line
        if validation.every and (self.iteration % validation.every == 0 or self.is_done):
            yield {
                "iteration": self.iteration,
                "validation": self._validate(),
                "seconds": round(self._clock.seconds, 2),
            }

    def measure(self, *, samples: int | None = None) -> dict[str, float]:
        """Return the validation metrics of the averaged nets; {} without a validation.

        Args:
            samples: The number of samples, from the first; None for the number in the config.
        """
        if self._validation is None:
            return {}
        with averaged_weights(self._averages):
            return self._validation.measure(self.recipe, self.processes, samples=samples)

    def _validate(self) -> dict[str, float | None]:
        """Run a validation; write `best.ppgan` if it is the best so far."""
        found = self.measure()
        number = self.config.validation.best or self.recipe.best
        assert number  # The config has been checked.
        better = self._early_stopping.update(found[number], self.iteration, direction_of(number))
        logger.info("validation at iteration %d: %s%s", self.iteration, _formatted(found), " (best)" if better else "")
        if better and self.processes.is_first:
            with run_folder.logging_write_errors():
                self._writer.write_predictors(BEST, self._position, self._averages, validation=found)
        elif self._early_stopping.exhausted(self.config.validation):
            best, at = self._early_stopping.best, self._early_stopping.iteration
            logger.info(
                "stopping: no better %s than %s of iteration %d in %d validations",
                number,
                best,
                at,
                self._early_stopping.since,
            )
        return {name: value if math.isfinite(value) else None for name, value in found.items()}

    def preview_batch(self) -> dict[str, paddle.Tensor]:
        """Return the fixed batch of the previews."""
        samples = min(len(self._dataset), _PREVIEW_SAMPLES)
        with contextlib.closing(batches(self._dataset, samples, seed=self.config.train.seed)) as source:
            return _to_tensors(next(source))

    @contextlib.contextmanager
    def as_in_use(self) -> Iterator[None]:
        """Have the nets as predictors use them for the duration of a block: averaged, evaluating, without gradients."""
        import paddle

        with paddle.no_grad(), averaged_weights(self._averages), evaluation_mode(self.recipe.nets.values()):
            yield

    def preview(self, batch: dict[str, paddle.Tensor]) -> Preview:
        """Return the preview of a batch; its samples go through the nets one by one, in the memory of one."""
        samples = []
        with self.as_in_use():
            for index in range(len(next(iter(batch.values())))):
                images = self.recipe.preview({name: array[index : index + 1] for name, array in batch.items()})
                samples.append({name: image.astype("float32").numpy() for name, image in images.items()})
        sources = self._dataset.sources() if hasattr(self._dataset, "sources") else ()
        shared = {source.name for source in sources if source.name == PAINTING and len(source.files) == 1}
        return draw_preview(samples, results=self.recipe.results, once=shared)

    def write_preview(self, preview: Preview) -> Path:
        """Write a preview as a PNG file; return its path."""
        path = self.folder / PREVIEWS / f"{self.iteration:07d}.png"
        with run_folder.logging_write_errors():
            path.parent.mkdir(exist_ok=True)
            write_file(path, preview.encode())
        return path

    def save(self, *, keep: bool = False) -> None:
        """Write `latest.ppgan`.

        Args:
            keep: Also keep the file under the number of the iteration.

        Raises:
            PpganError: The disk is full, or a weight is NaN or infinite; the previous file is unchanged.
        """
        states = self.processes.all_gather(self.recipe.state())
        if not self.processes.is_first:
            return
        tensors = self._all_tensors(states)
        broken = not_finite(tensors)
        if broken is not None:
            raise self._diverged(f"tensor {broken} holds NaN or infinity")
        run_folder.flush_lines(self.folder)
        self._writer.write_latest(self._position, tensors, self._progress())
        if keep:
            keep_numbered(self.folder, self.iteration, self.config.train.keep)
        logger.info("saved at iteration %d: %s", self.iteration, self.folder / LATEST)

    def try_save(self, *, keep: bool) -> None:
        """Save as `save` does, but only log a full disk, so that the training goes on with the previous file."""
        with run_folder.logging_write_errors():
            self.save(keep=keep)

    def finish(self) -> None:
        """Write `final.ppgan`, which holds the predictors and their nets."""
        if self.processes.is_first:
            self._writer.write_predictors(FINAL, self._position, self._averages)
            logger.info("finished after %.0f s of training: %s", self._clock.seconds, self.folder / FINAL)

    def _all_tensors(self, states: list[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return resume_tensors(self.recipe, self._averages, states)

    def _progress(self) -> dict[str, Any]:
        """Return the state that resuming needs in addition to tensors, as JSON values."""
        scalers = {name: group.scaler.state_dict() for name, group in self.recipe.groups.items() if group.scaler}
        return {
            "processes": self.processes.count,
            "losses": self._losses,
            "standing": asdict(self._early_stopping),
            "metrics": Metrics(self.folder / METRICS).state(),
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


def _mean(parts: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each loss by name, over the parts that have it."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: float(np.mean([part[name] for part in parts if name in part])) for name in names}


def _formatted(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.5g}" for name, value in numbers.items())


def _to_tensors(batch: Mapping[str, np.ndarray]) -> dict[str, paddle.Tensor]:
    import paddle

    return {name: paddle.to_tensor(array) for name, array in batch.items()}
