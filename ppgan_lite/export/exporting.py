"""One export from beginning to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ppgan_lite.errors import UsageError
from ppgan_lite.export.folder import CARD, README, check_folder, whole_folder
from ppgan_lite.export.programs import FORMATS, check_packages
from ppgan_lite.export.subject import Wanted, choose_subject
from ppgan_lite.runtime.device import choose_device


def export(source: str | Path, folder: str | Path, wanted: Wanted, *, overwrite: bool = False) -> dict[str, Any]:
    """Write a checkpoint's net as files that other programs run, prove them, and describe them.

    Args:
        source: The name of a style that ships, "any", or any readable file of weights.
        folder: Is made, whole or not at all.
        wanted: Which net, and how.
        overwrite: Whether an earlier export in `folder` may be replaced.

    Returns:
        The card: what card.json holds.

    Raises:
        UsageError: There is no such file or predictor, a setting does not fit the net, or the folder exists.
        CheckpointError: The file cannot be read or its net used.
        MissingDependencyError: A package that makes or proves the format is not installed.
        EngineError: The net cannot be written in the format.
        ExportError: The export differs from its net, or cannot be written.
    """
    folder = Path(folder)
    if wanted.format not in FORMATS:
        raise UsageError("--format", f"{wanted.format!r} is not known", f"one of {', '.join(FORMATS)}")
    used = FORMATS[wanted.format]
    check_folder(folder, overwrite=overwrite)
    choose_device("cpu")  # a GPU rounds in another way than the processor that the export is proved on
    check_packages(used)
    from ppgan_lite.export.card import card_of, labels_of, readme_of
    from ppgan_lite.export.proof import prove
    from ppgan_lite.export.whole import HalfStored

    subject = choose_subject(source, wanted)
    layer = subject.whole()
    if wanted.half:
        layer = HalfStored(layer)
        layer.eval()
    with whole_folder(folder) as place:
        files = used.write(layer, subject.inputs, place / subject.name, labels_of(subject))
        proof = prove(subject, used.load(files), half=wanted.half)
        card = card_of(subject, wanted, files, proof)
        (place / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        (place / README).write_text(readme_of(card), encoding="utf-8")
    return card
