"""The window of the queue: photos and folders to paint, where their results go, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ppgan_lite.gui.batch_queue import BatchQueue, Output, QueuedPhoto, Status
from ppgan_lite.gui.captions import batch_caption, error_line
from ppgan_lite.gui.clips import OPENABLE_SUFFIXES
from ppgan_lite.gui.dropped import local_files
from ppgan_lite.gui.elided_label import ElidedLabel
from ppgan_lite.gui.preferences import Preferences
from ppgan_lite.gui.progress_row import ProgressRow
from ppgan_lite.gui.texts import text

_FORMATS = ("", ".jpg", ".png", ".webp", ".tif")
_WITHOUT_QUALITY = (".png", ".tif")
_PHOTO = Qt.UserRole
_PATTERN_PX = 160  # at least, so that the whole of a usual one is seen


class _List(QTreeWidget):
    delete_pressed = pyqtSignal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key_Delete, Qt.Key_Backspace):
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)


class BatchPanel(QDialog):
    """Collects photos and folders, and shows the queue; does not block the main window.

    Signals:
        start: Sources and an `Output`: to be painted in the style that is chosen now.
        cancel: Photos to stop.
        retry: Photos to try again.
        forget: Those that ended are to go from the list.

    Args:
        parent: The main window.
        preferences: Keep how results are written.
    """

    start = pyqtSignal(list, object)
    cancel = pyqtSignal(list)
    retry = pyqtSignal(list)
    forget = pyqtSignal()

    def __init__(self, parent: QWidget, preferences: Preferences) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self._language = "en"
        self._queue = BatchQueue()
        self._sources: list[Path] = []  # collected, not begun
        self._folder: Path | None = None  # of the results
        self._style = ""
        self.setAcceptDrops(True)
        self.resize(760, 520)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.add_photos, self.add_folder = QPushButton(), QPushButton()
        self.list = _List()
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QAbstractItemView.ExtendedSelection)
        self.list.setColumnCount(3)
        self.list.header().setSectionResizeMode(0, QHeaderView.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.Stretch)
        self.list.header().resizeSection(2, 190)
        self._make_output()
        self.progress_label = ElidedLabel(name="muted")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.start_button = QPushButton(objectName="primary")
        self.cancel_button, self.cancel_all_button = QPushButton(), QPushButton()
        self.retry_button, self.forget_button = QPushButton(), QPushButton()
        self._lay_out()
        self._connect()
        self._show_output(preferences.batch_output)

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self.setWindowTitle(text("batch_title", language))
        self.hint.setText(text("batch_hint", language))
        for button, key in (
            (self.add_photos, "batch_add_photos"),
            (self.add_folder, "batch_add_folder"),
            (self.folder_button, "choose"),
            (self.beside_button, "batch_put_beside"),
            (self.start_button, "batch_start"),
            (self.cancel_button, "batch_cancel"),
            (self.cancel_all_button, "batch_cancel_all"),
            (self.retry_button, "batch_retry"),
            (self.forget_button, "batch_forget"),
        ):
            button.setText(text(key, language))
        self.list.setHeaderLabels([text(f"batch_column_{name}", language) for name in ("photo", "result", "status")])
        self.list.setAccessibleName(text("batch_title", language))
        for label, field, key in (
            (self.folder_label, self.folder, "batch_folder"),
            (self.pattern_label, self.pattern, "batch_pattern"),
            (self.format_label, self.format, "batch_format"),
            (self.quality_label, self.quality, "batch_quality"),
            (self.existing_label, self.existing, "batch_existing"),
        ):
            label.setText(text(key, language))
            field.setAccessibleName(text(key, language))
        self.pattern.setToolTip(text("batch_pattern_tip", language))
        for index, suffix in enumerate(_FORMATS):
            self.format.setItemText(index, suffix[1:].upper() or text("batch_as_photo", language))
        for index, key in enumerate(("batch_skip", "batch_replace")):
            self.existing.setItemText(index, text(key, language))
        self.put_into(self._folder)
        self.show_queue(self._queue)

    def show_style(self, caption: str) -> None:
        """Show the style in which photos are painted that are begun now."""
        self._style = caption
        self._show_progress()

    def collect(self, sources: Sequence[Path]) -> None:
        """Add files and folders to those that are not begun yet."""
        self._sources += [source for source in sources if source not in self._sources]
        self.show_queue(self._queue)

    def show_queue(self, queue: BatchQueue) -> None:
        """Show the photos of a queue, and after them what is not begun yet."""
        self._queue = queue
        known = [self.list.topLevelItem(row).data(0, _PHOTO) for row in range(self.list.topLevelItemCount())]
        rows: list[QueuedPhoto | Path] = [*queue.photos, *self._sources]
        if known != rows:
            self.list.clear()
            for row in rows:
                item = QTreeWidgetItem()
                item.setData(0, _PHOTO, row)
                self.list.addTopLevelItem(item)
        for index, row in enumerate(rows):
            self._describe(self.list.topLevelItem(index), row)
        self._show_progress()

    def put_into(self, folder: Path | None) -> None:
        """Have results written into a folder; None puts each next to its photo."""
        self._folder = folder
        self.folder.setText(str(folder) if folder else text("batch_beside", self._language))
        self.beside_button.setEnabled(folder is not None)

    def output(self) -> Output:
        """Return how results are to be written."""
        return Output(
            self._folder,
            self.pattern.text().strip(),
            _FORMATS[self.format.currentIndex()],
            self.quality.value(),
            self.existing.currentIndex() == 1,
        )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Collect what is dropped."""
        self.collect(local_files(event.mimeData()))
        event.acceptProposedAction()

    def _make_output(self) -> None:
        self.folder_label, self.folder, self.folder_button = QLabel(), ElidedLabel(name="value"), QPushButton()
        self.beside_button = QPushButton()
        self.pattern_label, self.pattern = QLabel(), QLineEdit()
        self.pattern.setMinimumWidth(_PATTERN_PX)
        self.format_label, self.format = QLabel(), QComboBox()
        self.format.addItems([""] * len(_FORMATS))
        self.quality_label, self.quality = QLabel(), QSpinBox()
        self.quality.setRange(1, 100)
        self.existing_label, self.existing = QLabel(), QComboBox()
        self.existing.addItems(["", ""])

    def _lay_out(self) -> None:
        adding = _row(self.add_photos, self.add_folder, None, self.forget_button)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.addWidget(self.folder_label, 0, 0)
        grid.addWidget(self.folder, 0, 1, 1, 3)
        grid.addLayout(_row(None, self.folder_button, self.beside_button), 0, 4)
        grid.addWidget(self.pattern_label, 1, 0)
        grid.addWidget(self.pattern, 1, 1)
        grid.addWidget(self.existing_label, 1, 2)
        grid.addWidget(self.existing, 1, 3)
        grid.addWidget(self.format_label, 2, 0)
        grid.addWidget(self.format, 2, 1)
        grid.addWidget(self.quality_label, 2, 2)
        grid.addWidget(self.quality, 2, 3)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(4, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.hint)
        layout.addLayout(adding)
        layout.addWidget(self.list, 1)
        layout.addLayout(grid)
        layout.addWidget(self.progress_label)
        layout.addWidget(self.bar)
        layout.addLayout(_row(self.cancel_button, self.cancel_all_button, self.retry_button, None, self.start_button))

    def _connect(self) -> None:
        self.add_photos.clicked.connect(lambda: self._pick_photos())
        self.add_folder.clicked.connect(lambda: self._pick_folder())
        self.beside_button.clicked.connect(lambda: self.put_into(None))
        self.folder_button.clicked.connect(lambda: self._pick_output())
        self.format.currentIndexChanged.connect(lambda _index: self._show_quality())
        self.start_button.clicked.connect(lambda: self._start())
        self.cancel_button.clicked.connect(lambda: self._cancel_selected())
        self.cancel_all_button.clicked.connect(lambda: self.cancel.emit(list(self._queue.photos)))
        self.retry_button.clicked.connect(lambda: self.retry.emit(self._selected_photos() or list(self._queue.photos)))
        self.forget_button.clicked.connect(lambda: self.forget.emit())
        self.list.itemSelectionChanged.connect(self._show_progress)
        self.list.delete_pressed.connect(self._cancel_selected)

    def _start(self) -> None:
        output = self.output()
        self._preferences.batch_output = output
        sources, self._sources = self._sources, []
        self.start.emit(sources, output)
        self.show_queue(self._queue)

    def _cancel_selected(self) -> None:
        """Stop the selected photos, and take selected ones that are not begun off the list."""
        selected = self._selected()
        self._sources = [source for source in self._sources if source not in selected]
        self.cancel.emit(self._selected_photos())
        self.show_queue(self._queue)

    def _selected(self) -> list[QueuedPhoto | Path]:
        return [item.data(0, _PHOTO) for item in self.list.selectedItems()]

    def _selected_photos(self) -> list[QueuedPhoto]:
        return [row for row in self._selected() if isinstance(row, QueuedPhoto)]

    def _describe(self, item: QTreeWidgetItem, row: QueuedPhoto | Path) -> None:
        language = self._language
        if isinstance(row, Path):
            cells = [row.name or str(row), "", text("batch_not_begun", language)]
            tips = [str(row), "", ""]
        else:
            status = text(f"batch_status_{row.status.value}", language)
            if row.status is Status.RUNNING:
                status = text("working", language, percent=int(100 * row.progress))
            problem = "" if row.error is None else error_line(row.error, language)
            problem = problem.removeprefix(f"{row.item.source}: ")
            target = "" if row.item.target == row.item.source else str(row.item.target)
            cells = [row.item.source.name, target, problem or status]
            tips = [str(row.item.source), target, problem]
        for column, (cell, tip) in enumerate(zip(cells, tips)):
            item.setText(column, cell)
            item.setToolTip(column, tip)

    def _show_progress(self) -> None:
        queue = self._queue
        self.bar.setValue(round(1000 * queue.share))
        self.bar.setVisible(bool(queue.photos))
        caption = text("batch_style", self._language, style=self._style) if self._style else ""
        self.progress_label.setText(batch_caption(queue, self._language) if queue.photos else caption)
        self.start_button.setEnabled(bool(self._sources) and bool(self._style))
        self.start_button.setToolTip(caption)
        self.cancel_button.setEnabled(any(isinstance(row, Path) or not row.ended for row in self._selected()))
        self.cancel_all_button.setEnabled(queue.active)
        self.retry_button.setEnabled(queue.count(Status.FAILED, Status.CANCELLED, Status.SKIPPED) > 0)
        self.forget_button.setEnabled(any(photo.ended for photo in queue.photos))

    def _show_output(self, output: Output) -> None:
        self.put_into(output.folder)
        self.pattern.setText(output.pattern)
        self.format.setCurrentIndex(_FORMATS.index(output.suffix) if output.suffix in _FORMATS else 0)
        self.quality.setValue(output.quality)
        self.existing.setCurrentIndex(int(output.replaces))
        self._show_quality()

    def _show_quality(self) -> None:
        self.quality.setEnabled(_FORMATS[self.format.currentIndex()] not in _WITHOUT_QUALITY)

    def _pick_photos(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in sorted(OPENABLE_SUFFIXES))
        kinds = f"{text('photos_filter', self._language)} ({patterns})"
        start = str(self._preferences.folder("photos"))
        chosen, _ = QFileDialog.getOpenFileNames(self, text("batch_add_photos", self._language), start, kinds)
        if chosen:
            self._preferences.remember_folder("photos", Path(chosen[0]).parent)
            self.collect([Path(name) for name in chosen])

    def _pick_folder(self) -> None:
        start = str(self._preferences.folder("photos"))
        chosen = QFileDialog.getExistingDirectory(self, text("batch_add_folder", self._language), start)
        if chosen:
            self._preferences.remember_folder("photos", Path(chosen))
            self.collect([Path(chosen)])

    def _pick_output(self) -> None:
        start = str(self._folder or self._preferences.folder("results"))
        chosen = QFileDialog.getExistingDirectory(self, text("batch_folder", self._language), start)
        if chosen:
            self.put_into(Path(chosen))


class BatchRow(ProgressRow):
    """Progress of the queue in the main window; hidden while it rests."""

    show_panel = pyqtSignal()

    def __init__(self) -> None:
        button = QPushButton()
        super().__init__(button)
        self.button = button
        self._language = "en"
        self._queue = BatchQueue()
        self.button.clicked.connect(lambda: self.show_panel.emit())

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self.button.setText(text("batch_show", language))
        self.bar.setAccessibleName(text("batch_title", language))
        self.show_queue(self._queue)

    def show_queue(self, queue: BatchQueue) -> None:
        """Show a queue's progress."""
        self._queue = queue
        self.setVisible(queue.active)
        self.label.setText(batch_caption(queue, self._language))
        self.bar.setValue(round(1000 * queue.share))


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    """Lay out widgets in a row; None is a gap."""
    row = QHBoxLayout()
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget)
    return row
