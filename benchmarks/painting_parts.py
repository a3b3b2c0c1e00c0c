"""Say where the processor time of a painting goes: each subgraph of the net, and NumPy and OpenCV around them.

    python benchmarks/painting_parts.py [--styles wheat_field any] [--px 512 1024]

Milliseconds of all cores together, medians; they change less than time does while other programs run. A subgraph is
run alone, with the inputs that it has in the painting; the rest is what is left of the whole.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from measuring import add_arguments, report
from skimage import data

from ppgan_lite.images import resize
from ppgan_lite.inference.loading import load_stylizer

ANY = "any"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--styles", nargs="+", default=["wheat_field", ANY])
    parser.add_argument("--px", type=int, nargs="+", default=[512, 1024])
    arguments = parser.parse_args()
    rows = [row for style in arguments.styles for px in arguments.px for row in parts(style, px, arguments.runs)]
    report("painting_parts", rows, arguments.json)


def parts(style: str, px: int, runs: int) -> list[dict[str, Any]]:
    """Return a row for each part of painting a photo, and for the whole."""
    photo, given = resize(data.astronaut(), px, px), {"style": data.coffee()} if style == ANY else {}
    calls: list[tuple[str, Callable[..., Any], list[Any]]] = []
    painter = load_stylizer(style)
    engines = painter._engines  # nothing but this needs to tell them apart

    def noted(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        def call(*inputs: Any) -> Any:
            calls.append((name, run, [array.copy() for array in inputs]))
            return run(*inputs)

        return call

    whole = cpu_ms(lambda: painter(photo, **given), runs)
    for name, engine in engines.items():
        engine.run = noted(name, engine.run)  # type: ignore[method-assign]
    rebuilt = type(painter)(engines, painter.spec, painter._painter, name=style)
    rebuilt(photo, **given)
    calls.clear()  # what is done for a painting once is not part of a photo's time
    rebuilt(photo, **given)
    spent: dict[str, float] = {}
    for name, run, inputs in calls:
        spent[name] = spent.get(name, 0.0) + cpu_ms(lambda run=run, inputs=inputs: run(*inputs), runs)
    spent |= {"the rest": whole - sum(spent.values()), "all": whole}
    return [{"what": f"{style} {px} x {px}", "who": name, "cpu_ms": ms} for name, ms in spent.items()]


def cpu_ms(work: Callable[[], object], runs: int) -> float:
    """Return the processor time of some work, after it was done once."""
    found = []
    for turn in range(-1, runs):
        started = time.process_time()
        work()
        if turn >= 0:
            found.append((time.process_time() - started) * 1e3)
    return statistics.median(found)


if __name__ == "__main__":
    main()
