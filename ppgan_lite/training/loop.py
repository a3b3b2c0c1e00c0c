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
from ppgan_lite.runtime.device import choose_device
from ppgan_lite.runtime.files import replace_file
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.training import run_folder
from ppgan_lite.training.board import Board, open_board
from ppgan_lite.training.distributed import Processes, join_processes
from ppgan_lite.training.environment import describe_device, note_start
from ppgan_lite.training.log import log_to
from ppgan_lite.training.run import Run
from ppgan_lite.training.stopping import TrainingInterrupted, stop_requests

logger = logging.getLogger(__name__)

Report = Callable[[dict[str, Any]], None]
_FIRST_SAVE_S = 60.0


def train(
    config: Config,
    *,
    run_dir: str | Path | None = None,
    resume: bool = False,
    device: str | None = None,
    seed: int | None = None,
    report: Report | None = None,
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
        report: Called with every line of metrics.jsonl, in the first process.

    Raises:
        DataError: Pictures are missing or broken.
        UsageError: The folder holds a run and `resume` is not set, or the other way round, or another training runs
            in it.
        ConfigError: A resumed run's config would change what is learnt.
        TrainingInterrupted: Ctrl-C or SIGTERM came; the run is saved.
        NoSpaceError: The disk has no room for the checkpoints.
        PpganError: A loss became NaN or infinite; the last good checkpoint is kept.
    """
    config = _with_choices(config, device, seed)
    folder = Path("runs", Path(config.source).stem or "run") if run_dir is None else Path(run_dir)
    run_folder.check_folder(folder, resume)
    processes = join_processes()
    chosen = _settle_device(config, processes)
    with contextlib.ExitStack() as stack:
        if processes.first:
            stack.enter_context(run_folder.locked(folder))
            stack.enter_context(log_to(folder / run_folder.LOG))
        logger.info("device %s; config:\n%s", describe_device(chosen), config.dump())
        if processes.first:
            _check_data(config)
        run = Run(config, folder, processes)
        if resume:
            run.resume()
        else:
            run.start()
        if processes.first:
            run.require_space()
            replace_file(folder / run_folder.CONFIG, config.dump().encode())
            note_start(folder / run_folder.ENVIRONMENT, device=chosen, processes=processes, iteration=run.iteration)
        _loop(run, report)
    return folder / run_folder.FINAL


def try_out(config: Config, *, device: str | None = None, seed: int | None = None) -> dict[str, float]:
    """Check all that `train` checks, do one iteration, a preview and a validation of one sample, and write nothing.

    Returns:
        The losses, and what the validation measured.

    Raises:
        PpganError: What `train` would have raised.
    """
    config = _with_choices(config, device, seed)
    chosen = _settle_device(config, Processes())
    with log_to(None):
        logger.info("device %s; config:\n%s", describe_device(chosen), config.dump())
        _check_data(config)
        run = Run(config, Path(), Processes())
        run.start()
        with contextlib.closing(run.source()) as source:
            _, _, losses = run.agree(False, False, run.update(source))
        run.preview_sheet(run.preview_batch())
        return losses | run.measure(samples=1)


def _with_choices(config: Config, device: str | None, seed: int | None) -> Config:
    """Return the experiment with what the command line says about device and seed."""
    seed = config.train.seed if seed is None else seed
    return replace(config, train=replace(config.train, seed=seed, device=device or config.train.device))


def _check_data(config: Config) -> None:
    """Have the doctor look at all pictures, and log what it finds.

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
    """Make Paddle use the device that is asked for; "auto" gives each of several processes the GPU meant for it."""
    asked = config.train.device
    if asked == "auto" and processes.count > 1 and require_paddle().is_compiled_with_cuda():
        asked = f"gpu:{processes.gpu}"
    chosen, note = choose_device(asked)
    if note:
        logger.warning(note)
    return chosen


def _loop(run: Run, report: Report | None) -> None:
    """Train from the present iteration to the last one."""
    from tqdm import tqdm

    settings, first = run.config.train, run.processes.first
    logger.info("iteration %d of %d in %s", run.iteration, settings.iterations, run.folder)
    shown = run.preview_batch()
    next_save = time.monotonic() + min(_FIRST_SAVE_S, settings.save_every_s)
    on_screen = sys.stderr.isatty()
    stopping = False
    with (
        contextlib.closing(run.source()) as source,
        stop_requests() as stop,
        _board(run) as board,
        tqdm(
            total=settings.iterations,
            initial=run.iteration,
            unit="step",
            mininterval=0.5 if on_screen else 30.0,
            smoothing=0.05,
            dynamic_ncols=on_screen,
            disable=not first,
        ) as bar,
    ):
        while not run.over and not stopping:
            losses = run.update(source)
            stopping, saving, losses = run.agree(stop.is_set(), time.monotonic() >= next_save, losses)
            bar.update()
            for line in run.lines(losses):
                if "losses" in line:
                    bar.set_postfix_str(" ".join(f"{key} {value:.4g}" for key, value in line["losses"].items()))
                if first:
                    run_folder.append_line(run.folder / run_folder.METRICS, line)
                    if board is not None:
                        board.line(line)
                    if report is not None:
                        report(line)
            if first and settings.preview_every and (run.iteration == 1 or run.iteration % settings.preview_every == 0):
                sheet = run.preview(shown)
                if board is not None:
                    board.picture(sheet, run.iteration)
                    if settings.histograms:
                        board.histograms(run.recipe, run.iteration)
            keeping = bool(settings.save_every) and run.iteration % settings.save_every == 0
            if saving or keeping:
                run.save_if_there_is_room(keep=keeping)
                next_save = time.monotonic() + settings.save_every_s
    run.save()
    if not run.over:
        raise TrainingInterrupted(run.folder, run.iteration)
    run.finish()


@contextlib.contextmanager
def _board(run: Run) -> Iterator[Board | None]:
    """Yield what writes for VisualDL; None where that is not asked for, and beside the first process."""
    if not run.config.train.visualdl or not run.processes.first:
        yield None
        return
    with open_board(run.folder, run.iteration) as board:
        yield board
