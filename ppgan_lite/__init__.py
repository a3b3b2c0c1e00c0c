"""ppgan_lite: photographs into paintings, and images of one kind into another, with PaddlePaddle."""

import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["load_predictor"]

# After each product the threads of NumPy's OpenBLAS spin for 2^26 cycles, and take the cores from the engine that runs
# next: a third of the time of a picture. 2^4 is the least that it knows. It is read when NumPy is imported.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

if TYPE_CHECKING:
    from ppgan_lite.inference.predictor import load_predictor


def __getattr__(name: str) -> Any:
    """Resolve `load_predictor` on first use, so that importing the package does not import Paddle."""
    if name == "load_predictor":
        from ppgan_lite.inference.predictor import load_predictor

        return load_predictor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
