"""Measure results against their photos and paintings: style distance and content distance, medians over all pairs.

    python benchmarks/quality.py --photos FOLDER --paintings FOLDER [--results FOLDER ...] [--encoder FILE|small|vgg19]

Paints every photo in the manner of every painting (the painter of any picture) and measures; with --results it measures
the pictures of those folders instead, named PHOTO__PAINTING.png, whatever program made them. The encoder should be one
that nothing was trained against; numbers of two encoders do not compare.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from ppgan_lite.images import find_images, read_image, resize, short_side_to, write_image
from ppgan_lite.inference.device import require_paddle
from ppgan_lite.metrics.stylization import content_distance, style_distance

MEASURED_PX = 256  # short side of what is measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--paintings", type=Path)
    parser.add_argument("--results", type=Path, nargs="*", default=[])
    parser.add_argument("--encoder", default="small")
    parser.add_argument("--save", type=Path, help="write the painted pictures there")
    arguments = parser.parse_args()
    if not (arguments.photos and arguments.paintings):
        print("quality.py: needs --photos FOLDER and --paintings FOLDER; nothing measured", file=sys.stderr)
        return
    paddle = require_paddle()
    from ppgan_lite.inference.predictor import load_predictor
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

    def results(folder: Path | None):
        if folder is None:
            any_style = load_predictor("any")
            for painting_name, painting in paintings.items():
                bound = any_style.with_style(painting)
                for photo_name, photo in photos.items():
                    result = bound(photo)
                    if arguments.save:
                        write_image(arguments.save / f"{photo_name}__{painting_name}.png", result, overwrite=True)
                    yield photo_name, painting_name, result
        else:
            for path in find_images(folder):
                photo_name, _, painting_name = path.stem.partition("__")
                if photo_name in photos and painting_name in paintings:
                    yield photo_name, painting_name, read_image(path)[0]

    untouched = [style_distance(of_photos[a], of_paintings[b]) for a in photos for b in paintings]
    print(f"{'':24}{'pairs':>6}{'style':>8}{'content':>9}   (medians; encoder: {os.path.basename(arguments.encoder)})")
    print(f"{'the photos untouched':24}{len(untouched):6}{np.median(untouched):8.3f}{0:9.3f}")
    for folder in arguments.results or [None]:
        measured = []
        for photo_name, painting_name, result in results(folder):
            photo = photos[photo_name]
            scale = MEASURED_PX / min(photo.shape[:2])
            size = round(photo.shape[1] * scale), round(photo.shape[0] * scale)
            found = features(resize(result, *size))
            measured.append(
                (style_distance(found, of_paintings[painting_name]), content_distance(found, of_photos[photo_name]))
            )
        style, content = np.median(measured, axis=0)
        print(f"{folder.name if folder else 'painter of any picture':24}{len(measured):6}{style:8.3f}{content:9.3f}")


if __name__ == "__main__":
    main()
