"""Texts of the window, language by language."""

from __future__ import annotations

import re

from ppgan_lite.gui.languages import en, zh
from ppgan_lite.languages.texts import LANGUAGE_NAMES
from ppgan_lite.languages.texts import TEXTS as SHARED

__all__ = ["LANGUAGE_NAMES", "QT_TRANSLATIONS", "TEXTS", "has_text", "in_language", "plain", "text"]

_MODULES = {"en": en, "zh": zh}
# Language -> key -> text; those that the command line says too are in `ppgan_lite.languages`.
TEXTS: dict[str, dict[str, str]] = {
    language: {**module.TEXTS, **SHARED[language]} for language, module in _MODULES.items()
}
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
