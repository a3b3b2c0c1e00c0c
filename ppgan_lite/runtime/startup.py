"""Start-up order: what is set before Paddle is imported, and how other packages are imported."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from ppgan_lite.errors import MissingDependencyError
from ppgan_lite.runtime.threads import physical_cores


def require_paddle() -> ModuleType:
    """Import Paddle, set up for this processor, or say which extra brings it.

    Settings that the environment already has are left alone.

    Raises:
        MissingDependencyError: Paddle is not installed.
    """
    if "paddle" not in sys.modules:
        os.environ.setdefault("OMP_NUM_THREADS", str(physical_cores()))
        if "AuthenticAMD" in _cpu_info():
            # The MKL inside Paddle's wheel takes a slow path on AMD processors unless told otherwise (2 to 5 times).
            os.environ.setdefault("MKL_DEBUG_CPU_TYPE", "5")
    try:
        with warnings.catch_warnings(), _without_noise():
            warnings.filterwarnings("ignore", message="No ccache found")
            import paddle
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "paddle":
            raise
        raise MissingDependencyError(
            "paddle",
            "PaddlePaddle is not installed",
            remedy='Install it with: pip install "ppgan-lite[cpu]" (for an NVIDIA GPU see README.md)',
        ) from error
    return paddle


@contextlib.contextmanager
def _without_noise() -> Iterator[None]:
    """Drop what Paddle's libraries print about our own OMP_NUM_THREADS when they are loaded (3.3); keep the rest."""
    import tempfile  # takes a hundredth of a start, and Paddle is not needed for each

    with tempfile.TemporaryFile() as caught:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            caught.seek(0)
            lines = caught.read().splitlines(keepends=True)
            kept = [line for line in lines if b"OMP_NUM_THREADS" not in line]
            os.write(2, b"".join(kept))


def _cpu_info() -> str:
    """The processor's maker, as far as the system tells without starting a program."""
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return os.environ.get("PROCESSOR_IDENTIFIER", "")
