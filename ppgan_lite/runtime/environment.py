"""Variables of the environment that libraries read when they are imported.

The first module that `ppgan_lite` imports, and quickly: Ctrl-C is handled only after it.
"""

import os
import sys

_asked_threads = ""


def set_up_libraries() -> None:
    """Set variables that libraries read when they are imported, unless they are set already."""
    # NumPy's OpenBLAS: after each product its threads spin for 2^26 cycles and keep the cores from the engine that runs
    # next, a third of the time of a picture. 2^4 is the smallest setting.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    # ONNX Runtime (1.29 and later) gives the machine a number and sends what is computed to Microsoft.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    asked_threads()


def asked_threads() -> str:
    """Return OMP_NUM_THREADS as it was before anybody imported Paddle (3.3), which sets it to 1 where it is not set."""
    global _asked_threads
    if "paddle" not in sys.modules:
        _asked_threads = os.environ.get("OMP_NUM_THREADS", "")
    return _asked_threads
