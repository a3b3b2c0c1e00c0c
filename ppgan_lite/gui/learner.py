"""Learning a painting: the same command as in a terminal, in a process of its own, whose JSON lines are signals."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QObject, QProcess, QProcessEnvironment, pyqtSignal

COMMAND = (sys.executable, "-m", "ppgan_lite", "learn")
_ENDS = ("done", "kept", "failed")


class Learner(QObject):
    """One process that learns, at a time.

    Attributes:
        told: A signal with each event of `paddlegan learn --json`. The last one is "done", "kept", "failed" or
            "stopped": nothing was learned yet.

    Args:
        command: What is run; options and the painting follow.
    """

    told = pyqtSignal(dict)

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        super().__init__()
        self._command = tuple(command)
        self._process: QProcess | None = None
        self._rest = b""  # of a line that is not complete yet
        self._errors = b""
        self._ended = False
        self.stopping = False

    @property
    def running(self) -> bool:
        """Whether a process learns."""
        return self._process is not None

    def start(self, painting: Path, options: Sequence[str]) -> None:
        """Start to learn; only while none runs."""
        assert self._process is None
        process = self._process = QProcess(self)
        process.setProcessEnvironment(_environment())
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._finish)
        process.errorOccurred.connect(self._fail)
        self._rest = self._errors = b""
        self._ended = self.stopping = False
        program, *arguments = self._command
        process.start(program, [*arguments, str(painting), *options, "--json"])

    def stop(self) -> None:
        """Ask the process to stop and keep what it has learned; it ends after its current step."""
        if self._process is not None and not self.stopping:
            self.stopping = True
            self._process.write(b"stop\n")

    def wait(self, timeout_ms: int) -> None:
        """Wait until the process has ended, and kill one that takes longer."""
        process = self._process
        if process is not None and not process.waitForFinished(timeout_ms):
            process.kill()
            process.waitForFinished(1_000)

    def _read(self) -> None:
        assert self._process is not None
        *lines, self._rest = (self._rest + bytes(self._process.readAllStandardOutput())).split(b"\n")
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # another library's output
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                self._tell(event)

    def _read_errors(self) -> None:
        assert self._process is not None
        self._errors = (self._errors + bytes(self._process.readAllStandardError()))[-10_000:]

    def _finish(self, code: int) -> None:
        self._read()
        self._read_errors()
        self._end("stopped" if self.stopping or code == 130 else "failed")

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.FailedToStart:
            self._end("failed")

    def _end(self, event: str) -> None:
        """Forget the process; tell an end that it has not told itself."""
        process, self._process = self._process, None
        if process is None:
            return
        process.deleteLater()
        if not self._ended:
            lines = [line for line in self._errors.decode("utf-8", "replace").splitlines() if line.strip()]
            self._tell({"event": event, "error": lines[-1] if lines else process.errorString()})

    def _tell(self, event: dict[str, Any]) -> None:
        self._ended = self._ended or event["event"] in (*_ENDS, "stopped")
        self.told.emit(event)


def _environment() -> QProcessEnvironment:
    """Return this process's environment, in which another one finds this package."""
    environment = QProcessEnvironment.systemEnvironment()
    package = str(Path(__file__).parents[2])
    before = environment.value("PYTHONPATH")
    environment.insert("PYTHONPATH", os.pathsep.join([package, before] if before else [package]))
    environment.insert("PYTHONIOENCODING", "utf-8")
    return environment
