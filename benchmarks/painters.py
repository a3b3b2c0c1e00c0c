"""Paint the same photos by several painters: a sheet to look at, and the distances of benchmarks/quality.py.

    python benchmarks/painters.py --painting FILE --photos FILE ... --style NAME|FILE|RUN ... [--sheet SHEET.jpg]

The encoder that measures should be one that no painter was trained against.
"""

import argparse
from pathlib import Path

import numpy as np
from quality import features_of, measurable

from ppgan_lite.contact_sheet import Tile, draw_sheet
from ppgan_lite.images import read_image, short_side_to, write_image
from ppgan_lite.inference.loading import load_stylizer
from ppgan_lite.metrics.stylization import content_distance, style_distance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--painting", type=Path)
    parser.add_argument("--photos", type=Path, nargs="+")
    parser.add_argument("--style", action="append", help="a style, a checkpoint or a run; several times")
    parser.add_argument("--encoder", default="small")
    parser.add_argument("--px", type=int, default=512, help="short side of the photos")
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    if not (arguments.painting and arguments.photos and arguments.style):
        print("painters.py: needs --painting, --photos and --style; nothing measured")
        return
    features = features_of(arguments.encoder)
    painting = read_image(arguments.painting)[0]
    of_painting = features(measurable(painting))
    photos = {path.stem: short_side_to(read_image(path)[0], arguments.px) for path in arguments.photos}
    tiles = [Tile(photo, "photo", name) for name, photo in photos.items()]
    print(f"{'':24}{'style':>8}{'content':>9}")
    for style in arguments.style:
        paint = load_stylizer(style)
        distances = []
        for name, photo in photos.items():
            result = paint(photo)
            found = features(measurable(result))
            of_photo = features(measurable(photo))
            distances.append((style_distance(found, of_painting), content_distance(found, of_photo)))
            tiles.append(Tile(result, Path(style).stem, name))
        print(f"{Path(style).stem:24}{np.median(distances, axis=0)[0]:8.3f}{np.median(distances, axis=0)[1]:9.3f}")
    if arguments.sheet:
        write_image(arguments.sheet, draw_sheet(tiles, columns=len(photos)), overwrite=True, quality=75)


if __name__ == "__main__":
    main()
