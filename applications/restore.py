"""Restore a degraded photo with the Python API: python applications/restore.py PHOTO RESULT [CHECKPOINT]

Without a CHECKPOINT, the one that ships is used.
"""

import sys

from ppgan_lite import load_translator
from ppgan_lite.errors import PpganError
from ppgan_lite.images import fitting_metadata, read_image, write_image
from ppgan_lite.restoration import restorer


def main(photo: str, result: str, checkpoint: str | None = None) -> None:
    image, metadata = read_image(photo)  # uint8 (height, width, 3) RGB, upright
    predictor = load_translator(checkpoint or restorer())
    restored = predictor(image)  # predictor.spec.scale times as high and as wide
    write_image(result, restored, fitting_metadata(metadata, restored))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except PpganError as error:
        sys.exit(f"error: {error}")
