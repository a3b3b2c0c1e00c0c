"""The file of a learned style."""

from __future__ import annotations

import datetime
from pathlib import Path

from ppgan_lite.checkpoint import SUFFIX, Header, build_net, read_checkpoint, training_record, write_checkpoint
from ppgan_lite.images import SAMPLE_PHOTO, read_image, short_side_to
from ppgan_lite.inference.stylization.reference import add_reference
from ppgan_lite.learning.plan import Plan
from ppgan_lite.learning.previews import painted
from ppgan_lite.styles import THUMBNAIL_PX
from ppgan_lite.styles.users import THUMBNAIL, UserStyle, read_style, styles_folder

_NET = "painter"


def write_style(plan: Plan, training: Path, *, minutes: float) -> UserStyle:
    """Write a style's file, in place of one of an earlier end of its training.

    Args:
        plan: What was asked for.
        training: Its newest checkpoint.
        minutes: Used for all of it.

    Raises:
        CheckpointError: It cannot be written.
    """
    header, tensors = read_checkpoint(training)
    history = [training_record(header)]
    learned = {"painting": {"file": plan.file, "sha256": plan.sha256}, "minutes": round(minutes, 2)}
    start = header.training["config"]["train"]["init_from"]
    settings = {"content": plan.content, "scale": plan.scale, "photos": plan.photos_name, "started_from": start}
    about = {
        "title": {"en": plan.title, "zh": plan.title},
        **learned,
        "settings": settings,
        "learned": datetime.date.today().isoformat(),
        "origin": "learned from one painting by `paddlegan learn`",
    }
    header = Header(
        {_NET: header.nets[_NET]}, {_NET: header.predictors[_NET]}, training={"history": history}, about=about
    )
    tensors = {name: tensor for name, tensor in tensors.items() if name.startswith(f"net/{_NET}/")}
    net = build_net(_NET, header, tensors)
    sample = painted(net, read_image(SAMPLE_PHOTO)[0], header.predictors[_NET].settings, revised=False)
    path = styles_folder() / f"{plan.name}{SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(path, header, {**tensors, THUMBNAIL: short_side_to(sample, THUMBNAIL_PX)}, half=True)
    add_reference(path)
    return read_style(path)
