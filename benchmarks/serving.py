"""Load test of `paddlegan serve`: many clients, none lost, and how long each waits.

    python benchmarks/serving.py [--requests 500] [--clients 16] [--px 512] [--workers 2] [--queue 16]

Starts the service on a free port of this machine, asks it by so many clients at the same time, each with a connection
of its own and photo after photo, and ends it by SIGTERM. A client that is refused (429) comes again when the service
says. Exit code 1 if a photo was not painted.
"""

import argparse
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

import httpx
import psutil
from measuring import add_arguments, report

from ppgan_lite.images import SAMPLE_PHOTO, encode_image, read_image, resize


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--px", type=int, default=512, help="side of the photo")
    parser.add_argument("--styles", default="starry_night,great_wave", help="asked for in turn")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queue", type=int, default=16)
    arguments = parser.parse_args()
    photo = encode_image(PurePath("photo.jpg"), resize(read_image(SAMPLE_PHOTO)[0], arguments.px, arguments.px))
    styles = arguments.styles.split(",")
    options = ["--styles", arguments.styles, "--workers", str(arguments.workers), "--queue", str(arguments.queue)]
    options += ["--timeout", "600"]  # on a slow machine photos are late and not lost
    with running(options) as (address, process):
        for style in styles:
            ask(httpx.Client(timeout=120), address, photo, style)  # loads it
        seconds, answers, took = load(address, photo, styles, arguments.requests, arguments.clients)
        memory = psutil.Process(process.pid).memory_info().rss
    painted = answers[200]
    row = {
        "what": f"{arguments.requests} photos of {arguments.px} px from {arguments.clients} clients",
        "who": f"ppgan_lite, {arguments.workers} workers",
        "median_s": statistics.median(seconds),
        "p95_s": sorted(seconds)[int(0.95 * (len(seconds) - 1))],
        "slowest_s": max(seconds),
        "photos_per_s": painted / took,
        "painted": painted,
        "refused_at_first": answers[429],
        "lost": arguments.requests - painted,
        "memory_mb": round(memory / 1e6),
        "exit_code": process.returncode,
    }
    report("serving", [row], arguments.json, distributions=("fastapi", "uvicorn"))
    return 1 if row["lost"] or row["exit_code"] else 0


@contextmanager
def running(options: list[str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the service during a block; yields its address and its process, and ends it by SIGTERM."""
    command = [sys.executable, "-m", "ppgan_lite", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            address = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+", line)))
            log = threading.Thread(target=process.stderr.read)
            log.start()
            yield address, process
            process.send_signal(signal.SIGTERM)
            process.wait(120)
            log.join()
        finally:
            process.kill()


def ask(client: httpx.Client, address: str, photo: bytes, style: str) -> httpx.Response:
    """Have one photo painted."""
    return client.post(f"{address}/stylize", data={"style": style}, files={"photo": ("photo.jpg", photo)})


def load(
    address: str, photo: bytes, styles: list[str], requests: int, clients: int
) -> tuple[list[float], Counter[int], float]:
    """Ask for photos from several threads; returns the seconds of each, the answers by status, and all seconds."""
    seconds: list[float] = []
    answers: Counter[int] = Counter()
    numbers = iter(range(requests))
    lock = threading.Lock()

    def be_client() -> None:
        with httpx.Client(timeout=300) as client:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                began = time.perf_counter()
                while True:
                    answer = ask(client, address, photo, styles[number % len(styles)])
                    with lock:
                        answers[answer.status_code] += 1
                    if answer.status_code != 429:
                        break
                    time.sleep(int(answer.headers["retry-after"]))
                with lock:
                    seconds.append(time.perf_counter() - began)

    threads = [threading.Thread(target=be_client) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds, answers, time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
