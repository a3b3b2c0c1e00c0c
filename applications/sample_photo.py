"""Write a sample photo that scikit-image ships: python applications/sample_photo.py FILE [astronaut|coffee|chelsea]"""

import sys

from skimage import data

from ppgan_lite.images import write_image

# Only these come with the package: scikit-image downloads its others. chelsea is the cat.
PHOTOS = {"astronaut": data.astronaut, "coffee": data.coffee, "chelsea": data.chelsea}


def main(file: str, name: str = "astronaut") -> None:
    write_image(file, PHOTOS[name](), overwrite=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or (len(sys.argv) == 3 and sys.argv[2] not in PHOTOS):
        sys.exit(__doc__)
    main(*sys.argv[1:])
