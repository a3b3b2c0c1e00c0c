"""The environment of a training: versions, device, threads, command."""

from __future__ import annotations

import json
import logging
import os
import platform
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ppgan_lite import __version__
from ppgan_lite.runtime import files
from ppgan_lite.runtime.packages import installed_version
from ppgan_lite.runtime.threads import usable_cores
from ppgan_lite.training.distributed import Processes

logger = logging.getLogger(__name__)

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_DEBUG_CPU_TYPE", "KMP_BLOCKTIME")
_PACKAGES = ("numpy", "opencv-python", "Pillow", "safetensors", "visualdl")


def append_start(path: Path, start: Mapping[str, Any]) -> None:
    """Append a start of a training to the list of starts in a JSON file; begin a new one if that is damaged.

    Raises:
        OSError: It cannot be written.
    """
    starts: Any = []
    if path.exists():
        try:
            starts = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            starts = None
        if not isinstance(starts, list):
            starts = []
            logger.warning("%s: is damaged, renamed to %s", path, files.set_aside(path, "damaged").name)
    starts.append(start)
    files.replace_file(path, f"{json.dumps(starts, indent=2)}\n".encode(), durable=True)


def environment(device: str, processes: Processes) -> dict[str, Any]:
    """Return everything beyond the config that a result may depend on, as JSON values."""
    import paddle

    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": shlex.join(sys.argv),
        "commit": _commit(),
        "ppgan_lite": __version__,
        "paddle": paddle.__version__,
        "python": platform.python_version(),
        "packages": {name: installed_version(name) for name in _PACKAGES},
        "system": platform.platform(),
        "host": socket.gethostname(),
        "device": describe_device(device),
        "processes": processes.count,
        "cores": usable_cores(),
        "variables": {name: os.environ[name] for name in _THREAD_VARIABLES if name in os.environ},
    }


def describe_device(device: str) -> str:
    """Describe a device: "gpu:0 (NVIDIA A100, 40 GB)", "cpu (2 threads)"."""
    import paddle

    if device.startswith("gpu"):
        properties = paddle.device.cuda.get_device_properties(device)
        return f"{device} ({properties.name}, {properties.total_memory / 1e9:.0f} GB)"
    return f"{device} ({os.environ.get('OMP_NUM_THREADS', 'default')} threads)"


def _commit() -> str | None:
    """Return the commit of a source checkout; None for an installed package."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
