"""The plan: a YAML or JSON file that says which painters are trained, from what, and for how long."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from ppgan_lite.errors import UsageError
from ppgan_lite.signatures import argument_faults
from torch_styles.stages import Batches, Weights
from torch_styles.training import Budget

T = TypeVar("T")


@dataclass(frozen=True)
class StyleJob:
    """A painter of one style, to be trained.

    Attributes:
        name: Of its file.
        painting: Its picture; the plan's folder is where a relative path begins.
        start: The painter that it is trained on from: the name of a style that ships, a .ppgan or a .safetensors.
        budget: Of the draft.
        revision_budget: Of the revision net.
        painting_side: Short side of the painting that the draft learns from, in pixels: larger gives larger strokes.
        batches: Of the draft.
        revision_batches: Of the revision net.
        weights: Of the losses.
        learning_rate: Adam's.
        seed: Of everything random.
    """

    name: str
    painting: str
    start: str = "composition_vii"
    budget: Budget = Budget(seconds=60)
    revision_budget: Budget = Budget(seconds=9)
    painting_side: int = 512
    batches: Batches = Batches()
    revision_batches: Batches = Batches(crop=320, painted=8, kept=0, photo_side=(448, 512), noise_std=0.004)
    weights: Weights = field(default_factory=Weights)
    learning_rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class AnyStyleJob:
    """A painter of any style, to be trained.

    Attributes:
        name, start, budget, batches, weights, learning_rate, seed: As in `StyleJob`.
        painting_crop: Height and width of the crops of paintings.
        painting_side: Short side that paintings are taken to have, from, to.
    """

    name: str = "any"
    start: str = "any"
    budget: Budget = Budget(seconds=500)
    batches: Batches = Batches(crop=256, painted=14, photo_side=(256, 400))
    weights: Weights = field(default_factory=lambda: Weights(content={"relu3_3": 0.3}, steady=0.0))
    painting_crop: int = 304
    painting_side: tuple[int, int] = (304, 400)
    learning_rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """All trainings of one run of the script.

    Attributes:
        photos: Folders or files to learn from.
        photo_short_side: At which photos are kept in memory.
        paintings: Folders or files that painters of any style learn from.
        preview_photos: Painted on the sheet at the end.
        preview_paintings: In whose style painters of any style paint them.
        styles: The painters of one style.
        any: The painters of any style.
        folder: Where relative paths begin; not part of the file.
    """

    photos: list[str]
    photo_short_side: int = 512
    paintings: list[str] = field(default_factory=list)
    preview_photos: list[str] = field(default_factory=list)
    preview_paintings: list[str] = field(default_factory=list)
    styles: list[StyleJob] = field(default_factory=list)
    any: list[AnyStyleJob] = field(default_factory=list)
    folder: Path = Path()

    def path(self, entry: str) -> Path:
        """Return where a path of the plan leads."""
        return self.folder / entry


def read_plan(path: Path) -> Plan:
    """Read and check a plan.

    Raises:
        UsageError: The file is missing, no JSON or YAML, or says what no plan can say.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(str(path), f"cannot be read ({error})", "a plan: a YAML or JSON file") from error
    if path.suffix == ".json":
        loaded = json.loads(text)
    else:
        import yaml

        loaded = yaml.safe_load(text)
    return dataclasses.replace(_built(Plan, loaded, str(path)), folder=path.parent)


def _built(cls: type[T], values: Any, where: str) -> T:
    """Build a dataclass of JSON values, and the dataclasses inside it.

    Raises:
        UsageError: A key is unknown, missing, or its value of the wrong kind.
    """
    if not isinstance(values, Mapping):
        raise UsageError(where, repr(values), "a mapping")
    hints = get_type_hints(cls)
    ready: dict[str, Any] = {}
    for key, value in values.items():
        inner = hints.get(key)
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            ready[key] = _built(inner, value, f"{where}: {key}")
        elif key in ("styles", "any") and isinstance(value, list):
            job = StyleJob if key == "styles" else AnyStyleJob
            ready[key] = [_built(job, entry, f"{where}: {key}[{number}]") for number, entry in enumerate(value)]
        else:
            ready[key] = tuple(value) if inner == tuple[int, int] and isinstance(value, list) else value
    faults = argument_faults(cls, ready, supplied=("folder",))
    if faults:
        raise UsageError(where, "; ".join(map(str, faults)))
    return cls(**ready)
