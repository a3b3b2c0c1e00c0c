"""State of the window, without Qt: pictures, choice, style settings, result, learning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.gui.choices import ANY_PAINTING, GROUPS, Choice, mixture, shares_in, style_choice
from ppgan_lite.gui.mask import Mask
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.texts import LANGUAGE_NAMES
from ppgan_lite.images import ImageMetadata, NamedFile, ResultSettings, fitting_metadata, result_name

if TYPE_CHECKING:
    from ppgan_lite.styles import Style

_NO_METADATA = ImageMetadata()

# Strokes as a fraction of the photo's shorter side, so that a setting means the same on a thumbnail and on a poster.
# Predictors distinguish nothing beyond these ends; the geometric mean is 1/32, their own default.
FINEST_BRUSH = 1 / 128
WIDEST_BRUSH = 1 / 8


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that the user opened or pasted.

    Attributes:
        image: uint8 or uint16 (height, width, 3) RGB, at its own size.
        pyramid: The same for the screen.
        metadata: Written into the file of a result.
        path: The file; None for a pasted picture and for a frame of a clip.
        title: What a picture without a file is called; empty for a pasted one.
    """

    image: np.ndarray
    pyramid: Pyramid
    metadata: ImageMetadata = _NO_METADATA
    path: Path | None = None
    title: str = ""

    @classmethod
    def of(
        cls, image: np.ndarray, metadata: ImageMetadata = _NO_METADATA, path: Path | None = None, *, title: str = ""
    ) -> Picture:
        """Make one with its pyramid; takes a moment where it is large."""
        return cls(image, Pyramid.of(image, metadata.alpha), metadata, path, title)

    @property
    def name(self) -> Path:
        """The file, or a name for a file of it."""
        return self.path or Path(f"{self.title or 'photo'}.png")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]

    @property
    def is_frame(self) -> bool:
        """Whether it is one of a clip."""
        return bool(self.title)

    @property
    def is_deep(self) -> bool:
        """Whether it has 16 bits per channel."""
        return self.image.dtype.itemsize > 1

    @property
    def file(self) -> NamedFile | None:
        """The file, as the settings of a result name it; None for a pasted picture."""
        return None if self.path is None else NamedFile(self.path.name, self.metadata.sha256)


@dataclass(frozen=True)
class StyleSettings:
    """Values of the sliders.

    Attributes:
        strength: 0 (the photo) to 1 (the painting).
        keep_colors: Whether the photo keeps its colors.
        brush: Stroke width as a fraction of the photo's shorter side; None lets the predictor choose.
        spare_faces: Whether faces get fewer of the strokes.
    """

    strength: float = 1.0
    keep_colors: bool = False
    brush: float | None = None
    spare_faces: bool = True


def brush_at(position: float) -> float:
    """Map a slider's position, 0..1, to a brush: each step widens the stroke by the same factor."""
    return FINEST_BRUSH * (WIDEST_BRUSH / FINEST_BRUSH) ** position


def brush_position(brush: float) -> float:
    """Return the slider's position, 0..1, of a brush: the inverse of `brush_at`."""
    return min(max(math.log(brush / FINEST_BRUSH) / math.log(WIDEST_BRUSH / FINEST_BRUSH), 0.0), 1.0)


def brush_px(brush: float, size: tuple[int, int]) -> float:
    """Return the stroke width in pixels of a photo of this size (width, height)."""
    return round(max(1.0, brush * min(size)), 1)


@dataclass(frozen=True, eq=False)
class Request:
    """One picture to be made: a snapshot that the sliders no longer change."""

    photo: Picture
    choice: Choice
    settings: StyleSettings
    painting: Picture | None = None
    mask: Mask | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments for the predictor, without the pictures."""
        if not self.choice.has_settings:
            return {}
        brush = self.settings.brush
        return {
            "strength": self.settings.strength,
            "keep_colors": self.settings.keep_colors,
            "brush": None if brush is None else brush_px(brush, self.photo.size),
        }

    @property
    def faces(self) -> float:
        """The share of the strokes that faces get, if there are any; 1 where it makes no difference."""
        from ppgan_lite.inference.faces.sparing import FACES  # the window is there before inference is

        return FACES if self.choice.has_settings and self.settings.spare_faces else 1.0

    @property
    def stored_options(self) -> dict[str, Any]:
        """Options of the verb of the command line that makes the same picture."""
        if self.choice.has_settings:
            mask = self.mask
            masked = {} if mask is None else {"strength_outside": mask.outside, "feather": mask.feather}
            return {**self.options, "faces": self.faces, **masked}
        return {"direction": self.choice.direction} if self.choice.direction else {}


@dataclass(frozen=True, eq=False)
class Result:
    """A finished picture.

    Attributes:
        image: uint8 or uint16 (height, width, 3) RGB, full size.
        pyramid: The same for the screen.
        request: The request that it answers.
        seconds: Time that it took.
        device: Device that computed it, such as "cpu".
        device_note: Why not another device; may be empty.
        faces: The share of the strokes that its faces got; None where it has none, or they got all.
        settings: Stored in a saved file, so that the picture can be made again.
    """

    image: np.ndarray
    pyramid: Pyramid
    request: Request
    seconds: float
    device: str
    device_note: str = ""
    faces: float | None = None
    settings: ResultSettings | None = None

    @property
    def metadata(self) -> ImageMetadata:
        """The photo's metadata, for a file of this picture's size."""
        return fitting_metadata(self.request.photo.metadata, self.image)

    def file_name(self) -> str:
        """Suggest a name from photo and style, in the photo's own format where that can be written."""
        request = self.request
        return result_name(request.photo.name, style_label(request.choice, request.painting))


def style_label(choice: Choice, painting: Picture | None) -> str:
    """Return the part of a result's name that tells its style; of a mixture as `paddlegan stylize` names it."""
    if choice.shares:
        return "+".join(f"{name}{100 * share:.0f}" for name, share in choice.shares.items())
    path = painting.path if painting and choice.needs_painting else None
    return "_".join([(path or Path(choice.source)).stem, *([choice.direction] if choice.direction else [])])


@dataclass
class Learning:
    """A painting that is being learned, by a process of its own.

    Attributes:
        title: Of the style.
        seconds: Used so far.
        seconds_left: None before the first step.
        preview: The newest picture of the net in training; None before the first.
        shows_preview: Whether the result pane shows it.
        stopping: Whether it was asked to stop.
    """

    title: str
    seconds: float = 0.0
    seconds_left: float | None = None
    preview: Path | None = None
    shows_preview: bool = True
    stopping: bool = False

    @property
    def share(self) -> float:
        """The part of its time that is over, 0 to 1."""
        if self.seconds_left is None:
            return 0.0
        return self.seconds / max(self.seconds + self.seconds_left, 1e-3)


@dataclass
class State:
    """Everything that the window shows. A part changes only when its new value is complete and valid."""

    choices: list[Choice]
    choice: Choice
    photo: Picture | None = None
    painting: Picture | None = None
    settings: StyleSettings = field(default_factory=StyleSettings)
    mask: Mask | None = None
    result: Result | None = None
    learning: Learning | None = None

    @classmethod
    def with_styles(cls, styles: tuple[Style, ...], own: Sequence[Choice] = ()) -> State:
        """Return the state of a fresh window: the first style that ships is chosen.

        Args:
            styles: Those that ship.
            own: Those of the user's, which stand before them.
        """
        shipped = [style_choice(style) for style in styles]
        return cls([ANY_PAINTING, *own, *shipped], shipped[0] if shipped else ANY_PAINTING)

    @property
    def missing(self) -> str | None:
        """The picture that is still needed to start: "photo", "painting" or None."""
        if self.photo is None:
            return "photo"
        if self.choice.needs_painting and self.painting is None:
            return "painting"
        return None

    def request(self) -> Request:
        """Return a snapshot of the inputs; only while nothing is missing."""
        assert self.photo is not None and self.missing is None
        painting = self.painting if self.choice.needs_painting else None
        return Request(
            self.photo, self.choice, self.settings, painting, self.mask if self.choice.has_settings else None
        )

    def open_photo(self, photo: Picture) -> None:
        """Replace the photo; the result of the old one is discarded."""
        self.photo = photo
        self.result = None
        self.mask = None

    def open_painting(self, painting: Picture) -> None:
        """Replace the painting, and choose a painter that takes it."""
        self.painting = painting
        if not self.choice.needs_painting:
            self.choice = ANY_PAINTING

    def choose_direction(self, direction: str) -> None:
        """Set the direction of the chosen checkpoint; choosing another one and back keeps it."""
        changed = replace(self.choice, direction=direction)
        self.choices = [changed if other == self.choice else other for other in self.choices]
        self.choice = changed

    def add(self, choice: Choice, *, choose: bool = True) -> None:
        """Add a checkpoint file or a style to the gallery, in place of an earlier one of its source.

        Args:
            choice: It becomes the first of its group.
            choose: Whether it becomes the choice.
        """
        is_chosen = choose or choice.source == self.choice.source
        others = [choice, *(other for other in self.choices if other.source != choice.source)]
        self.choices = sorted(others, key=lambda other: ("", *GROUPS).index(other.group))
        if is_chosen:
            self.choice = choice

    def find(self, source: str) -> Choice | None:
        """Return the choice of a source, such as a style's name or the shares of two; None if there is none."""
        of = {choice.source: choice for choice in self.choices}
        shares = shares_in(source)
        if len(of.keys() & shares.keys()) == 2:
            first, second = shares
            return mixture(of[first], of[second], shares[second])
        return of.get(source)

    def rename(self, source: str, title: str) -> None:
        """Give a choice another title, in every language."""
        titles = dict.fromkeys(LANGUAGE_NAMES, title)
        self.choices = [replace(other, title=titles) if other.source == source else other for other in self.choices]
        self.choice = self.find(self.choice.source) or self.choice

    def remove(self, source: str) -> None:
        """Take a choice away; the one that takes its place is chosen, if it was."""
        index = next(index for index, other in enumerate(self.choices) if other.source == source)
        removed = self.choices.pop(index)
        if removed == self.choice or source in self.choice.shares:
            self.choice = self.choices[min(index, len(self.choices) - 1)]
