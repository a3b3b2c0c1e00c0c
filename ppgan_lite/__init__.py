"""ppgan_lite: photographs into paintings, and images of one kind into another, with PaddlePaddle."""

from typing import TYPE_CHECKING, Any

from ppgan_lite.runtime.startup import set_up_numpy

__version__ = "0.2.0"
__all__ = ["load_predictor", "load_stylizer", "load_translator"]

set_up_numpy()

if TYPE_CHECKING:
    from ppgan_lite.inference.loading import load_predictor, load_stylizer, load_translator
else:  # a type checker would take any name for one that is found below

    def __getattr__(name: str) -> Any:
        """Import the loaders on first use, so that importing the package does not import NumPy."""
        if name in __all__:
            from ppgan_lite.inference import loading

            return getattr(loading, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
