"""The choices that a photo can be made into: a style, a mixture of two, any painting, a checkpoint; without Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.gui.texts import LANGUAGE_NAMES, in_language
from ppgan_lite.styles import year_in

if TYPE_CHECKING:
    from ppgan_lite.checkpoint import PredictorSpec
    from ppgan_lite.styles import Style
    from ppgan_lite.styles.users import UserStyle

RUN_FILES = ("final", "latest", "best", "model", "checkpoint")  # names that every run gives its checkpoints
TASKS = ("stylize", "translate", "restore")
GROUPS = ("yours", "checkpoints", "shipped")  # in the order of the gallery
_DIGITS = 6  # of a share, as `inference.shares` rounds them
_SHARE = re.compile(r"([\w-]+):(0\.\d+)")  # such as udnie:0.6


@dataclass(frozen=True)
class Choice:
    """Something that turns a photo into another picture: a style, two mixed, any painting, or a checkpoint file.

    Attributes:
        source: Argument of `load_predictor`; of a mixture its shares, see `shares_in`. Different for every choice.
        kind: "style", "mixture", "painting" or "checkpoint".
        title: Language -> name; empty where `texts` has the name.
        subtitle: Language -> artist and year.
        thumbnail: A picture file, or uint8 (height, width, 3) RGB; None where there is none.
        task: As `PredictorSpec.task`.
        inputs: As `PredictorSpec.inputs`.
        directions: Names of the checkpoint's predictors, where it has several.
        direction: The chosen one of these; None where there are no several.
        file: That of the user's own style or checkpoint; None of those that ship.
        parts: The two styles of a mixture.
    """

    source: str
    kind: str
    title: dict[str, str] = field(default_factory=dict, compare=False)
    subtitle: dict[str, str] = field(default_factory=dict, compare=False)
    thumbnail: Path | np.ndarray | None = field(default=None, compare=False)
    task: str = "stylize"
    inputs: tuple[str, ...] = ("photo",)
    directions: tuple[str, ...] = ()
    direction: str | None = None
    file: Path | None = field(default=None, compare=False)
    parts: tuple[Choice, ...] = field(default=(), compare=False)

    @property
    def group(self) -> str:
        """Its part of the gallery: one of `GROUPS`, or "" for the card for any painting, which stands before all."""
        if self.kind != "style":
            return "checkpoints" if self.kind == "checkpoint" else ""
        return "shipped" if self.file is None else "yours"

    @property
    def shares(self) -> dict[str, float]:
        """Of a mixture style -> share, 1 together; empty for anything else."""
        return shares_in(self.source) if self.kind == "mixture" else {}

    @property
    def needs_painting(self) -> bool:
        return "style" in self.inputs

    @property
    def has_settings(self) -> bool:
        """Whether it takes strength, keep_colors and brush."""
        return self.task == "stylize"


ANY_PAINTING = Choice("any", "painting", inputs=("photo", "style"))


def style_choice(style: Style) -> Choice:
    """Describe a shipped style."""
    comma = {"zh": "，"}
    subtitle = {
        language: f"{artist}{comma.get(language, ', ')}{year_in(language, style.year)}"
        for language, artist in style.artist.items()
    }
    return Choice(style.name, "style", dict(style.title), subtitle, Path(style.thumbnail))


def mixture(first: Choice, second: Choice, share: float) -> Choice:
    """Describe a mixture of two styles, of which the second has a share between 0 and 1."""
    shares = {first.source: round(1 - share, _DIGITS), second.source: round(share, _DIGITS)}
    title = {
        language: " + ".join(
            f"{in_language(part.title, language)} {100 * shares[part.source]:.0f} %" for part in (first, second)
        )
        for language in LANGUAGE_NAMES
    }
    return Choice("+".join(f"{name}:{shares[name]:g}" for name in shares), "mixture", title, parts=(first, second))


def shares_in(source: str) -> dict[str, float]:
    """Return style -> share of the source of a mixture, such as "udnie:0.6+wave:0.4"; empty for any other source."""
    parts = [_SHARE.fullmatch(part) for part in source.split("+")]
    shares = {part[1]: float(part[2]) for part in parts if part}
    is_mixture = len(shares) == len(parts) == 2 and all(0 < share < 1 for share in shares.values())
    return shares if is_mixture else {}


def user_style_choice(style: UserStyle) -> Choice:
    """Describe a style of the user's own.

    Raises:
        CheckpointError: Its file is damaged.
    """
    return Choice(
        style.name, "style", dict.fromkeys(LANGUAGE_NAMES, style.title), {}, style.thumbnail(), file=style.path
    )


def checkpoint_choice(path: Path, spec: PredictorSpec, directions: tuple[str, ...] = ()) -> Choice:
    """Describe a checkpoint file by its first predictor and the names of all.

    Raises:
        CheckpointError: It needs an input that the window has no picker for.
    """
    unknown = [name for name in spec.inputs if name not in ("photo", "style")]
    if unknown or spec.task not in TASKS:
        found = f"its predictor needs {', '.join(unknown)}" if unknown else f"its task is {spec.task!r}"
        expected = f"inputs photo and style, and a task of {', '.join(TASKS)}"
        remedy = "Use the command line or Python for it, or a newer ppgan_lite"
        raise CheckpointError(path, found, expected, remedy, code="unknown_task")
    title = dict.fromkeys(LANGUAGE_NAMES, checkpoint_title(path))
    choice = Choice(str(path), "checkpoint", title, {}, None, spec.task, tuple(spec.inputs), file=path)
    return replace(choice, directions=directions, direction=directions[0]) if len(directions) > 1 else choice


def checkpoint_title(path: Path) -> str:
    """Return the name of a checkpoint: that of its file, and of its folder where all runs name their files so."""
    return f"{path.absolute().parent.name}/{path.stem}" if path.stem in RUN_FILES else path.stem
