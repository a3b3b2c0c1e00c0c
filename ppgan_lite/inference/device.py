"""Where a net runs, and what must be set before Paddle is imported."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from ppgan_lite.errors import MissingDependencyError, UsageError

INTEL = "intel"  # the device that is a GPU of Intel's: OpenVINO knows it, Paddle does not


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


def physical_cores() -> int:
    """How many cores this process may use, counting two hardware threads of one core once."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = set()
    for cpu in usable:
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.add(siblings.read_text().strip() if siblings.exists() else str(cpu))
    return max(1, len(cores))


def choose_device(asked: str) -> tuple[str, str]:
    """Settle on a device and make Paddle use it.

    Args:
        asked: "auto" (a GPU where Paddle has one, else the CPU), "cpu" or "gpu:N".

    Returns:
        The device's name, and why it is not what was asked for ("" if there is nothing to say).

    Raises:
        UsageError: The name is none of these, or there is no such GPU.
    """
    if asked in ("auto", "cpu") and "paddle" not in sys.modules and _is_cpu_build():
        return "cpu", ""  # Known without the second and a half that Paddle takes to load.
    paddle = require_paddle()
    gpus = paddle.device.cuda.device_count() if paddle.is_compiled_with_cuda() else 0
    names = ["cpu", *(f"gpu:{index}" for index in range(gpus))]
    note = ""
    if asked == "auto":
        chosen = names[-1] if gpus == 0 else "gpu:0"
        if gpus == 0 and paddle.is_compiled_with_cuda():
            note = "Paddle finds no GPU, so the CPU is used"
    elif asked in names or (asked == "gpu" and gpus):
        chosen = "gpu:0" if asked == "gpu" else asked
    else:
        remedy = "" if paddle.is_compiled_with_cuda() else "README.md says how to get the Paddle that has GPUs"
        raise UsageError("device", f"{asked!r} is not there", f"one of auto, {', '.join(names)}", remedy)
    paddle.set_device(chosen)
    return chosen, note


@contextlib.contextmanager
def evaluating(device: str) -> Iterator[None]:
    """Ready this thread to run a net: device, gradients and mode are each thread's own in Paddle (3.3)."""
    import paddle

    if not paddle.in_dynamic_mode():
        paddle.disable_static()
    paddle.set_device(device)
    with paddle.no_grad():
        yield


def _is_cpu_build() -> bool:
    """Whether the Paddle that is installed is the one without GPUs."""
    return installed_version("paddlepaddle") is not None


@functools.cache
def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution; None if there is none.

    Read off the name of the folder that its installer left, "paddlepaddle-3.3.1.dist-info": importlib.metadata takes
    longer to load, with the e-mail package that it parses with, than all of Pillow.
    """
    start, end = distribution.replace("-", "_") + "-", ".dist-info"
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for name in os.listdir(folder or "."):
                if name.startswith(start) and name.endswith(end):
                    return name[len(start) : -len(end)]
    return None


def _cpu_info() -> str:
    """The processor's maker, as far as the system tells without starting a program."""
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return os.environ.get("PROCESSOR_IDENTIFIER", "")
