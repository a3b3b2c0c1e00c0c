"""Texts that several parts of the program say, in the languages that have a file in this folder."""

from __future__ import annotations

from ppgan_lite.languages import en, zh

_MODULES = {"en": en, "zh": zh}
# Language -> key -> text.
TEXTS: dict[str, dict[str, str]] = {language: module.TEXTS for language, module in _MODULES.items()}
# Language -> its name in itself.
LANGUAGE_NAMES: dict[str, str] = {language: module.NAME for language, module in _MODULES.items()}
