"""The errors that a user may meet: each says where, what was found, what was expected, what to do.

Only the command line and the window's worker turn them into text; everything else raises them.
"""

import os
from typing import TypeGuard


class PpganError(Exception):
    """An error that is the user's to mend, told in one line.

    Args:
        where: The file, option or setting that is at fault.
        found: What was found there.
        expected: What would have been right; left out where `found` says it.
        remedy: What to do about it, as a sentence without the full stop.
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
        # A name in a foreign file may hold what a terminal takes for a command.
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
    """An option, argument or setting that cannot be meant."""

    exit_code = 2


class ConfigError(PpganError):
    """One or several faults of a configuration file, all told at once (a line each)."""

    exit_code = 2


class DataError(PpganError):
    """A data set that cannot be trained on as it is."""

    exit_code = 2


class ImageError(PpganError):
    """A picture that cannot be read or written."""


class CheckpointError(PpganError):
    """A file of weights that is damaged, foreign, too new, hostile or of another shape."""


class WorkerError(PpganError):
    """A process that did a part of the work and died."""


class EngineError(PpganError):
    """An engine that cannot execute a net here."""


class ExportError(PpganError):
    """An export that does not give what its net gives, or cannot be written."""


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
    """The caller asked a running job to stop."""

    exit_code = 130

    def __init__(self, where: object = "job") -> None:
        super().__init__(where, "cancelled")
