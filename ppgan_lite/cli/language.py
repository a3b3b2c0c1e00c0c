"""The language of the command line: which one, and click's help and errors in it."""

from __future__ import annotations

import contextlib
import copy
import gettext
import sys
from collections.abc import Iterable, Iterator, Sequence

import click

from ppgan_lite.languages.terminal import LANGUAGES, click_in_words, help_in_words, language, speaking, system_language
from ppgan_lite.languages.width import padded, width, wrapped

_OPTION = "--lang"
_MOST_COLUMNS = 30  # of the left column, as click has it

language_option = click.option(
    _OPTION,
    type=click.Choice(LANGUAGES),
    expose_value=False,  # `speaking_as_asked` has read it, before click says anything
    help="Language of help and messages. Default: the system's.",
)


@contextlib.contextmanager
def speaking_as_asked(arguments: Sequence[str] | None) -> Iterator[None]:
    """Speak the language of `--lang` during a block, or that of the system where stdout can show it.

    Args:
        arguments: Of the command line; `sys.argv` if there are none.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    system = system_language()
    with speaking(_asked(given) or (system if _can_show(system) else "en")), _click_speaks():
        yield


def localized(command: click.Command) -> click.Command:
    """Return a command that takes `--lang`, with its help in the language that is spoken."""
    command = copy.copy(command)
    command._help_option = None  # click keeps it, in the language of the first call
    if not any(_OPTION in parameter.opts for parameter in command.params):
        command.params = [*command.params, *language_option(click.Command("")).params]
    if language() == "en":
        return command
    command.context_class = _Context
    command.params = [_with_help(parameter) for parameter in command.params]
    if command.help is not None:
        command.help = help_in_words(command.help)
        first, stop, _ = command.help.partition("。")
        command.short_help = (first + stop).partition("\n")[0]
    return command


def _asked(arguments: Sequence[str]) -> str | None:
    """Return the language that arguments ask for."""
    for number, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if argument == "--":
            return None
        if name == _OPTION:
            value = value if equals else next(iter(arguments[number + 1 :]), "")
            return value if value in LANGUAGES else None
    return None


def _can_show(chosen: str) -> bool:
    """Return whether stdout can show a language; a terminal of another code page cannot show Chinese."""
    try:
        "中文".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return chosen == "en"
    return True


@contextlib.contextmanager
def _click_speaks() -> Iterator[None]:
    """Have click's own texts in the language that is spoken: it asks gettext, whose tables would be binary files."""
    if language() == "en":
        yield
        return
    before = gettext.dgettext, gettext.dngettext

    def one_text(domain: str, message: str) -> str:
        return click_in_words(message)

    def counted_text(domain: str, msgid1: str, msgid2: str, n: int) -> str:
        return click_in_words(msgid1 if n == 1 else msgid2)

    gettext.dgettext, gettext.dngettext = one_text, counted_text
    try:
        yield
    finally:
        gettext.dgettext, gettext.dngettext = before


def _with_help(parameter: click.Parameter) -> click.Parameter:
    parameter = copy.copy(parameter)
    if isinstance(parameter, click.Option) and parameter.help:
        parameter.help = help_in_words(parameter.help)
    return parameter


class _Formatter(click.HelpFormatter):
    """Wraps text by the columns that it takes: click counts a Chinese character as one."""

    def write_text(self, text: str) -> None:
        """Write paragraphs, indented."""
        indent = " " * self.current_indent
        columns = max(self.width - self.current_indent, 11)
        paragraphs = ["\n".join(indent + line for line in wrapped(part, columns)) for part in text.split("\n\n")]
        self.write("\n\n".join(paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = _MOST_COLUMNS, col_spacing: int = 2) -> None:
        """Write a list of terms and their texts in two columns."""
        rows, indent = list(rows), " " * self.current_indent
        left = min(max(width(first) for first, _ in rows), col_max) + col_spacing
        for first, second in rows:
            lines = wrapped(second, max(self.width - left - 2, 10))
            if width(first) > left - col_spacing:
                self.write(f"{indent}{first}\n")
                first = ""
            for line in lines:
                self.write(f"{indent}{padded(first, left)}{line}".rstrip() + "\n")
                first = ""


class _Context(click.Context):
    formatter_class = _Formatter
