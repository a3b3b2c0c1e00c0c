"""ppgan_lite: photographs into paintings, and images of one kind into another, with PaddlePaddle."""

from typing import TYPE_CHECKING, Any

from ppgan_lite.runtime.startup import set_up_numpy

__version__ = "0.1.0"
__all__ = ["load_predictor"]

set_up_numpy()

if TYPE_CHECKING:
    from ppgan_lite.inference.predictor import load_predictor


def __getattr__(name: str) -> Any:
    """Resolve `load_predictor` on first use, so that importing the package does not import Paddle."""
    if name == "load_predictor":
        from ppgan_lite.inference.predictor import load_predictor

        return load_predictor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
