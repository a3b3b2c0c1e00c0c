"""The command line that makes the same picture as the window; without Qt."""

from __future__ import annotations

import shlex
import subprocess

from ppgan_lite.gui.state import Request

PROGRAM = "paddlegan"


def command_line(request: Request, *, windows: bool) -> str | None:
    """Return the command that makes a requested picture, quoted for the shell of a system.

    Args:
        request: Of a picture whose photo, and whose painting if it has one, are files.
        windows: Whether the shell is one of Windows.

    Returns:
        None where no command does the same: a pasted picture, or a mask that no file holds, is no file.
    """
    arguments = _arguments(request)
    if arguments is None:
        return None
    return subprocess.list2cmdline(arguments) if windows else shlex.join(arguments)


def _arguments(request: Request) -> list[str] | None:
    choice, painting, mask = request.choice, request.painting, request.mask
    if request.photo.path is None or any(part is not None and part.path is None for part in (painting, mask)):
        return None
    start = [PROGRAM, choice.task, str(request.photo.path)]
    if choice.task != "stylize":
        direction = ["--direction", choice.direction] if choice.direction else []
        return [*start, "--checkpoint", choice.source, *direction]
    options = request.options
    if choice.kind == "painting":
        arguments = [*start, "--style", str(painting.path if painting else "")]
    elif choice.kind == "mixture":
        arguments = list(start)
        for name, share in choice.shares.items():
            arguments += ["--style", f"{name}:{share:g}"]
    else:
        arguments = [*start, "--style", choice.source]
        if painting is not None:
            arguments += ["--painting", str(painting.path)]
    if options["strength"] != 1:
        arguments += ["--strength", f"{options['strength']:g}"]
    if options["keep_colors"]:
        arguments.append("--keep-colors")
    if options["brush"] is not None:
        arguments += ["--brush", f"{options['brush']:g}"]
    if not request.settings.spare_faces:
        arguments += ["--faces", "1"]
    if mask is not None:
        arguments += ["--mask", str(mask.path)]
        if mask.feather is not None:
            arguments += ["--feather", f"{mask.feather:g}"]
        if mask.outside:
            arguments += ["--strength-outside", f"{mask.outside:g}"]
    return arguments
