"""Worker threads, and the work that runs on them: reading, painting, saving.

Only arrays and values cross between the threads; a pixmap never does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QObject, QThread, pyqtSignal

from ppgan_lite import images
from ppgan_lite.errors import CancelledError, ImageError, PpganError
from ppgan_lite.gui.choices import Choice, checkpoint_choice
from ppgan_lite.gui.jobs import Job, JobQueue
from ppgan_lite.gui.mask import PAINTED_MASK
from ppgan_lite.gui.mask_files import naming_mask
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.state import Picture, Request, Result
from ppgan_lite.runtime.files import identity_of

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.inference.cost import Cost
    from ppgan_lite.inference.predictor import Predictor

logger = logging.getLogger(__name__)

# A predictor takes a few megabytes; this many stay loaded, so that comparing styles does not reload them.
KEPT_PREDICTORS = 6

# macOS gives secondary threads 512 kB, too little for the recursive compilers inside a framework.
_STACK_BYTES = 16 * 1024 * 1024

# Of a worker: the one at work, and those that end as soon as a job that was cancelled lets them.
_MOST_THREADS = 3

Cancelled = Callable[[], bool]
# Takes a `Choice.source`, a direction, and whether it is for photos of 16 bits, for which only float32 is fine enough.
LoadPredictor = Callable[[str, str | None, bool, Cancelled], "Predictor"]
_Key = tuple[str, str | None, bool]  # its arguments


@dataclass(frozen=True)
class JobCallbacks:
    """Functions through which a running job reports.

    Attributes:
        progress: Takes the finished share, 0 to 1.
        cost: Takes the expected cost.
    """

    progress: Callable[[float], None]
    cost: Callable[[Cost], None]


Work = Callable[[JobCallbacks, Cancelled], Any]


class _Thread(QThread):
    """Does jobs, all in one Python frame.

    In slots PyQt would make a new Python thread state for each job, and thread-local values would be lost with it.
    Paddle 3.3, imported on a thread, keeps its eager mode in one: the next job would find it building static graphs.

    Attributes:
        job: The one that it does now.
        retired: Whether it ends after that.
    """

    def __init__(self, name: str, queue: JobQueue[Work], do: Callable[[Job, Work], None]) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setStackSize(_STACK_BYTES)
        self.job: Job | None = None
        self.retired = False
        self._queue = queue
        self._do = do

    def run(self) -> None:
        while not self.retired and (taken := self._queue.take()) is not None:
            self.job = taken[0]
            self._do(*taken)
            self.job = None


class Worker(QObject):
    """A thread that does one job after another, those of higher priority first, and emits a signal for each outcome.

    Signals carry the job, so that a stale answer can be told from a current one. A cancelled job emits none.
    """

    progressed = pyqtSignal(object, float)
    costed = pyqtSignal(object, object)
    stepped = pyqtSignal(object, str)
    finished = pyqtSignal(object, object)
    failed = pyqtSignal(object, object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._queue = JobQueue[Work]()
        self._threads: list[_Thread] = []
        self._start_thread()

    def submit(self, job: Job, work: Work) -> None:
        """Have `work(callbacks, cancelled)` run on the thread."""
        self._queue.put(job, work)

    def hand_over(self) -> None:
        """Have another thread do the jobs from now on, where this one is busy with a cancelled one that does not stop.

        An import or the compilation of a net cannot be stopped; whoever cancelled it need not wait for its end.
        """
        *before, current = self._threads
        self._threads = [*(thread for thread in before if not thread.isFinished()), current]
        job = current.job
        if job is not None and job.cancelled.is_set() and len(self._threads) < _MOST_THREADS:
            current.retired = True
            self._start_thread()

    def stop(self, timeout_ms: int) -> bool:
        """End the threads after the jobs that are not cancelled; False if that is not over in time."""
        self._queue.close()
        end = time.monotonic() + timeout_ms / 1000
        for thread in self._threads:
            thread.wait(max(0, round(1000 * (end - time.monotonic()))))
        return all(thread.isFinished() for thread in self._threads)

    def _start_thread(self) -> None:
        self._threads.append(_Thread(self._name, self._queue, self._do))
        self._threads[-1].start()

    def _do(self, job: Job, work: Work) -> None:
        from ppgan_lite.inference.preparation import telling  # the window is there before inference is

        callbacks = JobCallbacks(
            lambda fraction: self.progressed.emit(job, fraction), lambda cost: self.costed.emit(job, cost)
        )
        try:
            with telling(lambda step: self.stepped.emit(job, step)):
                value = work(callbacks, job.cancelled.is_set)
        except CancelledError:
            return
        except Exception as error:
            if not job.cancelled.is_set():
                if not isinstance(error, PpganError):
                    logger.exception("%s failed", job.kind)
                self.failed.emit(job, error)
        else:
            self.finished.emit(job, value)


class PredictorCache:
    """Keeps the predictors used last, and runs them; used on worker threads, where Paddle is imported on demand."""

    def __init__(self, load: LoadPredictor) -> None:
        self._load = load
        self._predictors: OrderedDict[_Key, Predictor] = OrderedDict()
        self._lock = threading.Lock()  # of the dictionary

    def warm_up(self, source: str, cancelled: Cancelled) -> tuple[str, str]:
        """Load a predictor before it is needed, and return its device and device note."""
        predictor = self._predictor((source, None, False), cancelled)
        return predictor.device, predictor.device_note

    def load_checkpoint(self, path: Path, cancelled: Cancelled) -> tuple[Choice, tuple[str, str]]:
        """Read a checkpoint file, even if loaded before (training may have written it since).

        Returns:
            The choice, and device and device note of the predictor.
        """
        predictor = self._load(str(path), None, False, cancelled)
        choice = checkpoint_choice(path, predictor.spec, predictor.directions)
        with self._lock:
            for key in [key for key in self._predictors if key[0] == choice.source]:
                del self._predictors[key]
        self._keep((choice.source, choice.direction, False), predictor)
        return choice, (predictor.device, predictor.device_note)

    def paint(self, request: Request, callbacks: JobCallbacks, cancelled: Cancelled, *, keep: bool = True) -> Result:
        """Make the requested picture, and report the cost of a large one before.

        Args:
            request: The photo and what is made of it.
            callbacks: Are told cost and progress.
            cancelled: Asked now and then; True stops it.
            keep: Whether the predictor is kept for the next picture.
        """
        from ppgan_lite.inference.estimate import estimate_cost
        from ppgan_lite.inference.faces.sparing import spare_faces
        from ppgan_lite.inference.preparation import FACES, tell
        from ppgan_lite.inference.stored_settings import settings_of_result

        begin = time.perf_counter()
        predictor = self._predictor(_key_of(request), cancelled, keep=keep)
        if cancelled():
            raise CancelledError
        options = dict(request.options)
        cost = estimate_cost(predictor, request.photo.image, options, cancelled=cancelled)
        if cost is not None:
            callbacks.cost(cost)
        if request.painting is not None:
            options["style"] = request.painting.image
        mask = None
        if request.mask is not None:
            from ppgan_lite.inference.masking import strength_map

            painted, size = request.mask, request.photo.image.shape[:2]
            mask = painted.file or images.NamedFile(PAINTED_MASK)
            ends = {"inside": options["strength"], "outside": painted.outside}
            options["strength"] = strength_map(painted.pixels, size, **ends, feather_px=painted.feather)
        if request.faces < 1:
            tell(FACES)
        strokes = spare_faces(request.photo.image, request.faces)
        if strokes is not None:
            options["strokes"] = strokes
        image = predictor(request.photo.image, progress=callbacks.progress, cancelled=cancelled, **options)
        seconds = time.perf_counter() - begin
        faces = None if strokes is None else request.faces
        painting = None
        if request.painting is not None:
            painting = request.painting.file or images.NamedFile("a pasted picture")
        source, photo = request.choice.source, request.photo.file
        settings = settings_of_result(
            predictor, source, request.stored_options, photo=photo, painting=painting, mask=mask
        )
        about = predictor.device, predictor.device_note, faces, settings
        pyramid = Pyramid.of(image, images.fitting_metadata(request.photo.metadata, image).alpha)
        return Result(image, pyramid, request, seconds, *about)

    def expected_cost(self, request: Request) -> Cost | None:
        """Return what is known of the cost of a picture, without waiting; None where its predictor is not loaded."""
        with self._lock:
            predictor = self._predictors.get(_key_of(request))
        if predictor is None:
            return None
        from ppgan_lite.inference.estimate import expected_cost

        return expected_cost(predictor, request.photo.image, request.options)

    def predictor_of(self, request: Request, cancelled: Cancelled) -> Predictor:
        """Return the predictor of a request."""
        return self._predictor(_key_of(request), cancelled)

    def _predictor(self, key: _Key, cancelled: Cancelled, *, keep: bool = True) -> Predictor:
        with self._lock:
            if key in self._predictors:
                self._predictors.move_to_end(key)
                return self._predictors[key]
        predictor = self._load(*key, cancelled)
        if keep:
            self._keep(key, predictor)
        return predictor

    def _keep(self, key: _Key, predictor: Predictor) -> None:
        with self._lock:
            self._predictors[key] = predictor
            self._predictors.move_to_end(key)
            while len(self._predictors) > KEPT_PREDICTORS:
                self._predictors.popitem(last=False)


def _key_of(request: Request) -> _Key:
    return request.choice.source, request.choice.direction, request.photo.is_deep


def read_picture(path: Path) -> Picture:
    """Read a picture file for the window."""
    image, metadata = images.read_image(path)
    return Picture.of(image, metadata, path)


def read_photo(path: Path) -> Picture:
    """Read a photo, with 16 bits where its file has them and a result of its format can hold them."""
    from ppgan_lite.inference.batch_planning import Item

    image, metadata = images.read_image(path, keeps_16_bits=Item(path, Path(images.result_name(path))).can_be_deep)
    return Picture.of(image, metadata, path)


def read_first_photo(folder: Path) -> Picture:
    """Read the first picture below a folder as a photo.

    Raises:
        ImageError: There is none.
    """
    found = images.find_images(folder)
    if not found:
        raise ImageError(folder, "has no pictures in it", code="no_pictures")
    return read_photo(found[0])


def find_faces_in(photo: Picture) -> np.ndarray | None:
    """Return a map of strokes that leaves out the faces in a photo; None where it has none."""
    from ppgan_lite.inference.faces.sparing import spare_faces

    return spare_faces(photo.image, 0.0)


def save_result(
    result: Result, path: Path, *, overwrite: bool, read: Sequence[Path] = (), quality: int | None = None
) -> Path:
    """Write a result at its full size and, where the format can hold it, depth, with metadata and settings.

    Args:
        result: The result.
        path: The file to write.
        overwrite: Whether it may replace a file.
        read: Files that it may not.
        quality: Of JPEG and WebP, 1 to 100; None takes 95.

    Raises:
        ImageError: It cannot be written.
    """
    identity = identity_of(path)
    if identity is not None and identity in map(identity_of, read):
        remedy = "Choose another name"
        raise ImageError(path, "is the photo or the painting itself", remedy=remedy, code="is_read")
    holds = path.suffix.lower() in images.HOLDS_16_BITS
    image = result.image if holds else images.to_depth(result.image, 8)
    metadata = images.fitting_metadata(result.metadata, image)
    settings = naming_mask(result.settings, result.request.mask)
    images.write_image(path, image, metadata, overwrite=overwrite, settings=settings, quality=quality)
    return path
