"""What the window remembers from one start to the next; the only place that knows QSettings."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QByteArray, QDir, QSettings

from ppgan_lite.gui.appearance import APPEARANCES
from ppgan_lite.gui.comparison import Comparison
from ppgan_lite.gui.texts import LANGUAGE_NAMES

FOLDERS = ("photos", "paintings", "results")


class Preferences:
    """Typed values; one that is missing or that nobody can read is the default.

    Args:
        store: Keeps them.
    """

    def __init__(self, store: QSettings) -> None:
        self._store = store

    @property
    def language(self) -> str | None:
        """The language that the user chose; None where none was."""
        language = self._store.value("language")
        return language if isinstance(language, str) and language in LANGUAGE_NAMES else None

    @language.setter
    def language(self, language: str) -> None:
        self._store.setValue("language", language)

    @property
    def appearance(self) -> str:
        """One of `APPEARANCES`."""
        appearance = self._store.value("appearance")
        return appearance if isinstance(appearance, str) and appearance in APPEARANCES else "system"

    @appearance.setter
    def appearance(self, appearance: str) -> None:
        self._store.setValue("appearance", appearance)

    @property
    def comparison(self) -> Comparison:
        """The way in which two pictures are compared."""
        try:
            position = float(self._store.value("comparison/position", 0.5))
        except (TypeError, ValueError):
            position = 0.5
        return Comparison(self._store.value("comparison/split") in (True, "true")).at(position)

    @comparison.setter
    def comparison(self, comparison: Comparison) -> None:
        self._store.setValue("comparison/split", comparison.is_split)
        self._store.setValue("comparison/position", comparison.position)

    @property
    def geometry(self) -> QByteArray | None:
        """Place and size of the window, as Qt stores them."""
        geometry = self._store.value("geometry")
        return geometry if isinstance(geometry, QByteArray) else None

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("geometry", geometry)

    def folder(self, kind: str) -> Path:
        """Return the folder of one of `FOLDERS` that was used last; the home where there is none."""
        folder = self._store.value(f"folders/{kind}")
        return Path(folder) if isinstance(folder, str) and Path(folder).is_dir() else Path(QDir.homePath())

    def remember_folder(self, kind: str, folder: Path) -> None:
        """Store the folder of one of `FOLDERS`."""
        assert kind in FOLDERS
        self._store.setValue(f"folders/{kind}", str(folder))
