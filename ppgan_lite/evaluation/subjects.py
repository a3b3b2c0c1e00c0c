"""The subjects of a measurement: a checkpoint's results on pictures; of two folders, pairs or two sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.checkpoint import read_header
from ppgan_lite.errors import DataError, UsageError
from ppgan_lite.evaluation.evaluating import Shot
from ppgan_lite.evaluation.pictures import Pairs, Picture, paired, pictures_in, pictures_to_measure
from ppgan_lite.foreign.loading import is_ours
from ppgan_lite.images import NamedFile, read_image
from ppgan_lite.inference.loading import find_checkpoint
from ppgan_lite.metrics.table import Compares

if TYPE_CHECKING:
    from ppgan_lite.inference.predictor import Predictor

Load = Callable[[str | None], "Predictor"]  # the predictor of that name, the first for None


@dataclass(frozen=True)
class Subject:
    """Results to evaluate together: one direction of a checkpoint, a painter with a painting, a folder.

    Attributes:
        name: "a_to_b", "restore", the name of a painting.
        shots: The results.
        references: Pictures of the target domain; empty where there are pairs, or nothing to compare with.
        kinds: What its metrics compare, unless others are asked for.
        on_request: What else they may compare.
        notes: What cannot be measured, and why.
    """

    name: str
    shots: Sequence[Shot]
    references: Sequence[Picture]
    kinds: tuple[Compares, ...]
    notes: tuple[str, ...] = ()
    on_request: tuple[Compares, ...] = ()


@dataclass(frozen=True)
class TestData:
    """The pictures to measure a checkpoint on.

    Attributes:
        folder: Photos, or two domains, or pairs.
        split: See `pictures_to_measure`.
        paintings: Files, for painters.
        samples: The most pictures to make results of; None for all.
        size_px: The short side to which pictures are reduced; 0 for their own size.
        swapped: Whether B is the input; None for what the checkpoint was trained with.
    """

    folder: Path
    split: str | None = None
    paintings: tuple[Path, ...] = ()
    samples: int | None = None
    size_px: int = 0
    swapped: bool | None = None


def subjects_of_checkpoint(source: str, data: TestData, load: Load, *, direction: str | None) -> list[Subject]:
    """Return what to measure of a checkpoint, by its task.

    Args:
        source: A checkpoint, a run or the name of a style.
        data: The pictures.
        load: Loads a predictor of the checkpoint.
        direction: Only this one of a translation's directions.

    Raises:
        PpganError: The checkpoint cannot be loaded, or the pictures do not suit it.
    """
    predictor = load(direction)
    if predictor.spec.task == "stylize":
        return list(_of_painter(predictor, data))
    if data.paintings:
        raise UsageError("--painting", f"{source} paints nothing: its task is {predictor.spec.task}", "no painting")
    if len(predictor.directions) > 1:
        return list(_of_translation(predictor, data, load, direction))
    return [_of_one_direction(source, predictor, data)]


def subject_of_folders(a: Path, b: Path, *, samples: int | None, size_px: int) -> Subject:
    """Return what to measure of two folders: pairs where names match, else two sets."""
    pairs = paired(pictures_in(a, size_px=size_px), pictures_in(b, size_px=size_px))
    name = f"{a.name} and {b.name}"
    if not pairs.matched:
        return Subject(name, [_as_it_is(one, None) for one in pairs.a[:samples]], pairs.b[:samples], ("set",))
    shots = [_as_it_is(one, other) for one, other in pairs.matched[:samples]]
    # Two sets say little that pairs do not.
    return Subject(name, shots, (), ("pair",), tuple(_told_alone(pairs)), ("set",))


def _of_one_direction(source: str, predictor: Predictor, data: TestData) -> Subject:
    """Return the results of a net with one direction: of pairs, or of a with b as the target domain."""
    swapped = _trained_from_b(source) if data.swapped is None else data.swapped
    pairs = pictures_to_measure(data.folder, data.split, side_by_side=True, size_px=data.size_px)
    if swapped:
        pairs = Pairs(pairs.b, pairs.a, [(other, one) for one, other in pairs.matched], pairs.alone)
    name = predictor.direction or predictor.spec.task
    if pairs.matched:
        shots = [_pair(predictor, one, other) for one, other in pairs.matched[: data.samples]]
        of_results: tuple[Compares, ...] = ("results",) if predictor.spec.task == "translate" else ()
        return Subject(name, shots, (), ("pair", *of_results), tuple(_told_alone(pairs)), ("set",))
    if predictor.spec.task == "restore":
        found = f"no picture of {len(pairs.a)} has the name of one of {len(pairs.b)}"
        raise DataError(data.folder, found, "pairs: the same names in A and B, whatever their suffixes")
    shots = [_translated(predictor, None, one) for one in pairs.a[: data.samples]]
    return Subject(name, shots, pairs.b, ("set", "results"))


def _of_translation(predictor: Predictor, data: TestData, load: Load, direction: str | None) -> list[Subject]:
    """Return the results of each direction of a net of two domains, with the translation back."""
    pairs = pictures_to_measure(data.folder, data.split, side_by_side=False, size_px=data.size_px)
    there, back = predictor.directions[:2]
    predictors = {name: predictor if predictor.direction == name else load(name) for name in (there, back)}
    domains = {there: (pairs.a, pairs.b), back: (pairs.b, pairs.a)}
    subjects = []
    for name, other in ((there, back), (back, there)):
        photos, references = domains[name]
        if direction not in (None, name) or not photos:
            continue
        shots = [_translated(predictors[name], predictors[other], one) for one in photos[: data.samples]]
        notes = () if references else ("there are no pictures of the target domain to compare with",)
        partners = dict(pairs.matched) if name == there else {b: a for a, b in pairs.matched}
        # The same names in both may be a coincidence, so pairs are measured on request.
        shots = [_with_target(shot, partners.get(one)) for shot, one in zip(shots, photos)]
        on_request: tuple[Compares, ...] = ("pair",) if partners else ()
        subjects.append(Subject(name, shots, references, ("set", "cycle", "results"), notes, on_request))
    return subjects


def _of_painter(predictor: Predictor, data: TestData) -> list[Subject]:
    """Return the results of a painter, of each painting that it is told or compared with."""
    photos = pictures_to_measure(data.folder, data.split, side_by_side=False, size_px=data.size_px).a[: data.samples]
    needs_painting = "style" in predictor.spec.inputs and predictor.painting is None
    if needs_painting and not data.paintings:
        raise UsageError(predictor.name, "paints in the style of a painting, and there is none", "--painting PICTURE")
    if not data.paintings:
        note = "style, art_vgg16: no painting to compare with; give it with --painting PICTURE"
        shots = [_painted(predictor, photo, None) for photo in photos]
        return [Subject(predictor.name, shots, (), ("painting", "results"), (note,))]
    subjects = []
    for path in data.paintings:
        painting = Picture(path, path.stem)
        image, metadata = read_image(path)  # now, not with the first photo
        painter = predictor
        if "style" in predictor.spec.inputs:
            painter = predictor.with_style(image, file=NamedFile(path.name, metadata.sha256))  # type: ignore[attr-defined]
        shots = [_painted(painter, photo, painting) for photo in photos]
        subjects.append(Subject(painting.name, shots, (), ("painting", "results")))
    return subjects


def _as_it_is(picture: Picture, target: Picture | None) -> Shot:
    shot = Shot(picture.name, lambda: {"result": picture()})
    return _with_target(shot, target)


def _pair(predictor: Predictor, photo: Picture, target: Picture) -> Shot:
    def read() -> Mapping[str, np.ndarray]:
        wanted, image = target(), photo()
        return {"photo": image, "result": predictor(image), "target": wanted}

    return Shot(photo.name, read)


def _translated(there: Predictor, back: Predictor | None, photo: Picture) -> Shot:
    def read() -> Mapping[str, np.ndarray]:
        image = photo()
        pictures = {"photo": image, "result": there(image)}
        return pictures if back is None else {**pictures, "back": back(pictures["result"])}

    return Shot(photo.name, read)


def _with_target(shot: Shot, target: Picture | None) -> Shot:
    return shot if target is None else replace(shot, read=lambda: {**shot.read(), "target": target()})


def _painted(painter: Predictor, photo: Picture, painting: Picture | None) -> Shot:
    def read() -> Mapping[str, np.ndarray]:
        image = photo()
        return {"photo": image, "result": painter(image)}

    return Shot(photo.name, read, painting)


def _told_alone(pairs: Pairs) -> list[str]:
    if not pairs.alone:
        return []
    every = len(pairs.a) + len(pairs.b)
    return [f"{len(pairs.alone)} of {every} pictures without a partner of the same name, such as {pairs.alone[0].path}"]


def _trained_from_b(source: str) -> bool:
    """Return whether a checkpoint was trained from B to A, as the config in it says."""
    path = find_checkpoint(source)
    if not is_ours(path):
        return False
    config: Any = read_header(path).training.get("config")
    data = config.get("data") if isinstance(config, dict) else None
    return isinstance(data, dict) and data.get("direction") == "b_to_a"
