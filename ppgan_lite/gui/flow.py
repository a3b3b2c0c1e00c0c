"""A layout that wraps like words."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PyQt5.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget


class FlowLayout(QLayout):
    """Rows of widgets from left to right; one that does not fit begins the next row."""

    def __init__(self, *, spacing: int, row_spacing: int) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._row_spacing = row_spacing
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        """Add an item at the end."""
        self._items.append(item)

    def count(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return an item; None where there is none."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Remove and return an item; None where there is none."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientations:
        """Take no more room than it needs."""
        return Qt.Orientations()

    def hasHeightForWidth(self) -> bool:
        """Be higher where it is narrower."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all rows at a width."""
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, area: QRect) -> None:
        """Place the items."""
        super().setGeometry(area)
        self._arrange(area, move=True)

    def sizeHint(self) -> QSize:
        """Return the size of one row with everything in it."""
        sizes = [item.sizeHint() for item in self._visible()]
        width = sum(size.width() for size in sizes) + self.spacing() * max(0, len(sizes) - 1)
        return QSize(width, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        """Return the size of the largest item."""
        size = QSize()
        for item in self._visible():
            size = size.expandedTo(item.minimumSize())
        return size

    def _visible(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _arrange(self, area: QRect, *, move: bool) -> int:
        """Break the items into rows, and move them there; return the height."""
        rows: list[list[tuple[QLayoutItem, QSize]]] = []
        left = area.width() + 1
        for item in self._visible():
            size = item.sizeHint().boundedTo(QSize(max(area.width(), item.minimumSize().width()), 10_000))
            if left + size.width() > area.width() and (not rows or rows[-1]):
                rows.append([])
                left = 0
            rows[-1].append((item, size))
            left += size.width() + self.spacing()
        top = area.y()
        for row in rows:
            height, left = max(size.height() for _, size in row), area.x()
            for item, size in row:
                if move:
                    item.setGeometry(QRect(QPoint(left, top + (height - size.height()) // 2), size))
                left += size.width() + self.spacing()
            top += height + self._row_spacing
        return top - area.y() - (self._row_spacing if rows else 0)


class FlowRow(QWidget):
    """Widgets in a `FlowLayout`; as high as its rows are, so that a window knows how small it may become."""

    def __init__(self, *widgets: QWidget, spacing: int, row_spacing: int) -> None:
        super().__init__()
        layout = FlowLayout(spacing=spacing, row_spacing=row_spacing)
        for widget in widgets:
            layout.addWidget(widget)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def event(self, event: QEvent) -> bool:
        """Follow a change of the width and of what is in it."""
        done = super().event(event)
        if event.type() in (QEvent.Resize, QEvent.LayoutRequest):
            height = self.layout().heightForWidth(self.width())
            if (self.minimumHeight(), self.maximumHeight()) != (height, height):
                self.setFixedHeight(height)
        return done
