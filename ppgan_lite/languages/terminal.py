"""The texts of the command line, in the language of the process.

The code is written in English. Another language is a package `terminal_LANGUAGE` of three tables, whose keys are the
English texts: `HELP`, `MESSAGES` and `CLICK`. In the keys of `MESSAGES`, {} stands for anything. `ERRORS` has words for
codes of errors that the window puts otherwise, `ERROR` how the parts of an error are joined, and `JOINED` messages that
are translated only if each of their parts is. What a table lacks is said in English. Log files and JSON are always
English.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType

from ppgan_lite.errors import ConfigError, PpganError, printable
from ppgan_lite.languages.texts import LANGUAGE_NAMES, TEXTS

LANGUAGES = tuple(LANGUAGE_NAMES)
_ENGLISH = "en"
_language = _ENGLISH  # of the process: it says everything in one


def language() -> str:
    """Return the language that is spoken."""
    return _language


@contextlib.contextmanager
def speaking(chosen: str) -> Iterator[None]:
    """Speak a language during a block."""
    global _language
    before, _language = _language, chosen
    try:
        yield
    finally:
        _language = before


def system_language() -> str:
    """Return the language of the system, as gettext finds it; English where the program does not speak that."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    if not locale and sys.platform == "win32":
        import ctypes
        from locale import windows_locale

        locale = windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    if not locale or re.split(r"[._@]", locale)[0] in ("C", "POSIX"):
        return _ENGLISH
    for name in (os.environ.get("LANGUAGE") or locale).split(":"):
        if (known := re.split(r"[-._@]", name)[0].lower()) in LANGUAGES:
            return known
    return _ENGLISH


def help_in_words(text: str) -> str:
    """Return a help text in the language that is spoken."""
    return _table("HELP").get(normalized(text), text)


def click_in_words(text: str) -> str:
    """Return a text of click, which parses the command line, in the language that is spoken."""
    return _table("CLICK").get(text, text)


def normalized(text: str) -> str:
    """Return a help text with its paragraphs in one line each, as the tables have it."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip()))


def in_words(text: str) -> str:
    """Return a message in the language that is spoken."""
    return text if _language == _ENGLISH else _translated(text) or text


def with_options(text: str) -> str:
    """Return an error's text with the option of the command line where it names the argument of a function."""
    return text.replace("overwrite=True", "--overwrite")


def error_in_words(error: PpganError) -> str:
    """Return an error in the language that is spoken, each line of it whole, or else in English."""
    faults = error.faults if isinstance(error, ConfigError) else ()
    if _language == _ENGLISH or ("\n" in str(error) and not faults):
        return with_options(str(error))
    return "\n".join([_line_in_words(error), *(f"  {error_in_words(fault)}" for fault in faults)])


def _line_in_words(error: PpganError) -> str:
    """Return the first line of an error."""
    where = printable(error.where)
    words = _table("ERRORS").get(error.code) or TEXTS[_language][f"error_{error.code}"]
    if "{line}" not in words:
        return words.format(where=where, **error.values)
    parts = [error.found, error.expected, error.remedy]
    told = [_translated(part) if part else "" for part in parts]
    if None in told:
        return with_options(str(error).partition("\n")[0])
    forms = _tables(_language).ERROR
    return with_options(printable("".join(form.format(part) for form, part in zip(forms, [where, *told]) if part)))


def record_in_words(record: logging.LogRecord) -> str:
    """Return a line of the log in the language that is spoken."""
    template = _table("MESSAGES").get(record.msg) if isinstance(record.msg, str) else None
    if template is None:
        return in_words(record.getMessage())
    arguments = record.args if isinstance(record.args, tuple) else ()
    return template % tuple(in_words(value) if isinstance(value, str) else value for value in arguments)


def _table(name: str) -> Mapping[str, str]:
    return {} if _language == _ENGLISH else getattr(_tables(_language), name)


@functools.cache
def _tables(chosen: str) -> ModuleType:
    return importlib.import_module(f"ppgan_lite.languages.terminal_{chosen}")


def _translated(text: str) -> str | None:
    """Return a message translated; None if the table lacks it.

    What is no word stays: a number, a quote, suffixes of files.
    """
    if not re.search("[A-Za-z]", re.sub(r"'[^']*'|(?<!\S)\.\w+(?!\S)", "", text)):
        return text
    if (found := _table("MESSAGES").get(text)) is not None:
        return found
    for start, pattern, key in _patterns(_language):
        if text.startswith(start) and (match := re.fullmatch(pattern, text, re.DOTALL)):
            joined = key in _tables(_language).JOINED
            # A single word may be a name, such as that of a folder.
            parts = [_translated(part) if joined or " " in part else None for part in match.groups()]
            if None in parts and joined:
                continue
            told = [part if found is None else found for found, part in zip(parts, match.groups())]
            return _table("MESSAGES")[key].format(*told)
    return None


@functools.cache
def _patterns(chosen: str) -> list[tuple[str, str, str]]:
    """Return (beginning, regular expression, key) of each message with places to fill, the most exact first."""
    keys = [key for key in _tables(chosen).MESSAGES if "{}" in key and re.search("[A-Za-z]|^  ", key)]
    keys.sort(key=lambda key: len(key.replace("{}", "")), reverse=True)
    return [(key.partition("{}")[0], re.escape(key).replace(r"\{\}", "(.+?)"), key) for key in keys]
