"""The plan of learning a style, and the folder of the run.

request.json    what was asked for
painting.png    the painting, upright and no larger than needed
draft/          the run of style_draft.yaml
previews/       a photo painted by the net in training, by the seconds since the start
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.checkpoint import SUFFIX, sha256_of
from ppgan_lite.config import Config, load_config
from ppgan_lite.data.pictures import pictures_in
from ppgan_lite.errors import UsageError
from ppgan_lite.images import SAMPLE_PHOTO, read_image, short_side_to, write_image
from ppgan_lite.runtime.files import replace_file
from ppgan_lite.styles.users import name_of, require_free, runs_folder
from ppgan_lite.training.run_folder import LATEST

MINUTES = 6.0
CONTENT = 0.05
SCALE = 1.0
PHOTOS = Path(__file__).parent / "photos"

CONFIG = "style_draft"
DRAFT = "draft"  # the folder of its run
_REQUEST, _PAINTING, _PREVIEWS = "request.json", "painting.png", "previews"
_PAINTING_PX = 448  # short side at scale 1; larger than photos are drafted, for large strokes
_SMALLEST_PX = 64
_LONGEST = 2.0  # a scroll's long side in short sides; of a longer one the middle is learned


@dataclass(frozen=True)
class Request:
    """A request to learn; None is the default, or the run's own value where one is resumed.

    Attributes:
        painting: Picture file.
        name: Title of the style; by default that of the file.
        photos: Folder of photos to learn on.
        minutes: For everything, those before a resume included.
        content: How much of the photo is kept; see `ContentWeight`.
        scale: Size of the painting in learning: 2 has strokes twice as large.
        preview: Photo that previews show.
        resume: Whether to go on with the run of that name.
        device: As `train.device`.
    """

    painting: Path
    name: str | None = None
    photos: Path | None = None
    minutes: float | None = None
    content: float | None = None
    scale: float | None = None
    preview: Path | None = None
    resume: bool = False
    device: str = "auto"


@dataclass(frozen=True)
class Plan:
    """A run of learning.

    Attributes:
        name: Of the style.
        title: Of the style.
        file: Name of the painting's file.
        sha256: Of that file.
        photos: Folder of photos; None for those that ship.
        minutes: In all.
        content, scale: As in `Request`.
        seconds: Used by earlier starts of the run.
    """

    name: str
    title: str
    file: str
    sha256: str
    photos: str | None
    minutes: float
    content: float
    scale: float
    seconds: float = 0.0

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return runs_folder() / self.name

    @property
    def painting(self) -> Path:
        """The painting as it is learned."""
        return self.folder / _PAINTING

    @property
    def is_begun(self) -> bool:
        """Whether a training of the run has saved anything."""
        return any((self.folder / DRAFT).glob(f"*{SUFFIX}"))

    @property
    def previews(self) -> Path:
        """The folder of the previews."""
        return self.folder / _PREVIEWS

    @property
    def photos_name(self) -> str:
        """The photos that it is learned on, without the user's folders."""
        return "those that ship" if self.photos is None else Path(self.photos).name

    def save(self) -> None:
        """Write it into the folder, for a resume."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=True)
        replace_file(self.folder / _REQUEST, text.encode(), make_folder=True)

    def config(self, minutes: float) -> Config:
        """Return the config of a training that takes so long."""
        photos = [str(PHOTOS), str(SAMPLE_PHOTO)] if self.photos is None else [self.photos]
        px = round(_PAINTING_PX * self.scale)
        settings: dict[str, Any] = {"recipe.content": self.content, "data.style_short_side": [px, px]}
        settings |= {"data.content": photos, "data.style": [str(self.painting)]}
        # So many iterations that the minutes end it; the loop's own previews are made of crops.
        settings |= {"train.iterations": 1_000_000, "train.minutes": minutes, "train.preview_every": 0}
        settings |= {"train.log_every": 10, "train.save_every_s": 60}
        return load_config(CONFIG, [f"{key}={json.dumps(value)}" for key, value in settings.items()])


def new_plan(request: Request) -> tuple[Plan, np.ndarray]:
    """Check a request; return its plan, and the painting as it will be learned.

    Raises:
        ImageError: The painting cannot be read.
        DataError: There are no such photos.
        UsageError: The painting is too small, the name is taken or none, or an unfinished run has it.
    """
    title = request.name or request.painting.stem.replace("_", " ")
    name = name_of(title)
    require_free(name)
    painting = _read_painting(request.painting)
    if request.photos is not None:
        pictures_in([str(request.photos)], "photos")
    plan = Plan(
        name,
        title.strip(),
        request.painting.name,
        sha256_of(request.painting),
        None if request.photos is None else str(request.photos.resolve()),
        MINUTES if request.minutes is None else request.minutes,
        CONTENT if request.content is None else request.content,
        SCALE if request.scale is None else request.scale,
    )
    if plan.is_begun:
        remedy = f"Go on with it: --resume; remove it: paddlegan styles --remove {name}"
        raise UsageError("--name", f"{name} was begun and is not finished", "another one", remedy)
    px = round(2 * _PAINTING_PX * plan.scale)
    return plan, painting if min(painting.shape[:2]) <= px else short_side_to(painting, px)


def begin(plan: Plan, painting: np.ndarray) -> None:
    """Make the folder of a new run; nothing of an earlier one that came to nothing is left in it.

    Raises:
        UsageError: Another process has begun it in the meantime.
        OSError: The folder cannot be written.
    """
    if plan.is_begun:
        raise UsageError("--name", f"{plan.name} was begun by another process", "another one")
    for name in (DRAFT, _PREVIEWS):
        shutil.rmtree(plan.folder / name, ignore_errors=True)
    write_image(plan.painting, painting, overwrite=True)
    plan.save()


def resumed_plan(request: Request) -> Plan:
    """Read the plan of a run that is to go on, with the minutes that are asked for now.

    Raises:
        UsageError: There is no such run, or it is of another painting or other settings.
    """
    name = name_of(request.name or request.painting.stem.replace("_", " "))
    folder = runs_folder() / name
    if not (folder / DRAFT / LATEST).exists() or not (folder / _PAINTING).exists():
        raise UsageError("--resume", f"there is no run of the name {name}", remedy="Start it without --resume")
    plan = _read_plan(folder / _REQUEST)
    if request.painting.exists() and sha256_of(request.painting) != plan.sha256:
        raise UsageError(request.painting, f"is not the painting of {name}", plan.file, "Give another --name")
    photos = None if request.photos is None else str(request.photos.resolve())
    for option, asked, own in (
        ("--photos", photos, plan.photos),
        ("--content", request.content, plan.content),
        ("--scale", request.scale, plan.scale),
    ):
        if asked is not None and asked != own:
            found, remedy = f"{asked} instead of {own}", "Leave it out, or start anew with another --name"
            raise UsageError(option, found, f"what {name} was begun with", remedy)
    return plan if request.minutes is None else replace(plan, minutes=request.minutes)


def _read_plan(path: Path) -> Plan:
    try:
        return Plan(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(path, "cannot be read", "the plan of a run", "Start it without --resume") from error


def _read_painting(path: Path) -> np.ndarray:
    """Read a painting; of a scroll, its middle."""
    image, _ = read_image(path)
    height, width = image.shape[:2]
    if min(height, width) < _SMALLEST_PX:
        expected = f"sides of at least {_SMALLEST_PX} pixels, better {_PAINTING_PX}"
        raise UsageError(path, f"is a picture of {width} x {height} pixels", expected, "Find a larger one")
    longest = round(_LONGEST * min(height, width))
    top, left = max(0, height - longest) // 2, max(0, width - longest) // 2
    return image[top : top + longest, left : left + longest]
