"""VisualDL: write scalars, previews and histograms of a training, and serve the page."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.errors import UsageError, missing_extra
from ppgan_lite.runtime.interrupts import end_at_once
from ppgan_lite.training.run_folder import VISUALDL

if TYPE_CHECKING:
    from visualdl import LogWriter

    from ppgan_lite.recipes.recipe import Recipe


class Board:
    """Writer of a run's numbers and pictures for VisualDL."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def line(self, line: Mapping[str, Any]) -> None:
        """Add a line of metrics.jsonl: each number as a scalar, by kind and name."""
        for kind in ("losses", "lr", "validation", "diversity"):
            for name, value in line.get(kind, {}).items():
                if value is not None:
                    self._writer.add_scalar(f"{kind}/{name}", value, line["iteration"])
        if "data_share" in line:
            self._writer.add_scalar("speed/data_share", line["data_share"], line["iteration"])

    def picture(self, sheet: np.ndarray, iteration: int) -> None:
        """Add a preview, uint8 (height, width, 3) RGB."""
        self._writer.add_image("preview", sheet, iteration)

    def histograms(self, recipe: Recipe, iteration: int) -> None:
        """Add a histogram of each trainable parameter."""
        for group in recipe.groups.values():
            for name in group.nets:
                for key, parameter in recipe.nets[name].named_parameters():
                    if not parameter.stop_gradient:
                        # float32 cannot represent 30 buckets between values that are nearly equal.
                        values = parameter.numpy().ravel().astype(np.float64)
                        self._writer.add_histogram(f"{name}/{key}", values, iteration, buckets=30)


@contextlib.contextmanager
def open_board(run_dir: Path, iteration: int) -> Iterator[Board]:
    """Open a writer for VisualDL; a resumed training adds files and keeps those of earlier starts.

    Raises:
        MissingDependencyError: VisualDL is not installed.
    """
    try:
        from visualdl import LogWriter
    except ImportError as error:
        raise missing_extra("train.visualdl", "VisualDL", "board", ", or set train.visualdl to false") from error
    # A folder, so a curve, for each start: VisualDL reads only the newest file of a folder.
    start = f"from_{iteration:07d}" if iteration else "start"
    with LogWriter(logdir=str(run_dir / VISUALDL / start)) as writer:
        yield Board(writer)


def serve_board(run_dir: Path, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve a run's VisualDL page until the process ends; VisualDL's telemetry stays off.

    Call it from the main thread, so that Ctrl-C and SIGTERM end the process at once: VisualDL (2.5.3) starts a thread
    that would keep it alive otherwise.

    Args:
        run_dir: A run, or a folder of runs to compare.
        host: Address to listen on.
        port: 0 for any free port.
        ready: Called with the page's address once it can be opened.

    Raises:
        UsageError: The folder holds nothing for VisualDL, or the port is taken.
        MissingDependencyError: VisualDL is not installed.
    """
    if not any(run_dir.rglob("vdlrecords.*.log")):
        remedy = "Train with -o train.visualdl=true; the numbers of every run are in its metrics.jsonl too"
        raise UsageError(run_dir, "holds nothing for VisualDL", "a run with a visualdl folder", remedy)
    try:
        from visualdl.server.app import create_app
        from visualdl.server.args import ParseArgs
        from visualdl.server.log import init_logger
        from werkzeug.serving import make_server
    except ImportError as error:
        raise missing_extra("board", "VisualDL", "board") from error
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        where = f"{host}:{port}"
        raise UsageError(where, f"cannot be listened at ({error.strerror})", remedy="Give another --port") from error
    settings = ParseArgs(
        logdir=[str(run_dir)],
        host=host,
        port=listening.getsockname()[1],
        telemetry=False,
        language="en",  # Without it, 2.5.3 answers 500 to a client that sends no language.
        component_tabs=["scalar", "image", "histogram"],  # Some of the others would install packages.
    )
    init_logger(0)  # Errors only, instead of a line for every request.
    app = create_app(settings)  # handles SIGINT as the system does
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_at_once)
    server = make_server(host, settings.port, app, threaded=True, fd=listening.detach())
    ready(f"http://{host}:{settings.port}/")
    server.serve_forever()
