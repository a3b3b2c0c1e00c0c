"""The settings stored in a result's file, as the window's own choice and settings; without Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ppgan_lite.errors import UsageError
from ppgan_lite.gui.mask import Mask
from ppgan_lite.gui.mask_files import read_mask
from ppgan_lite.gui.state import FINEST_BRUSH, WIDEST_BRUSH, StyleSettings
from ppgan_lite.images import BlendPart, NamedFile, ResultSettings, read_image, read_settings
from ppgan_lite.runtime.user_folders import masks_folder
from ppgan_lite.styles.users import find_style_file


@dataclass(frozen=True)
class Again:
    """The choice and settings that a picture was made with.

    Attributes:
        source: Of the choice that made it: a style's name, or a checkpoint's file.
        checkpoint: The same, where it is a file.
        settings: Of the style.
        painting: The painting's file, if there was one.
        photo: The photo's file, where it is found beside the result.
        mask: Where the photo got the style; None for everywhere, and where it is gone.
        misses_mask: Whether it had one that is gone: its file is not found.
    """

    source: str
    checkpoint: Path | None
    settings: StyleSettings
    painting: Path | None
    photo: Path | None
    mask: Mask | None = None
    misses_mask: bool = False


def read_again(path: Path) -> Again:
    """Read how a result was made, and find its files in its folder and the one above.

    Raises:
        ImageError: It cannot be read.
        UsageError: It holds no settings, or those of a picture that only the command line makes, or its weights or its
            painting are not found.
    """
    from ppgan_lite.inference.stored_settings import find_file

    settings = read_settings(path)
    if settings is None:
        raise UsageError(path, "holds no settings", "a picture that was made here", code="no_settings")
    if settings.colors is not None:
        found = f"has the colors of {settings.colors.name}"
        raise UsageError(path, found, "a picture with the colors of its style", code="needs_command")
    folders = [path.parent, path.parent.parent]
    if settings.blend:
        source, checkpoint = _mixture_source(path, settings.blend), None
    else:
        source, checkpoint = _source(path, settings, folders)
    painting = None if settings.painting is None else find_file(settings.painting, folders)
    if settings.painting is not None and painting is None:
        raise _gone(path, settings.painting)
    photo = None if settings.photo is None else find_file(settings.photo, folders)
    has_photo = photo is not None and photo.is_same and photo.path != path
    mask = _mask(settings, folders)
    return Again(
        source,
        checkpoint,
        style_settings(settings.options, _short_side(path, settings)),
        painting.path if painting else None,
        photo.path if photo and has_photo else None,
        mask,
        settings.mask is not None and mask is None,
    )


def _source(path: Path, settings: ResultSettings, folders: Sequence[Path]) -> tuple[str, Path | None]:
    """Return the source of the choice that made a result, and its file if it is a checkpoint's."""
    from ppgan_lite.inference.stored_settings import find_weights

    weights = find_weights(settings, folders)
    if weights is None:
        raise _gone(path, settings.style or settings.checkpoint)
    return (settings.style.name, None) if settings.style else (str(weights.path), weights.path)


def _mixture_source(path: Path, blend: Sequence[BlendPart]) -> str:
    """Return the source of the mixture that made a result."""
    if len(blend) != 2 or any(part.kind != "style" for part in blend):
        raise UsageError(path, "mixes what the window does not", "a mixture of two styles", code="needs_command")
    for part in blend:
        if find_style_file(part.file.name) is None:
            raise _gone(path, part.file)
    return "+".join(f"{part.file.name}:{part.share:g}" for part in blend)


def style_settings(options: Mapping[str, Any], short_side_px: int) -> StyleSettings:
    """Return stored options as the window's settings; what is missing or odd is its default.

    Args:
        options: From a file that anyone may have written.
        short_side_px: Of the picture, of which a brush is a fraction here.
    """
    default = StyleSettings()
    strength, brush = _number(options.get("strength")), _number(options.get("brush"))
    faces = _number(options.get("faces"))
    return StyleSettings(
        default.strength if strength is None else min(max(strength, 0.0), 1.0),
        options.get("keep_colors") is True,
        None if brush is None or brush <= 0 else min(max(brush / short_side_px, FINEST_BRUSH), WIDEST_BRUSH),
        default.spare_faces if faces is None else faces < 1,
    )


def _mask(settings: ResultSettings, folders: Sequence[Path]) -> Mask | None:
    """Read the mask of a result; None without one, or where its file is not the one that it was."""
    from ppgan_lite.inference.stored_settings import find_file

    found = None if settings.mask is None else find_file(settings.mask, [*folders, masks_folder()])
    if found is None or not found.is_same:
        return None
    outside, feather = _number(settings.options.get("strength_outside")), _number(settings.options.get("feather"))
    return read_mask(
        found.path,
        outside=min(max(outside or 0.0, 0.0), 1.0),
        feather=None if feather is None else max(feather, 0.0),
    )


def _number(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def _short_side(path: Path, settings: ResultSettings) -> int:
    """Return the shorter side of a picture, if its settings have a brush that needs it."""
    return 1 if settings.options.get("brush") is None else min(read_image(path)[0].shape[:2])


def _gone(path: Path, file: NamedFile | None) -> UsageError:
    name = file.name if file else "?"
    found = f"was made with {name}, which is not beside it"
    return UsageError(path, found, code="part_gone", values={"name": name})
