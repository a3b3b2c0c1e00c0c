"""Translate an image with the Python API: python applications/translate.py IMAGE CHECKPOINT RESULT [DIRECTION]

CHECKPOINT comes from a CycleGAN or pix2pix training; DIRECTION is one of its predictors, a_to_b or b_to_a.
"""

import sys

from ppgan_lite import load_translator
from ppgan_lite.errors import PpganError
from ppgan_lite.images import read_image, write_image


def main(source: str, checkpoint: str, result: str, direction: str | None = None) -> None:
    image, metadata = read_image(source)  # uint8 (height, width, 3) RGB, upright
    predictor = load_translator(checkpoint, predictor=direction)  # the first one if no direction is given
    translated = predictor(image)  # the same shape; large images are done in tiles
    write_image(result, translated, metadata)  # profile, alpha and EXIF come along


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except PpganError as error:
        sys.exit(f"error: {error}")
