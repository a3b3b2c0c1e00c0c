"""The verbs that prepare data: degrade."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ppgan_lite.cli.terminal import (
    CountBar,
    check_finite,
    describe,
    json_option,
    metadata_options,
    overwrite_option,
    print_json,
    say,
    say_error,
    table,
)
from ppgan_lite.errors import UsageError

if TYPE_CHECKING:
    from ppgan_lite.data.baselines import Baseline
    from ppgan_lite.data.degraded_folder import FolderReport
    from ppgan_lite.images import Kept


@click.command()
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@click.option(
    "--noise",
    type=click.FloatRange(0, 0.5),
    default=0.1,
    show_default=True,
    callback=check_finite,
    help="Fraction of the pixels set to black, and fraction set to white.",
)
@click.option(
    "--blur", type=click.IntRange(1, 999), default=20, show_default=True, metavar="PX", help="Side of the mean blur."
)
@click.option(
    "--step",
    "steps",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="Degrade like this instead, such as gaussian_noise:sigma=10, or sigma=5..25 at random. Repeatable, in order. "
    "See docs/degradations.md.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Seed of the noise.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes. Default: one per core.")
@click.option(
    "--cluster", metavar="ADDRESS|local", help="Let a Ray cluster do it, one worker per processor or --workers."
)
@click.option("--verify", is_flag=True, help="Degrade nothing: compare every file with the manifest.")
@click.option("--baselines", is_flag=True, help="Then measure PSNR and SSIM of classical filters on the results.")
@click.option(
    "--pairs", type=click.IntRange(0), default=100, show_default=True, metavar="N", help="For --baselines; 0: all."
)
@metadata_options
@overwrite_option
@json_option
@click.pass_context
def degrade(
    ctx: click.Context,
    source: str,
    target: str,
    noise: float,
    blur: int,
    steps: tuple[str, ...],
    seed: int,
    workers: int | None,
    cluster: str | None,
    verify: bool,
    baselines: bool,
    pairs: int,
    kept: Kept,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Degrade all pictures of a folder: salt-and-pepper noise, then a mean blur.

    DST gets the same folders and names, and a manifest: running the same command again makes only missing and changed
    pictures. A picture's noise depends only on its name and the seed.

    SRC - and DST - are one picture from standard input and its result on standard output.
    """
    given = {name for name in ctx.params if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT}
    chain = _chosen_chain(steps, noise, blur, given)
    if "-" in (source, target):
        _degrade_stream(source, target, chain, seed, kept, given)
        return
    if verify:
        wanted_chain = chain if given & {"noise", "blur", "steps"} else None
        _verify(ctx, source, target, wanted_chain, seed if "seed" in given else None, as_json)
        return
    settings = {"chain": chain, "seed": seed}
    options = {"kept": kept, "workers": workers, "cluster": cluster, "overwrite": overwrite}
    report = _degrade_folder(source, target, {**settings, **options}, as_json=as_json)
    found = None
    if baselines and (report.made or report.skipped):
        found = _measure_baselines(source, target, pairs, workers)
    if as_json:
        print_json({**settings, **_report_as_json(report), **(_baselines_as_json(*found) if found else {})})
    _print_report(report, target)
    if found:
        _print_baselines(*found)
    if report.errors:
        ctx.exit(1)


def _chosen_chain(steps: tuple[str, ...], noise: float, blur: int, given: set[str]) -> list[dict[str, Any]]:
    if not steps:
        return [{"name": "salt_and_pepper", "amount": noise}, {"name": "mean_blur", "size": blur}]
    if given & {"noise", "blur"}:
        raise UsageError("--step", "given together with --noise or --blur", "one or the other")
    return [_parse_step(step) for step in steps]


def _degrade_stream(
    source: str, target: str, chain: list[dict[str, Any]], seed: int, kept: Kept, given: set[str]
) -> None:
    """Degrade a picture from standard input to standard output."""
    import sys

    from ppgan_lite.data.degraded_picture import degrade_picture
    from ppgan_lite.degradations import resolve_chain
    from ppgan_lite.errors import ImageError
    from ppgan_lite.images.opening import buffered
    from ppgan_lite.runtime.streams import binary_output

    if source != target:
        raise UsageError("-", "is given for one of SRC and DST", "it for both, or two folders")
    refused = {
        "verify": "--verify",
        "baselines": "--baselines",
        "pairs": "--pairs",
        "workers": "--workers",
        "cluster": "--cluster",
    }
    refused |= {"overwrite": "--overwrite", "as_json": "--json"}
    if option := next((refused[name] for name in refused if name in given), None):
        raise UsageError(option, "is for folders", "two folders instead of -")
    if sys.stdin is None:
        raise ImageError("standard input", "is closed", "a picture")
    chain, where = resolve_chain(chain), "standard input"
    with binary_output() as stream:
        data = buffered(sys.stdin.buffer, where).read()
        stream.write(degrade_picture(data, where, chain, seed=seed, kept=kept))


def _degrade_folder(source: str, target: str, options: dict[str, Any], *, as_json: bool) -> FolderReport:
    """Degrade a folder with a progress bar; after an error or Ctrl-C, say how much is done."""
    from ppgan_lite.data.degraded_folder import FolderReport, degrade_folder

    report = FolderReport()
    with CountBar("picture") as bar:
        try:
            degrade_folder(source, target, **options, progress=bar, report=report)
        except BaseException as error:
            bar.close()
            if isinstance(error, KeyboardInterrupt):
                say(f"{bar.done} of {bar.total} pictures are done; the same command goes on from there")
            if as_json and (report.made or isinstance(error, KeyboardInterrupt)):
                print_json({"chain": options["chain"], "seed": options["seed"], **_report_as_json(report)})
            raise
    return report


def _verify(
    ctx: click.Context, source: str, target: str, chain: list[dict[str, Any]] | None, seed: int | None, as_json: bool
) -> None:
    from ppgan_lite.data.degraded_folder import verify_folder

    with CountBar("picture") as bar:
        differences = verify_folder(source, target, chain=chain, seed=seed, progress=bar)
    if as_json:
        print_json({"pictures": bar.total, "differences": differences})
    for difference in differences:
        say(difference)
    if differences:
        number = f"{len(differences)} difference{'s' if len(differences) > 1 else ''}"
        say(f"{target} is not what its manifest tells: {number}")
        ctx.exit(1)
    say(f"{target} is what its manifest tells: {bar.total} pictures")


def _parse_step(text: str) -> dict[str, Any]:
    """Parse a step of a chain: name:key=value,key=value; values are JSON, or ranges like 20..70."""
    name, _, arguments = text.partition(":")
    step: dict[str, Any] = {"name": name.strip()}
    for argument in filter(None, arguments.split(",")):
        key, equals, value = (part.strip() for part in argument.partition("="))
        if not equals or key in step:
            raise UsageError("--step", f"{argument!r} in {text!r}", "NAME:KEY=VALUE,... with each key once")
        lowest, dots, highest = value.partition("..")
        step[key] = {"between": [_parse_value(lowest), _parse_value(highest)]} if dots else _parse_value(value)
    return step


def _parse_value(text: str) -> Any:
    """Parse JSON; anything else is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _print_report(report: FolderReport, target: str) -> None:
    from ppgan_lite.images import told_left_out

    reasons: dict[str, int] = {}
    for why in report.made.values():
        reasons[why] = reasons.get(why, 0) + 1
    known = ", ".join(f"{number} {why}" for why, number in reasons.items())
    if report.made:
        say(f"{len(report.made)} pictures written to {target}" + (f" ({known})" if set(reasons) != {"new"} else ""))
    if report.skipped:
        say(f"{report.skipped} pictures were done already")
    if report.orphans:
        say(f"{len(report.orphans)} results have no source any more, such as that of {report.orphans[0]}")
    for error in report.errors.values():
        say_error(error)
    if report.left_out:
        say(f"left out: {told_left_out(report.left_out)}")
    if report.errors:
        total = len(report.errors) + len(report.made) + report.skipped
        say(f"{len(report.errors)} of {total} pictures failed")


def _report_as_json(report: FolderReport) -> dict[str, Any]:
    errors = [{"picture": name, "error": describe(error)} for name, error in report.errors.items()]
    left_out = {"left_out": dict(report.left_out)} if report.left_out else {}
    return {"made": report.made, "skipped": report.skipped, "orphans": report.orphans, "errors": errors, **left_out}


def _measure_baselines(source: str, target: str, pairs: int, workers: int | None) -> tuple[int, list[Baseline]]:
    """Return the number of pairs, and what each classical filter reaches on them."""
    from ppgan_lite.data.baselines import measure_baselines

    with CountBar("step") as bar:
        return measure_baselines(source, target, pairs=pairs, workers=workers, progress=bar)


def _baselines_as_json(count: int, measured: list[Baseline]) -> dict[str, Any]:
    rows = [
        {"filter": one.filter, **one.settings, "psnr": _finite_or_none(one.psnr), "ssim": one.ssim} for one in measured
    ]
    return {"pairs": count, "baselines": rows}


def _print_baselines(count: int, measured: list[Baseline]) -> None:
    say(f"means over {count} pictures; higher is nearer to the clean ones")
    rows = [(one.filter, f"{one.psnr:.2f}", f"{one.ssim:.4f}", _format_settings(one.settings)) for one in measured]
    say(table([("FILTER", "PSNR dB", "SSIM", "SETTINGS"), *rows]))


def _format_settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value:g}" for key, value in settings.items())


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
