"""Differences between each engine's pictures, in each precision, and eager Paddle's, for every checkpoint that ships.

    python benchmarks/agreement.py [PHOTO ...] [--styles starry_night any] [--px 1024]

They are in steps of 1/255: the largest, the mean, and the 99.9th percentile. "any" paints in the style of a picture. An
engine that does not agree on the photo by which `auto` decides is named and left out. Without photos, those of
scikit-image are taken.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from measuring import add_arguments, report
from skimage import data

from ppgan_lite.errors import EngineError
from ppgan_lite.images import read_image, resize
from ppgan_lite.inference.engines.selection import agreement
from ppgan_lite.inference.loading import load_stylizer
from ppgan_lite.restoration import restorer
from ppgan_lite.styles import catalogue

ENGINES = ("openvino:bfloat16", "openvino:float32", "onnxruntime:float32")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("photos", type=Path, nargs="*", metavar="PHOTO")
    styles = [*(style.name for style in catalogue()), "any"]
    parser.add_argument("--styles", nargs="+", default=[*styles, str(restorer())], help="styles or checkpoints")
    parser.add_argument("--px", type=int, help="long side that photos are shrunk to; their own size if not given")
    arguments = parser.parse_args()
    photos = {path.name: read_image(path)[0] for path in arguments.photos} or {
        "astronaut": data.astronaut(),
        "chelsea": data.chelsea(),
    }
    if arguments.px:
        photos = {name: shrunk(photo, arguments.px) for name, photo in photos.items()}
    rows = [row for style in arguments.styles for row in compared(style, photos)]
    report("agreement", rows, arguments.json)


def shrunk(photo: np.ndarray, px: int) -> np.ndarray:
    """Return a photo whose long side is at most `px`."""
    height, width = photo.shape[:2]
    scale = min(px / max(height, width), 1.0)
    return resize(photo, round(width * scale), round(height * scale))


def compared(source: str, photos: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return a row for each engine that is installed and agrees, and each photo."""
    reference = painter(source, "paddle:float32")
    wanted = {name: reference(photo) for name, photo in photos.items()}
    rows = []
    for engine in ENGINES:
        try:
            predictor = painter(source, engine)
        except EngineError as error:
            print(f"{Path(source).stem}, {engine}: {error}")
            continue
        for name, photo in photos.items():
            found = agreement(predictor(photo), wanted[name])
            rows.append(
                {
                    "what": Path(source).stem,
                    "photo": f"{name} {photo.shape[1]}x{photo.shape[0]}",
                    "who": engine,
                    "largest": found.largest,
                    "mean": found.mean,
                    "p99.9": found.high,
                    "agrees": "yes" if found.holds(engine.partition(":")[2]) else "no",
                }
            )
    return rows


def painter(source: str, engine: str) -> Any:
    """Return a predictor that needs a photo alone."""
    predictor = load_stylizer(source, device="cpu", engine=engine)
    return predictor if predictor.spec.inputs == ("photo",) else predictor.with_style(data.coffee())


if __name__ == "__main__":
    main()
