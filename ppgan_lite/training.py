"""The training loop: step, log, preview, save, resume. It knows no recipe.

A run is a folder:

    config.yaml      the resolved experiment
    train.log        what happened, in words
    metrics.jsonl    a line every `log_every` iterations: iteration, losses, learning rates, seconds
    previews/        the recipe's pictures of one fixed batch, one PNG each time
    latest.ppgan     everything that `resume` needs
    final.ppgan      at the end: the nets that predictors use
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.checkpoint import Header, load_net, net_spec, net_tensors, read_checkpoint, write_checkpoint
from ppgan_lite.config import Config, ScheduleSettings
from ppgan_lite.data import DATASETS
from ppgan_lite.data.loader import batches
from ppgan_lite.errors import CancelledError, CheckpointError, MissingDependencyError, PpganError, UsageError
from ppgan_lite.images import write_image
from ppgan_lite.inference.device import choose_device
from ppgan_lite.recipes import RECIPES
from ppgan_lite.styles import any_painting
from ppgan_lite.tables import resolve

if TYPE_CHECKING:
    import paddle
    from visualdl import LogWriter

    from ppgan_lite.recipes.recipe import Recipe, TrainedGroup

logger = logging.getLogger(__name__)

LATEST = "latest.ppgan"
FINAL = "final.ppgan"
_FIRST_SAVE_S = 60.0
_PREVIEW_SAMPLES = 4


class TrainingInterrupted(CancelledError):
    """The training was asked to stop, saved itself and can be continued.

    Attributes:
        command: What continues it, for a shell.
    """

    def __init__(self, run_dir: Path, iteration: int) -> None:
        self.command = shlex.join(
            ["paddlegan", "train", "-c", str(run_dir / "config.yaml"), "--run-dir", str(run_dir), "--resume"]
        )
        PpganError.__init__(
            self, run_dir, f"stopped and saved at iteration {iteration}", "", f"Continue: {self.command}"
        )


def train(
    config: Config,
    *,
    run_dir: str | Path | None = None,
    resume: bool = False,
    device: str | None = None,
    seed: int | None = None,
    report: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """Train an experiment to its end and return the final checkpoint.

    A resumed run gives bit for bit the weights of an uninterrupted one (on a device whose kernels are deterministic, as
    the CPU's are).

    Args:
        config: The experiment.
        run_dir: The run's folder; runs/<name of the config file> if not given.
        resume: Continue the run in that folder.
        device: "auto", "cpu" or "gpu:N", instead of the config's.
        seed: Instead of the config's.
        report: Called with every line of metrics.jsonl.

    Raises:
        UsageError: The folder holds a run and `resume` is not set, or the other way round.
        TrainingInterrupted: Ctrl-C or SIGTERM came; the run is saved.
        PpganError: A loss became NaN or infinite; the last good checkpoint is kept.
    """
    seed = config.train.seed if seed is None else seed
    config = replace(config, train=replace(config.train, seed=seed, device=device or config.train.device))
    folder = Path("runs", Path(config.source).stem or "run") if run_dir is None else Path(run_dir)
    _check_folder(folder, resume)
    choose_device(config.train.device)
    with _log_to(folder / "train.log"):
        run = _Run(config, folder)
        if resume:
            run.resume()
        elif config.train.init_from is not None:
            run.start_from(any_painting() if config.train.init_from == "any" else Path(config.train.init_from))
        run.loop(report)
    return folder / FINAL


def rate_factor(schedule: ScheduleSettings, iteration: int, iterations: int) -> float:
    """Return what the learning rates are multiplied by in one iteration.

    Args:
        schedule: Its shape.
        iteration: From 1 to `iterations`.
        iterations: Of the whole training.
    """
    factor = 1.0
    if schedule.name != "constant":
        span = max(1, iterations - schedule.decay_from)
        fallen = min(1.0, max(0.0, (iteration - 1 - schedule.decay_from) / span))
        left = 1 - fallen if schedule.name == "linear" else (1 + math.cos(math.pi * fallen)) / 2
        factor = schedule.final + (1 - schedule.final) * left
    return factor * min(1.0, iteration / schedule.warmup) if schedule.warmup else factor


def optimizer_tensors(name: str, group: TrainedGroup, recipe: Recipe) -> dict[str, np.ndarray]:
    """Return an optimizer's state as a checkpoint stores it: "optimizer/<group>/<net.parameter>|<slot>" -> array.

    Paddle keys the state by parameter names that count up over the process (3.3), so they mean nothing in another one.
    """
    names = _parameter_names(group, recipe)
    return {
        f"optimizer/{name}/{names[parameter]}|{slot}": value.numpy()
        for slot, values in group.optimizer._accumulators.items()
        for parameter, value in values.items()
    }


def load_optimizer(
    name: str, group: TrainedGroup, recipe: Recipe, tensors: Mapping[str, np.ndarray], *, where: object
) -> None:
    """Load what `optimizer_tensors` returned into a fresh optimizer of the same kind.

    Raises:
        CheckpointError: The state is of other parameters, slots or shapes.
    """
    import paddle

    prefix = f"optimizer/{name}/"
    stored = {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
    names = _parameter_names(group, recipe)
    with_state = {key.rpartition("|")[0] for key in stored}
    optimizer = group.optimizer
    # An optimizer makes its slots at its first step. Made now, they can be filled by parameter instead of by the
    # process-wide name that `set_state_dict` goes by.
    block = paddle.static.default_main_program().global_block()
    parameters = [parameter for net in group.nets for parameter in recipe.nets[net].parameters()]
    optimizer._create_accumulators(block, [p for p in parameters if names[p.name] in with_state])
    slots = {
        f"{names[parameter]}|{slot}": value
        for slot, values in optimizer._accumulators.items()
        for parameter, value in values.items()
    }
    for key in sorted(slots.keys() ^ stored.keys()):
        found = "is missing" if key in slots else "is not part of it"
        raise CheckpointError(where, f"its state of optimizer {name} does not fit: {key} {found}")
    for key, slot in slots.items():
        if list(slot.shape) != list(stored[key].shape):
            found = f"{key} has shape {list(stored[key].shape)} instead of {list(slot.shape)}"
            raise CheckpointError(where, f"its state of optimizer {name} does not fit: {found}")
        slot.set_value(stored[key])


class _Run:
    """A training on its way: the recipe, and how far it is."""

    def __init__(self, config: Config, folder: Path) -> None:
        import paddle

        self.config = config
        self.folder = folder
        self.iteration = 0
        self.seconds = 0.0  # of training, those before a resume included
        data = dict(config.data)
        self.dataset = resolve(DATASETS, data.pop("name"), "data")(**data)
        arguments = dict(config.recipe)
        paddle.seed(_seed_of(config.train.seed, 0))
        self.recipe: Recipe = resolve(RECIPES, arguments.pop("name"), "recipe")(**arguments)
        self._header(list(self.recipe.nets))  # What cannot be saved is found now rather than at the first checkpoint.

    def start_from(self, path: Path) -> None:
        """Load the nets that another checkpoint has too.

        A net of it may lack whole parts of ours, as a draft without revisions does; they keep their fresh weights.
        """
        header, tensors = read_checkpoint(path)
        loaded = [name for name in self.recipe.nets if name in header.nets]
        fresh = [name for name in self.recipe.nets if name not in header.nets]
        if not loaded:
            expected = f"one of the recipe's nets {', '.join(fresh)}"
            raise CheckpointError(path, f"has the nets {', '.join(header.nets)}", expected)
        for name in loaded:
            own = net_tensors(name, self.recipe.nets[name])
            there = {_part(key) for key in tensors}
            kept = {key: value for key, value in own.items() if _part(key) not in there}
            load_net(self.recipe.nets[name], name, {**tensors, **kept}, where=f"{path}: net {name}")
            fresh += sorted({_part(key).removeprefix("net/") for key in kept})
        logger.info("from %s: %s; fresh: %s", path, ", ".join(loaded), ", ".join(fresh) or "nothing")

    def resume(self) -> None:
        """Go back to where `latest.ppgan` was written."""
        path = self.folder / LATEST
        header, tensors = read_checkpoint(path)
        for key, old, new in _differences(header.training.get("config", {}), self.config.as_dict()):
            logger.warning("resumed with another %s: %s instead of %s", key, new, old)
        if header.recipe.get("name") != self.config.recipe["name"]:
            found = f"was trained with the recipe {header.recipe.get('name')}"
            raise CheckpointError(path, found, str(self.config.recipe["name"]), "Resume with the config of the run")
        if not all(isinstance(header.training.get(key), (int, float)) for key in ("iteration", "seconds")):
            raise CheckpointError(path, "does not say how far its training was", f"a {LATEST} that a training wrote")
        for name, net in self.recipe.nets.items():
            load_net(net, name, tensors, where=f"{path}: net {name}")
        for name, group in self.recipe.groups.items():
            load_optimizer(name, group, self.recipe, tensors, where=path)
        self.iteration = header.training["iteration"]
        self.seconds = header.training["seconds"]
        _keep_lines_up_to(self.folder / "metrics.jsonl", self.iteration)

    def loop(self, report: Callable[[dict[str, Any]], None] | None) -> None:
        """Train from the present iteration to the last one."""
        from tqdm import tqdm

        settings, loader = self.config.train, self.config.loader
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.yaml").write_text(self.config.dump(), encoding="utf-8")
        logger.info("iteration %d of %d in %s", self.iteration, settings.iterations, self.folder)
        samples = min(loader.batch_size, _PREVIEW_SAMPLES)
        shown = _tensors(next(batches(self.dataset, samples, seed=settings.seed)))
        source = batches(
            self.dataset,
            loader.batch_size,
            seed=settings.seed,
            start_iteration=self.iteration,
            workers=loader.workers,
        )
        window: list[dict[str, float]] = []
        next_save = time.monotonic() + min(_FIRST_SAVE_S, settings.save_every_s)
        on_screen = sys.stderr.isatty()
        with (
            contextlib.closing(source),
            _stop_requests() as stop,
            _visualdl(self.folder / "visualdl" if settings.visualdl else None) as board,
            tqdm(
                total=settings.iterations,
                initial=self.iteration,
                unit="step",
                mininterval=0.5 if on_screen else 30.0,
                smoothing=0.05,
                dynamic_ncols=on_screen,
            ) as bar,
        ):
            while self.iteration < settings.iterations and not stop.is_set():
                started = time.monotonic()
                window.append(self._step(next(source)))
                self.seconds += time.monotonic() - started
                bar.update()
                if self.iteration % settings.log_every == 0 or self.iteration == settings.iterations:
                    line = self._metrics(window)
                    window.clear()
                    bar.set_postfix_str(" ".join(f"{key} {value:.4g}" for key, value in line["losses"].items()))
                    if board is not None:
                        for kind in ("losses", "lr"):
                            for name, value in line[kind].items():
                                board.add_scalar(f"{kind}/{name}", value, self.iteration)
                    if report is not None:
                        report(line)
                if settings.preview_every and (self.iteration % settings.preview_every == 0 or self.iteration == 1):
                    sheet = self._preview(shown)
                    if board is not None:
                        board.add_image("preview", sheet, self.iteration)
                if time.monotonic() >= next_save:
                    self._save()
                    next_save = time.monotonic() + settings.save_every_s
        self._save()
        if stop.is_set() and self.iteration < settings.iterations:
            raise TrainingInterrupted(self.folder, self.iteration)
        self._finish()

    def _step(self, batch: dict[str, np.ndarray]) -> dict[str, float]:
        import paddle

        settings = self.config.train
        self.iteration += 1
        # What a recipe draws at random depends on the iteration alone, so a resumed run draws the same.
        paddle.seed(_seed_of(settings.seed, self.iteration))
        factor = rate_factor(settings.schedule, self.iteration, settings.iterations)
        for group in self.recipe.groups.values():
            group.optimizer.set_lr(group.learning_rate * factor)
        losses = self.recipe.update(_tensors(batch))
        for name, value in losses.items():
            if not math.isfinite(value):
                raise self._diverged(f"loss {name} is {value}")
        return losses

    def _metrics(self, window: list[dict[str, float]]) -> dict[str, Any]:
        """Average the losses of some iterations, write the line and return it."""
        names = dict.fromkeys(name for losses in window for name in losses)
        line: dict[str, Any] = {
            "iteration": self.iteration,
            "losses": {name: float(np.mean([losses[name] for losses in window if name in losses])) for name in names},
            "lr": {name: group.optimizer.get_lr() for name, group in self.recipe.groups.items()},
            "seconds": round(self.seconds, 2),
        }
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        logger.debug(
            "iteration %d: %s", self.iteration, ", ".join(f"{key} {value:.5g}" for key, value in line["losses"].items())
        )
        return line

    def _preview(self, batch: dict[str, paddle.Tensor]) -> np.ndarray:
        """Write the recipe's pictures of the fixed batch as one PNG; return it."""
        import paddle

        with paddle.no_grad():
            images = self.recipe.preview(batch)
        path = self.folder / "previews" / f"{self.iteration:07d}.png"
        path.parent.mkdir(exist_ok=True)
        sheet = grid({name: image.numpy() for name, image in images.items()})
        write_image(path, sheet, overwrite=True)
        return sheet

    def _save(self) -> None:
        """Write `latest.ppgan`, unless the weights are no numbers any more."""
        tensors: dict[str, np.ndarray] = {}
        for name, net in self.recipe.nets.items():
            tensors |= net_tensors(name, net)
        for name, group in self.recipe.groups.items():
            tensors |= optimizer_tensors(name, group, self.recipe)
        for name, tensor in tensors.items():
            if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
                raise self._diverged(f"tensor {name} holds NaN or infinity")
        write_checkpoint(self.folder / LATEST, self._header(list(self.recipe.nets)), tensors)
        logger.info("saved at iteration %d: %s", self.iteration, self.folder / LATEST)

    def _finish(self) -> None:
        """Write `final.ppgan`: the predictors and the nets that they use."""
        names = list(dict.fromkeys(predictor.net for predictor in self.recipe.predictors().values()))
        tensors: dict[str, np.ndarray] = {}
        for name in names:
            tensors |= net_tensors(name, self.recipe.nets[name])
        write_checkpoint(self.folder / FINAL, self._header(names), tensors)
        logger.info("finished after %.0f s of training: %s", self.seconds, self.folder / FINAL)

    def _header(self, nets: list[str]) -> Header:
        return Header(
            nets={name: net_spec(self.recipe.nets[name]) for name in nets},
            predictors=self.recipe.predictors(),
            recipe=self.config.recipe,
            training={
                "iteration": self.iteration,
                "seed": self.config.train.seed,
                "seconds": round(self.seconds, 2),
                "config": self.config.as_dict(),
            },
        )

    def _diverged(self, found: str) -> PpganError:
        latest = self.folder / LATEST
        kept = f"{latest} is the last good checkpoint" if latest.exists() else "No checkpoint was written yet"
        return PpganError(
            f"iteration {self.iteration}", found, "a finite number", f"{kept}; lower the learning rate and start again"
        )


def grid(images: Mapping[str, np.ndarray]) -> np.ndarray:
    """Lay pictures out: a column for each name, a row for each sample.

    Args:
        images: Name -> float array (samples, 3 or 1, height, width) in [0, 1]; sizes may differ.

    Returns:
        uint8 RGB image on white.
    """
    columns = [
        np.clip(np.rint(image * 255), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1) for image in images.values()
    ]
    rows, gap = max(len(column) for column in columns), 4
    height = max(column.shape[1] for column in columns)
    sheet = np.full((rows * (height + gap) - gap, sum(c.shape[2] + gap for c in columns) - gap, 3), 255, np.uint8)
    left = 0
    for column in columns:
        for row, image in enumerate(column):
            top = row * (height + gap)
            sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
        left += column.shape[2] + gap
    return sheet


def _parameter_names(group: TrainedGroup, recipe: Recipe) -> dict[str, str]:
    """Return Paddle's name of each parameter -> "net.parameter"."""
    return {
        parameter.name: f"{net}.{key}" for net in group.nets for key, parameter in recipe.nets[net].named_parameters()
    }


def _part(key: str) -> str:
    """Return "net/<name>/<part>" of a tensor's name: a direct child of the net, or one item of a list of them."""
    parts = key.split(".")
    return ".".join(parts[:2] if len(parts) > 1 and parts[1].isdigit() else parts[:1])


def _tensors(batch: Mapping[str, np.ndarray]) -> dict[str, paddle.Tensor]:
    import paddle

    return {name: paddle.to_tensor(array) for name, array in batch.items()}


def _seed_of(seed: int, iteration: int) -> int:
    """Mix the run's seed with an iteration, so that neither neighbouring seeds nor neighbouring steps draw alike."""
    return int(np.random.SeedSequence((seed, iteration)).generate_state(1)[0])


def _check_folder(folder: Path, resume: bool) -> None:
    if resume:
        if not (folder / LATEST).is_file():
            raise UsageError(folder, f"has no {LATEST} to resume from", remedy="Start it without --resume")
        return
    if folder.exists() and not folder.is_dir():
        raise UsageError(folder, "is a file", "a folder for the run", "Give another --run-dir")
    if (folder / LATEST).exists() or (folder / FINAL).exists():
        raise UsageError(folder, "holds a run already", remedy="Continue it with --resume or give another --run-dir")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "config.yaml").exists():
        raise UsageError(folder, "holds other files", "an empty or new folder", "Give another --run-dir")


def _differences(old: Any, new: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (key, old, new) for each setting that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(name), new.get(name), f"{key}.{name}" if key else name)
    elif old != new:
        yield key, old, new


def _keep_lines_up_to(path: Path, iteration: int) -> None:
    """Drop the lines that were written after the checkpoint which a resumed run goes back to."""
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["iteration"] <= iteration]
        path.write_text("".join(kept), encoding="utf-8")


class _AboveTheBar(logging.StreamHandler):
    """Writes to stderr without tearing the progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(self.format(record), file=sys.stderr)


@contextlib.contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Write what the package logs into a file meanwhile, and what is not a line of losses to stderr too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    screen = _AboveTheBar()
    screen.setLevel(logging.INFO)
    package = logging.getLogger("ppgan_lite")
    before = package.level, package.propagate
    package.setLevel(logging.DEBUG)
    package.propagate = (
        False  # Paddle 3.3 gives the root logger a handler of its own, which would print all of it again.
    )
    package.addHandler(file)
    package.addHandler(screen)
    try:
        yield
    except PpganError as error:
        package.removeHandler(screen)  # Whoever called the training tells it there.
        package.error("%s", error)
        raise
    finally:
        package.removeHandler(file)
        package.removeHandler(screen)
        package.setLevel(before[0])
        package.propagate = before[1]
        file.close()


@contextlib.contextmanager
def _stop_requests() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event, so that no step is cut in two; a second Ctrl-C ends at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # Only the main thread may handle signals.
        return

    def ask(number: int, frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _visualdl(folder: Path | None) -> Iterator[LogWriter | None]:
    """Yield what writes scalars and pictures for VisualDL; None without a folder."""
    if folder is None:
        yield None
        return
    try:
        from visualdl import LogWriter
    except ImportError as error:
        remedy = "Install it with pip install visualdl, or set train.visualdl to false"
        raise MissingDependencyError("train.visualdl", "VisualDL is not installed", remedy=remedy) from error
    with LogWriter(logdir=str(folder)) as writer:
        yield writer
