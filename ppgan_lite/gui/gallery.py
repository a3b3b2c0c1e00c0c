"""The row of styles, each with a thumbnail and two lines of text."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QModelIndex, QPointF, QRectF, QSize, QSizeF, Qt, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PyQt5.QtWidgets import QListWidget, QListWidgetItem, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ppgan_lite.gui import icons, theme
from ppgan_lite.gui.captions import choice_texts
from ppgan_lite.gui.choices import Choice
from ppgan_lite.gui.pixels import to_pixmap
from ppgan_lite.gui.state import Picture
from ppgan_lite.gui.texts import text

_PICTURE = QSize(140, 98)
_SMALL_PICTURE = QSize(90, 63)  # in a low window, with one line of text
_MARGIN = 6
_BAR_PX = 12  # the scroll bar lies below the items
_GROUP_PX = 22  # before the first card of a group, for its name
_CHOICE, _SUBTITLE, _PICTURE_ROLE, _GROUP = (Qt.UserRole + number for number in range(4))
_MIXED = Qt.AccessibleDescriptionRole  # a word on the second card of a mixture


class Gallery(QListWidget):
    """List of choices in groups: the arrow keys or a click choose, a double click or Enter runs.

    A click with Ctrl, or ⌘, mixes a style with the chosen one. Where there are several groups, the name of each stands
    before the first of its cards.
    """

    chosen = pyqtSignal(str)  # Choice.source
    mixed = pyqtSignal(str)  # likewise
    run = pyqtSignal()
    rename = pyqtSignal(object)  # Choice
    remove = pyqtSignal(object)  # Choice
    show_folder = pyqtSignal(object)  # Choice

    def __init__(self) -> None:
        super().__init__()
        self.setFlow(QListWidget.LeftToRight)
        self.setWrapping(False)
        self.setItemDelegate(_ItemDelegate(self))
        self.setHorizontalScrollMode(QListWidget.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self._own: dict[str, QPixmap] = {}  # Choice.source -> the user's photo in it
        self._is_small = False
        self._language = "en"
        self._words: list[str] = []
        self._fit_height()
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.currentItemChanged.connect(self._emit_chosen)
        self.itemDoubleClicked.connect(lambda _item: self.run.emit())

    def show_choices(
        self,
        choices: list[Choice],
        chosen: Choice,
        painting: Picture | None,
        painting_pixmap: QPixmap | None,
        language: str,
    ) -> None:
        """Show these choices; the item for any painting shows `painting_pixmap`."""
        self._language = language
        self.setAccessibleName(text("gallery_name", language))
        self.blockSignals(True)
        self.clear()
        for choice in choices:
            item = QListWidgetItem(self)
            title, subtitle = choice_texts(choice, painting, language)
            item.setText(title)
            place = choice.source if choice.kind == "checkpoint" else ""
            mix_tip = text("mix_tip", language) if choice.kind == "style" else ""
            item.setToolTip("\n".join(line for line in (title, subtitle, place, mix_tip) if line))
            item.setData(_CHOICE, choice)
            item.setData(_SUBTITLE, subtitle)
            group = text(f"group_{choice.group}", language) if choice.group else ""
            item.setData(Qt.AccessibleTextRole, ", ".join(part for part in (title, subtitle, group) if part))
            item.setData(
                _PICTURE_ROLE,
                painting_pixmap if choice.kind == "painting" else self._own.get(choice.source) or _thumbnail(choice),
            )
        self._mark(chosen)
        self.show_matching(" ".join(self._words))
        self.blockSignals(False)
        self.scrollToItem(self.currentItem())

    def show_matching(self, words: str) -> None:
        """Show the cards alone that have each of these words in their title, subtitle or group's name."""
        self._words = words.casefold().split()
        for row in range(self.count()):
            item = self.item(row)
            about = str(item.data(Qt.AccessibleTextRole)).casefold()
            item.setHidden(not all(word in about for word in self._words))
        self._mark_groups()
        self.viewport().update()

    @property
    def hint(self) -> str:
        """A line in the place of the cards, where none of them has the words that are looked for; else ""."""
        is_empty = all(self.item(row).isHidden() for row in range(self.count()))
        return text("find_style_none", self._language) if self._words and is_empty else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cards, or the hint."""
        super().paintEvent(event)
        if hint := self.hint:
            painter = QPainter(self.viewport())
            painter.setPen(QColor(theme.colors().muted))
            painter.drawText(self.viewport().rect(), Qt.AlignCenter, hint)

    def choose_shown(self) -> None:
        """Take the focus, and choose the first card that is shown, unless the chosen one is."""
        self.setFocus()
        shown = [row for row in range(self.count()) if not self.item(row).isHidden()]
        if shown and self.currentRow() not in shown:
            self.setCurrentRow(shown[0])

    def show_thumbnail(self, source: str, picture: QPixmap) -> None:
        """Show the user's own photo on the card of a style."""
        self._own[source] = picture
        for row in range(self.count()):
            if self.item(row).data(_CHOICE).source == source:
                self.item(row).setData(_PICTURE_ROLE, picture)

    def clear_thumbnails(self) -> None:
        """Show the pictures of the styles again."""
        self._own.clear()
        for row in range(self.count()):
            choice: Choice = self.item(row).data(_CHOICE)
            if choice.kind != "painting":
                self.item(row).setData(_PICTURE_ROLE, _thumbnail(choice))

    def choose(self, chosen: Choice) -> None:
        """Mark another choice, or the two of a mixture; nothing is emitted."""
        before = self.currentItem()
        self.blockSignals(True)
        self._mark(chosen)
        self.blockSignals(False)
        if self.currentItem() is not before:
            self.scrollToItem(self.currentItem())
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Mix the style under the pointer with the chosen one, where Ctrl is held down."""
        item = self.itemAt(event.pos())
        if item is not None and event.button() == Qt.LeftButton and event.modifiers() == Qt.ControlModifier:
            self.mixed.emit(item.data(_CHOICE).source)
        else:
            super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll horizontally: the list has one row."""
        delta = event.angleDelta()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (delta.x() or delta.y()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key_Return, Qt.Key_Enter):
            self.run.emit()
        elif event.key() == Qt.Key_Delete and self._is_the_users(self.currentItem()):
            self.remove.emit(self.currentItem().data(_CHOICE))
        elif event.key() == Qt.Key_F2 and self._is_the_users(self.currentItem()):
            self.rename.emit(self.currentItem().data(_CHOICE))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the card under the pointer, or the current one."""
        is_by_mouse = event.reason() == QContextMenuEvent.Mouse
        item = self.itemAt(event.pos()) if is_by_mouse else self.currentItem()
        if self._is_the_users(item):
            self.menu(item.data(_CHOICE)).popup(event.globalPos())

    def menu(self, choice: Choice) -> QMenu:
        """Make the menu of a card of the user's."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WA_DeleteOnClose)
        for key, signal in (
            ("rename", self.rename),
            ("show_folder", self.show_folder),
            ("delete_style" if choice.kind == "style" else "remove", self.remove),
        ):
            action = menu.addAction(text(key, self._language))
            action.triggered.connect(lambda _checked=False, signal=signal: signal.emit(choice))
        return menu

    @staticmethod
    def _is_the_users(item: QListWidgetItem | None) -> bool:
        return item is not None and item.data(_CHOICE).file is not None

    @property
    def picture_size(self) -> QSize:
        """The size of a thumbnail."""
        return _SMALL_PICTURE if self._is_small else _PICTURE

    @property
    def lines(self) -> int:
        """The number of lines of text below a thumbnail."""
        return 1 if self._is_small else 2

    def show_small(self, small: bool) -> None:
        """Show small thumbnails with one line of text, or large ones with two."""
        if small != self._is_small:
            self._is_small = small
            self._mark_groups()
            self._fit_height()

    def minimumSizeHint(self) -> QSize:
        """Return the size of one small thumbnail: the window may become that low, large as they are now."""
        return QSize(super().minimumSizeHint().width(), self._height(_SMALL_PICTURE, 1))

    def _fit_height(self) -> None:
        self.setMaximumHeight(self._height(self.picture_size, self.lines))

    def sizeHint(self) -> QSize:
        """Return the size of one row."""
        return QSize(super().sizeHint().width(), self._height(self.picture_size, self.lines))

    def _item_size(self) -> QSize:
        return QSize(self.picture_size.width() + 2 * _MARGIN, self._height(self.picture_size, self.lines) - _BAR_PX)

    def _height(self, picture: QSize, lines: int) -> int:
        return picture.height() + 2 * _MARGIN + lines * self.fontMetrics().lineSpacing() + 6 + _BAR_PX

    def _mark_groups(self) -> None:
        """Give the first card that is shown of each group its name, and room for it; none if there is one group."""
        items = [self.item(row) for row in range(self.count())]
        are_several = len({item.data(_CHOICE).group for item in items} - {""}) > 1
        before = ""
        for item in items:
            group = item.data(_CHOICE).group
            begins = are_several and bool(group) and group != before and not item.isHidden()
            before = before if item.isHidden() else group
            item.setData(_GROUP, text(f"group_{group}", self._language) if begins else "")
            item.setSizeHint(self._item_size() + QSize(_GROUP_PX if begins else 0, 0))

    def _mark(self, chosen: Choice) -> None:
        """Make the chosen card, the first one of a mixture, the current one."""
        sources = list(chosen.shares) or [chosen.source]
        for row in range(self.count()):
            item = self.item(row)
            source = item.data(_CHOICE).source
            item.setData(_MIXED, text("mixture", self._language) if source in sources[1:] else "")
            if source == sources[0]:
                self.setCurrentItem(item)

    def _emit_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(item.data(_CHOICE).source)


def _thumbnail(choice: Choice) -> QPixmap | None:
    if choice.thumbnail is None:
        return None
    pixmap = QPixmap(str(choice.thumbnail)) if isinstance(choice.thumbnail, Path) else to_pixmap(choice.thumbnail)
    return None if pixmap.isNull() else pixmap


class _ItemDelegate(QStyledItemDelegate):
    def __init__(self, gallery: Gallery) -> None:
        super().__init__(gallery)
        self._gallery = gallery

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        colors = theme.colors()
        painter.save()
        painter.setRenderHints(QPainter.Antialiasing | QPainter.SmoothPixmapTransform)
        corner = QRectF(option.rect).topLeft() + QPointF(_MARGIN, _MARGIN)
        if group := index.data(_GROUP):
            self._paint_group(painter, QRectF(corner, QSizeF(_GROUP_PX, option.rect.height() - 2 * _MARGIN)), group)
            corner += QPointF(_GROUP_PX, 0)
        picture = QRectF(corner, QSizeF(self._gallery.picture_size))
        self._paint_picture(painter, picture, index)
        is_chosen = bool(option.state & QStyle.State_Selected) or bool(index.data(_MIXED))
        if option.state & QStyle.State_Selected and option.state & QStyle.State_HasFocus:
            painter.setPen(QPen(QColor(colors.bright), 1.5, Qt.DotLine))
            painter.drawRoundedRect(picture.adjusted(-4, -4, 4, 4), 8, 8)
        if is_chosen or option.state & QStyle.State_MouseOver:
            painter.setPen(QPen(QColor(colors.accent if is_chosen else colors.muted), 2.5 if is_chosen else 1))
            painter.setBrush(Qt.NoBrush)
            painter.drawRoundedRect(picture.adjusted(-1, -1, 1, 1), 7, 7)
        height = option.fontMetrics.lineSpacing() + 1
        line = QRectF(picture.x() + 1, picture.bottom() + 5, picture.width() - 2, height)
        color = colors.accent if is_chosen else colors.bright
        self._paint_line(painter, line, option.font, color, index.data(Qt.DisplayRole))
        if self._gallery.lines > 1:
            font = QFont(option.font)
            font.setPointSizeF(font.pointSizeF() * 0.88)
            self._paint_line(painter, line.translated(0, height), font, colors.muted, index.data(_SUBTITLE))
        painter.restore()

    def _paint_picture(self, painter: QPainter, area: QRectF, index: QModelIndex) -> None:
        path = QPainterPath()
        path.addRoundedRect(area, 6, 6)
        painter.save()
        painter.setClipPath(path)
        pixmap: QPixmap | None = index.data(_PICTURE_ROLE)
        if pixmap is None:
            painter.fillRect(area, QColor(theme.colors().panel))
            choice: Choice = index.data(_CHOICE)
            name = "plus" if choice.kind == "painting" else "checkpoint"
            size = 34
            painter.drawPixmap(
                area.center() - QRectF(0, 0, size, size).center(), icons.drawing(name, size, theme.colors().muted)
            )
        else:
            inside = area.size().toSize().scaled(pixmap.size(), Qt.KeepAspectRatio)
            source = QRectF(0, 0, inside.width(), inside.height())
            source.moveCenter(QRectF(pixmap.rect()).center())
            painter.drawPixmap(area, pixmap, source)
        painter.restore()

    def _paint_group(self, painter: QPainter, area: QRectF, name: str) -> None:
        """Paint the name of a group upwards, beside a line."""
        colors = theme.colors()
        painter.setPen(QPen(QColor(colors.line), 1))
        painter.drawLine(area.topLeft(), area.bottomLeft())
        font = QFont(self._gallery.font())
        font.setPointSizeF(font.pointSizeF() * 0.88)
        painter.save()
        painter.translate(area.bottomLeft())
        painter.rotate(-90)
        self._paint_line(painter, QRectF(0, 0, area.height(), area.width() - 2), font, colors.muted, name)
        painter.restore()

    @staticmethod
    def _paint_line(painter: QPainter, line: QRectF, font: QFont, color: str, line_text: str) -> None:
        painter.setFont(font)
        painter.setPen(QColor(color))
        elided = painter.fontMetrics().elidedText(line_text, Qt.ElideRight, int(line.width()))
        painter.drawText(line, Qt.AlignLeft | Qt.AlignVCenter, elided)
