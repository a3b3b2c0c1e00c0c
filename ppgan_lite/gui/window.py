"""The main window: its layout, and what is shown where when the session tells that something changed."""

from __future__ import annotations

from PyQt5.QtCore import QLibraryInfo, QSize, QTimer, QTranslator, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPixmap, QResizeEvent, QShowEvent
from PyQt5.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from ppgan_lite.gui import dialogs
from ppgan_lite.gui.again_row import AgainRow
from ppgan_lite.gui.batch_panel import BatchPanel, BatchRow
from ppgan_lite.gui.batch_queue import Status
from ppgan_lite.gui.captions import error_line, result_caption, style_caption
from ppgan_lite.gui.commands import Commands
from ppgan_lite.gui.compare_view import Side
from ppgan_lite.gui.comparison import Comparison
from ppgan_lite.gui.controls import Controls
from ppgan_lite.gui.dropped import accepts_mime, read_mime
from ppgan_lite.gui.gallery import Gallery
from ppgan_lite.gui.history_strip import HistoryStrip
from ppgan_lite.gui.learn_dialog import LearningRow
from ppgan_lite.gui.mask_row import MaskRow
from ppgan_lite.gui.panes import Panes
from ppgan_lite.gui.pixels import to_pixmap
from ppgan_lite.gui.preferences import Preferences
from ppgan_lite.gui.remembering import Remembering
from ppgan_lite.gui.session import Session
from ppgan_lite.gui.status import StatusBar
from ppgan_lite.gui.texts import QT_TRANSLATIONS, text
from ppgan_lite.gui.thumbnails import Thumbnails
from ppgan_lite.gui.user_actions import UserActions

_NAME = "ppgan_lite"
_SIZE = QSize(1320, 880)
_LOW_PX = 720
_DONE = ("done", "learned")  # that took long enough to do something else meanwhile
_THUMBNAIL_PX = 512  # of a painting


class MainWindow(QMainWindow):
    """Photo on the left, result on the right, styles and settings below.

    Signals:
        appearance_chosen: One of `APPEARANCES`.

    Args:
        session: Is shown, and does what the user asks.
        preferences: Keep what is remembered.
        language: Of the texts, unless the user chose one before.
    """

    appearance_chosen = pyqtSignal(str)

    def __init__(self, session: Session, preferences: Preferences, language: str) -> None:
        super().__init__()
        self.session = session
        self._preferences = preferences
        self._language = preferences.language or language
        self._closed = False
        self._quits = False  # without a question
        self._closes_when_saved = False
        self._painting_pixmap: QPixmap | None = None
        self._translator = QTranslator(self)
        self.setWindowTitle(_NAME)
        self.setAcceptDrops(True)
        self._make_widgets()
        self._connect_widgets()
        self._connect_session()
        self._remembering = Remembering(self.session, preferences)
        self.resize(_SIZE.boundedTo(QApplication.primaryScreen().availableSize() * 0.92))
        if preferences.geometry is not None:
            self.restoreGeometry(preferences.geometry)
        self._show_all()
        self.gallery.setFocus()  # else the field in which a style is looked for would have it, and take every key

    @property
    def stopped(self) -> bool:
        """Whether both threads of the session have ended."""
        return self.session.stopped

    def choose_language(self, language: str) -> None:
        """Show every text in another language, at the next start too."""
        self._preferences.language = language
        self._language = language
        self._show_language()

    def choose_appearance(self, appearance: str) -> None:
        """Have the window shown light, dark or as the system is, at the next start too."""
        self._preferences.appearance = appearance
        self.appearance_chosen.emit(appearance)

    def _remember_comparison(self, comparison: Comparison) -> None:
        self._preferences.comparison = comparison

    def _choose_quality(self, quality: str) -> None:
        if quality in self.commands.qualities:
            self.commands.qualities[quality].setChecked(True)
        self.session.quality = self._preferences.quality = int(quality)

    def follow(self, thumbnails: Thumbnails) -> None:
        """Show pictures of the open photo in the gallery as they are made."""
        thumbnails.made.connect(
            lambda source: self.gallery.show_thumbnail(source, to_pixmap(thumbnails.pictures[source]))
        )
        thumbnails.cleared.connect(self.gallery.clear_thumbnails)
        thumbnails.counted.connect(self.status.show_thumbnails)

    def show_error(self, key: str, error: BaseException) -> None:
        """Show an error without blocking the window; `key` names a text that says what failed."""
        lines = [error_line(error, self._language)]
        if key in ("photo_failed", "painting_failed", "checkpoint_failed"):
            lines.append(text("kept", self._language))
        self.dialog.show_error(text(key, self._language), *lines)

    def show_problem(self, error: Exception) -> None:
        """Show an error in the status bar alone."""
        self.status.show_error(error)

    def quit(self) -> None:
        """Close the window without a question; a painting that is being learned is kept as it is."""
        self._quits = True
        self.session.learning.learner.stop()
        self.close()

    # layout ---------------------------------------------------------------------------------------------------------

    def _make_widgets(self) -> None:
        self.panes = Panes()
        self.panes.set_comparison(self._preferences.comparison)
        self.mask_row = MaskRow(self.panes.mask_brush)
        self.user_actions = UserActions(self, self.session, self.panes, self.mask_row, self._preferences)
        self.commands = Commands(
            self, self.user_actions, self.choose_language, self.choose_appearance, self._choose_quality
        )
        self.commands.appearances[self._preferences.appearance].setChecked(True)
        self._choose_quality(str(self._preferences.quality))
        self.toolbar = self.commands.toolbar()
        self.addToolBar(self.toolbar)
        self.user_actions.search = self.toolbar.search
        self.history_strip = HistoryStrip()
        self.learning_row = LearningRow()
        self.again_row = AgainRow()
        self.batch_row = BatchRow()
        self.batch_panel = BatchPanel(self, self._preferences)
        self.user_actions.batch_panel = self.batch_panel
        self.gallery = Gallery()
        self.controls = Controls()
        middle = QWidget()
        self._rows = QVBoxLayout(middle)
        pictures = QHBoxLayout()
        pictures.setSpacing(6)
        pictures.addWidget(self.panes, 1)
        pictures.addWidget(self.history_strip)
        self._rows.addLayout(pictures, 1)
        self._rows.addWidget(self.mask_row)
        self._rows.addWidget(self.learning_row)
        self._rows.addWidget(self.again_row)
        self._rows.addWidget(self.batch_row)
        self._rows.addWidget(self.gallery)
        self._rows.addWidget(self.controls)
        self.setCentralWidget(middle)
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.dialog = dialogs.ErrorDialog(self)

    def _connect_widgets(self) -> None:
        session, user_actions = self.session, self.user_actions
        self.panes.comparison_changed.connect(self._remember_comparison)
        self.panes.photo_wanted.connect(user_actions.pick_photo)
        self.history_strip.chosen.connect(session.history.show)
        self.history_strip.compare.connect(session.history.compare)
        self.history_strip.reuse.connect(user_actions.reuse.entry)
        self.history_strip.save.connect(user_actions.pick_save_entry)
        self.history_strip.remove.connect(session.history.remove)
        self.mask_row.changed.connect(session.set_mask)
        self.mask_row.faces_wanted.connect(session.find_faces)
        self.mask_row.opened.connect(lambda is_open: self.gallery.setVisible(not is_open))  # room for the photo
        self.learning_row.stop.connect(session.learning.stop)
        self.learning_row.preview_toggled.connect(session.learning.show_preview)
        user_actions.reuse.found.connect(lambda path, settings: self.again_row.show_offer((path, settings)))
        self.again_row.wanted.connect(user_actions.reuse.file)
        self.batch_row.show_panel.connect(user_actions.open_batch)
        self.batch_panel.start.connect(session.paint_many)
        self.batch_panel.cancel.connect(session.batch.cancel)
        self.batch_panel.retry.connect(session.batch.retry)
        self.batch_panel.forget.connect(session.batch.forget_ended)
        self.gallery.chosen.connect(session.choose)
        self.gallery.run.connect(user_actions.run)
        self.toolbar.search.textChanged.connect(self.gallery.show_matching)
        self.toolbar.search.left.connect(self.gallery.choose_shown)
        self.gallery.remove.connect(user_actions.remove)
        self.gallery.show_folder.connect(user_actions.show_folder_of)
        self.gallery.itemClicked.connect(lambda _item: user_actions.pick_missing_painting())
        self.controls.changed.connect(session.set_settings)
        self.controls.pick_painting.connect(user_actions.pick_painting)
        self.controls.direction_chosen.connect(session.choose_direction)
        self.controls.run.clicked.connect(lambda: user_actions.run())
        self.controls.cancel.clicked.connect(lambda: user_actions.cancel())

    def _connect_session(self) -> None:
        session = self.session
        session.photo_changed.connect(self._show_photo)
        session.mask_changed.connect(lambda: self.mask_row.show_mask(session.state.mask))
        session.faces_found.connect(self.mask_row.show_faces)
        session.painting_changed.connect(self._show_painting)
        session.choices_changed.connect(self._show_choices)
        session.choice_changed.connect(self._show_choice)
        session.settings_changed.connect(self._show_settings)
        session.result_changed.connect(self._show_result)
        session.batch.changed.connect(self._show_batch)
        session.batch.ended.connect(self._tell_batch)
        session.history_changed.connect(self._show_history)
        session.compared_changed.connect(self._show_compared)
        session.saves_ended.connect(self._close_when_saved)
        session.work_changed.connect(self._show_work)
        session.preview_changed.connect(self._show_preview)
        session.device_changed.connect(self._show_device)
        session.learning_changed.connect(self._show_learning)
        session.told.connect(self.status.tell)
        session.told.connect(self._call_user)
        session.failed.connect(self._show_failure)

    # what is shown --------------------------------------------------------------------------------------------------

    def _show_all(self) -> None:
        self._show_language()
        self._show_choice()
        self._show_painting()
        self._show_settings()
        self._show_work()
        self._show_device()
        self._show_learning()

    def _show_language(self) -> None:
        language = self._language
        QApplication.removeTranslator(self._translator)  # Qt's own texts, in file dialogs and context menus
        translation = QT_TRANSLATIONS[language]
        if translation is not None:
            self._translator.load(translation, QLibraryInfo.location(QLibraryInfo.TranslationsPath))
            QApplication.installTranslator(self._translator)
        self.commands.show_language(language)
        self.toolbar.search.set_language(language)
        self.toolbar.fit_texts()
        self.user_actions.language = language
        self.panes.set_language(language)
        self._show_compared()
        self.history_strip.set_language(language)
        self.mask_row.set_language(language)
        self.again_row.set_language(language)
        self.batch_row.set_language(language)
        self.batch_panel.set_language(language)
        self._show_batch_style()
        self.learning_row.set_language(language)
        self.controls.set_language(language)
        self.status.set_language(language)
        self._show_choices()

    def _show_photo(self) -> None:
        photo = self.session.state.photo
        assert photo is not None
        self.panes.show_photo(photo)
        self.again_row.show_offer(None)
        if photo.path is not None:
            self.user_actions.reuse.look_into(photo.path)
        self._show_compared()
        self.controls.show_photo(photo)
        self.mask_row.close_editor()
        self._show_work()

    def _show_painting(self) -> None:
        painting = self.session.state.painting
        self._painting_pixmap = None if painting is None else to_pixmap(painting.pyramid.thumbnail(_THUMBNAIL_PX))
        self.controls.show_painting(painting, self._painting_pixmap)
        self._show_choices()
        self._show_batch_style()

    def _show_choices(self) -> None:
        state = self.session.state
        self.gallery.show_choices(state.choices, state.choice, state.painting, self._painting_pixmap, self._language)

    def _show_choice(self) -> None:
        choice = self.session.state.choice
        self.gallery.choose(choice)
        self.controls.show_choice(choice)
        self.panes.show_task(choice.task)
        self._show_batch_style()

    def _show_settings(self) -> None:
        self.controls.show_settings(self.session.state.settings)
        self._show_batch_style()

    def _show_result(self) -> None:
        self.panes.show_result(self.session.state.result)
        self.commands.show_enabled(self.session)

    def _show_compared(self) -> None:
        compared = self.session.compared
        caption = result_caption(compared, self._language)
        self.panes.show_instead_of_photo(
            None if compared is None else Side(text("compared", self._language), caption, compared.pyramid)
        )

    def _show_batch(self) -> None:
        queue = self.session.batch.queue
        self.batch_row.show_queue(queue)
        self.batch_panel.show_queue(queue)

    def _tell_batch(self) -> None:
        """Tell what became of the photos, where the queue has come to its end."""
        queue = self.session.batch.queue
        failed = queue.count(Status.FAILED)
        key = "batch_ended_failures" if failed else "batch_ended"
        self.status.tell(key, {"count": queue.count(Status.DONE), "failed": failed})

    def _show_batch_style(self) -> None:
        state = self.session.state
        self.batch_panel.show_style(style_caption(state.choice, state.settings, state.painting, self._language))

    def _show_history(self) -> None:
        self.history_strip.show_history(self.session.history)
        self.commands.show_enabled(self.session)

    def _show_work(self) -> None:
        work = self.session.work
        self.panes.show_work(work)
        done = None if work is None else work.progress
        self.setWindowTitle(_NAME if done is None else f"{int(100 * done)} % – {_NAME}")  # for the task bar
        self.status.show_work(work)
        self.controls.show_work(busy=work is not None, has_photo=self.session.state.photo is not None)
        self.commands.show_enabled(self.session)

    def _show_preview(self) -> None:
        self.panes.show_quick(self.session.preview, self.session.expected)
        self.commands.show_enabled(self.session)

    def _call_user(self, key: str, _values: dict[str, object]) -> None:
        """Have the task bar tell that something is done, where another window is in front."""
        if key in _DONE and not self.isActiveWindow():
            QApplication.alert(self)

    def _show_device(self) -> None:
        self.status.show_device(self.session.device, self.session.device_note)

    def _show_learning(self) -> None:
        self.panes.show_learning(self.session.state.learning)
        self.learning_row.show_learning(self.session.state.learning)

    def _show_failure(self, key: str, error: Exception) -> None:
        self.status.show_error(error)
        if key != "warm_up_failed":  # not requested by the user: the dialog comes with the first request
            self.show_error(key, error)

    # Qt events ------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Start the painter, once the window is painted."""
        super().showEvent(event)
        QTimer.singleShot(100, self.session.warm_up)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the pictures their room in a low window."""
        super().resizeEvent(event)
        is_low = self.height() < _LOW_PX
        self.gallery.show_small(is_low)
        self._rows.setSpacing(6 if is_low else 10)
        self._rows.setContentsMargins(12, 2 if is_low else 4, 12, 6 if is_low else 10)

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the session, after a question where a painting is being learned or results are not saved."""
        is_learning = self.session.learning.is_running and not self._closed
        if is_learning and not dialogs.asks_to_close(self, "learn", self._language):
            event.ignore()
            return
        has_batch = self.session.batch.queue.active and not self._quits and not self._closed
        if has_batch and not dialogs.asks_to_close(self, "batch", self._language):
            event.ignore()
            return
        if not self._quits and not self._closed and not self._may_lose_unsaved():
            event.ignore()
            return
        event.accept()
        if self._closed:
            return
        self._closed = True
        self._preferences.geometry = self.saveGeometry()
        self.hide()  # at once, even where a thread needs a moment
        self.session.close()

    def _may_lose_unsaved(self) -> bool:
        """Ask what becomes of unsaved results; True if the window may close now."""
        count = len(self.session.history.unsaved)
        answer = dialogs.asks_about_unsaved(self, count, self._language) if count else "close"
        if answer == "save":
            self._closes_when_saved = self.user_actions.save_unsaved()
        return answer == "close"

    def _close_when_saved(self) -> None:
        """Close the window that waited for its saves, unless one of them failed."""
        if self._closes_when_saved and not self.session.history.unsaved:
            self.close()
        self._closes_when_saved = False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept what can be opened."""
        if accepts_mime(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what is dropped: pictures as the painting on the gallery, as the photo elsewhere."""
        dropped = read_mime(event.mimeData())
        if dropped is not None:
            onto_gallery = self.gallery.rect().contains(self.gallery.mapFrom(self, event.pos()))
            self.session.open_dropped(dropped, as_painting=onto_gallery)
            if not onto_gallery and (dropped.folders or len(dropped.pictures) > 1):
                self.user_actions.open_batch([*dropped.pictures, *dropped.folders])
            event.acceptProposedAction()
