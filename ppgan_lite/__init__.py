"""ppgan_lite: photographs into paintings, and images of one kind into another, with PaddlePaddle."""

from ppgan_lite.runtime.environment import set_up_libraries

__version__ = "0.2.0"
__all__ = ["load_blend", "load_predictor", "load_stylizer", "load_translator"]

set_up_libraries()

TYPE_CHECKING = False  # as `typing` has it, whose import takes longer than all of this
if TYPE_CHECKING:
    from ppgan_lite.inference.loading import load_blend, load_predictor, load_stylizer, load_translator
else:  # a type checker would take any name for one that is found below

    def __getattr__(name: str) -> object:
        """Import the loaders on first use, so that importing the package does not import NumPy."""
        if name in __all__:
            from ppgan_lite.inference import loading

            return getattr(loading, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
