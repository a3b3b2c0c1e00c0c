"""One export from beginning to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ppgan_lite.errors import UsageError
from ppgan_lite.export.folder import MODEL_CARD, README, atomic_folder, check_folder
from ppgan_lite.export.formats import FORMATS, check_packages, runtime_of
from ppgan_lite.export.plan import ExportOptions, plan_export
from ppgan_lite.runtime.device import choose_device
from ppgan_lite.runtime.startup import require_paddle

if TYPE_CHECKING:
    from ppgan_lite.export.model_card import ModelCard


def export(
    source: str | Path, folder: str | Path, options: ExportOptions | None = None, *, overwrite: bool = False
) -> ModelCard:
    """Write a checkpoint's net as files that other programs run, check them numerically, and describe them.

    Args:
        source: The name of a style that ships, "any", or any readable file of weights.
        folder: Is made, whole or not at all.
        options: The net, the format, the sizes.
        overwrite: Whether an earlier export in `folder` may be replaced.

    Returns:
        The model card, as it was written into the folder.

    Raises:
        UsageError: There is no such file or predictor, an option does not fit the net, or the folder exists.
        CheckpointError: The file cannot be read or its net used.
        MissingDependencyError: A package that writes or checks the format is not installed.
        EngineError: The net cannot be written in the format.
        ExportError: The export differs from its net, or cannot be written.
    """
    folder, options = Path(folder), options or ExportOptions()
    if options.format not in FORMATS:
        raise UsageError("--format", f"{options.format!r} is not known", f"one of {', '.join(FORMATS)}")
    used = FORMATS[options.format]
    check_folder(folder, overwrite=overwrite)
    choose_device("cpu")  # a GPU rounds in another way than the processor that runs the numerical check
    check_packages(used)
    require_paddle()
    from ppgan_lite.export.end_to_end import Float16Weights
    from ppgan_lite.export.model_card import metadata_of, model_card_of, to_markdown
    from ppgan_lite.export.numerical_check import check_export

    plan = plan_export(source, options)
    layer = plan.build_layer()
    if options.half:
        layer = Float16Weights(layer)
        layer.eval()
    with atomic_folder(folder) as place:
        files = used.write(layer, plan.inputs, place / plan.name, metadata_of(plan))
        check = check_export(plan, used.load(files), runtime=runtime_of(used), half=options.half)
        card = model_card_of(plan, options, files, check)
        (place / MODEL_CARD).write_text(json.dumps(card.to_json(), indent=2) + "\n", encoding="utf-8")
        (place / README).write_text(to_markdown(card), encoding="utf-8", errors="backslashreplace")
    return card
