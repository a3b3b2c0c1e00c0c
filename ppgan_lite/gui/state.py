"""What the window knows, without Qt: pictures, the chosen painter, settings, the result, and which jobs are current."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.images import WRITABLE, ImageMetadata, fitting_metadata

if TYPE_CHECKING:
    from ppgan_lite.checkpoint import PredictorSpec
    from ppgan_lite.styles import Style

LANGUAGES = ("en", "zh")
TASKS = ("stylize", "translate", "restore")

# Strokes as a part of the photo's shorter side, so that a setting means the same on a thumbnail and on a poster. These
# are the ends of what predictors tell apart; the middle between them is the 1/32 that they choose by themselves.
FINEST_BRUSH = 1 / 128
WIDEST_BRUSH = 1 / 8


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that the user opened or pasted.

    Attributes:
        image: uint8 (height, width, 3) RGB, at its own size.
        preview: The same, small enough to be drawn quickly.
        metadata: What goes back into the file of a result.
        path: The file; None for a pasted picture.
    """

    image: np.ndarray
    preview: np.ndarray
    metadata: ImageMetadata = ImageMetadata()
    path: Path | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True)
class Choice:
    """Something that turns a photo into another picture: a shipped style, any painting, or a checkpoint file.

    Attributes:
        source: What `load_predictor` takes; also what tells one choice from another.
        kind: "style", "painting" or "checkpoint".
        title: Language -> name; empty where the window's own words name it.
        subtitle: Language -> artist and year.
        thumbnail: A picture file, None where there is none.
        task: As `PredictorSpec.task`.
        inputs: As `PredictorSpec.inputs`.
        directions: What the checkpoint's predictors are called, where it has several.
        direction: The one of these that is chosen; None where there is no choice.
    """

    source: str
    kind: str
    title: dict[str, str] = field(default_factory=dict, compare=False)
    subtitle: dict[str, str] = field(default_factory=dict, compare=False)
    thumbnail: Path | None = None
    task: str = "stylize"
    inputs: tuple[str, ...] = ("photo",)
    directions: tuple[str, ...] = ()
    direction: str | None = None

    @property
    def needs_painting(self) -> bool:
        return "style" in self.inputs

    @property
    def has_settings(self) -> bool:
        """Whether strength, colours and brush mean anything to it."""
        return self.task == "stylize"


ANY_PAINTING = Choice("any", "painting", inputs=("photo", "style"))


def style_choice(style: Style) -> Choice:
    """Describe a shipped style."""
    comma = {"en": ", ", "zh": "，"}
    subtitle = {language: f"{style.artist[language]}{comma[language]}{style.year}" for language in LANGUAGES}
    return Choice(style.name, "style", dict(style.title), subtitle, Path(style.thumbnail))


def checkpoint_choice(path: Path, spec: PredictorSpec, directions: tuple[str, ...] = ()) -> Choice:
    """Describe a checkpoint file by its first predictor, and by what all are called.

    Raises:
        CheckpointError: It needs what the window has no picker for.
    """
    unknown = [name for name in spec.inputs if name not in ("photo", "style")]
    if unknown or spec.task not in TASKS:
        found = f"its predictor needs {', '.join(unknown)}" if unknown else f"its task is {spec.task!r}"
        remedy = "Use the command line or Python for it, or a newer ppgan_lite"
        raise CheckpointError(path, found, f"inputs photo and style, and a task of {', '.join(TASKS)}", remedy)
    title = dict.fromkeys(LANGUAGES, path.stem)
    choice = Choice(str(path), "checkpoint", title, {}, None, spec.task, tuple(spec.inputs))
    return replace(choice, directions=directions, direction=directions[0]) if len(directions) > 1 else choice


@dataclass(frozen=True)
class Settings:
    """What the sliders say.

    Attributes:
        strength: 0 (the photo) to 1 (the painting).
        keep_colors: Whether the photo keeps its colours.
        brush: Stroke width as a part of the photo's shorter side; None lets the predictor choose.
    """

    strength: float = 1.0
    keep_colors: bool = False
    brush: float | None = None


def brush_at(position: float) -> float:
    """Turn a slider's position, 0..1, into a brush: each step widens the stroke by the same factor."""
    return FINEST_BRUSH * (WIDEST_BRUSH / FINEST_BRUSH) ** position


def brush_px(brush: float, size: tuple[int, int]) -> float:
    """Stroke width in pixels of a photo of this size (width, height)."""
    return round(max(1.0, brush * min(size)), 1)


@dataclass(frozen=True, eq=False)
class Request:
    """One picture to be made: a snapshot that the sliders cannot change any more."""

    photo: Picture
    choice: Choice
    settings: Settings
    painting: Picture | None = None

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
    def recipe(self) -> dict[str, Any]:
        """What is written into a saved file, so that the picture can be made again."""
        if self.choice.task != "stylize":
            direction = {"direction": self.choice.direction} if self.choice.direction else {}
            return {"checkpoint": self.choice.source, **direction}
        recipe: dict[str, Any] = {"style": self.choice.source}
        if self.painting is not None:
            painting = str(self.painting.path) if self.painting.path else "a pasted picture"
            recipe["style" if self.choice == ANY_PAINTING else "painting"] = painting
        return recipe | self.options


@dataclass(frozen=True, eq=False)
class Result:
    """A picture that was made.

    Attributes:
        image: uint8 (height, width, 3) RGB, full size.
        preview: The same, small enough to be drawn quickly.
        request: What it was made from.
        seconds: How long it took.
        device: What computed it, such as "cpu".
        device_note: Why not another device; empty if there is nothing to say.
    """

    image: np.ndarray
    preview: np.ndarray
    request: Request
    seconds: float
    device: str
    device_note: str = ""

    @property
    def metadata(self) -> ImageMetadata:
        """The photo's, for a file of this picture's size."""
        return fitting_metadata(self.request.photo.metadata, self.image)

    def file_name(self) -> str:
        """Suggest a name that tells photo and style; the photo's own format where that can be written."""
        path = self.request.photo.path or Path("photo.png")
        choice = self.request.choice
        name = "_".join([Path(choice.source).stem, *([choice.direction] if choice.direction else [])])
        if choice.kind == "painting" and self.request.painting is not None and self.request.painting.path:
            name = self.request.painting.path.stem
        suffix = path.suffix if path.suffix.lower() in WRITABLE else ".png"
        return f"{path.stem}_{name}{suffix}"


@dataclass(frozen=True, eq=False)
class Job:
    """A piece of work that was handed to a worker; `cancelled` asks it to stop."""

    id: int
    kind: str
    cancelled: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """Which job of each kind is the one whose answer counts; every other answer is stale."""

    def __init__(self) -> None:
        self._last_id = 0
        self._current: dict[str, Job] = {}

    def start(self, kind: str) -> Job:
        """Begin a job; an earlier one of the same kind is asked to stop, and its answer will not count."""
        self.drop(kind)
        self._last_id += 1
        job = self._current[kind] = Job(self._last_id, kind)
        return job

    def finish(self, job: Job) -> bool:
        """Take a job's answer: False where the answer is stale and must be thrown away."""
        if not self.is_current(job):
            return False
        del self._current[job.kind]
        return True

    def is_current(self, job: Job) -> bool:
        return self._current.get(job.kind) is job

    def is_running(self, kind: str) -> bool:
        return kind in self._current

    def drop(self, kind: str) -> bool:
        """Ask the job of a kind to stop and forget it; False if there was none."""
        job = self._current.pop(kind, None)
        if job is None:
            return False
        job.cancelled.set()
        return True

    def drop_all(self) -> None:
        for kind in tuple(self._current):
            self.drop(kind)


@dataclass
class State:
    """Everything that the window shows. A part changes only when its new value is there and good."""

    choices: list[Choice]
    choice: Choice
    photo: Picture | None = None
    painting: Picture | None = None
    settings: Settings = field(default_factory=Settings)
    result: Result | None = None
    jobs: Jobs = field(default_factory=Jobs)

    @classmethod
    def with_styles(cls, styles: tuple[Style, ...]) -> State:
        """The state of a fresh window: the first style is chosen."""
        choices = [ANY_PAINTING, *(style_choice(style) for style in styles)]
        return cls(choices, choices[1] if styles else ANY_PAINTING)

    @property
    def missing(self) -> str | None:
        """The picture that is still needed before there can be a result: "photo", "painting" or None."""
        if self.photo is None:
            return "photo"
        if self.choice.needs_painting and self.painting is None:
            return "painting"
        return None

    def request(self) -> Request:
        """Snapshot what is to be made; only while nothing is missing."""
        assert self.photo is not None and self.missing is None
        painting = self.painting if self.choice.needs_painting else None
        return Request(self.photo, self.choice, self.settings, painting)

    def open_photo(self, photo: Picture) -> None:
        """Put a new photo in; a result of the old one, made or in the making, is thrown away."""
        self.photo = photo
        self.result = None
        self.jobs.drop("paint")

    def open_painting(self, painting: Picture) -> None:
        """Put a new painting in, and choose what can use it."""
        self.painting = painting
        if not self.choice.needs_painting:
            self.choice = ANY_PAINTING

    def choose_direction(self, direction: str) -> None:
        """Turn the chosen checkpoint another way; it is chosen so when one comes back to it."""
        turned = replace(self.choice, direction=direction)
        self.choices = [turned if other == self.choice else other for other in self.choices]
        self.choice = turned

    def add_checkpoint(self, choice: Choice) -> None:
        """Put a checkpoint file in the gallery, in place of an older reading of it, and choose it."""
        self.choices = [other for other in self.choices if other.source != choice.source]
        self.choices.insert(self.choices.index(ANY_PAINTING) + 1, choice)
        self.choice = choice
