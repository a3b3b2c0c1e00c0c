"""The part of a photo that panes show; all lengths on the screen are device pixels."""

from __future__ import annotations

from PyQt5.QtCore import QObject, QPoint, QPointF, QRectF, QSize, pyqtSignal

MAX_SCALE = 32.0  # device pixels per pixel of the photo
MAX_FIT_SCALE = 4.0  # a tiny picture does not fill the area; per logical pixel


class Viewport(QObject):
    """The place of the photo in an area of the screen; all panes of a view share one.

    Attributes:
        photo_size: Of the photo in its pixels.
        area: Size of the area.
        ratio: Device pixels per logical pixel.
        actual_scale: The scale that shows a pixel of the most detailed picture on a device pixel.
    """

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.photo_size = QSize(1, 1)
        self.area = QSize(1, 1)
        self.ratio = 1.0
        self.actual_scale = 1.0
        self._scale: float | None = None  # None fits, whatever the area
        self._center = QPointF(0.5, 0.5)  # the point of the photo in the middle of the area, each coordinate 0..1

    def show_photo(self, size: QSize) -> None:
        """Start with another photo, all of it visible."""
        self.photo_size = size
        self.actual_scale = 1.0
        self.fit()

    def set_area(self, area: QSize, ratio: float) -> None:
        """Change the area; the scale stays, or goes on to fit."""
        if (area, ratio) != (self.area, self.ratio):
            self.area, self.ratio = QSize(area), ratio
            self._set(self._scale, self._center.x(), self._center.y())

    @property
    def scale(self) -> float:
        """Device pixels per pixel of the photo."""
        return self.fit_scale if self._scale is None else self._scale

    @property
    def fit_scale(self) -> float:
        """The scale at which the whole photo is visible."""
        width, height = max(1, self.area.width()), max(1, self.area.height())
        largest = MAX_FIT_SCALE * self.ratio
        return min(width / self.photo_size.width(), height / self.photo_size.height(), largest)

    @property
    def fits(self) -> bool:
        """Whether the whole photo is shown as large as fits, whatever the area."""
        return self._scale is None

    @property
    def shown_size(self) -> tuple[float, float]:
        """Width and height of the whole photo on the screen."""
        return self.photo_size.width() * self.scale, self.photo_size.height() * self.scale

    @property
    def origin(self) -> QPoint:
        """The device pixel of the area at which the photo begins; outside of the area where it is larger."""
        width, height = self.shown_size
        return QPoint(
            _start(width, self.area.width(), self._center.x()), _start(height, self.area.height(), self._center.y())
        )

    @property
    def target(self) -> QRectF:
        """The place of the whole photo in the area; parts of it may be outside."""
        return QRectF(QPointF(self.origin), QPointF(self.origin) + QPointF(*self.shown_size))

    def fit(self) -> None:
        """Show the whole photo."""
        self._set(None, 0.5, 0.5)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom while the point of the photo under `at` (None: the middle) stays in place.

        On its way it stops at the actual size, and where the photo fits.
        """
        before, after = self.scale, self.scale * factor
        stops = [stop for stop in (self.actual_scale, self.fit_scale) if min(before, after) < stop < max(before, after)]
        if stops:
            after = min(stops) if factor > 1 else max(stops)
        self.zoom_to(after, at)

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Zoom to a scale, in its limits: from the whole photo, or its actual size, to large pixels."""
        smallest = min(self.fit_scale, self.actual_scale)
        largest = max(MAX_SCALE, self.fit_scale, self.actual_scale)
        scale = min(max(scale, smallest), largest)
        at = at or QPointF(self.area.width() / 2, self.area.height() / 2)
        before = self.target
        x, y = (at.x() - before.x()) / before.width(), (at.y() - before.y()) / before.height()
        width, height = self.photo_size.width() * scale, self.photo_size.height() * scale
        middle = QPointF(self.area.width() / 2, self.area.height() / 2) - at
        self._set(None if scale == self.fit_scale else scale, x + middle.x() / width, y + middle.y() / height)

    def zoom_to_actual_size(self, at: QPointF | None = None) -> None:
        """Show a pixel of the most detailed picture on a device pixel."""
        self.zoom_to(self.actual_scale, at)
        self._scale = self.actual_scale  # also where it happens to fit, but only now

    def move_by(self, delta: QPointF) -> None:
        """Drag the photo by a number of device pixels."""
        width, height = self.shown_size
        self._set(self._scale, self._center.x() - delta.x() / width, self._center.y() - delta.y() / height)

    def _set(self, scale: float | None, x: float, y: float) -> None:
        """Set scale and center, but never so that the area shows less of the photo than it could."""
        too_small = scale is not None and scale < min(self.fit_scale, self.actual_scale)  # the area has grown
        self._scale = None if too_small else scale
        width, height = self.shown_size
        half_x = min(0.5, self.area.width() / width / 2)
        half_y = min(0.5, self.area.height() / height / 2)
        self._center = QPointF(min(max(x, half_x), 1 - half_x), min(max(y, half_y), 1 - half_y))
        self.changed.emit()


def _start(length: float, area: int, center: float) -> int:
    """Return where a side of this length begins, so that `center` lies in the middle; a short side is centered."""
    return round((area - length) / 2 if length <= area else area / 2 - center * length)
