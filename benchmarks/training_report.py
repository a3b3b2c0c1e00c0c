"""Time a renewal of a training's report: of a short run and of a long one.

python benchmarks/training_report.py [--runs 7] [--json FILE]

The metrics are made up: the eight losses of a CycleGAN, a validation every 10 lines. The previews are 256 px, four
samples of six pictures. A renewal is what happens at a validation: the lines are in memory already, and the newest
preview is read.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from pathlib import Path

import numpy as np
from measuring import add_arguments, alternate, report

from ppgan_lite.config import load_config
from ppgan_lite.images import SAMPLE_PHOTO, read_image, resize
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.training.previews import draw_preview
from ppgan_lite.training.report.reporter import Reporter

LINES = (200, 5000, 25000)
LOSSES = ("adversarial_ab", "adversarial_ba", "cycle_a", "cycle_b", "identity_a", "identity_b")
LOSSES += ("discriminator_a", "discriminator_b")
METRICS = ("cycle_l1", "style", "content", "style_and_content")
COLUMNS = ("a", "fake_b", "cycle_a", "b", "fake_a", "cycle_b")
PREVIEWS, PX = 20, 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    arguments = parser.parse_args()
    require_paddle()
    config = load_config("cyclegan_photo2monet").as_dict()
    with tempfile.TemporaryDirectory() as folder:
        writers = {f"{lines} lines": writer(Path(folder, str(lines)), config, lines) for lines in LINES}
        numbers = itertools.count(PREVIEWS)

        def renew(run: Path, reporter: Reporter) -> None:
            # A preview that was not read before, as at every renewal.
            newest = run / f"previews/{next(numbers):07d}.png"
            newest.symlink_to(run / "previews/0000001.png")
            reporter.renew("running")

        work = {name: lambda pair=pair: renew(*pair) for name, pair in writers.items()}
        times = alternate(work, arguments.runs, warmup=12)
        rows = [
            {
                "what": "renewal of the report",
                "who": name,
                "median_s": float(np.median(times[name])),
                "slowest_s": max(times[name]),
                "page_mb": round((run / "report.html").stat().st_size / 1e6, 2),
                "runs": len(times[name]),
            }
            for name, (run, _) in writers.items()
        ]
    report("training_report", rows, arguments.json)


def writer(run: Path, config: dict, lines: int) -> tuple[Path, Reporter]:
    """Make the folder of a run; return it with the writer of its report."""
    (run / "previews").mkdir(parents=True)
    rng = np.random.default_rng(0)
    fall = np.exp(-np.arange(lines) / lines * 3)
    with (run / "metrics.jsonl").open("w", encoding="utf-8") as file:
        for number in range(lines):
            iteration = 50 * (number + 1)
            losses = {name: float(fall[number] + rng.normal(0, 0.1)) for name in LOSSES}
            line = {"iteration": iteration, "losses": losses, "lr": {"generators": 2e-4, "discriminators": 2e-4}}
            file.write(json.dumps({**line, "seconds": 100.0 * number, "data_share": 0.01}) + "\n")
            if number % 10 == 9:
                found = {name: float(fall[number] + rng.normal(0, 0.05)) for name in METRICS}
                file.write(json.dumps({"iteration": iteration, "validation": found, "seconds": 100.0 * number}) + "\n")
    photo = resize(read_image(SAMPLE_PHOTO)[0], PX, PX)
    picture = photo.transpose(2, 0, 1)[None].astype(np.float32) / 255
    sheet = draw_preview([dict.fromkeys(COLUMNS, picture)] * 4).encode()
    for number in range(PREVIEWS):
        (run / f"previews/{number:07d}.png").write_bytes(sheet)
    return run, Reporter(run, config)


if __name__ == "__main__":
    main()
