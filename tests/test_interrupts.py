"""Ctrl-C and SIGTERM outside of any work: while the program is loaded, while it waits, when all is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SIGNALS = [signal.SIGINT, signal.SIGTERM]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def interrupted(
    folder: Path, number: int, *command: str, stdin: int | None = subprocess.DEVNULL, after: str = "ready"
) -> tuple[int, str]:
    """Start Python, send a signal when a line was printed, and return exit code and what came after the line."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Tests may run in the background, where Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    ) as running:
        assert running.stderr
        for line in running.stderr:
            if line.strip() == after:
                break
        running.send_signal(number)
        said = running.stderr.read()
        return running.wait(timeout=30), said


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_modules_are_imported(tmp_path: Path, number: int) -> None:
    (tmp_path / "click.py").write_text(
        "import os, time\nos.write(2, b'ready\\n')\nfor moment in range(1000): time.sleep(0.01)\n"
    )
    assert interrupted(tmp_path, number, "-m", "ppgan_lite", "styles") == (130, "\npaddlegan: interrupted\n")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_when_all_is_done(tmp_path: Path, number: int) -> None:
    script = (
        "import atexit, os, sys, time\n"
        "from ppgan_lite import cli\n"
        "from ppgan_lite.__main__ import run\n"
        "def main():\n"  # registers a handler that is called before that of the command line
        "    atexit.register(lambda: (os.write(2, b'ready\\n'), [time.sleep(0.01) for moment in range(1000)]))\n"
        "    return 0\n"
        "cli.main = main\n"
        "run()"
    )
    assert interrupted(tmp_path, number, "-c", script) == (130, "\npaddlegan: interrupted\n")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_a_photo_is_awaited_that_never_comes(tmp_path: Path, number: int) -> None:
    reading, writing = os.pipe()  # nobody writes
    script = (
        "import os, time\nimport ppgan_lite.inference.loading as loading\n"
        "def load_predictor(*details, **named):\n"
        "    os.write(2, b'ready\\n')\n    for moment in range(1000): time.sleep(0.01)\n"
        "loading.load_predictor = load_predictor\n"
        "import sys\nsys.argv = ['paddlegan', 'stylize', '-', '--style', 'wheat_field', '-o', 'out.png']\n"
        "from ppgan_lite.__main__ import run\nrun()"
    )
    started = time.monotonic()
    assert interrupted(tmp_path, number, "-c", script, stdin=reading) == (130, "\npaddlegan: interrupted\n")
    assert time.monotonic() - started < 25
    assert not list(tmp_path.iterdir())
    os.close(reading)
    os.close(writing)


def test_a_program_that_was_started_without_ctrl_c_goes_on(tmp_path: Path) -> None:
    """As `nohup` and shells in the background start it."""
    script = (
        "import signal, sys\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from ppgan_lite.runtime.interrupts import end_at_signals\nend_at_signals()\nsignal.raise_signal(signal.SIGINT)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
