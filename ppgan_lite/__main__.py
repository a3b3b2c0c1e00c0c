"""`paddlegan` and `python -m ppgan_lite`: the command line, in which a signal is told in one line from the start."""

from ppgan_lite.runtime.interrupts import end_at_signals


def run() -> None:
    """Run the command line and end the process: the entry point of the console script."""
    end_at_signals()
    from ppgan_lite.cli import run

    run()


if __name__ == "__main__":
    run()
