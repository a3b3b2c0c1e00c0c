"""Styles with settings, under names of the user's; without Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ppgan_lite.gui.mask import Mask
from ppgan_lite.gui.state import FINEST_BRUSH, WIDEST_BRUSH, StyleSettings


@dataclass(frozen=True)
class Preset:
    """A style and its settings.

    Attributes:
        name: The user's.
        source: Of the choice.
        settings: Of the style.
        mask: Where a photo gets the style; None leaves the one that there is.
    """

    name: str
    source: str
    settings: StyleSettings
    mask: Mask | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the preset as JSON values."""
        mask = {} if self.mask is None else {"mask": self.mask.to_json()}
        return {"name": self.name, "source": self.source, "settings": asdict(self.settings), **mask}

    @classmethod
    def from_json(cls, values: object) -> Preset | None:
        """Return a stored preset; None for anything else."""
        try:
            stored: Mapping[str, Any] = values["settings"]  # type: ignore[index]
            name, source = values["name"], values["source"]  # type: ignore[index]
            strength, brush = float(stored["strength"]), stored["brush"]
            flags = stored["keep_colors"], stored["spare_faces"]
            brush = None if brush is None else float(brush)
        except (KeyError, TypeError, ValueError):
            return None
        names_are_text = isinstance(name, str) and isinstance(source, str) and bool(name)
        in_range = 0 <= strength <= 1 and (brush is None or FINEST_BRUSH <= brush <= WIDEST_BRUSH)
        if not (names_are_text and in_range and all(isinstance(flag, bool) for flag in flags)):
            return None
        mask = Mask.from_json(values.get("mask"))  # type: ignore[attr-defined]
        return cls(name, source, StyleSettings(strength, flags[0], brush, flags[1]), mask)


def with_preset(presets: Sequence[Preset], preset: Preset) -> list[Preset]:
    """Return presets with another one, in the place of one of its name, in the order of names."""
    others = [other for other in presets if other.name != preset.name]
    return sorted([*others, preset], key=lambda other: other.name.casefold())
