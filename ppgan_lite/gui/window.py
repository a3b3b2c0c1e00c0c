"""The main window: what is shown where when the session tells that something changed, and Qt's events."""

from __future__ import annotations

from PyQt5.QtCore import QLibraryInfo, QTimer, QTranslator, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPixmap, QShowEvent
from PyQt5.QtWidgets import QApplication

from ppgan_lite.gui.batch_queue import Status
from ppgan_lite.gui.captions import error_line, result_caption, style_caption
from ppgan_lite.gui.closing import Closing
from ppgan_lite.gui.commands import Commands
from ppgan_lite.gui.compare_view import Side
from ppgan_lite.gui.comparison import Comparison
from ppgan_lite.gui.dropped import accepts_mime, read_mime
from ppgan_lite.gui.layout import NAME, WindowLayout
from ppgan_lite.gui.pixels import to_pixmap
from ppgan_lite.gui.preferences import Preferences
from ppgan_lite.gui.remembering import Remembering
from ppgan_lite.gui.session import Session
from ppgan_lite.gui.texts import QT_TRANSLATIONS, text
from ppgan_lite.gui.thumbnails import Thumbnails
from ppgan_lite.gui.user_actions import UserActions

_DONE = ("done", "learned")  # that took long enough to do something else meanwhile
_THUMBNAIL_PX = 512  # of a painting


class MainWindow(WindowLayout):
    """The window of a session: what the user does is handed to it, and what it tells is shown.

    Signals:
        appearance_chosen: One of `APPEARANCES`.

    Args:
        session: Is shown, and does what the user asks.
        preferences: Keep what is remembered.
        language: Of the texts, unless the user chose one before.
    """

    appearance_chosen = pyqtSignal(str)

    def __init__(self, session: Session, preferences: Preferences, language: str) -> None:
        super().__init__(preferences)
        self.session = session
        self._preferences = preferences
        self._language = preferences.language or language
        self._closed = False
        self._quits = False  # without a question
        self._painting_pixmap: QPixmap | None = None
        self._translator = QTranslator(self)
        self._make_commands()
        self._connect_widgets()
        self._connect_session()
        self._remembering = Remembering(self.session, preferences)
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
        self.session.saving.quality = self._preferences.quality = int(quality)

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

    # connections ----------------------------------------------------------------------------------------------------

    def _make_commands(self) -> None:
        self.panes.set_comparison(self._preferences.comparison)
        self.user_actions = UserActions(
            self, self.session, self.panes, self.mask_row, self.batch_panel, self.toolbar.search, self._preferences
        )
        self.closing = Closing(self, self.session, self.user_actions.save_unsaved)
        self.commands = Commands(
            self, self.user_actions, self.choose_language, self.choose_appearance, self._choose_quality
        )
        self.commands.fill(self.toolbar)
        self.commands.appearances[self._preferences.appearance].setChecked(True)
        self._choose_quality(str(self._preferences.quality))

    def _connect_widgets(self) -> None:
        session, user_actions = self.session, self.user_actions
        self.panes.comparison_changed.connect(self._remember_comparison)
        self.panes.photo_wanted.connect(user_actions.pick_photo)
        self.history_strip.chosen.connect(session.history.show)
        self.history_strip.compare.connect(session.history.compare)
        self.history_strip.reuse.connect(user_actions.reuse.entry)
        self.history_strip.save.connect(user_actions.pick_save_entry)
        self.history_strip.remove.connect(session.history.remove)
        self.clip_row.frame_wanted.connect(session.show_frame)
        self.clip_row.paint_wanted.connect(user_actions.paint_clip)
        self.mask_row.changed.connect(session.set_mask)
        self.mask_row.faces_wanted.connect(session.find_faces)
        self.mask_row.file_wanted.connect(user_actions.pick_mask)
        self.mask_row.save_wanted.connect(user_actions.save_mask)
        self.mask_row.opened.connect(self._show_mask_editor)
        self.learning_row.stop.connect(session.learning.stop)
        self.learning_row.preview_toggled.connect(session.learning.show_preview)
        user_actions.reuse.found.connect(lambda path, settings: self.again_row.show_offer((path, settings)))
        self.again_row.wanted.connect(user_actions.reuse.file)
        self.batch_row.show_panel.connect(user_actions.open_batch)
        self.batch_panel.start.connect(session.paint_many)
        self.batch_panel.cancel.connect(session.batch.cancel)
        self.batch_panel.retry.connect(session.batch.retry)
        self.batch_panel.forget.connect(session.batch.forget_ended)
        self.gallery.chosen.connect(session.cards.choose)
        self.gallery.mixed.connect(session.cards.mix)
        self.controls.share_changed.connect(session.cards.set_share)
        self.gallery.run.connect(user_actions.run)
        self.toolbar.search.textChanged.connect(self.gallery.show_matching)
        self.toolbar.search.left.connect(self.gallery.choose_shown)
        self.gallery.rename.connect(user_actions.rename)
        self.gallery.remove.connect(user_actions.remove)
        self.gallery.show_folder.connect(user_actions.show_folder_of)
        self.gallery.itemClicked.connect(lambda _item: user_actions.pick_missing_painting())
        self.controls.changed.connect(session.set_settings)
        self.controls.pick_painting.connect(user_actions.pick_painting)
        self.controls.direction_chosen.connect(session.cards.choose_direction)
        self.controls.run.clicked.connect(lambda: user_actions.run())
        self.controls.cancel.clicked.connect(lambda: user_actions.cancel())

    def _connect_session(self) -> None:
        session = self.session
        session.photo_changed.connect(self._show_photo)
        session.frame_changed.connect(lambda: self._show_mask_editor(self.mask_row.is_open))
        session.mask_changed.connect(self._show_mask)
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
        session.work_changed.connect(self._show_work)
        session.preview_changed.connect(self._show_preview)
        session.expected_changed.connect(lambda: self.controls.show_cost(session.expected))
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
        self.clip_row.set_language(language)
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

    def _show_mask_editor(self, is_open: bool) -> None:
        """Leave the photo the room of what is not needed while a mask is painted."""
        self.gallery.setVisible(not is_open)
        self.clip_row.show_frame(None if is_open else self.session.frame)

    def _show_mask(self) -> None:
        self.mask_row.show_mask(self.session.state.mask)
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
        self.batch_panel.show_style(style_caption(self.session.state, self._language))

    def _show_history(self) -> None:
        self.history_strip.show_history(self.session.history)
        self.commands.show_enabled(self.session)

    def _show_work(self) -> None:
        work = self.session.work
        self.panes.show_work(work)
        done = None if work is None else work.progress
        self.setWindowTitle(NAME if done is None else f"{int(100 * done)} % – {NAME}")  # for the task bar
        loading = self.session.cards.loading
        self.status.show_work(work, loading)
        has_photo = self.session.state.photo is not None
        self.controls.show_work(busy=work is not None, loading=loading is not None, has_photo=has_photo)
        self.commands.show_enabled(self.session)

    def _show_preview(self) -> None:
        self.panes.show_quick(self.session.preview)
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

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the session, after a question where a painting is being learned or results are not saved."""
        if self._closed:
            return
        if not self._quits and not self.closing.may_close(self._language):
            event.ignore()
            return
        self._closed = True
        self._preferences.geometry = self.saveGeometry()
        self.hide()  # at once, even where a thread needs a moment
        self.session.close()

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
