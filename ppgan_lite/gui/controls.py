"""The row below the gallery: painting, style settings, and the buttons to start and stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PyQt5.QtCore import QPoint, QRect, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QPixmap, QResizeEvent
from PyQt5.QtWidgets import QBoxLayout, QCheckBox, QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from ppgan_lite.gui.captions import direction_caption, expected_captions, picture_name
from ppgan_lite.gui.choices import ANY_PAINTING, Choice
from ppgan_lite.gui.elided_label import ElidedLabel
from ppgan_lite.gui.flow import FlowRow
from ppgan_lite.gui.state import Picture, StyleSettings, brush_at, brush_position, brush_px
from ppgan_lite.gui.texts import in_language, text

if TYPE_CHECKING:
    from ppgan_lite.inference.cost import Cost

_BRUSH_STEPS = 100
_MIX_STEPS = 20  # a step loads another mixture
_THUMBNAIL = QSize(48, 36)
# In a narrow row, and in one that is at least this wide.
_WIDE_PX = 1000
_SLIDER_PX = (80, 120)
_NAME_PX = (60, 130)


class Controls(QFrame):
    """Pickers of the current choice; those that it does not need are hidden."""

    changed = pyqtSignal(object)  # StyleSettings
    pick_painting = pyqtSignal()
    direction_chosen = pyqtSignal(str)
    share_changed = pyqtSignal(float)  # of the second style of a mixture

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._language = "en"
        self._choice = ANY_PAINTING
        self._is_busy = self._is_loading = False
        self._painting: Picture | None = None
        self._photo_size: tuple[int, int] | None = None

        self.painting_label = QLabel()
        self.painting_picture = QLabel()
        self.painting_picture.setFixedSize(_THUMBNAIL)
        self.painting_name = ElidedLabel(widest=_NAME_PX[1], name="value")
        self.painting_button = QPushButton()
        self.painting_button.clicked.connect(lambda: self.pick_painting.emit())
        self.painting_group = _row(self.painting_label, self.painting_picture, self.painting_name, self.painting_button)

        self.direction_label = QLabel()
        self.direction = QComboBox()
        self.direction.setMinimumSize(110, 30)
        self.direction.activated.connect(lambda index: self.direction_chosen.emit(self.direction.itemData(index)))
        self.direction_group = _row(self.direction_label, self.direction)

        self.mix_first, self.mix_second = (ElidedLabel(widest=_NAME_PX[1], name="value") for _ in range(2))
        self.mix = _slider(_MIX_STEPS - 1)
        self.mix.setMinimum(1)
        self.mix_value = _value_label("50 : 50")
        self.mix_group = _row(self.mix_first, self.mix, self.mix_second, self.mix_value)

        self.strength_label = QLabel()
        self.strength = _slider(100)
        self.strength.setValue(100)
        self.strength_value = _value_label("100 %")
        self.keep_colors = QCheckBox()
        self.spare_faces = QCheckBox()
        self.spare_faces.setChecked(True)
        self.brush_label = QLabel()
        self.brush_auto = QCheckBox()
        self.brush_auto.setChecked(True)
        self.brush = _slider(_BRUSH_STEPS)
        self.brush.setValue(_BRUSH_STEPS // 2)
        self.brush_value = _value_label("100 px")
        self.strength_group = _row(self.strength_label, self.strength, self.strength_value)
        self.brush_group = _row(self.brush_label, self.brush_auto, self.brush, self.brush_value)
        self.style_groups = (self.strength_group, self.keep_colors, self.spare_faces, self.brush_group)

        self.cost_label = QLabel(objectName="muted")
        self._cost: Cost | None = None
        self.cancel = QPushButton(objectName="secondary")
        self.run = QPushButton(objectName="primary")
        for button in (self.cancel, self.run):
            button.setFocusPolicy(Qt.TabFocus)  # after a click Space shows the photo, and does not paint again

        groups = FlowRow(
            self.painting_group, self.direction_group, self.mix_group, *self.style_groups, spacing=22, row_spacing=8
        )
        layout = QHBoxLayout(self)
        layout.setSpacing(22)
        layout.addWidget(groups, 1)
        buttons = _row(self.cost_label, self.cancel, self.run)
        self._buttons = cast("QBoxLayout", buttons.layout())
        layout.addWidget(buttons)

        self.mix.valueChanged.connect(lambda step: self.share_changed.emit(step / _MIX_STEPS))
        self.strength.valueChanged.connect(self._emit_changed)
        self.keep_colors.toggled.connect(self._emit_changed)
        self.spare_faces.toggled.connect(self._emit_changed)
        self.brush.valueChanged.connect(self._on_brush_moved)
        self.brush_auto.toggled.connect(self._emit_changed)

    @property
    def settings(self) -> StyleSettings:
        """The settings that the sliders and boxes show."""
        brush = None if self.brush_auto.isChecked() else brush_at(self.brush.value() / _BRUSH_STEPS)
        return StyleSettings(
            self.strength.value() / 100, self.keep_colors.isChecked(), brush, self.spare_faces.isChecked()
        )

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self._language = language
        self.direction_label.setText(text("direction", language))
        self.painting_label.setText(text("painting", language))
        self.painting_button.setText(text("choose", language))
        self.strength_label.setText(text("strength", language))
        self.keep_colors.setText(text("keep_colors", language))
        self.spare_faces.setText(text("spare_faces", language))
        self.brush_label.setText(text("brush", language))
        self.brush_auto.setText(text("auto", language))
        self.cancel.setText(text("cancel", language))
        self.run.setToolTip(text("run_tip", language))
        self.cancel.setToolTip(text("cancel_tip", language))
        for widgets, tip in (
            ((self.direction_label, self.direction), "direction_tip"),
            ((self.mix,), "mixture_tip"),
            ((self.strength_label, self.strength), "strength_tip"),
            ((self.keep_colors,), "keep_colors_tip"),
            ((self.spare_faces,), "spare_faces_tip"),
            ((self.brush_label, self.brush_auto, self.brush), "brush_tip"),
        ):
            for widget in widgets:
                widget.setToolTip(text(tip, language))
        for widget, name in (
            (self.painting_button, f"{text('painting', language)}: {text('choose', language)}"),
            (self.direction, text("direction", language)),
            (self.mix, text("mixture", language)),
            (self.strength, text("strength", language)),
            (self.brush_auto, f"{text('brush', language)}: {text('auto', language)}"),
            (self.brush, text("brush", language)),
        ):
            widget.setAccessibleName(name)
        self._show_task()
        self._show_mixture()
        self._show_painting_name()
        self._show_values()
        self.show_cost(self._cost)

    def show_choice(self, choice: Choice) -> None:
        """Show the pickers that a choice needs."""
        self._choice = choice
        self.painting_group.setVisible(choice.needs_painting)
        for group in self.style_groups:
            group.setVisible(choice.has_settings)
        self._show_directions(choice)
        self._show_mixture()
        self._show_task()

    def show_painting(self, painting: Picture | None, pixmap: QPixmap | None) -> None:
        """Show the open painting."""
        self._painting = painting
        self._show_painting_name()
        self.painting_picture.setVisible(pixmap is not None)
        if pixmap is not None:
            ratio = self.devicePixelRatioF()
            inside = QRect(QPoint(), _THUMBNAIL.scaled(pixmap.size(), Qt.KeepAspectRatio))
            inside.moveCenter(pixmap.rect().center())
            small = pixmap.copy(inside).scaled(_THUMBNAIL * ratio, Qt.IgnoreAspectRatio, Qt.SmoothTransformation)
            small.setDevicePixelRatio(ratio)
            self.painting_picture.setPixmap(small)

    def show_photo(self, photo: Picture | None) -> None:
        """Show the brush in pixels of this photo."""
        self._photo_size = photo.size if photo else None
        self._show_values()

    def show_settings(self, settings: StyleSettings) -> None:
        """Show style settings; nothing is emitted."""
        widgets = (self.strength, self.keep_colors, self.spare_faces, self.brush, self.brush_auto)
        for widget in widgets:
            widget.blockSignals(True)
        self.strength.setValue(round(100 * settings.strength))
        self.keep_colors.setChecked(settings.keep_colors)
        self.spare_faces.setChecked(settings.spare_faces)
        self.brush_auto.setChecked(settings.brush is None)
        if settings.brush is not None:
            self.brush.setValue(round(_BRUSH_STEPS * brush_position(settings.brush)))
        for widget in widgets:
            widget.blockSignals(False)
        self._show_values()

    def show_work(self, *, busy: bool, loading: bool, has_photo: bool) -> None:
        """Show the buttons that can be pressed.

        Args:
            busy: Whether a picture is being made.
            loading: Whether a checkpoint is loaded.
            has_photo: Whether there is a photo to make one of.
        """
        focused = next((button for button in (self.run, self.cancel) if button.hasFocus()), None)
        self._is_busy, self._is_loading = busy, loading
        self._fit_buttons()
        if focused is not None and busy:
            self.cancel.setFocus()  # a disabled button would hand it to any other widget
        self.run.setEnabled(has_photo and not busy)
        if focused is self.cancel and not busy:
            self.run.setFocus()

    def show_cost(self, cost: Cost | None) -> None:
        """Show beside the button what a picture will take; None where nothing is known."""
        self._cost = cost
        short, long = ("", "") if cost is None else expected_captions(cost, self._photo_size, self._language)
        self.cost_label.setText(short)
        self.cost_label.setToolTip(long)
        self.run.setAccessibleDescription(long)
        self._fit_buttons()

    def _fit_buttons(self) -> None:
        """Show two of cost, Cancel and button at most, one above the other: a low window has no room for more."""
        is_column = self._buttons.direction() == QBoxLayout.TopToBottom
        # As wide whatever is shown, or the settings beside it would be arranged anew, and the window might grow.
        widest = max(widget.sizeHint().width() for widget in (self.cost_label, self.cancel, self.run))
        self._buttons.parentWidget().setMinimumWidth(widest if is_column else 0)
        has_room = not self._is_loading or not is_column
        shown = {
            self.cost_label: bool(self.cost_label.text()) and not self._is_busy and has_room,
            self.cancel: self._is_busy or self._is_loading,
            self.run: not (self._is_busy and is_column),
        }
        for widget in sorted(shown, key=shown.__getitem__):  # never more than in the end, or the window might grow
            widget.setVisible(shown[widget])

    def _show_task(self) -> None:
        self.run.setText(text(f"run_{self._choice.task}", self._language))

    def _show_painting_name(self) -> None:
        name = picture_name(self._painting, self._language) or text("no_painting", self._language)
        self.painting_name.setText(name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make sliders and the painting's name shorter in a narrow window."""
        super().resizeEvent(event)
        is_wide = self.width() >= _WIDE_PX
        self._buttons.setDirection(QBoxLayout.LeftToRight if is_wide else QBoxLayout.TopToBottom)
        self._buttons.setSpacing(9 if is_wide else 5)
        self._fit_buttons()
        vertical = 10 if is_wide else 5
        self.layout().setContentsMargins(16, vertical, 12, vertical)
        for slider in (self.mix, self.strength, self.brush):
            slider.setFixedWidth(_SLIDER_PX[is_wide])
        for name in (self.painting_name, self.mix_first, self.mix_second):
            name.set_widest(_NAME_PX[is_wide])

    def _show_directions(self, choice: Choice) -> None:
        self.direction_group.setVisible(bool(choice.directions))
        self.direction.clear()
        for direction in choice.directions:
            self.direction.addItem(direction_caption(direction), direction)
        self.direction.setCurrentIndex(self.direction.findData(choice.direction))

    def _show_mixture(self) -> None:
        choice = self._choice
        self.mix_group.setVisible(bool(choice.shares))
        if not choice.shares:
            return
        for label, part in zip((self.mix_first, self.mix_second), choice.parts):
            label.setText(in_language(part.title, self._language))
        first, second = choice.shares.values()
        self.mix.blockSignals(True)
        self.mix.setValue(round(_MIX_STEPS * second))
        self.mix.blockSignals(False)
        self.mix_value.setText(f"{100 * first:.0f} : {100 * second:.0f}")

    def _on_brush_moved(self) -> None:
        """Switch the automatic brush off when its slider is moved."""
        if self.brush_auto.isChecked():
            self.brush_auto.setChecked(False)  # emits `changed`
        else:
            self._emit_changed()

    def _emit_changed(self) -> None:
        self._show_values()
        self.changed.emit(self.settings)

    def _show_values(self) -> None:
        settings = self.settings
        self.brush.setProperty("idle", settings.brush is None)
        self.brush.style().polish(self.brush)  # the style sheet reads the property only then
        self.strength_value.setText(f"{round(settings.strength * 100)} %")
        if settings.brush is None:
            self.brush_value.setText("")
        elif self._photo_size is None:
            self.brush_value.setText(f"{settings.brush:.1%}")
        else:
            px = round(brush_px(settings.brush, self._photo_size))
            self.brush_value.setText(text("pixels", self._language, px=px))


def _row(*widgets: QWidget, spacing: int = 9) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for widget in widgets:
        layout.addWidget(widget)
    return row


def _slider(steps: int) -> QSlider:
    slider = QSlider(Qt.Horizontal)
    slider.setRange(0, steps)
    slider.setFixedWidth(_SLIDER_PX[True])
    slider.setMinimumHeight(22)
    return slider


def _value_label(widest: str) -> QLabel:
    """Make a label that keeps its width while its number changes."""

    label = QLabel(objectName="value")
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance(widest) + 8)
    return label
