"""Errors for users: each names the place, the fault, the expected state and a remedy.

Only the command line and the worker of the window convert them to text; all other code raises them.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard


class PpganError(Exception):
    """An error that the user can correct, described in one line.

    Args:
        where: The file, option or setting at fault.
        found: The fault.
        expected: The expected state; empty if `found` implies it.
        remedy: Advice, as a sentence without the full stop.
        code: Names the fault for programs that have words of their own for it, such as the window, whose texts have
            this key after "error_". Each kind of error has one for those that have none.
        values: More that these words may name.
    """

    exit_code = 1
    code = "other"

    def __init__(
        self,
        where: object,
        found: str,
        expected: str = "",
        remedy: str = "",
        *,
        code: str = "",
        values: Mapping[str, object] | None = None,
    ) -> None:
        self.code = code or self.code
        self.values = dict(values or {})
        self.where = str(where)
        self.found = found
        self.expected = expected
        self.remedy = remedy
        text = f"{self.where}: {found}"
        if expected:
            text += f"; expected {expected}"
        if remedy:
            text += f". {remedy}"
        super().__init__(printable(text))

    def __reduce__(self) -> tuple[Any, ...]:
        """Describe it for pickle, which would call `__init__` with the text alone."""
        return _unpickled, (type(self), self.args, self.__dict__)


def _unpickled(kind: type[PpganError], arguments: tuple[object, ...], state: dict[str, object]) -> PpganError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


def printable(text: str) -> str:
    """Return a text in one line; a name in a foreign file may contain control sequences of terminals."""
    text = " ".join(text.split("\n"))
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def is_about_a_file(error: BaseException) -> TypeGuard[OSError]:
    """Return whether the system refused a path: a name that is too long, a folder that may not be entered."""
    return isinstance(error, OSError) and error.errno is not None and isinstance(error.filename, (str, bytes))


def named(error: OSError) -> PpganError:
    """Return the system's error about a file as one of ours."""
    why = error.strerror or type(error).__name__
    return PpganError(os.fsdecode(error.filename), why, code="file", values={"why": why})


def one_line(error: BaseException) -> str:
    """Return an error as one line of text; with its type, unless it is ours or the system's about a file."""
    if isinstance(error, PpganError):
        return str(error)
    if is_about_a_file(error):
        return str(named(error))
    return " ".join(f"{type(error).__name__}: {error}".split())


class UsageError(PpganError):
    """An option, argument or setting that is invalid."""

    exit_code = 2


class ConfigError(PpganError):
    """One or several faults of a config, one line each.

    Attributes:
        faults: The faults, where there are several.
    """

    exit_code = 2
    faults: tuple["ConfigError", ...] = ()

    @classmethod
    def of(cls, where: object, faults: Sequence["ConfigError"]) -> "ConfigError":
        """Return the only fault, or all of them as one error with a line for each."""
        if len(faults) == 1:
            return faults[0]
        error = cls(where, f"{len(faults)} faults")
        error.faults = tuple(faults)
        error.args = ("\n".join([str(error), *(f"  {fault}" for fault in faults)]),)
        return error


class DataError(PpganError):
    """A dataset that cannot be trained on."""

    exit_code = 2


class ImageError(PpganError):
    """A picture that cannot be read or written."""

    code = "image"


class VideoError(PpganError):
    """A clip that cannot be read or written."""

    code = "video"


class CheckpointError(PpganError):
    """A file of weights that is damaged, foreign, too new, hostile or of another shape.

    `found` often quotes the file, so it is shortened.
    """

    code = "checkpoint"

    def __init__(self, where: object, found: str, expected: str = "", remedy: str = "", *, code: str = "") -> None:
        super().__init__(where, found if len(found) <= 500 else f"{found[:497]}...", expected, remedy, code=code)


class WorkerError(PpganError):
    """A worker process that died."""


class EngineError(PpganError):
    """An engine that cannot execute a net here."""

    code = "engine"


class ExportError(PpganError):
    """An export whose results differ from those of its net, or that cannot be written."""


class MissingDependencyError(PpganError):
    """A package or system library that is not installed."""

    code = "missing_package"


def missing_extra(where: object, package: str, extra: str, alternative: str = "") -> MissingDependencyError:
    """Return the error of a package that comes with an extra.

    Args:
        where: What needs the package.
        package: Name of its distribution.
        extra: Name of the extra in requirements.txt.
        alternative: What else helps; follows the command that installs the extra, with its own punctuation.
    """
    remedy = f'Install it with: pip install "ppgan-lite[{extra}]"{alternative}'
    values = {"package": package, "extra": extra}
    return MissingDependencyError(
        where, f"{package} is not installed", remedy=remedy, code="missing_extra", values=values
    )


class CancelledError(PpganError):
    """A running job was asked to stop."""

    exit_code = 130

    def __init__(self, where: object = "job") -> None:
        super().__init__(where, "cancelled")
