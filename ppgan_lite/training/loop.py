"""The training loop: update, log, preview, validate, save, resume. It knows no recipe."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ppgan_lite.config import Config
from ppgan_lite.data.doctor import examine
from ppgan_lite.runtime import files
from ppgan_lite.runtime.device import choose_device
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.training import run_folder
from ppgan_lite.training.board import Board, open_board
from ppgan_lite.training.distributed import Processes, join_processes
from ppgan_lite.training.environment import append_start, describe_device, environment
from ppgan_lite.training.log import log_to
from ppgan_lite.training.metrics_file import Metrics
from ppgan_lite.training.progress import Pace, ProgressBar
from ppgan_lite.training.report.reporter import reporting
from ppgan_lite.training.run import TrainingRun
from ppgan_lite.training.stopping import TrainingInterrupted, stop_requests

logger = logging.getLogger(__name__)

Report = Callable[[dict[str, Any]], None]
Watch = Callable[[TrainingRun], None]
_FIRST_SAVE_S = 60.0
_PROGRESS_EVERY_S = 1.0  # events of this kind


def train(
    config: Config,
    *,
    run_dir: str | Path | None = None,
    resume: bool = False,
    device: str | None = None,
    seed: int | None = None,
    report: Report | None = None,
    watch: Watch | None = None,
    quiet: bool = False,
    verbose: bool = False,
    bar: bool = True,
) -> Path:
    """Train an experiment to its end and return the path of the final checkpoint.

    A resumed run gives bit for bit the weights of an uninterrupted one, on devices with deterministic kernels such as
    CPUs.

    Args:
        config: The experiment.
        run_dir: The folder of the run; runs/<name of the config file> if not given.
        resume: Whether to resume the run in that folder.
        device: "auto", "cpu" or "gpu:N", overriding the config.
        seed: A seed that overrides the config.
        report: Called with each event, a JSON object, in the process of rank 0; docs/training.md lists them.
        watch: Called after every iteration, in that process too.
        quiet: Whether stderr shows only warnings and errors: no progress bar, no log.
        verbose: Whether stderr shows all of the log: the whole config, a line for each line of metrics.jsonl.
        bar: Whether stderr shows a progress bar.

    Raises:
        DataError: Pictures are missing or damaged.
        UsageError: The folder holds a run and `resume` is not set, or the other way round, another training runs in
            it, or it cannot be written.
        ConfigError: The config of a resumed run would change the results of the training.
        TrainingInterrupted: The training was stopped by Ctrl-C or SIGTERM; the run is saved.
        NoSpaceError: The checkpoints do not fit on the disk.
        PpganError: A loss became NaN or infinite; the last good checkpoint is kept.
    """
    config = _with_overrides(config, device, seed)
    folder = Path("runs", Path(config.source).stem or "run") if run_dir is None else Path(run_dir)
    run_folder.check_folder(folder, resume)
    if not resume:
        run_folder.check_config(folder, config)
    processes = join_processes()
    chosen = _settle_device(config, processes)
    with contextlib.ExitStack() as stack:
        if processes.is_first:
            stack.enter_context(run_folder.locked(folder))
            stack.enter_context(log_to(folder / run_folder.LOG, screen=_level(quiet, verbose)))
            run_folder.repair(folder)
        logger.info("device %s", describe_device(chosen))
        findings = _check_data(config) if processes.is_first else {}
        run = TrainingRun(config, folder, processes)
        _log_config(run.config)
        if resume:
            run.resume()
        else:
            run.start()
        if processes.is_first:
            run.require_space()
            with run_folder.writing(folder):
                run.begin_files(resumed=resume)
                files.replace_file(folder / run_folder.CONFIG, run.config.dump().encode(), durable=True)
                start = {"iteration": run.iteration, **environment(chosen, processes), "data": findings}
                append_start(folder / run_folder.ENVIRONMENT, start)
        events = report if processes.is_first and report is not None else _ignore
        events({"event": "started", "run": str(folder), "iteration": run.iteration, "iterations": run.length})
        _loop(run, events, watch, bar=bar and not quiet)
        events({"event": "done", "path": str(folder / run_folder.FINAL), "iteration": run.iteration})
    return folder / run_folder.FINAL


def dry_run(
    config: Config,
    *,
    device: str | None = None,
    seed: int | None = None,
    quiet: bool = False,
    verbose: bool = False,
) -> dict[str, float]:
    """Run the checks of `train`, one iteration, a preview and a validation of one sample; write nothing.

    The arguments are those of `train`.

    Returns:
        The losses and the validation metrics.

    Raises:
        PpganError: As `train`.
    """
    config = _with_overrides(config, device, seed)
    chosen = _settle_device(config, Processes())
    with log_to(None, screen=_level(quiet, verbose)):
        logger.info("device %s", describe_device(chosen))
        _check_data(config)
        run = TrainingRun(config, Path(), Processes())
        _log_config(run.config)
        run.start()
        with contextlib.closing(run.load_batches()) as source:
            _, _, losses = run.synchronize(False, False, run.update(source))
        run.preview(run.preview_batch())
        return losses | run.measure(samples=1)


def _with_overrides(config: Config, device: str | None, seed: int | None) -> Config:
    """Return the experiment with device and seed overridden."""
    seed = config.train.seed if seed is None else seed
    return replace(config, train=replace(config.train, seed=seed, device=device or config.train.device))


def _level(quiet: bool, verbose: bool) -> int:
    return logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO


def _log_config(config: Config) -> None:
    """Log a config; on the screen only what differs from the one that it is based on."""
    if config.base:
        logger.info("config %s%s", config.base, " with" if config.changes else "")
    for change in config.changes:
        logger.info("  %s", change)
    logger.debug("the whole config:\n%s", config.dump())


def _check_data(config: Config) -> dict[str, Any]:
    """Have the doctor inspect all pictures, log its findings and return a summary of them.

    Raises:
        DataError: It found errors; the screen shows them as this error, the log has all.
    """
    validation = config.validation.data if config.validation.every else None
    report = examine(config.data, validation)
    level = logging.DEBUG if report.errors else logging.WARNING if report.findings else logging.INFO
    for line in report.lines():
        logger.log(level, "%s", line)
    report.check()
    return report.summary()


def _ignore(event: dict[str, Any]) -> None:
    """Take an event that nobody asked for."""


def _settle_device(config: Config, processes: Processes) -> str:
    """Set the device of the config; with "auto", each of several processes takes the GPU assigned to it."""
    device = config.train.device
    if device == "auto" and processes.count > 1 and require_paddle().is_compiled_with_cuda():
        device = f"gpu:{processes.gpu}"
    chosen, note = choose_device(device)
    if note:
        logger.warning(note)
    return chosen


def _loop(run: TrainingRun, report: Report, watch: Watch | None, *, bar: bool) -> None:
    """Train from the current iteration to the last one."""
    settings, first = run.config.train, run.processes.is_first
    logger.info("iteration %d of %d in %s", run.iteration, run.length, run.folder)
    preview_batch = run.preview_batch()
    metrics = Metrics(run.folder / run_folder.METRICS)
    pace = Pace()
    next_save = time.monotonic() + min(_FIRST_SAVE_S, settings.save_every_s)
    next_progress = time.monotonic()
    stopping = False
    with stop_requests() as stop, reporting(run) as reporter:
        with (
            contextlib.closing(run.load_batches()) as source,
            _board(run) as board,
            ProgressBar(run, hidden=not bar or not first) as shown,
        ):

            def write(line: dict[str, Any]) -> None:
                metrics.append(line)
                if board is not None:
                    board.line(line)
                if reporter is not None:
                    reporter.line(line)

            while not run.is_done and not stopping:
                with _timed(pace, "iteration"):
                    losses = run.update(source)
                    stopping, saving, _ = run.synchronize(stop.is_set(), time.monotonic() >= next_save, losses)
                told: dict[str, float] = {}
                measuring = time.monotonic()
                for line in run.metrics_lines():
                    if "validation" in line:
                        pace.add("validation", time.monotonic() - measuring)
                    told = line.get("losses", told)
                    if first:
                        write(line)
                    report({"event": "losses" if "losses" in line else "validation", **line})
                every = settings.preview_every
                if first and every and (run.iteration == 1 or run.iteration % every == 0):
                    with _timed(pace, "preview"):
                        preview = run.preview(preview_batch)
                        path = run.write_preview(preview)
                    if preview.diversity:
                        write({"iteration": run.iteration, "diversity": preview.diversity})
                    report({"event": "preview", "iteration": run.iteration, "file": str(path)})
                    if board is not None:
                        board.picture(preview.image, run.iteration)
                        if settings.histograms:
                            board.histograms(run.recipe, run.iteration)
                if first and watch is not None:
                    watch(run)
                keeping = bool(settings.save_every) and run.iteration % settings.save_every == 0
                if saving or keeping:
                    with _timed(pace, "save"):
                        run.try_save(keep=keeping)
                    next_save = time.monotonic() + settings.save_every_s
                shown.update(run, pace, told)
                if time.monotonic() >= next_progress:
                    report(_progress(run, pace))
                    next_progress = time.monotonic() + _PROGRESS_EVERY_S
        # Ctrl-C is still an event here: the last checkpoint holds up to `save_every_s` of training.
        run.save()
        if run.is_done:
            run.finish()
    if not run.is_done:
        raise TrainingInterrupted(run.folder, run.iteration)


def _progress(run: TrainingRun, pace: Pace) -> dict[str, Any]:
    left = round(pace.seconds_left(run), 1)
    return {"event": "progress", "iteration": run.iteration, "iterations": run.length, "seconds_left": left}


@contextlib.contextmanager
def _timed(pace: Pace, kind: str) -> Iterator[None]:
    """Add the duration of a block to the pace of the training."""
    began = time.monotonic()
    yield
    pace.add(kind, time.monotonic() - began)


@contextlib.contextmanager
def _board(run: TrainingRun) -> Iterator[Board | None]:
    """Yield a writer for VisualDL; None if the config does not ask for one, and in all processes but that of rank 0."""
    if not run.config.train.visualdl or not run.processes.is_first:
        yield None
        return
    with contextlib.ExitStack() as stack:
        board = None
        try:
            board = stack.enter_context(open_board(run.folder, run.iteration))
        except OSError as error:
            logger.error("%s: cannot be written (%s); the training goes on", error.filename, error.strerror)
        yield board
