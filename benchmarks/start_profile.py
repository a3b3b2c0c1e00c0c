"""Say where the time of a start goes: `paddlegan stylize` with one photo, from the start of the process to its end.

    python benchmarks/start_profile.py [--px 512] [--style wheat_field] [-- OPTIONS of stylize, such as --faces 1]

Graphs are in the cache. Medians of milliseconds: when each step ends and how long it took; then the packages whose
imports take longest, by `python -X importtime` in one process, whose threads disturb each other.
"""

import argparse
import collections
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import add_arguments, installed_python, report

from ppgan_lite.images import SAMPLE_PHOTO, read_image, resize, write_image

# Runs in the process that is measured: notes when functions begin and end, and prints that as JSON at the end.
WATCHED = """
import importlib.abc, json, os, sys, time
began, WATCHED = float(os.environ["BEGAN"]), json.loads(os.environ["WATCHED"])
events = [("Python", began, time.monotonic())]

class Watch(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name in WATCHED:
            others = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
            spec = next(found for found in others if found)
            self.loaders[name], spec.loader = spec.loader, self
            return spec
    loaders = {}
    def create_module(self, spec):
        return self.loaders[spec.name].create_module(spec)
    def exec_module(self, module):
        self.loaders[module.__name__].exec_module(module)
        for step, place in WATCHED[module.__name__].items():
            holder = module
            *holders, last = place.split(".")
            for part in holders:
                holder = getattr(holder, part)
            setattr(holder, last, self.timed(step, vars(holder)[last]))
    def timed(self, step, function):
        def run(*arguments, **options):
            start = time.monotonic()
            try:
                return function(*arguments, **options)
            finally:
                events.append((step, start, time.monotonic()))
        return run

sys.meta_path.insert(0, Watch())
end = os._exit
def told(code):
    if "numpy" in sys.modules and os.getpid() == own:
        events.append(("all", began, time.monotonic()))
        print(json.dumps(events), flush=True)
    end(code)
own, os._exit = os.getpid(), told
import runpy
runpy.run_module("ppgan_lite", run_name="__main__")
"""
STEPS = {
    "ppgan_lite.cli": {"command line, all after its import": "main"},
    "ppgan_lite.inference.batch_planning": {"plan (NumPy, Pillow)": "plan_batch"},
    "ppgan_lite.inference.batch": {"read": "read_photo"},
    "ppgan_lite.inference.loading": {"load": "_load"},
    "ppgan_lite.inference.engines.openvino": {
        "graph": "OpenVinoEngine.load_cached",
        "compute": "OpenVinoEngine.run",
    },
    "ppgan_lite.inference.faces.ahead": {"wait for faces": "FacesAhead.faces"},
    "ppgan_lite.inference.faces.sparing": {"map of faces": "spare_faces"},
    "ppgan_lite.inference.stylization.stylizer": {"paint": "Stylizer.__call__"},
    "ppgan_lite.images.writing": {"write": "write_image"},
}
LONGEST = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--style", default="wheat_field")
    parser.add_argument("--px", type=int, default=512)
    parser.add_argument("options", nargs="*", metavar="OPTION", help="of stylize, after --")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "photo.jpg")
        write_image(photo, resize(read_image(SAMPLE_PHOTO)[0], arguments.px, arguments.px))
        painting = [str(photo), "--style", arguments.style, "-o", f"{folder}/painted.jpg", "--overwrite"]
        line = ["stylize", *painting, *arguments.options]
        python = installed_python(f"{folder}/environment")
        starts = [watched(python, line) for _ in range(arguments.runs + 1)][1:]
        imports = import_times(python, line)
    rows: list[dict[str, Any]] = []
    for step in dict.fromkeys(name for start in starts for name in start):
        ends, took = zip(*(start[step] for start in starts if step in start))
        rows.append({"what": step, "ends_at_ms": statistics.median(ends), "takes_ms": statistics.median(took)})
    rows += [{"what": f"import {name}", "takes_ms": took} for name, took in imports.most_common(LONGEST)]
    report("start_profile", rows, arguments.json)


def watched(python: str, line: list[str]) -> dict[str, tuple[float, float]]:
    """Return for each step of a start when it ended for the last time, and how long that took, in ms."""
    environment = {**os.environ, "WATCHED": json.dumps(STEPS), "BEGAN": str(time.monotonic())}
    command = [python, "-c", WATCHED, *line]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    events = json.loads(done.stdout.splitlines()[-1])
    began = float(environment["BEGAN"])
    return {
        step: ((end - began) * 1e3, (end - start) * 1e3)
        for step, start, end in sorted(events, key=lambda event: event[2])
    }


def import_times(python: str, line: list[str]) -> collections.Counter[str]:
    """Return package -> milliseconds of its own modules' imports."""
    command = [python, "-X", "importtime", "-m", "ppgan_lite", *line]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: collections.Counter[str] = collections.Counter()
    for text in done.stderr.splitlines():
        own, *_, module = text.removeprefix("import time:").split("|") if "|" in text else ("", "")
        if own.strip().isdigit():
            found[module.strip().partition(".")[0]] += int(own) / 1e3
    return found


if __name__ == "__main__":
    main()
