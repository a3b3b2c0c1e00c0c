"""The main window: shows the state, submits jobs to the worker threads, and handles their answers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QLibraryInfo, QMimeData, QPointF, QSettings, QSize, Qt, QTimer, QTranslator
from PyQt5.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QPixmap, QShowEvent
from PyQt5.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QShortcut,
    QSizePolicy,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from ppgan_lite.errors import PpganError
from ppgan_lite.gui import dialogs
from ppgan_lite.gui.captions import (
    device_caption,
    error_line,
    learning_caption,
    photo_caption,
    progress_caption,
    result_caption,
    work_caption,
)
from ppgan_lite.gui.controls import Controls
from ppgan_lite.gui.dropped import accepts_mime, read_mime
from ppgan_lite.gui.gallery import Gallery
from ppgan_lite.gui.learn_dialog import LearnDialog, LearningRow
from ppgan_lite.gui.learner import Learner
from ppgan_lite.gui.menus import Menus
from ppgan_lite.gui.state import Choice, Job, Learning, Picture, Result, State, StyleSettings, user_style_choice
from ppgan_lite.gui.texts import LANGUAGE_NAMES, text
from ppgan_lite.gui.view import PicturePane, Placeholder, Viewport, to_pixmap
from ppgan_lite.gui.worker import LoadPredictor, PredictorCache, Worker, preview_of, read_picture, save_result
from ppgan_lite.images import ImageMetadata, write_image
from ppgan_lite.styles.users import read_style

if TYPE_CHECKING:
    from ppgan_lite.inference.cost import Cost

# A running kernel cannot be stopped; a file that is being written should be completed.
_STOP_PAINTER_MS = 5_000
_STOP_FILES_MS = 60_000
_STOP_LEARNING_MS = 60_000  # a step, and writing the style

_ZOOM_STEP = 1.4
_DEVICE_WIDTH_PX = 420


class MainWindow(QMainWindow):
    """Photo on the left, result on the right, styles and settings below.

    Args:
        state: Initial state.
        load: Makes a predictor from a `Choice.source` and a direction; called on a worker thread only.
        preferences: Store language, folder and geometry.
        language: "en" or "zh"; a stored language takes precedence.
        learner: Learns paintings.
    """

    def __init__(
        self,
        state: State,
        load: LoadPredictor,
        preferences: QSettings,
        language: str,
        learner: Learner | None = None,
    ) -> None:
        super().__init__()
        self.state = state
        self.stopped = False  # whether both threads have ended
        self._closed = False
        self._preferences = preferences
        self._language = str(preferences.value("language", language))
        if self._language not in LANGUAGE_NAMES:
            self._language = language
        self._device: str | None = None
        self._device_note = ""
        self._status: Callable[[], str] = lambda: self.text("ready")
        self._progress: float | None = None
        self._cost: Cost | None = None
        self._paint_began = 0.0
        self._painting_pixmap: QPixmap | None = None
        self._result_pixmap: QPixmap | None = None
        self._translator = QTranslator(self)
        self._photo_folder: tempfile.TemporaryDirectory[str] | None = None

        self._preview_pixmap: QPixmap | None = None
        self.learner = learner or Learner()
        self.learner.told.connect(self._learning_told)

        self._predictors = PredictorCache(load)
        self._painter_worker = self._make_worker("painter")
        self._files_worker = self._make_worker("files")

        self._handlers: dict[str, Callable[[Any], None]] = {
            "photo": self._photo_opened,
            "painting": self._painting_opened,
            "checkpoint": self._checkpoint_loaded,
            "paint": self._painted,
            "save": self._saved,
            "warm_up": self._warmed_up,
        }
        self.menus = self._make_menus()
        self._make_widgets()
        self.setAcceptDrops(True)
        self.resize(QSize(1320, 880).boundedTo(QApplication.primaryScreen().availableSize() * 0.92))
        geometry = preferences.value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        self.set_language(self._language)

    # actions of the user --------------------------------------------------------------------------------------------

    def open_photo(self, path: Path) -> None:
        self._set_status("opening", name=path.name)
        self._submit(self._files_worker, "photo", lambda _callbacks, _cancelled: read_picture(path))

    def open_painting(self, path: Path) -> None:
        self._set_status("opening", name=path.name)
        self._submit(self._files_worker, "painting", lambda _callbacks, _cancelled: read_picture(path))

    def load_checkpoint(self, path: Path) -> None:
        self._set_status("loading", name=path.name)
        self._submit(
            self._painter_worker,
            "checkpoint",
            lambda _callbacks, cancelled: self._predictors.load_checkpoint(path, cancelled),
        )

    def choose(self, source: str) -> bool:
        """Choose a style by its name, as the gallery does; False if there is no such style."""
        for choice in self.state.choices:
            if choice.source == source:
                self._choose(choice)
                self._show_gallery()
                return True
        return False

    def paste(self) -> None:
        """Open a picture, or a file, from the clipboard as the photo."""
        mime = QApplication.clipboard().mimeData()
        if mime is None or not self._open_mime(mime, onto_gallery=False):
            self._set_status("nothing_to_paste")

    def run(self) -> None:
        """Start making the picture that the window describes."""
        if self.state.jobs.is_running("paint"):
            return
        if self.state.missing == "photo":
            self._set_status("need_photo")
            return
        if self.state.missing == "painting":
            self._set_status("need_painting")
            self.pick_painting()
            return
        request = self.state.request()
        self._show_preview(False)
        self._progress = self._cost = None
        self._paint_began = time.perf_counter()
        self._submit(
            self._painter_worker,
            "paint",
            lambda callbacks, cancelled: self._predictors.paint(request, callbacks, cancelled),
        )
        self._show_work()
        self._show_state()

    def cancel(self) -> None:
        """Stop painting; the last result stays. The window responds at once, even while the thread is still busy."""
        if self.state.jobs.drop("paint"):
            self._set_status("cancelled")
            self._show_state()

    def learn(self, painting: Path, options: list[str]) -> None:
        """Start to learn a painting, with options of `paddlegan learn`."""
        if self.learner.running:
            self._set_status("learn_busy")
            return
        title = next((option[7:] for option in options if option.startswith("--name=")), painting.stem)
        self.state.learning = Learning(title)
        self._preview_pixmap = None
        photo = self._photo_file()
        self.learner.start(painting, [*options, *([f"--preview={photo}"] if photo else [])])
        self._show_state()

    def stop_learning(self) -> None:
        """Ask to stop learning; what is learned so far becomes a style."""
        self.learner.stop()
        if self.state.learning is not None:
            self.state.learning.stopping = True
        self._show_learning()

    def quit(self) -> None:
        """Close the window without a question; a painting that is being learned is kept as it is."""
        self.learner.stop()
        self.close()

    def save(self, path: Path, *, overwrite: bool) -> None:
        result = self.state.result
        if result is None:
            return
        self._set_status("saving", name=path.name)
        self._submit(
            self._files_worker, "save", lambda _callbacks, _cancelled: save_result(result, path, overwrite=overwrite)
        )

    def copy_result(self) -> None:
        if self.state.result is not None:
            QApplication.clipboard().setPixmap(to_pixmap(self.state.result.image))
            self._set_status("copied")

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self._preferences.setValue("language", language)
        QApplication.removeTranslator(self._translator)  # Qt's own texts, in file dialogs and context menus
        if language == "zh":
            self._translator.load("qtbase_zh_CN", QLibraryInfo.location(QLibraryInfo.TranslationsPath))
            QApplication.installTranslator(self._translator)
        self.menus.show_language(language)
        self._show_gallery()
        self._show_state()

    def show_error(self, key: str, error: BaseException) -> None:
        """Show an error without blocking the window."""
        lines = [error_line(error, self._language)]
        if key in ("photo_failed", "painting_failed", "checkpoint_failed"):
            lines.append(self.text("kept"))
        self.dialog.show_error(self.text(key), *lines)

    def show_problem(self, error: Exception) -> None:
        """Show an error in the status bar alone."""
        self._status = lambda: error_line(error, self._language)
        self._show_status()

    # dialogs --------------------------------------------------------------------------------------------------------

    def pick_photo(self) -> None:
        path = dialogs.pick_picture(self, self._preferences, "open_photo_title", self._language)
        if path is not None:
            self.open_photo(path)

    def pick_painting(self) -> None:
        path = dialogs.pick_picture(self, self._preferences, "open_painting_title", self._language)
        if path is not None:
            self.open_painting(path)

    def pick_learning(self) -> None:
        """Ask what to learn: the chosen painting, or another one, and for how long."""
        if self.learner.running:
            self._set_status("learn_busy")
            return
        chosen = self.state.painting.path if self.state.painting and self.state.choice.needs_painting else None
        path = chosen or dialogs.pick_picture(self, self._preferences, "open_painting_title", self._language)
        if path is not None:
            self.learn_dialog = LearnDialog(self, path, self._language)
            self.learn_dialog.chosen.connect(self.learn)
            self.learn_dialog.open()

    def pick_checkpoint(self) -> None:
        path = dialogs.pick_checkpoint(self, self._preferences, self._language)
        if path is not None:
            self.load_checkpoint(path)

    def pick_save(self) -> None:
        if self.state.result is None:
            return
        target = dialogs.pick_target(self, self._preferences, self.state.result.file_name(), self._language)
        if target is not None:
            path, may_replace = target
            self.save(path, overwrite=may_replace)

    # signals of the worker threads ----------------------------------------------------------------------------------

    def _progressed(self, job: Job, fraction: float) -> None:
        if self.state.jobs.is_current(job):
            self._progress = fraction
            self._show_work()
            self._show_progress()

    def _costed(self, job: Job, cost: Cost) -> None:
        if self.state.jobs.is_current(job):
            self._cost = cost
            self._show_work()

    def _finished(self, job: Job, value: Any) -> None:
        if self.state.jobs.finish(job):
            self._handlers[job.kind](value)

    def _failed(self, job: Job, error: Exception) -> None:
        if not self.state.jobs.finish(job):
            return
        self._status = lambda: error_line(error, self._language)
        if job.kind == "warm_up":  # not requested by the user: the dialog comes with the first request
            self._device = ""
        else:
            self.show_error(f"{job.kind}_failed", error)
        self._show_state()

    def _photo_opened(self, photo: Picture) -> None:
        self.state.open_photo(photo)
        self.viewport.show_photo(QSize(*photo.size))
        self.photo_pane.show_pixmap(to_pixmap(photo.preview))
        self._set_status("ready")
        self._show_state()

    def _painting_opened(self, painting: Picture) -> None:
        self.state.open_painting(painting)
        self._painting_pixmap = to_pixmap(painting.preview)
        self._set_status("ready")
        self._show_gallery()
        self._show_state()

    def _checkpoint_loaded(self, answer: tuple[Choice, tuple[str, str]]) -> None:
        choice, (self._device, self._device_note) = answer
        self.state.add(choice)
        self._set_status("ready")
        self._show_gallery()
        self._show_state()

    def _painted(self, result: Result) -> None:
        self.state.result = result
        self._result_pixmap = to_pixmap(result.preview)
        self._device, self._device_note = result.device, result.device_note
        self._set_status("done", seconds=f"{time.perf_counter() - self._paint_began:.1f}")
        self._show_state()

    def _saved(self, path: Path) -> None:
        self._set_status("saved", path=path)

    def _warmed_up(self, device: tuple[str, str]) -> None:
        self._device, self._device_note = device
        self._show_state()

    # events of learning ---------------------------------------------------------------------------------------------

    def _learning_told(self, event: dict[str, Any]) -> None:
        learning = self.state.learning
        if learning is None:
            return
        kind = event["event"]
        if kind == "started":
            learning.title = str(event["title"])
        elif kind == "progress":
            learning.seconds, learning.seconds_left = float(event["seconds"]), float(event["seconds_left"])
        elif kind == "preview":
            learning.preview = Path(event["file"])
            self._preview_pixmap = QPixmap(str(learning.preview))
            if self.state.photo is None:
                self.viewport.show_photo(self._preview_pixmap.size())
            self._show_state()
            return
        else:
            self._learning_ended(kind, event, learning)
            return
        self._show_learning()

    def _learning_ended(self, kind: str, event: dict[str, Any], learning: Learning) -> None:
        self.state.learning = None
        if kind in ("done", "kept"):
            try:
                self.state.add(user_style_choice(read_style(Path(event["path"]))))
                self._set_status("learned" if kind == "done" else "learn_kept", title=learning.title)
            except PpganError as error:
                self.show_error("learn_failed", error)
        elif kind == "failed":
            self._set_status("learn_failed")
            self.dialog.show_error(self.text("learn_failed"), str(event.get("error", "")))
        else:
            self._set_status("learn_nothing")
        self._show_gallery()
        self._show_state()

    # Qt events ------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._device is None and not self.state.jobs.is_running("warm_up"):
            QTimer.singleShot(100, self._warm_up)  # the window is painted first

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.learner.running and not self.learner.stopping and not self._closed:
            if not dialogs.asks_to_close(self, self._language):
                event.ignore()
                return
            self.learner.stop()
        event.accept()
        if self._closed:
            return
        self._closed = True
        self._preferences.setValue("geometry", self.saveGeometry())
        self.hide()  # at once, even where a thread needs a moment
        is_saving = self.state.jobs.is_running("save")
        self.state.jobs.drop_all()
        self.learner.wait(_STOP_LEARNING_MS)
        if self._photo_folder is not None:
            self._photo_folder.cleanup()
        files_stopped = self._files_worker.stop(_STOP_FILES_MS if is_saving else _STOP_PAINTER_MS)
        self.stopped = self._painter_worker.stop(_STOP_PAINTER_MS) and files_stopped

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if accepts_mime(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        onto_gallery = self.gallery.rect().contains(self.gallery.mapFrom(self, event.pos()))
        if self._open_mime(event.mimeData(), onto_gallery=onto_gallery):
            event.acceptProposedAction()

    # internals ------------------------------------------------------------------------------------------------------

    def text(self, key: str, **values: object) -> str:
        return text(key, self._language, **values)

    def _make_worker(self, name: str) -> Worker:
        worker = Worker(name)
        worker.progressed.connect(self._progressed)
        worker.costed.connect(self._costed)
        worker.finished.connect(self._finished)
        worker.failed.connect(self._failed)
        return worker

    def _submit(self, worker: Worker, kind: str, work: Callable[[Any, Any], Any]) -> None:
        worker.submit(self.state.jobs.start(kind), work)

    def _make_menus(self) -> Menus:
        slots: dict[str, Callable[[], Any]] = {
            "open_photo": self.pick_photo,
            "paste": self.paste,
            "any_painting": self.pick_painting,
            "learn_painting": self.pick_learning,
            "load_checkpoint": self.pick_checkpoint,
            "save_as": self.pick_save,
            "copy": self.copy_result,
            "quit": self.close,
            "fit": lambda: self.viewport.fit(),
            "actual_size": self._show_actual_size,
            "zoom_in": lambda: self._zoom(_ZOOM_STEP),
            "zoom_out": lambda: self._zoom(1 / _ZOOM_STEP),
        }
        return Menus(self, slots, self.set_language)

    def _make_widgets(self) -> None:
        self.setWindowTitle("ppgan_lite")
        toolbar = QToolBar()
        toolbar.setMovable(False)
        toolbar.setContextMenuPolicy(Qt.PreventContextMenu)
        toolbar.setToolButtonStyle(Qt.ToolButtonTextBesideIcon)
        toolbar.setIconSize(QSize(18, 18))
        actions = self.menus.actions
        toolbar.addAction(actions["open_photo"])
        toolbar.addSeparator()
        toolbar.addAction(actions["any_painting"])
        toolbar.addAction(actions["learn_painting"])
        toolbar.addAction(actions["load_checkpoint"])
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Preferred)
        toolbar.addWidget(space)
        toolbar.addAction(actions["save_as"])
        self.addToolBar(toolbar)

        self.viewport = Viewport()
        self.photo_pane = PicturePane(self.viewport)
        self.result_pane = PicturePane(self.viewport)
        self.photo_pane.clicked_empty.connect(self.pick_photo)
        self.photo_title, self.photo_detail, photo_column = _captioned(self.photo_pane)
        self.result_title, self.result_detail, result_column = _captioned(self.result_pane)
        panes = QHBoxLayout()
        panes.setSpacing(10)
        panes.addLayout(photo_column, 1)
        panes.addLayout(result_column, 1)

        self.learning_row = LearningRow()
        self.learning_row.stop.connect(self.stop_learning)
        self.learning_row.preview_toggled.connect(self._show_preview)
        self.gallery = Gallery()
        self.gallery.chosen.connect(self._choose)
        self.gallery.run.connect(self.run)
        self.gallery.itemClicked.connect(self._gallery_clicked)
        self.controls = Controls()
        self.controls.changed.connect(self._set_settings)
        self.controls.pick_painting.connect(self.pick_painting)
        self.controls.direction_chosen.connect(self._choose_direction)
        self.controls.run.clicked.connect(lambda: self.run())
        self.controls.cancel.clicked.connect(lambda: self.cancel())
        for keys, slot in (("Ctrl+Return", self.run), ("Ctrl+Enter", self.run), ("Esc", self.cancel)):
            QShortcut(QKeySequence(keys), self, slot)  # a button's own would be lost with each setText

        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(12, 4, 12, 10)
        layout.setSpacing(10)
        layout.addLayout(panes, 1)
        layout.addWidget(self.learning_row)
        layout.addWidget(self.gallery)
        layout.addWidget(self.controls)
        self.setCentralWidget(middle)

        self.status_label = QLabel()
        self.status_label.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)
        self.device_label = QLabel()
        self.dialog = dialogs.ErrorDialog(self)
        for label in (self.status_label, self.device_label):
            label.setContentsMargins(12, 3, 12, 4)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addWidget(self.status_label, 1)
        self.statusBar().addPermanentWidget(self.device_label)

    def _show_gallery(self) -> None:
        state = self.state
        self.gallery.show_choices(state.choices, state.choice, state.painting, self._painting_pixmap, self._language)

    def _show_state(self) -> None:
        """Update everything but the gallery and the photo's pixmap from the state."""
        state, result = self.state, self.state.result
        busy = state.jobs.is_running("paint")
        self.controls.show_state(state, self._painting_pixmap, self._language)
        for key in ("save_as", "copy"):
            self.menus.actions[key].setEnabled(result is not None)

        self.photo_pane.placeholder = Placeholder(self.text("drop_here"), self.text("drop_hint"))
        button = self.text(f"run_{state.choice.task}")
        self.result_pane.placeholder = Placeholder(self.text("result_here"), self.text("result_hint", button=button))
        learning = state.learning
        previewed = learning is not None and learning.shows_preview and self._preview_pixmap is not None
        if previewed:
            self.result_pane.show_pixmap(self._preview_pixmap)
        elif result is not None:
            self.result_pane.show_pixmap(self._result_pixmap)
        elif busy:
            self.result_pane.show_pixmap(self.photo_pane.pixmap, dimmed=True)
        else:
            self.result_pane.show_pixmap(None)
        self.photo_pane.update()
        self._show_progress()

        self.photo_title.setText(self.text("photo"))
        self.photo_detail.setText(photo_caption(state.photo, self._language))
        self.result_title.setText(self.text("learn_preview" if previewed else "result"))
        self.result_detail.setText(
            learning_caption(learning, self._language)
            if previewed and learning
            else result_caption(result, self._language)
        )
        self.learning_row.show_learning(learning, self._language)
        self._show_status()

    def _show_learning(self) -> None:
        """Update what shows the progress of learning."""
        learning = self.state.learning
        self.learning_row.show_learning(learning, self._language)
        if learning is not None and learning.shows_preview and self._preview_pixmap is not None:
            self.result_detail.setText(learning_caption(learning, self._language))

    def _show_preview(self, shown: bool) -> None:
        """Show the preview of learning in the result's pane, or the result."""
        if self.state.learning is not None:
            self.state.learning.shows_preview = shown
            self._show_state()

    def _photo_file(self) -> Path | None:
        """Return the file of the photo; of a pasted one, a copy."""
        photo = self.state.photo
        if photo is None or photo.path is not None:
            return photo.path if photo else None
        if self._photo_folder is None:
            self._photo_folder = tempfile.TemporaryDirectory()
        path = Path(self._photo_folder.name) / "photo.png"
        write_image(path, photo.preview, overwrite=True)
        return path

    def _show_progress(self) -> None:
        if not self.state.jobs.is_running("paint"):
            self.result_pane.show_note("")
        elif self._progress is None:
            self.result_pane.show_note(self.text("preparing"))
        else:
            self.result_pane.show_note(progress_caption(self._progress, self._language), self._progress)

    def _show_status(self) -> None:
        self.status_label.setText(self._status())
        self.status_label.setToolTip(self._status())
        device = device_caption(self._device, self._device_note, self._language)
        self.device_label.setText(self.fontMetrics().elidedText(device, Qt.ElideRight, _DEVICE_WIDTH_PX))
        self.device_label.setToolTip(device)

    def _show_work(self) -> None:
        """Show progress and cost of the running job in the status bar."""
        self._status = lambda: work_caption(self._progress, self._cost, self._language)
        self._show_status()

    def _set_status(self, key: str, **values: object) -> None:
        """Show a text of `texts` in the status bar; it follows a change of language."""
        self._status = lambda: self.text(key, **values)
        self._show_status()

    def _choose(self, choice: Choice) -> None:
        self.state.choice = choice
        self._show_state()

    def _choose_direction(self, direction: str) -> None:
        self.state.choose_direction(direction)
        self._show_gallery()
        self._show_state()

    def _gallery_clicked(self) -> None:
        if self.state.choice.needs_painting and self.state.painting is None:
            self.pick_painting()

    def _set_settings(self, settings: StyleSettings) -> None:
        self.state.settings = settings

    def _warm_up(self) -> None:
        """Load Paddle and the chosen style before they are requested, so that the first picture is ready sooner."""
        source = self.state.choice.source
        self._submit(
            self._painter_worker, "warm_up", lambda _callbacks, cancelled: self._predictors.warm_up(source, cancelled)
        )

    def _show_actual_size(self) -> None:
        pane = self.photo_pane
        middle = QPointF(pane.width() / 2, pane.height() / 2)
        self.viewport.zoom_to(1 / self.devicePixelRatioF(), middle, pane.size())

    def _zoom(self, factor: float) -> None:
        pane = self.photo_pane
        self.viewport.zoom_by(factor, QPointF(pane.width() / 2, pane.height() / 2), pane.size())

    def _open_mime(self, mime: QMimeData, *, onto_gallery: bool) -> bool:
        """Open dropped or pasted content; False if the window can open none of it."""
        dropped = read_mime(mime)
        if dropped is None:
            return False
        if dropped.checkpoints:
            self.load_checkpoint(dropped.checkpoints[0])
        if dropped.pictures:
            (self.open_painting if onto_gallery else self.open_photo)(dropped.pictures[0])
        if dropped.image is not None:
            image, alpha = dropped.image
            self._submit(
                self._files_worker,
                "painting" if onto_gallery else "photo",
                lambda _callbacks, _cancelled: Picture(image, preview_of(image), ImageMetadata(alpha=alpha)),
            )
        return True


def _captioned(pane: PicturePane) -> tuple[QLabel, QLabel, QVBoxLayout]:
    """Lay out a title and a detail line above a pane."""
    title, detail = QLabel(objectName="title"), QLabel(objectName="muted")
    detail.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)  # a long file name must not widen the pane
    line = QHBoxLayout()
    line.setContentsMargins(4, 0, 4, 0)
    line.setSpacing(10)
    line.addWidget(title)
    line.addWidget(detail, 1)
    column = QVBoxLayout()
    column.setSpacing(6)
    column.addLayout(line)
    column.addWidget(pane, 1)
    return title, detail, column
