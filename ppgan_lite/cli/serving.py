"""The verb for the service."""

from __future__ import annotations

from pathlib import Path

import click

from ppgan_lite.cli.predictors import print_predictor
from ppgan_lite.cli.terminal import check_finite, device_option, engine_option, say
from ppgan_lite.errors import missing_extra


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--styles", metavar="A,B", default="", help="Names of the styles to offer. Default: all.")
@click.option(
    "--checkpoints",
    metavar="FILE,FILE",
    default="",
    help="Checkpoints to offer as well: they paint, translate or restore.",
)
@click.option(
    "--max-mb",
    type=click.FloatRange(0, min_open=True),
    default=32.0,
    show_default=True,
    callback=check_finite,
    help="Largest upload.",
)
@click.option(
    "--max-megapixels",
    type=click.FloatRange(0, 400, min_open=True),
    default=40.0,
    show_default=True,
    callback=check_finite,
    help="Largest photo.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Photos processed at a time.")
@click.option(
    "--queue",
    type=click.IntRange(0, 10_000),
    default=16,
    show_default=True,
    help="Photos that may queue; more are refused with 429.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    callback=check_finite,
    metavar="SECONDS",
    help="For an upload, and again for queueing and processing.",
)
@device_option
@engine_option
def serve(
    host: str,
    port: int,
    styles: str,
    checkpoints: str,
    max_mb: float,
    max_megapixels: float,
    workers: int,
    queue: int,
    timeout: float,
    device: str,
    engine: str,
) -> None:
    """Serve photos over HTTP: an API, and a page for people.

    Ctrl-C or SIGTERM finishes the photos that were accepted, then exits.
    """
    try:
        import uvicorn  # noqa: F401 - the first of those that the extra brings

        from ppgan_lite.serving.app import create_app
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in ("", "ppgan_lite"):
            raise
        raise missing_extra("serve", package.replace("_", "-"), "serve") from error
    import logging

    from ppgan_lite.serving.predictors import Predictors
    from ppgan_lite.serving.served import find_served
    from ppgan_lite.serving.server import listen, make_server
    from ppgan_lite.serving.service import Limits

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # its start and end are told below
    served = find_served(_names(styles), [Path(name) for name in _names(checkpoints)])
    limits = Limits(round(max_mb * 1e6), round(max_megapixels * 1e6), queue, workers, timeout)
    predictors = Predictors(device, engine)
    listening = listen(host, port)
    first = predictors.get(served.styles[0].source)
    print_predictor(first)

    def started() -> None:
        address, number = listening.getsockname()[:2]
        place = f"[{address}]" if ":" in address else address
        styles = "1 style" if len(served.styles) == 1 else f"{len(served.styles)} styles"
        say(f"serving {styles} at http://{place}:{number} (Ctrl-C ends)")
        if address not in ("127.0.0.1", "::1"):
            say("whoever reaches this address may use it: there is no login (docs/serving.md)")

    server = make_server(create_app(served, predictors, limits), limits, started)
    server.run(sockets=[listening])
    if server.force_exit:  # by a second Ctrl-C
        raise KeyboardInterrupt


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
