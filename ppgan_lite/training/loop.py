"""The training loop: update, log, preview, validate, save, resume. It knows no recipe."""

from __future__ import annotations

import contextlib
import logging
import sys
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
from ppgan_lite.runtime.streams import SCREEN
from ppgan_lite.training import run_folder
from ppgan_lite.training.board import Board, open_board
from ppgan_lite.training.distributed import Processes, join_processes
from ppgan_lite.training.environment import append_start, describe_device
from ppgan_lite.training.log import log_to
from ppgan_lite.training.metrics_file import Metrics
from ppgan_lite.training.run import TrainingRun
from ppgan_lite.training.stopping import TrainingInterrupted, stop_requests

logger = logging.getLogger(__name__)

MetricsCallback = Callable[[dict[str, Any]], None]
Watch = Callable[[TrainingRun], None]
_FIRST_SAVE_S = 60.0


def train(
    config: Config,
    *,
    run_dir: str | Path | None = None,
    resume: bool = False,
    device: str | None = None,
    seed: int | None = None,
    report: MetricsCallback | None = None,
    watch: Watch | None = None,
    quiet: bool = False,
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
        report: Called with every line of metrics.jsonl, in the process of rank 0.
        watch: Called after every iteration, in that process too.
        quiet: Whether stderr shows only warnings and errors: no progress bar, no log.

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
            stack.enter_context(log_to(folder / run_folder.LOG, screen=logging.WARNING if quiet else logging.INFO))
            run_folder.repair(folder)
        logger.info("device %s; config:\n%s", describe_device(chosen), config.dump())
        if processes.is_first:
            _check_data(config)
        run = TrainingRun(config, folder, processes)
        if resume:
            run.resume()
        else:
            run.start()
        if processes.is_first:
            run.require_space()
            with run_folder.writing(folder):
                run.begin_files(resumed=resume)
                files.replace_file(folder / run_folder.CONFIG, config.dump().encode(), durable=True)
                append_start(
                    folder / run_folder.ENVIRONMENT, device=chosen, processes=processes, iteration=run.iteration
                )
        _loop(run, report, watch, quiet=quiet)
    return folder / run_folder.FINAL


def dry_run(config: Config, *, device: str | None = None, seed: int | None = None) -> dict[str, float]:
    """Run the checks of `train`, one iteration, a preview and a validation of one sample; write nothing.

    Returns:
        The losses and the validation metrics.

    Raises:
        PpganError: As `train`.
    """
    config = _with_overrides(config, device, seed)
    chosen = _settle_device(config, Processes())
    with log_to(None):
        logger.info("device %s; config:\n%s", describe_device(chosen), config.dump())
        _check_data(config)
        run = TrainingRun(config, Path(), Processes())
        run.start()
        with contextlib.closing(run.load_batches()) as source:
            _, _, losses = run.synchronize(False, False, run.update(source))
        run.preview_sheet(run.preview_batch())
        return losses | run.measure(samples=1)


def _with_overrides(config: Config, device: str | None, seed: int | None) -> Config:
    """Return the experiment with device and seed overridden."""
    seed = config.train.seed if seed is None else seed
    return replace(config, train=replace(config.train, seed=seed, device=device or config.train.device))


def _check_data(config: Config) -> None:
    """Have the doctor inspect all pictures, and log its findings.

    Raises:
        DataError: It found errors.
    """
    validation = config.validation.data if config.validation.every else None
    report = examine(config.data, validation)
    level = logging.WARNING if report.findings else logging.INFO
    for line in report.lines():
        logger.log(level, "%s", line)
    report.check()


def _settle_device(config: Config, processes: Processes) -> str:
    """Set the device of the config; with "auto", each of several processes takes the GPU assigned to it."""
    device = config.train.device
    if device == "auto" and processes.count > 1 and require_paddle().is_compiled_with_cuda():
        device = f"gpu:{processes.gpu}"
    chosen, note = choose_device(device)
    if note:
        logger.warning(note)
    return chosen


def _loop(run: TrainingRun, report: MetricsCallback | None, watch: Watch | None, *, quiet: bool) -> None:
    """Train from the current iteration to the last one."""
    from tqdm import tqdm

    settings, first = run.config.train, run.processes.is_first
    logger.info("iteration %d of %d in %s", run.iteration, settings.iterations, run.folder)
    preview_batch = run.preview_batch()
    metrics = Metrics(run.folder / run_folder.METRICS)
    next_save = time.monotonic() + min(_FIRST_SAVE_S, settings.save_every_s)
    on_screen = sys.stderr is not None and sys.stderr.isatty()
    stopping = False
    with stop_requests() as stop:
        with (
            contextlib.closing(run.load_batches()) as source,
            _board(run) as board,
            tqdm(
                total=settings.iterations,
                initial=run.iteration,
                unit="step",
                file=SCREEN,
                mininterval=0.5 if on_screen else 30.0,
                smoothing=0.05,
                dynamic_ncols=on_screen,
                disable=quiet or not first or sys.stderr is None,
            ) as bar,
        ):
            while not run.is_done and not stopping:
                losses = run.update(source)
                stopping, saving, losses = run.synchronize(stop.is_set(), time.monotonic() >= next_save, losses)
                bar.total = run.length
                bar.update()
                for line in run.metrics_lines(losses):
                    if "losses" in line:
                        bar.set_postfix_str(" ".join(f"{key} {value:.4g}" for key, value in line["losses"].items()))
                    if first:
                        metrics.append(line)
                        if board is not None:
                            board.line(line)
                        if report is not None:
                            report(line)
                every = settings.preview_every
                if first and every and (run.iteration == 1 or run.iteration % every == 0):
                    sheet = run.preview(preview_batch)
                    if board is not None:
                        board.picture(sheet, run.iteration)
                        if settings.histograms:
                            board.histograms(run.recipe, run.iteration)
                if first and watch is not None:
                    watch(run)
                keeping = bool(settings.save_every) and run.iteration % settings.save_every == 0
                if saving or keeping:
                    run.try_save(keep=keeping)
                    next_save = time.monotonic() + settings.save_every_s
        # Ctrl-C is still an event here: the last checkpoint holds up to `save_every_s` of training.
        run.save()
        if run.is_done:
            run.finish()
    if not run.is_done:
        raise TrainingInterrupted(run.folder, run.iteration)


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
