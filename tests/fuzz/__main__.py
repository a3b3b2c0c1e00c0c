"""Try many more damaged inputs than the usual tests do: `python tests/fuzz [--minutes 10] [--seed 1]`, or `make fuzz`.

Rounds follow one another, each with a seed of its own, until the time is over. A seed gives the same inputs again:
`python tests/fuzz --seed SEED --rounds 1`.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = 100  # inputs of a property of weight 1 in a round


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="after which no round begins")
    parser.add_argument("--seed", type=int, help="of the first round; the next ones follow")
    parser.add_argument("--rounds", type=int, help="instead of minutes")
    parser.add_argument("-k", metavar="NAMES", help="of the tests to run, as for pytest")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    began, tried, failed, rounds = time.monotonic(), 0, [], 0
    while rounds < options.rounds if options.rounds else time.monotonic() - began < 60 * options.minutes:
        print(f"seed {seed + rounds}", flush=True)
        inputs, is_right = run_round(seed + rounds, options.k)
        tried += inputs
        failed += [] if is_right else [seed + rounds]
        rounds += 1
    minutes = (time.monotonic() - began) / 60
    print(f"{tried:,} inputs in {rounds} rounds, {minutes:.1f} minutes; rounds with findings: {failed or 'none'}")
    return 1 if failed else 0


def run_round(seed: int, names: str | None) -> tuple[int, bool]:
    """Run all properties with a seed; return how many inputs were tried, and whether each property held."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:warnings", "-p", "no:cacheprovider", str(HERE)]
    command += [f"--hypothesis-seed={seed}", "--hypothesis-show-statistics", *(["-k", names] if names else [])]
    root = HERE.parents[1]
    environment = {**os.environ, "PPGAN_LITE_FUZZ": str(EXAMPLES), "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    counts = re.findall(r"(\d+) passing, (\d+) failing, and (\d+) invalid", done.stdout)
    if done.returncode:
        print(done.stdout.partition("Hypothesis Statistics")[0], done.stderr, sep="\n", flush=True)
    return sum(int(count) for triple in counts for count in triple), done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
