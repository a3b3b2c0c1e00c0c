"""The last messages of this program, for a report of a fault; without Qt."""

from __future__ import annotations

import logging
import platform
from collections import deque

from ppgan_lite import __version__
from ppgan_lite.runtime.packages import installed_version

_LINES = 300
_PACKAGES = ("PyQt5", "numpy", "paddlepaddle", "paddlepaddle-gpu", "openvino", "onnxruntime")


class LogMemory(logging.Handler):
    """Keeps the last messages in memory."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self.lines: deque[str] = deque(maxlen=_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.lines.append(self.format(record))


_memory = LogMemory()


def keep_messages() -> None:
    """Keep the messages of this package from now on; a second call changes nothing."""
    logger = logging.getLogger("ppgan_lite")
    if _memory not in logger.handlers:
        logger.addHandler(_memory)


def report(device: str) -> str:
    """Return versions, machine and the last messages, as text.

    Args:
        device: That computes.
    """
    versions = [f"{name} {version}" for name in _PACKAGES if (version := installed_version(name)) is not None]
    head = [
        f"ppgan_lite {__version__}, Python {platform.python_version()}, {platform.platform()}",
        ", ".join(versions),
        f"device: {device}",
    ]
    return "\n".join([*head, *_memory.lines]) + "\n"
