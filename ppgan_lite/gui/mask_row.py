"""The row of tools for painting a mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from ppgan_lite.gui.elided_label import ElidedLabel
from ppgan_lite.gui.flow import FlowRow
from ppgan_lite.gui.mask import Mask, MaskCanvas
from ppgan_lite.gui.mask_brush import LARGEST, SMALLEST, MaskBrush
from ppgan_lite.gui.texts import text

_SLIDER_PX = 90


class MaskRow(QFrame):
    """Brush, eraser, their size and softness, and what else changes a mask; hidden while none is edited.

    Args:
        brush: Over the photo.
    """

    changed = pyqtSignal(object)  # Mask, or None without one
    faces_wanted = pyqtSignal()
    file_wanted = pyqtSignal()  # to begin with the mask in it
    save_wanted = pyqtSignal(object)  # Mask
    opened = pyqtSignal(bool)  # or closed

    def __init__(self, brush: MaskBrush) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._brush = brush
        self._mask: Mask | None = None  # told last
        self._buttons: dict[str, QAbstractButton] = {}
        self._labels: dict[str, QLabel] = {}
        self._sliders: dict[str, QSlider] = {}
        self.hint = ElidedLabel(name="muted")
        tools = [self._button(key, self._choose_tool, checkable=True) for key in ("mask_paint", "mask_erase")]
        sliders = [
            self._slider("mask_size", SMALLEST, LARGEST, round(brush.radius)),
            self._slider("mask_softness", 0, 100, round(100 * brush.softness)),
            self._slider("mask_outside", 0, 100, 0),
        ]
        slots: dict[str, Callable[[], object]] = {
            "mask_undo": lambda: self._do(MaskCanvas.undo),
            "mask_redo": lambda: self._do(MaskCanvas.redo),
            "mask_invert": lambda: self._do(MaskCanvas.invert),
            "mask_soften": lambda: self._do(MaskCanvas.soften),
            "mask_faces": self.faces_wanted.emit,
            "mask_open": self.file_wanted.emit,
            "mask_save": lambda: self.save_wanted.emit(self._mask),
            "mask_clear": lambda: self._do(MaskCanvas.clear),
            "mask_done": self.close_editor,
        }
        buttons = [self._button(key, slot) for key, slot in slots.items()]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(6)
        layout.addWidget(self.hint)
        layout.addWidget(FlowRow(*tools, *sliders, *buttons, spacing=8, row_spacing=6))
        self._buttons["mask_paint"].setChecked(True)
        brush.changed.connect(self._emit_changed)
        brush.resized.connect(lambda: self._sliders["mask_size"].setValue(round(brush.radius)))
        self.hide()

    @property
    def is_open(self) -> bool:
        """Whether a mask is edited."""
        return self._brush.canvas is not None

    def open(self, photo_size: tuple[int, int], mask: Mask | None) -> None:
        """Begin to edit a photo's mask."""
        self._mask = mask
        self._sliders["mask_outside"].setValue(round(100 * mask.outside) if mask else 0)
        self._brush.edit(MaskCanvas(photo_size, mask.pixels if mask else None))
        self.opened.emit(True)  # first, so that there is room
        self.show()
        self._show_enabled()

    def close_editor(self) -> None:
        """End; the mask stays."""
        if self.is_open:
            self._brush.edit(None)
            self.hide()
            self.opened.emit(False)

    def show_mask(self, mask: Mask | None) -> None:
        """End where the mask is another one than the edited, such as that of an earlier result."""
        if mask is not self._mask:
            self.close_editor()

    def take(self, mask: Mask) -> None:
        """Go on with a mask from a file, which can be undone."""
        canvas = self._brush.canvas
        if canvas is not None:
            canvas.replace(mask.pixels)
            self._brush.show_canvas()
            self._tell(mask)

    def name_file(self, mask: Mask, saved: Mask) -> None:
        """Note that a file holds a mask, unless it has changed since."""
        if mask is self._mask:
            self._tell(saved)

    def show_faces(self, strokes: np.ndarray) -> None:
        """Begin with a mask that leaves out faces: a map, 0 .. 1, of any size."""
        low = float(strokes.min())
        shares = (strokes - low) / max(1 - low, 1e-6)
        self._do(lambda canvas: canvas.replace(np.rint(255 * shares).astype(np.uint8)))

    def button(self, key: str) -> QAbstractButton:
        """Return a button by the key of its text."""
        return self._buttons[key]

    def slider(self, key: str) -> QSlider:
        """Return a slider by the key of its text."""
        return self._sliders[key]

    def set_language(self, language: str) -> None:
        """Show every text in another language."""
        self.hint.setText(text("mask_hint", language))
        for key, widget in (self._buttons | self._labels).items():
            widget.setText(text(key, language))
        for key, slider in self._sliders.items():
            slider.setAccessibleName(text(key, language))
        for key in ("mask_outside", "mask_soften", "mask_faces", "mask_open", "mask_save", "mask_clear"):
            tip = text(f"{key}_tip", language)
            for widget in (self._buttons.get(key), self._labels.get(key), self._sliders.get(key)):
                if widget is not None:
                    widget.setToolTip(tip)

    def _button(self, key: str, slot: Callable[[], object], *, checkable: bool = False) -> QPushButton:
        button = self._buttons[key] = QPushButton()
        button.setCheckable(checkable)
        button.setAutoExclusive(checkable)
        button.setFocusPolicy(Qt.TabFocus)  # the brush keeps the keys
        button.clicked.connect(lambda _checked=False: slot())
        return button

    def _slider(self, key: str, low: int, high: int, value: int) -> QWidget:
        slider, label = QSlider(Qt.Horizontal), QLabel()
        slider.setRange(low, high)
        slider.setValue(value)
        slider.setFixedWidth(_SLIDER_PX)
        slider.valueChanged.connect(self._take_values)
        self._sliders[key], self._labels[key] = slider, label
        group = QWidget()
        layout = QHBoxLayout(group)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label)
        layout.addWidget(slider)
        return group

    def _choose_tool(self) -> None:
        self._brush.erases = self._buttons["mask_erase"].isChecked()

    def _take_values(self) -> None:
        self._brush.radius = float(self._sliders["mask_size"].value())
        self._brush.softness = self._sliders["mask_softness"].value() / 100
        if self.sender() is self._sliders["mask_outside"] and self.is_open and self._mask is not None:
            self._tell(replace(self._mask, outside=self._outside))

    def _do(self, change: Callable[[MaskCanvas], object]) -> None:
        canvas = self._brush.canvas
        if canvas is not None:
            change(canvas)
            self._brush.show_canvas()
            self._emit_changed()

    def _emit_changed(self) -> None:
        canvas = self._brush.canvas
        if canvas is not None:
            pixels = None if canvas.pixels is None else canvas.pixels.copy()
            self._tell(None if pixels is None else Mask(pixels, self._outside))

    def _tell(self, mask: Mask | None) -> None:
        self._mask = mask
        self.changed.emit(mask)
        self._show_enabled()

    @property
    def _outside(self) -> float:
        return self._sliders["mask_outside"].value() / 100

    def _show_enabled(self) -> None:
        canvas = self._brush.canvas
        if canvas is not None:
            self._buttons["mask_undo"].setEnabled(canvas.can_undo)
            self._buttons["mask_redo"].setEnabled(canvas.can_redo)
            for key in ("mask_clear", "mask_soften", "mask_save"):
                self._buttons[key].setEnabled(canvas.pixels is not None)
