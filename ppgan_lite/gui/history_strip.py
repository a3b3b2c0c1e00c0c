"""The strip of the last results: which of them is shown, which it is compared with, which are not saved yet."""

from __future__ import annotations

from PyQt5.QtCore import QModelIndex, QPoint, QPointF, QRectF, QSize, QSizeF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QFont, QKeyEvent, QPainter, QPainterPath, QPen
from PyQt5.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from ppgan_lite.gui import theme
from ppgan_lite.gui.captions import choice_texts, picture_name, result_caption
from ppgan_lite.gui.history import Entry, History
from ppgan_lite.gui.pixels import to_pixmap
from ppgan_lite.gui.texts import text

_PICTURE = QSize(84, 58)
_MARGIN = 5
_ENTRY, _PIXMAP, _MARKS = Qt.UserRole, Qt.UserRole + 1, Qt.UserRole + 2


class HistoryStrip(QListWidget):
    """A column of results, the newest first; hidden while there are fewer than two.

    A click or the arrow keys show a result, Delete removes it, C compares with it; the menu key has all of it.

    Signals:
        chosen: The entry to show.
        compare: The entry to compare with; None ends the comparison.
        reuse: The entry whose style and settings are to be used again.
        save: The entry to save.
        remove: The entry to remove.
    """

    chosen = pyqtSignal(object)
    compare = pyqtSignal(object)
    reuse = pyqtSignal(object)
    save = pyqtSignal(object)
    remove = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._language = "en"
        self._history: History | None = None
        self.setItemDelegate(_ItemDelegate(self))
        self.setVerticalScrollMode(QListWidget.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setFixedWidth(self._item_size().width() + 12)  # the scroll bar stands beside the items
        self.setSizePolicy(QSizePolicy.Fixed, QSizePolicy.Ignored)
        self.setMinimumHeight(0)
        self.setContextMenuPolicy(Qt.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self.currentItemChanged.connect(self._emit_chosen)
        self.itemDoubleClicked.connect(lambda item: self.reuse.emit(item.data(_ENTRY)))
        self.hide()

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self.setAccessibleName(text("history", language))
        if self._history is not None:
            self.show_history(self._history)

    def show_history(self, history: History) -> None:
        """Show the results of a history."""
        self._history = history
        entries = list(reversed(history.entries))
        self.blockSignals(True)
        if [self.item(row).data(_ENTRY) for row in range(self.count())] != entries:
            self.clear()
            for entry in entries:
                item = QListWidgetItem(self)
                item.setData(_ENTRY, entry)
                item.setData(_PIXMAP, to_pixmap(entry.thumbnail))
                item.setSizeHint(self._item_size())
        for row, entry in enumerate(entries):
            self._describe(self.item(row), entry, compared=entry is history.compared)
        self.setCurrentRow(entries.index(history.current) if history.current else -1)
        self.blockSignals(False)
        if self.currentItem() is not None:
            self.scrollToItem(self.currentItem())
        self.setVisible(len(entries) > 1)

    def entry(self) -> Entry | None:
        """Return the entry that is chosen."""
        item = self.currentItem()
        return None if item is None else item.data(_ENTRY)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Remove, compare or use again with a key; the rest as in every list."""
        entry = self.entry()
        if entry is not None and event.key() in (Qt.Key_Delete, Qt.Key_Backspace):
            self.remove.emit(entry)
        elif entry is not None and event.key() == Qt.Key_C:
            self._toggle_comparison(entry)
        elif entry is not None and event.key() in (Qt.Key_Return, Qt.Key_Enter):
            self.reuse.emit(entry)
        else:
            super().keyPressEvent(event)

    def menu(self, entry: Entry) -> QMenu:
        """Make the menu of an entry."""
        compared = self._history is not None and self._history.compared is entry
        menu = QMenu(self)
        for key, slot in (
            ("history_end_comparison" if compared else "history_compare", self._toggle_comparison),
            ("history_reuse", self.reuse.emit),
            ("save_as", self.save.emit),
            ("history_remove", self.remove.emit),
        ):
            action = menu.addAction(text(key, self._language))
            action.triggered.connect(lambda _checked, slot=slot: slot(entry))
        return menu

    def _open_menu(self, position: QPoint) -> None:
        item = self.itemAt(position) or self.currentItem()
        if item is not None:
            self.menu(item.data(_ENTRY)).popup(self.viewport().mapToGlobal(position))

    def _toggle_comparison(self, entry: Entry) -> None:
        compared = self._history is not None and self._history.compared is entry
        self.compare.emit(None if compared else entry)

    def _describe(self, item: QListWidgetItem, entry: Entry, *, compared: bool) -> None:
        language, request = self._language, entry.outline.request
        title, _ = choice_texts(request.choice, request.painting, language)
        item.setText(picture_name(request.painting, language) or title)
        state = text("history_unsaved", language) if entry.saved is None else text("saved", language, path=entry.saved)
        lines = [result_caption(entry.outline, language), picture_name(request.photo, language), state]
        if compared:
            lines.append(text("history_compared", language))
        item.setToolTip("\n".join([*lines, "", text("history_hint", language)]))
        item.setData(Qt.AccessibleTextRole, ", ".join(lines))
        item.setData(_MARKS, (entry.saved is None, compared))

    def _item_size(self) -> QSize:
        return _PICTURE + QSize(2 * _MARGIN, 2 * _MARGIN + self.fontMetrics().lineSpacing() + 2)

    def _emit_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(item.data(_ENTRY))


class _ItemDelegate(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        colors = theme.colors()
        unsaved, compared = index.data(_MARKS)
        painter.save()
        painter.setRenderHints(QPainter.Antialiasing | QPainter.SmoothPixmapTransform)
        area = QRectF(QPointF(option.rect.topLeft() + QPoint(_MARGIN, _MARGIN)), QSizeF(_PICTURE))
        self._paint_picture(painter, area, index)
        is_chosen = bool(option.state & QStyle.State_Selected)
        if is_chosen or compared or option.state & QStyle.State_MouseOver:
            pen = QPen(QColor(colors.accent if is_chosen or compared else colors.muted), 2.5 if is_chosen else 1.5)
            pen.setStyle(Qt.DashLine if compared and not is_chosen else Qt.SolidLine)
            painter.setPen(pen)
            painter.setBrush(Qt.NoBrush)
            painter.drawRoundedRect(area.adjusted(-1, -1, 1, 1), 6, 6)
        if unsaved:
            painter.setPen(QPen(QColor(colors.canvas), 1.5))
            painter.setBrush(QColor(colors.accent))
            painter.drawEllipse(QPointF(area.right() - 7, area.top() + 7), 4.5, 4.5)
        font = QFont(option.font)
        font.setPointSizeF(font.pointSizeF() * 0.88)
        painter.setFont(font)
        painter.setPen(QColor(colors.accent if is_chosen else colors.text))
        line = QRectF(area.x() + 1, area.bottom() + 3, area.width() - 2, option.fontMetrics.lineSpacing())
        elided = painter.fontMetrics().elidedText(index.data(Qt.DisplayRole), Qt.ElideRight, int(line.width()))
        painter.drawText(line, Qt.AlignLeft | Qt.AlignVCenter, elided)
        painter.restore()

    @staticmethod
    def _paint_picture(painter: QPainter, area: QRectF, index: QModelIndex) -> None:
        pixmap = index.data(_PIXMAP)
        path = QPainterPath()
        path.addRoundedRect(area, 5, 5)
        painter.save()
        painter.setClipPath(path)
        inside = _PICTURE.scaled(pixmap.size(), Qt.KeepAspectRatio)
        source = QRectF(0, 0, inside.width(), inside.height())
        source.moveCenter(QRectF(pixmap.rect()).center())
        painter.drawPixmap(area, pixmap, source)
        painter.restore()
