"""The columns of a terminal that a text takes: a Chinese character takes two."""

from __future__ import annotations

import re

# A word, which stays whole, or a wide character. Punctuation that closes stays with what is before it. Compiled when it
# is needed: that takes a twentieth of an English --help.
_PIECE = r"[\u2e80-\uffef][，。、；：？！）】」”]*|[^\s\u2e80-\uffef]+[，。、；：？！）】」”]*|\s+"


def width(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    import unicodedata  # not for English

    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def padded(text: str, columns: int) -> str:
    """Return a text with spaces after it, up to a number of columns."""
    return text + " " * max(0, columns - width(text))


def wrapped(text: str, columns: int) -> list[str]:
    """Return a text as lines of at most so many columns, unless a word is longer."""
    lines = [""]
    for piece in re.findall(_PIECE, text):
        if not piece.strip():
            lines[-1] += " " if lines[-1] else ""
        elif lines[-1] and width(lines[-1] + piece) > columns:
            lines[-1] = lines[-1].rstrip()
            lines.append(piece)
        else:
            lines[-1] += piece
    return [line.rstrip() for line in lines]
