"""Paint a photo with the Python API: python applications/stylize.py PHOTO STYLE RESULT

STYLE is the name of a shipped style, the file of a painting, or a checkpoint.
"""

import sys

from ppgan_lite import load_stylizer
from ppgan_lite.errors import PpganError
from ppgan_lite.images import read_image, write_image


def main(photo: str, style: str, result: str) -> None:
    image, metadata = read_image(photo)  # uint8 (height, width, 3) RGB, upright
    predictor = load_stylizer(style)  # net, sizes and ranges come from the checkpoint
    painted = predictor(image, strength=1.0, keep_colors=False)  # the same shape
    write_image(result, painted, metadata)  # the photo's profile, alpha and EXIF come along


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except PpganError as error:
        sys.exit(f"error: {error}")
