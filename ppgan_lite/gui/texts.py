"""Texts of the window in the languages that have a file in `languages`."""

from __future__ import annotations

import importlib
import pkgutil
import re

from ppgan_lite.gui import languages

_MODULES = {
    module.name: importlib.import_module(f"{languages.__name__}.{module.name}")
    for module in pkgutil.iter_modules(languages.__path__)
}
# Language -> key -> text.
TEXTS: dict[str, dict[str, str]] = {language: module.TEXTS for language, module in _MODULES.items()}
# Language -> its name in itself.
LANGUAGE_NAMES: dict[str, str] = {language: module.NAME for language, module in _MODULES.items()}
# Language -> file of Qt's own texts; None where Qt speaks it already.
QT_TRANSLATIONS: dict[str, str | None] = {language: module.QT_TRANSLATION for language, module in _MODULES.items()}


def text(key: str, language: str, **values: object) -> str:
    """Return a text in a language, its {placeholders} filled in."""
    return TEXTS[language][key].format(**values)


def has_text(key: str) -> bool:
    """Return whether there is a text of this key."""
    return key in TEXTS["en"]


def in_language(words: dict[str, str], language: str) -> str:
    """Return that of several texts which is in a language; the English one where none is."""
    return words.get(language) or words.get("en", "")


def plain(label: str) -> str:
    """Return a menu's text without the mark of its access key."""
    return re.sub(r"\(&\w\)|&", "", label)
