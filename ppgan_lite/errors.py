"""Errors for users: each names the place, the fault, the expected state and a remedy.

Only the command line and the worker of the window convert them to text; all other code raises them.
"""

import os
from typing import TypeGuard


class PpganError(Exception):
    """An error that the user can correct, described in one line.

    Args:
        where: The file, option or setting at fault.
        found: The fault.
        expected: The expected state; empty if `found` implies it.
        remedy: Advice, as a sentence without the full stop.
    """

    exit_code = 1

    def __init__(self, where: object, found: str, expected: str = "", remedy: str = "") -> None:
        self.where = str(where)
        self.found = found
        self.expected = expected
        self.remedy = remedy
        text = f"{self.where}: {found}"
        if expected:
            text += f"; expected {expected}"
        if remedy:
            text += f". {remedy}"
        text = " ".join(text.split("\n"))
        # A name in a foreign file may contain control sequences of terminals.
        super().__init__("".join(letter if letter.isprintable() else "?" for letter in text))


def is_about_a_file(error: BaseException) -> TypeGuard[OSError]:
    """Return whether the system refused a path: a name that is too long, a folder that may not be entered."""
    return isinstance(error, OSError) and error.errno is not None and isinstance(error.filename, (str, bytes))


def one_line(error: BaseException) -> str:
    """Return an error as one line of text; with its type, unless it is ours or the system's about a file."""
    if isinstance(error, PpganError):
        return str(error)
    if is_about_a_file(error):
        return str(PpganError(os.fsdecode(error.filename), error.strerror or type(error).__name__))
    return " ".join(f"{type(error).__name__}: {error}".split())


class UsageError(PpganError):
    """An option, argument or setting that is invalid."""

    exit_code = 2


class ConfigError(PpganError):
    """One or several faults of a config, one line each."""

    exit_code = 2


class DataError(PpganError):
    """A dataset that cannot be trained on."""

    exit_code = 2


class ImageError(PpganError):
    """A picture that cannot be read or written."""


class CheckpointError(PpganError):
    """A file of weights that is damaged, foreign, too new, hostile or of another shape.

    `found` often quotes the file, so it is shortened.
    """

    def __init__(self, where: object, found: str, expected: str = "", remedy: str = "") -> None:
        super().__init__(where, found if len(found) <= 500 else f"{found[:497]}...", expected, remedy)


class WorkerError(PpganError):
    """A worker process that died."""


class EngineError(PpganError):
    """An engine that cannot execute a net here."""


class ExportError(PpganError):
    """An export whose results differ from those of its net, or that cannot be written."""


class MissingDependencyError(PpganError):
    """A package or system library that is not installed."""


def missing_extra(where: object, package: str, extra: str, alternative: str = "") -> MissingDependencyError:
    """Return the error of a package that comes with an extra.

    Args:
        where: What needs the package.
        package: Name of its distribution.
        extra: Name of the extra in requirements.txt.
        alternative: What else helps; follows the command that installs the extra, with its own punctuation.
    """
    remedy = f'Install it with: pip install "ppgan-lite[{extra}]"{alternative}'
    return MissingDependencyError(where, f"{package} is not installed", remedy=remedy)


class CancelledError(PpganError):
    """A running job was asked to stop."""

    exit_code = 130

    def __init__(self, where: object = "job") -> None:
        super().__init__(where, "cancelled")
