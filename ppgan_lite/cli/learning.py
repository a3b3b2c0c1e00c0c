"""The verb that learns a painting."""

from __future__ import annotations

import _thread
import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from ppgan_lite.cli.terminal import PROGRAM, check_finite, say, say_above_bar
from ppgan_lite.errors import PpganError
from ppgan_lite.languages.terminal import in_words

Report = Callable[[dict[str, Any]], None]


@click.command()
@click.argument("painting")
@click.option("--name", metavar="NAME", help="Name of the style. Default: that of the file.")
@click.option("--photos", metavar="FOLDER", help="Photos to learn on. Default: some that ship.")
@click.option(
    "--minutes",
    type=click.FloatRange(0, 10_000, min_open=True),
    callback=check_finite,
    help="Minutes in all, those before a --resume included. [default: 6]",
)
@click.option(
    "--content",
    type=click.FloatRange(0, 10),
    callback=check_finite,
    metavar="F",
    help="More keeps faces whole, less gives bolder shapes. [default: 0.05]",
)
@click.option(
    "--scale",
    type=click.FloatRange(0.5, 2),
    callback=check_finite,
    metavar="F",
    help="Scale of the painting: 2 gives strokes twice as large. [default: 1]",
)
@click.option("--preview", metavar="PHOTO", help="The photo that previews show. Default: a portrait that ships.")
@click.option("--resume", is_flag=True, help="Go on with the style of that name, for the rest of its minutes or more.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|gpu:N", help="Device to compute on.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help='Print each event as a line of JSON on stdout. A line "stop" on stdin then does what Ctrl-C does.',
)
def learn(
    painting: str,
    name: str | None,
    photos: str | None,
    minutes: float | None,
    content: float | None,
    scale: float | None,
    preview: str | None,
    resume: bool,
    device: str,
    as_json: bool,
) -> None:
    """Learn a painting: make a style of your own of it, in minutes.

    The style is then used by its name, as those that ship are. Ctrl-C stops and keeps what is learned so far.
    """
    from ppgan_lite.learning import LearnInterrupted, Request
    from ppgan_lite.learning import learn as learn_painting

    request = Request(
        Path(painting),
        name=name,
        photos=None if photos is None else Path(photos),
        minutes=minutes,
        content=content,
        scale=scale,
        preview=None if preview is None else Path(preview),
        resume=resume,
        device=device,
    )
    with contextlib.ExitStack() as stack:
        report = _json_lines() if as_json else stack.enter_context(_bar())
        if as_json:
            _stop_on_request()
        try:
            style = learn_painting(request, report)
        except LearnInterrupted as stopped:
            if as_json and stopped.style is not None:
                report({"event": "kept", "name": stopped.style.name, "path": str(stopped.style.path)})
            raise
        except PpganError as error:
            if as_json:
                # With what a program needs that has words of its own for it.
                report({"event": "failed", "error": str(error), "code": error.code, "values": error.values})
            raise
        if as_json:
            report({"event": "done", "name": style.name, "path": str(style.path), "minutes": style.minutes})
    say(f"{style.name}: {style.path}")
    say(f"Paint with it: {PROGRAM} stylize PHOTO --style {style.name}")


def _json_lines() -> Report:
    """Return a function that prints events to stdout, each at once."""

    def report(event: dict[str, Any]) -> None:
        click.echo(json.dumps(event, default=str))  # in ASCII; flushes

    return report


@contextlib.contextmanager
def _bar() -> Iterator[Report]:
    """Show a bar of the minutes; yields a function that takes events."""
    from tqdm import tqdm

    form = "{percentage:3.0f}%|{bar}| {desc}"
    with contextlib.ExitStack() as stack:
        bars: list[Any] = []

        def report(event: dict[str, Any]) -> None:
            if event["event"] == "started":
                say(f"{event['name']}: {event['minutes']:g} minutes; Ctrl-C stops and keeps")
                bars.append(stack.enter_context(tqdm(total=60 * event["minutes"], bar_format=form)))
            elif event["event"] == "progress" and bars:
                left = round(event["seconds_left"])
                bars[0].set_description_str(in_words(f"{left // 60}:{left % 60:02d} left"), refresh=False)
                bars[0].update(min(event["seconds"], bars[0].total) - bars[0].n)
            elif event["event"] == "preview":
                say_above_bar(f"preview: {event['file']}")

        yield report


def _stop_on_request() -> None:
    """Have a line "stop" on stdin interrupt the main thread, for programs that cannot send Ctrl-C."""

    def read() -> None:
        with contextlib.suppress(Exception):  # a stream that is closed, or cannot be read
            for line in sys.stdin:
                if line.strip() == "stop":
                    _thread.interrupt_main()
                    return

    threading.Thread(target=read, name="stop", daemon=True).start()
