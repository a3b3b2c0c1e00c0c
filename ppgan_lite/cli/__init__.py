"""The command line: parse, call, print. Slow imports happen only inside a verb.

Exit codes: 0 done, 1 failed, 2 bad usage or config, 130 interrupted.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from ppgan_lite import __version__
from ppgan_lite.cli.interrupts import raise_if_interrupted, recording_interrupts
from ppgan_lite.cli.language import language_option, localized, speaking_as_asked
from ppgan_lite.cli.terminal import PROGRAM, say, say_error
from ppgan_lite.errors import PpganError
from ppgan_lite.languages.terminal import in_words
from ppgan_lite.runtime.interrupts import INTERRUPTED
from ppgan_lite.runtime.startup import hide_needless_warnings
from ppgan_lite.runtime.streams import losing_messages, open_closed_streams

_LIMIT_S = 2.0

# Verb -> "module:function". A verb's module is imported when the verb runs, or for help about all of them.
VERBS = {
    "stylize": "ppgan_lite.cli.painting:stylize",
    "translate": "ppgan_lite.cli.painting:translate",
    "restore": "ppgan_lite.cli.painting:restore",
    "video": "ppgan_lite.cli.video:video",
    "webcam": "ppgan_lite.cli.webcam:webcam",
    "again": "ppgan_lite.cli.again:again",
    "styles": "ppgan_lite.cli.styles:styles",
    "sheet": "ppgan_lite.cli.sheet:sheet",
    "serve": "ppgan_lite.cli.serving:serve",
    "gui": "ppgan_lite.cli.gui:gui",
    "learn": "ppgan_lite.cli.learning:learn",
    "train": "ppgan_lite.cli.training:train",
    "configs": "ppgan_lite.cli.training:configs",
    "board": "ppgan_lite.cli.training:board",
    "report": "ppgan_lite.cli.reporting:report",
    "evaluate": "ppgan_lite.cli.evaluation:evaluate",
    "doctor": "ppgan_lite.cli.training:doctor",
    "degrade": "ppgan_lite.cli.data:degrade",
    "inspect": "ppgan_lite.cli.checkpoints:inspect",
    "convert": "ppgan_lite.cli.checkpoints:convert",
    "export": "ppgan_lite.cli.checkpoints:export",
    "models": "ppgan_lite.cli.models:models",
    "fetch": "ppgan_lite.cli.models:fetch",
}


class _Commands(click.Group):
    """The verbs; an error is printed as one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in VERBS:
            from ppgan_lite.tables import did_you_mean

            ctx.fail(in_words(f"No such command {cmd_name!r}. {did_you_mean(cmd_name, VERBS)}".strip()))
        module, _, function = VERBS[cmd_name].partition(":")
        command = localized(getattr(importlib.import_module(module), function))
        if f"_{PROGRAM.upper()}_COMPLETE" in os.environ:  # a shell asks
            from ppgan_lite.cli.completion import completed

            return completed(command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:  # whoever read the output is gone, such as `head`: click ends with 1, without a word
            raise
        except Exception as error:  # noqa: BLE001 - the last place that can print an error as one line
            raise_if_interrupted(error)
            if ctx.params["debug"]:
                import traceback

                traceback.print_exc()
            say_error(error)
            ctx.exit(error.exit_code if isinstance(error, PpganError) else 1)


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, envvar="PADDLEGAN_DEBUG", help="Show where an error comes from.")
@language_option
@click.version_option(__version__)
@click.pass_context
def commands(ctx: click.Context, debug: bool) -> None:
    """Turn photographs into paintings, and images of one kind into another, with PaddlePaddle."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, `sys.argv` if no arguments are given, and return the exit code."""
    open_closed_streams()
    hide_needless_warnings()
    with losing_messages(), speaking_as_asked(arguments):
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    try:
        with recording_interrupts():
            return localized(commands).main(arguments, prog_name=PROGRAM, standalone_mode=False) or 0
    except OSError as error:  # help and the like; a broken pipe ends the process, as click has it
        say_error(error)
        return 1
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = in_words(f" (see `{context.command_path} --help`)") if context else ""
        say(f"{PROGRAM}: error: {error.format_message()}{hint}")
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say(f"{PROGRAM}: interrupted")
        return INTERRUPTED


def run() -> NoReturn:
    """Run `main` and end the process with its exit code.

    Threads and exit handlers of other packages finish as usual; then the process ends without tearing down Python and
    the engines, which would take a tenth of the time of a whole `paddlegan stylize`. After an interruption they have
    two seconds: a thread may wait for a pipe that nobody writes.
    """
    code = 1

    def exit_at_once() -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):  # a full disk, a closed pipe
                stream.flush()
        os._exit(code)

    atexit.register(exit_at_once)  # registered first, called last
    code = main()
    if code == INTERRUPTED:
        limit = threading.Timer(_LIMIT_S, exit_at_once)
        limit.daemon = True
        limit.start()
    sys.exit(code)
