"""The faces in the first photo of a process, looked for by a process of its own while this one imports what it needs.

Python imports on one thread at a time. A copy of the process, made when it can read photos, has its own turn, and a
second core does for a photo what the first one would have to do besides.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ppgan_lite.runtime.threads import usable_cores

if TYPE_CHECKING:
    from ppgan_lite.inference.faces.detection import Face

_THREADED = {"cv2", "onnxruntime", "openvino", "openvino._pyopenvino", "paddle"}  # have threads that are not copied
_MOST_BYTES = 4_000_000  # of a file that is decoded twice


class FacesAhead:
    """A copy of this process that looks for faces in a photo.

    Args:
        child: The copy.
        answer: A pipe from it.
    """

    def __init__(self, child: int, answer: int) -> None:
        self._child, self._answer = child, answer

    def end(self) -> None:
        """End the copy."""
        os.kill(self._child, signal.SIGKILL)

    def faces(self) -> tuple[Face, ...] | None:
        """Wait for the faces; None if the copy could not tell."""
        with open(self._answer, "rb") as file:
            data = file.read()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._child, 0)
        return _parse(data)


_ahead: dict[Path, FacesAhead] = {}
_allowed = False


def allow() -> None:
    """Allow that this process is copied: one that has just begun, and whose threads are all its own."""
    global _allowed
    _allowed = True


def begin(photo: Path) -> None:
    """Begin to look for faces in a photo, if this process may be copied and the photo is small.

    NumPy may be loaded, whose OpenBLAS ends its threads before a process is copied. No engine may, nor OpenCV.
    """
    is_alone = _allowed and threading.active_count() == 1 and not _THREADED & set(sys.modules)
    if _ahead or sys.platform != "linux" or not is_alone or usable_cores() < 2 or not _is_small(photo):
        return
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:  # no memory, or too many processes
        os.close(reading)
        os.close(writing)
        return
    if not child:
        _look(photo, writing)
    os.close(writing)
    _ahead[photo] = FacesAhead(child, reading)
    atexit.register(_end_unasked)


def _end_unasked() -> None:
    """End the copies that nobody asked, as when the style is not known."""
    for ahead in _ahead.values():
        ahead.end()


def known_faces(photo: Path) -> tuple[Face, ...] | None:
    """Return the faces in a photo that were looked for ahead, once; None where they were not."""
    ahead = _ahead.pop(photo, None)
    return None if ahead is None else ahead.faces()


def _is_small(photo: Path) -> bool:
    try:
        return photo.is_file() and photo.stat().st_size <= _MOST_BYTES
    except OSError:
        return False


def _look(photo: Path, answer: int) -> NoReturn:
    """Write the faces in a photo to a pipe, and end; the other process tells what is wrong with the photo."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        from ppgan_lite.images import may_have_16_bits, read_image
        from ppgan_lite.inference.faces.blazeface import load_executor
        from ppgan_lite.inference.faces.detection import find_faces

        execute = load_executor(for_one_photo=True)
        if execute is not None and not may_have_16_bits(photo):  # whose last 8 bits the other process may keep
            faces = find_faces(read_image(photo)[0], execute=execute)
            found = [[face.center, face.size, face.points.tolist(), face.confidence] for face in faces]
            with open(answer, "wb") as file:
                file.write(json.dumps(found).encode())
    finally:
        os._exit(0)


def _parse(data: bytes) -> tuple[Face, ...] | None:
    import numpy as np

    from ppgan_lite.inference.faces.detection import Face

    found: Any = None
    with contextlib.suppress(ValueError):  # it was ended
        found = json.loads(data)
    if found is None:
        return None
    return tuple(Face(tuple(c), tuple(s), np.array(points), sure) for c, s, points, sure in found)
