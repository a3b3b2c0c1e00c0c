"""Time what looking for faces costs: `paddlegan stylize` as it is, against --faces 1, which does not look for any.

    python benchmarks/faces.py [--photos FOLDER] [--style wheat_field] [--px 512]

Whole commands, from their start to their end, with the graphs in the cache: one photo with a face, one without, and a
folder. Without --photos the folder holds the sample photo, as it is and mirrored, again and again.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from cold_start import command
from measuring import add_arguments, alternate, compare, installed_python, report

from ppgan_lite.images import SAMPLE_PHOTO, read_image, resize, write_image

IN_FOLDER = 24
WITHOUT = "faces 1"  # as it is called in the table: everything is compared with it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--style", default="wheat_field")
    parser.add_argument("--px", type=int, default=512)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        face = resize(read_image(SAMPLE_PHOTO)[0], arguments.px, arguments.px)
        write_image(f"{folder}/face.jpg", face)
        write_image(f"{folder}/none.jpg", np.ascontiguousarray(face[::-1]))  # nobody is found upside down
        photos = arguments.photos or Path(folder, "photos")
        for number in range(0 if arguments.photos else IN_FOLDER):
            write_image(photos / f"{number}.jpg", face if number % 2 else np.ascontiguousarray(face[:, ::-1]))
        rows, python = [], installed_python(f"{folder}/environment")
        for what, source in (("a face", f"{folder}/face.jpg"), ("no face", f"{folder}/none.jpg"), ("folder", photos)):
            line = [python, "-m", "ppgan_lite", "stylize", str(source), "--style", arguments.style]
            line += ["-o", f"{folder}/out/", "--overwrite"]
            work = {WITHOUT: command([*line, "--faces", "1"]), "default": command(line)}
            rows += compare(what, alternate(work, arguments.runs), against=WITHOUT)
    report("faces", rows, arguments.json)


if __name__ == "__main__":
    main()
