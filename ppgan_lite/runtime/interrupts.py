"""Ctrl-C and SIGTERM while the program is loaded and when it is done: they end it in one line, without a trace."""

import os
import signal

INTERRUPTED = 130  # exit code


def end_at_once(number: int, frame: object) -> None:
    """End the process; a handler of signals, for times when there is nothing to clean up."""
    try:  # noqa: SIM105 - contextlib would be imported before any signal is handled
        os.write(2, b"\npaddlegan: interrupted\n")  # after the ^C of a terminal, as click has it
    except OSError:  # standard error is closed
        pass
    os._exit(INTERRUPTED)


def end_at_signals() -> None:
    """End the process at Ctrl-C and SIGTERM from now on, unless the program that started it has them ignored."""
    for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) is default:
            signal.signal(number, end_at_once)
