"""`paddlegan` and `python -m ppgan_lite`: the command line, in which a signal is told in one line from the start."""

import gc
import sys

from ppgan_lite.runtime.interrupts import end_at_signals


def run() -> None:
    """Run the command line and end the process: the entry point of the console script."""
    end_at_signals()
    if sys.argv[1:2] == ["stylize"]:
        _hurry()
    from ppgan_lite.cli import run

    run()


def _hurry() -> None:
    """Do for the verb that is started most often what makes a start shorter: see docs/decisions/start-up.md."""
    gc.disable()  # until the predictor is loaded: what imports make stays, and looking for garbage takes 3%
    from ppgan_lite.inference.faces import ahead
    from ppgan_lite.runtime.memory import KEPT_BYTES, keep_freed_memory

    keep_freed_memory(KEPT_BYTES, one_heap=True)
    ahead.allow()


if __name__ == "__main__":
    run()
