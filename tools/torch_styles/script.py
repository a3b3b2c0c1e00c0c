"""The end that the scripts share: exit codes, and a line for each of the ways to fail."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable

from ppgan_lite.errors import MissingDependencyError, PpganError


def exit_code(name: str, work: Callable[[], None], *, resumes_from: str) -> int:
    """Do a script's work where PyTorch is installed; print an error as one line, and how to resume after Ctrl-C.

    Args:
        name: The script's name, for its messages.
        work: Trains. It may import torch; this module does not.
        resumes_from: Where `--resume` finds the state of an interrupted training, for people.

    Returns:
        0 when it is done, 1 after an error, 130 after Ctrl-C.
    """
    try:
        if importlib.util.find_spec("torch") is None:
            remedy = "Install it with `pip install torch`"
            raise MissingDependencyError("training with PyTorch", "torch is not installed", remedy=remedy)
        work()
    except PpganError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"interrupted; --resume goes on from {resumes_from}", file=sys.stderr)
        return 130
    return 0
