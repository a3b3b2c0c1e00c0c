"""The settings that the window remembers from one start to the next; the only place that knows QSettings."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QByteArray, QDir, QSettings

from ppgan_lite.gui.appearance import APPEARANCES
from ppgan_lite.gui.batch_queue import Output
from ppgan_lite.gui.choices import TASKS, Choice
from ppgan_lite.gui.comparison import Comparison
from ppgan_lite.gui.presets import Preset
from ppgan_lite.gui.state import FINEST_BRUSH, WIDEST_BRUSH, StyleSettings
from ppgan_lite.gui.texts import LANGUAGE_NAMES
from ppgan_lite.images import WRITABLE

_RECENT_PHOTOS = 10
FOLDERS = ("photos", "paintings", "results", "masks")


class Preferences:
    """Typed values; one that is missing or that nobody can read is the default.

    Args:
        store: Keeps them.
    """

    def __init__(self, store: QSettings) -> None:
        self._store = store

    @property
    def place(self) -> Path:
        """The file that keeps them; on Windows a name in the registry."""
        return Path(self._store.fileName())

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

    @property
    def style(self) -> str | None:
        """The `Choice.source` that was chosen last."""
        style = self._store.value("style")
        return style if isinstance(style, str) else None

    @style.setter
    def style(self, style: str) -> None:
        self._store.setValue("style", style)

    @property
    def settings(self) -> StyleSettings:
        """The style settings that were set last."""
        stored, default = self._json("settings", {}), StyleSettings()
        values = {
            field.name: stored[field.name]
            for field in fields(StyleSettings)
            if _is_like(stored.get(field.name, ...), getattr(default, field.name))
        }
        settings = replace(default, **values)
        brush = None if settings.brush is None else min(max(settings.brush, FINEST_BRUSH), WIDEST_BRUSH)
        return replace(settings, strength=min(max(settings.strength, 0.0), 1.0), brush=brush)

    @settings.setter
    def settings(self, settings: StyleSettings) -> None:
        self._store.setValue("settings", json.dumps(asdict(settings)))

    @property
    def painting(self) -> Path | None:
        """The painting that was opened last, if it is still there."""
        painting = self._store.value("painting")
        return Path(painting) if isinstance(painting, str) and Path(painting).is_file() else None

    @painting.setter
    def painting(self, painting: Path) -> None:
        self._store.setValue("painting", str(painting))

    @property
    def checkpoints(self) -> list[Choice]:
        """The checkpoints in the gallery whose files are still there."""
        choices = []
        for stored in self._json("checkpoints", []):
            try:
                choice = Choice(
                    str(stored["source"]),
                    "checkpoint",
                    dict(stored["title"]),
                    task=str(stored["task"]),
                    inputs=tuple(stored["inputs"]),
                    directions=tuple(stored["directions"]),
                    direction=stored["direction"],
                    file=Path(str(stored["source"])),
                )
            except (KeyError, TypeError, ValueError):
                continue
            if choice.task in TASKS and Path(choice.source).is_file():
                choices.append(choice)
        return choices

    @checkpoints.setter
    def checkpoints(self, choices: list[Choice]) -> None:
        keys = ("source", "title", "task", "inputs", "directions", "direction")
        self._store.setValue(
            "checkpoints", json.dumps([{key: getattr(choice, key) for key in keys} for choice in choices])
        )

    @property
    def recent_photos(self) -> list[Path]:
        """The photos that were opened last, the newest first."""
        return [Path(path) for path in self._json("recent_photos", []) if isinstance(path, str)]

    def add_recent_photo(self, path: Path) -> None:
        """Put a photo at the head of the recent ones."""
        paths = [path, *(other for other in self.recent_photos if other != path)]
        self._store.setValue("recent_photos", json.dumps([str(other) for other in paths[:_RECENT_PHOTOS]]))

    @property
    def live_preview(self) -> bool:
        """Whether a small picture follows the sliders."""
        return self._store.value("live_preview") not in (False, "false")

    @live_preview.setter
    def live_preview(self, shown: bool) -> None:
        self._store.setValue("live_preview", shown)

    @property
    def presets(self) -> list[Preset]:
        """Styles with settings, under names of the user's."""
        presets = [Preset.from_json(stored) for stored in self._json("presets", [])]
        return [preset for preset in presets if preset is not None]

    @presets.setter
    def presets(self, presets: list[Preset]) -> None:
        self._store.setValue("presets", json.dumps([preset.to_json() for preset in presets]))

    @property
    def batch_output(self) -> Output:
        """The folder, names and format of the results of many photos."""
        stored, default = self._json("batch_output", {}), Output()
        folder, pattern, suffix = (stored.get(key) for key in ("folder", "pattern", "suffix"))
        quality = stored.get("quality")
        return Output(
            Path(folder) if isinstance(folder, str) and Path(folder).is_dir() else None,
            pattern if isinstance(pattern, str) else default.pattern,
            suffix if suffix in WRITABLE else default.suffix,
            quality if isinstance(quality, int) and 1 <= quality <= 100 else default.quality,
            stored.get("replaces") is True,
        )

    @batch_output.setter
    def batch_output(self, output: Output) -> None:
        values = asdict(output) | {"folder": str(output.folder) if output.folder else None}
        self._store.setValue("batch_output", json.dumps(values))

    @property
    def quality(self) -> int:
        """Of JPEG and WebP that are saved, 1 to 100."""
        try:
            quality = int(self._store.value("quality", 95))
        except (TypeError, ValueError):
            return 95
        return min(max(quality, 1), 100)

    @quality.setter
    def quality(self, quality: int) -> None:
        self._store.setValue("quality", quality)

    def _json(self, key: str, default: Any) -> Any:
        """Return a stored value of the type of a default."""
        try:
            value = json.loads(self._store.value(key))
        except (TypeError, ValueError):
            return default
        return value if isinstance(value, type(default)) else default

    def folder(self, kind: str) -> Path:
        """Return the folder of one of `FOLDERS` that was used last; the home where there is none."""
        folder = self._store.value(f"folders/{kind}")
        return Path(folder) if isinstance(folder, str) and Path(folder).is_dir() else Path(QDir.homePath())

    def remember_folder(self, kind: str, folder: Path) -> None:
        """Store the folder of one of `FOLDERS`."""
        assert kind in FOLDERS
        self._store.setValue(f"folders/{kind}", str(folder))


def _is_like(value: object, default: object) -> bool:
    """Return whether a stored value has the type of a default; where that is None, a positive number will do."""
    if default is None:
        return value is None or (isinstance(value, float) and value > 0)
    if isinstance(default, bool):
        return isinstance(value, bool)
    return isinstance(value, (int, float)) and not isinstance(value, bool)
