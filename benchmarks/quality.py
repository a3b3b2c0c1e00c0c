"""Measure results against their photos and paintings: style distance and content distance, medians over all pairs.

    python benchmarks/quality.py --photos FOLDER --paintings FOLDER [--results FOLDER ...] [--encoder FILE|small|vgg19]
    python benchmarks/quality.py --photos FOLDER --paintings FOLDER --named [--encoder FILE|small|vgg19]

Paints every photo in the style of every painting (the painter of any picture) and measures; with --results it measures
the pictures of those folders instead, named PHOTO__PAINTING.png, whatever program made them; with --named it measures
each style that ships against its own painting, if that is in the folder under the name in the catalogue, and then the
painter of any picture with the same paintings. The encoder should be one that nothing was trained against; numbers of
two encoders do not compare.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from ppgan_lite.images import find_images, read_image, resize, short_side_to, write_image
from ppgan_lite.metrics.stylization import content_distance, style_distance
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.styles import catalogue

MEASURED_PX = 256  # short side of the measured pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--paintings", type=Path)
    parser.add_argument("--results", type=Path, nargs="*", default=[])
    parser.add_argument("--named", action="store_true")
    parser.add_argument("--encoder", default="small")
    parser.add_argument("--save", type=Path, help="write the painted pictures there")
    arguments = parser.parse_args()
    if not (arguments.photos and arguments.paintings):
        print("quality.py: needs --photos FOLDER and --paintings FOLDER; nothing measured", file=sys.stderr)
        return
    paddle = require_paddle()
    from ppgan_lite.inference.loading import load_stylizer
    from ppgan_lite.pretrained import load_encoder

    encoder = load_encoder(arguments.encoder)

    def features(image: np.ndarray) -> dict[str, np.ndarray]:
        with paddle.no_grad():
            found = encoder(paddle.to_tensor(image.transpose(2, 0, 1)[None].astype("float32") / 255))
        return {layer: tensor[0].numpy() for layer, tensor in found.items()}

    photos = {path.stem: read_image(path)[0] for path in find_images(arguments.photos)}
    paintings = {path.stem: read_image(path)[0] for path in find_images(arguments.paintings)}
    of_photos = {name: features(short_side_to(image, MEASURED_PX)) for name, image in photos.items()}
    of_paintings = {name: features(short_side_to(image, MEASURED_PX)) for name, image in paintings.items()}

    def save(name: str, picture: np.ndarray) -> np.ndarray:
        if arguments.save:
            write_image(arguments.save / f"{name}.png", picture, overwrite=True)
        return picture

    def painted(name: str, painting: str):
        predictor = load_stylizer(name)
        bound = predictor.with_style(paintings[painting]) if name == "any" else predictor
        for photo, image in photos.items():
            yield photo, painting, save(f"{photo}__{painting}", bound(image))

    def found_in(folder: Path):
        for path in find_images(folder):
            photo, _, painting = path.stem.partition("__")
            if photo in photos and painting in paintings:
                yield photo, painting, read_image(path)[0]

    def measure(name: str, results) -> None:
        """Print the medians of (photo, painting, picture), and how far the untouched photos are from the paintings."""
        measured = []
        for photo, painting, result in results:
            scale = MEASURED_PX / min(photos[photo].shape[:2])
            found = features(resize(result, *(round(side * scale) for side in photos[photo].shape[1::-1])))
            measured.append(
                (
                    style_distance(found, of_paintings[painting]),
                    content_distance(found, of_photos[photo]),
                    style_distance(of_photos[photo], of_paintings[painting]),
                )
            )
        style, content, untouched = np.median(measured, axis=0)
        print(f"{name:24}{len(measured):6}{style:8.3f}{content:9.3f}{untouched:11.3f}", flush=True)

    print(f"medians; encoder: {os.path.basename(arguments.encoder)}")
    print(f"{'':24}{'pairs':>6}{'style':>8}{'content':>9}{'untouched':>11}")
    if arguments.named:
        told: list[tuple[str, str]] = []
        for style in catalogue():
            painting = Path(style.training["style"][0]).stem
            if painting in paintings:
                measure(style.name, painted(style.name, painting))
                told.append((style.name, painting))
        for name, painting in told:
            measure(f"any: {name}", painted("any", painting))
    for folder in arguments.results:
        measure(folder.name, found_in(folder))
    if not (arguments.named or arguments.results):
        measure("any picture", (result for painting in paintings for result in painted("any", painting)))


if __name__ == "__main__":
    main()
