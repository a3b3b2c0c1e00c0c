"""How long painting takes with each engine, and how far its picture is from eager Paddle's.

    python benchmarks/stylize_speed.py [--px 512 1024] [--styles starry_night wheat_field any] [--runs 7] [--json]

Medians of so many runs after one to warm up, model already loaded; engines take turns, so that a busy moment hits all
of them. "any" paints in the manner of a picture. Differences are in steps of 1/255.
"""

import argparse
import json
import statistics
import time

from skimage import data

from ppgan_lite.errors import PpganError
from ppgan_lite.images import resize
from ppgan_lite.inference.engines import ENGINES, agreement
from ppgan_lite.inference.predictor import load_predictor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--px", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--styles", nargs="+", default=["wheat_field", "starry_night", "any"])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = []
    for style in arguments.styles:
        painters = {}
        for engine in ENGINES:
            try:
                painter = load_predictor(style, engine=engine)
            except PpganError as error:
                print(f"{style}, {engine}: {error}")
                continue
            painters[engine] = painter if painter.spec.inputs == ("photo",) else painter.with_style(data.coffee())
        for px in arguments.px:
            photo = resize(data.astronaut(), px, px)
            pictures = {engine: painter(photo) for engine, painter in painters.items()}
            seconds: dict[str, list[float]] = {engine: [] for engine in painters}
            for _ in range(arguments.runs):
                for engine, painter in painters.items():
                    started = time.perf_counter()
                    painter(photo)
                    seconds[engine].append(time.perf_counter() - started)
            for engine, painter in painters.items():
                difference = agreement(pictures[engine], pictures["paddle"])
                row = {
                    "style": style,
                    "px": px,
                    "engine": painter.engine,
                    "seconds": statistics.median(seconds[engine]),
                }
                row["times_as_fast"] = statistics.median(seconds["paddle"]) / row["seconds"]
                rows.append({**row, "mean": difference.mean, "high": difference.high, "largest": difference.largest})
    if arguments.json:
        print(json.dumps(rows))
        return
    print(f"{'style':14}{'px':>6}  {'engine':22}{'seconds':>8}{'faster':>8}   mean  99.9%  largest")
    for row in rows:
        print(
            f"{row['style']:14}{row['px']:6}  {row['engine']:22}{row['seconds']:8.3f}{row['times_as_fast']:7.1f}x"
            f"{row['mean']:7.3f}{row['high']:7.1f}{row['largest']:9.0f}"
        )


if __name__ == "__main__":
    main()
