"""Two named pictures, seen through one viewport: side by side, or one over the other with a handle between them."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShowEvent
from PyQt5.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QShortcut,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ppgan_lite.gui import icons, split_handle
from ppgan_lite.gui.comparison import Comparison
from ppgan_lite.gui.elided_label import ElidedLabel
from ppgan_lite.gui.picture_pane import PicturePane
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.split_handle import SplitHandle
from ppgan_lite.gui.texts import text
from ppgan_lite.gui.viewport import Viewport

_GAP = 10
_MIN_PANE = QSize(160, 100)
_ZOOM_STEP = 1.4


@dataclass(frozen=True)
class Side:
    """One of the two pictures.

    Attributes:
        title: Its name.
        detail: More about it.
        picture: None shows the pane's placeholder.
        dimmed: Whether it stands in for one that is in the making.
    """

    title: str = ""
    detail: str = ""
    picture: Pyramid | None = None
    dimmed: bool = False


class CompareView(QWidget):
    """Shows two pictures as a `Comparison` has it; holding Space shows the first in the place of the second.

    Attributes:
        viewport: What part of the pictures is shown.
        comparison: How they are shown.
        panes: Of the first and the second picture.
        captions: Above these.
        handle: Between the parts of a split view.
    """

    comparison_changed = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.viewport = Viewport()
        self.comparison = Comparison()
        self.panes = PicturePane(self.viewport), PicturePane(self.viewport)
        self._sides = [Side(), Side()]
        self.captions = _Caption(), _Caption()
        self._is_original = False
        self._knows_screen = False
        self._language = "en"
        self._stage = QWidget()
        self._stage.setMinimumSize(2 * _MIN_PANE.width() + _GAP, _MIN_PANE.height())
        for pane in self.panes:
            pane.setParent(self._stage)
        self.handle = SplitHandle(self._stage)
        self.handle.moved.connect(lambda position: self.set_comparison(self.comparison.at(position)))
        self.zoom_label = QLabel(objectName="muted")
        self.zoom_label.setContentsMargins(0, 0, 6, 0)
        self.swap_button = _tool("swap", self.swap)
        self.split_button = _tool("split", self.toggle_split)
        self.split_button.setCheckable(True)
        self._tools = _row(self.zoom_label, self.swap_button, self.split_button)
        self._head = QHBoxLayout()
        self._head.setSpacing(_GAP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(self._head)
        layout.addWidget(self._stage, 1)
        self._stage.installEventFilter(self)
        self.viewport.changed.connect(self._show_zoom)
        self._space = QShortcut(QKeySequence(Qt.Key_Space), self, self.hold_original)
        self._space.setContext(Qt.WindowShortcut)
        self._space.setAutoRepeat(False)
        QApplication.instance().focusChanged.connect(self._focus_changed)
        self.set_comparison(self.comparison)

    def show_sides(self, first: Side, second: Side) -> None:
        """Show two pictures; zoom and place stay."""
        self._sides = [first, second]
        shown = [side.picture for side in self._sides if side.picture is not None]
        width = self.viewport.photo_size.width()
        self.viewport.actual_scale = max([1.0, *(picture.size[0] / width for picture in shown)])
        self._show_sides()
        self._place()
        self._show_zoom()

    def set_comparison(self, comparison: Comparison) -> None:
        """Show the two pictures in another way."""
        changed, self.comparison = comparison != self.comparison, comparison
        first, second = self.captions[::-1] if comparison.is_swapped else self.captions
        while self._head.count():
            self._head.takeAt(0)
        self._head.addWidget(first, 1)
        self._head.addWidget(second, 1)
        second.layout().addWidget(self._tools)
        self.split_button.setChecked(comparison.is_split)
        self.handle.set_position(comparison.position)
        self._place()
        self._show_sides()
        if changed:
            self.comparison_changed.emit(comparison)

    def toggle_split(self) -> None:
        """Change between side by side and split."""
        self.set_comparison(self.comparison.toggled())

    def swap(self) -> None:
        """Exchange left and right."""
        self.set_comparison(self.comparison.swapped())

    def show_original(self, shown: bool) -> None:
        """Show the first picture in the place of the second, or each in its own."""
        self._is_original = shown and self._is_complete
        QApplication.instance().removeEventFilter(self)
        self._show_sides()

    def hold_original(self) -> None:
        """Show the first picture in the place of the second while Space is pressed."""
        self.show_original(True)
        QApplication.instance().installEventFilter(self)  # a shortcut does not tell of its end

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        for button, key in ((self.split_button, "split"), (self.swap_button, "swap")):
            button.setToolTip(text(f"{key}_tip", language))
            button.setAccessibleName(text(f"{key}_tip", language))
        self.handle.setAccessibleName(text("split_handle", language))
        self.handle.setToolTip(text("split_handle_tip", language))
        self._show_zoom()

    # zoom -----------------------------------------------------------------------------------------------------------

    def fit(self) -> None:
        """Show the whole photo."""
        self.viewport.fit()

    def actual_size(self) -> None:
        """Show a pixel of the picture on a pixel of the screen."""
        self.viewport.zoom_to_actual_size()

    def zoom_in(self) -> None:
        """Show the middle larger."""
        self.viewport.zoom_by(_ZOOM_STEP)

    def zoom_out(self) -> None:
        """Show the middle smaller."""
        self.viewport.zoom_by(1 / _ZOOM_STEP)

    # events ---------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Place the panes when there is another room for them; notice the end of a held key."""
        if watched is self._stage and isinstance(event, QResizeEvent):
            self._place()
        elif self._is_original and event.type() in (QEvent.KeyRelease, QEvent.WindowDeactivate):
            is_other = isinstance(event, QKeyEvent) and (event.key() != Qt.Key_Space or event.isAutoRepeat())
            if not is_other:
                self.show_original(False)
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._knows_screen:
            self._knows_screen = True
            self.window().windowHandle().screenChanged.connect(lambda _screen: self._place())
        self._place()

    # internals ------------------------------------------------------------------------------------------------------

    @property
    def shows_original(self) -> bool:
        """Whether the first picture is in the place of the second."""
        return self._is_original

    @property
    def _is_complete(self) -> bool:
        return all(side.picture is not None for side in self._sides)

    def _place(self) -> None:
        """Give the panes their places on the stage."""
        left, right = self.panes[::-1] if self.comparison.is_swapped else self.panes
        width, height = self._stage.width(), self._stage.height()
        is_split = self.comparison.is_split and self._is_complete
        if is_split:
            start = round(self.comparison.position * width)
            places = QRect(0, 0, start, height), QRect(start, 0, width - start, height)
            area = self._stage.size()
        else:
            half = (width - _GAP) // 2
            places = QRect(0, 0, half, height), QRect(width - half, 0, half, height)
            area = places[0].size()
        for pane, place in zip((left, right), places):
            pane.offset = QPoint(place.x() if is_split else 0, 0)
            pane.setGeometry(place)
            pane.setVisible(not place.isEmpty())
            pane.update()
        self.handle.setGeometry(places[1].x() - split_handle.WIDTH // 2, 0, split_handle.WIDTH, height)
        self.handle.setVisible(is_split)
        self.handle.raise_()
        ratio = self.devicePixelRatioF()
        self.viewport.set_area(QSize(round(area.width() * ratio), round(area.height() * ratio)), ratio)
        for one, other in ((left, right), (right, self.handle)):
            QWidget.setTabOrder(one, other)

    def _show_sides(self) -> None:
        sides = [self._sides[0]] * 2 if self._is_original else self._sides
        for pane, caption, side in zip(self.panes, self.captions, sides):
            pane.show_picture(side.picture, dimmed=side.dimmed)
            pane.setAccessibleName(side.title)
            caption.title.setText(side.title)
            caption.detail.setText(side.detail)

    def _show_zoom(self) -> None:
        viewport = self.viewport
        has_picture = any(side.picture is not None for side in self._sides)
        zoom = f"{max(1, round(100 * viewport.scale / viewport.actual_scale))} %" if has_picture else ""
        self.zoom_label.setText(zoom)
        for pane, side in zip(self.panes, self._sides):
            pane.setAccessibleDescription(", ".join(part for part in (side.detail, zoom) if part))
        self.swap_button.setEnabled(self._is_complete)
        self.split_button.setEnabled(self._is_complete)

    def _focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        """Leave Space to what is pressed or opened by it."""
        self._space.setEnabled(not isinstance(new, QAbstractButton | QComboBox))


class _Caption(QWidget):
    """A title and, muted, a detail."""

    def __init__(self) -> None:
        super().__init__()
        self.title = QLabel(objectName="title")
        self.detail = ElidedLabel(name="muted")
        line = QHBoxLayout(self)
        line.setContentsMargins(4, 0, 4, 0)
        line.setSpacing(_GAP)
        line.addWidget(self.title)
        line.addWidget(self.detail, 1)


def _tool(icon: str, slot: object) -> QToolButton:
    button = QToolButton()
    button.setIcon(icons.icon(icon))
    button.setIconSize(QSize(18, 18))
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.TabFocus)
    button.clicked.connect(slot)
    return button


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2)
    for widget in widgets:
        layout.addWidget(widget)
    return row
