"""Pixels between arrays and Qt."""

from __future__ import annotations

import numpy as np
from PyQt5 import sip
from PyQt5.QtCore import QBuffer, QMimeData, QVariant
from PyQt5.QtGui import QImage, QPixmap

from ppgan_lite.gui.pyramid import to_uint8

_IMAGE_TYPE = "application/x-qt-image"  # Qt offers the formats of the system for it
_PNG_TYPE = "image/png"


def to_pixmap(image: np.ndarray) -> QPixmap:
    """Turn uint8 (height, width, 3) RGB into a pixmap with its own memory; only on the window's thread."""
    return QPixmap.fromImage(to_qimage(image))


def to_qimage(pixels: np.ndarray) -> QImage:
    """Turn uint8 pixels into an image with its own memory, in the form that Qt draws fastest.

    Args:
        pixels: (height, width, 3) RGB, or (height, width, 4) RGB multiplied by alpha, and alpha; rows may be those of
            a larger array.
    """
    height, width, channels = pixels.shape
    if pixels.strides[1:] != (channels, 1):
        pixels = np.ascontiguousarray(pixels)
    kind, fast = (
        (QImage.Format_RGB888, QImage.Format_RGB32)
        if channels == 3
        else (QImage.Format_RGBA8888_Premultiplied, QImage.Format_ARGB32_Premultiplied)
    )
    address = sip.voidptr(pixels.ctypes.data)
    return QImage(address, width, height, pixels.strides[0], kind).convertToFormat(fast)  # a copy


def from_qimage(picture: QImage) -> tuple[np.ndarray, np.ndarray | None]:
    """Copy a QImage to uint8 (height, width, 3) RGB and, where it has any, its opacity (height, width)."""
    picture = picture.convertToFormat(QImage.Format_RGBA8888)
    memory = picture.constBits()
    memory.setsize(picture.sizeInBytes())
    rows = np.frombuffer(memory, np.uint8).reshape(picture.height(), picture.bytesPerLine())
    pixels = rows[:, : 4 * picture.width()].reshape(picture.height(), picture.width(), 4)
    alpha = pixels[..., 3]
    return pixels[..., :3].copy(), alpha.copy() if (alpha < 255).any() else None


class CopiedPicture(QMimeData):
    """A picture for the clipboard, with its opacity: as Qt's image, and as PNG, made when a program asks for it.

    Args:
        image: uint8 or uint16 (height, width, 3) RGB.
        alpha: Opacity, (height, width) of the same type; None where all is opaque.
    """

    def __init__(self, image: np.ndarray, alpha: np.ndarray | None = None) -> None:
        super().__init__()
        pixels = to_uint8(image)
        if alpha is not None:
            pixels = np.concatenate([pixels, to_uint8(alpha)[..., None]], axis=-1)
        pixels = np.ascontiguousarray(pixels)
        height, width, channels = pixels.shape
        kind = QImage.Format_RGB888 if channels == 3 else QImage.Format_RGBA8888
        address = sip.voidptr(pixels.ctypes.data)
        self._picture = QImage(address, width, height, pixels.strides[0], kind).copy()

    def formats(self) -> list[str]:
        return [_IMAGE_TYPE, _PNG_TYPE]

    def hasFormat(self, name: str | None) -> bool:
        return name in self.formats()

    def retrieveData(self, name: str | None, _kind: QVariant.Type) -> object:
        if name == _IMAGE_TYPE:
            return self._picture
        if name == _PNG_TYPE:
            buffer = QBuffer()
            self._picture.save(buffer, "PNG", 90)  # little compression, for speed
            return buffer.data()
        return None
