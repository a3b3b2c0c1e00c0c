"""The device that a net runs on."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from ppgan_lite.errors import UsageError
from ppgan_lite.runtime.packages import installed_version, is_installed
from ppgan_lite.runtime.startup import paddle_lock, require_paddle

INTEL = "intel"  # a GPU of Intel's: OpenVINO knows it, Paddle does not


def choose_device(asked: str) -> tuple[str, str]:
    """Choose a device and make Paddle use it.

    Args:
        asked: "auto" (a GPU where Paddle has one, else the CPU), "cpu" or "gpu:N".

    Returns:
        The name of the device, and a note why it differs from the request ("" if it does not).

    Raises:
        UsageError: The name is none of these, or there is no such GPU.
    """
    if asked in ("auto", "cpu") and sys.modules.get("paddle") is None and _is_cpu_build():
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
        remedy = "" if paddle.is_compiled_with_cuda() else "docs/install.md says how to get the Paddle that has GPUs"
        raise UsageError("device", f"{asked!r} is not there", f"one of auto, {', '.join(names)}", remedy)
    paddle.set_device(chosen)
    return chosen, note


@contextlib.contextmanager
def inference_mode(device: str) -> Iterator[None]:
    """Prepare Paddle for inference during a block, on any thread; other threads that want the same wait.

    In Paddle (3.3) device and gradients are set per thread, but the mode for all of them.
    """
    import paddle

    with paddle_lock:
        if not paddle.in_dynamic_mode():
            paddle.disable_static()
        paddle.set_device(device)
        with paddle.no_grad():
            yield


def _is_cpu_build() -> bool:
    """Return whether the installed Paddle is the build without GPUs, or there is none."""
    return installed_version("paddlepaddle") is not None or not is_installed("paddle")
