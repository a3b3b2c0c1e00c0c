"""Old names in configs and checkpoints, and the present ones: the only place where old names are known.

Checkpoints of version 1 and the YAMLs that people have stay readable when a name changes. `config` and `checkpoint`
translate through these tables while they read; no other code has an old name, and nothing writes one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ppgan_lite.signatures import Fault, shown

# Names of recipes and of nets, as "name" in a config and "kind" in a checkpoint.
CLASSES: dict[str, str] = {}

# Names of arguments and settings, by where they stand: "recipe" in a config; "net", in a config's recipe and in a
# checkpoint; "data" and "validation.data" in a config; "settings", how a checkpoint's predictor was set.
KEYS: dict[str, dict[str, str]] = {
    "recipe": {"grain": "noise_std"},
    "net": {"initialisation": "initialization"},
    "data": {"recolour": "recolor"},
    "settings": {"grain": "noise_std"},
}

# Names of degradations, in a chain of a config, of the command line or of a degraded folder's manifest.
DEGRADATIONS: dict[str, str] = {"greyscale": "grayscale"}

# Arguments and settings that are gone: the one value with which they changed nothing, and why no other is taken.
_ONE_COAT = "since a draft is painted once"
_SMALL_LAPSTYLE = "since the small LapStyle is gone; style_draft.yaml and any_style.yaml train painters"
RETIRED: dict[str, dict[str, tuple[Any, str]]] = {
    "recipe": {
        "coats": (1, _ONE_COAT),
        "train_encoder": (False, _SMALL_LAPSTYLE),
        "distillation": (0, _SMALL_LAPSTYLE),
    },
    "net": {"alignment": ("adain", _SMALL_LAPSTYLE)},
    "data": {},
    "settings": {"coats": (1, _ONE_COAT)},
}

# Arguments that recipes do not have any more, and what takes their place.
_LOST_AID = (
    "It helped losses on a small encoder: painters learn from recipe.perceptual=vgg16, and recipe.content is to set"
)
_LAPSTYLE_ALONE = "LapStyleDraft and LapStyleRevision have it; for other painters, set recipe.content"
REPLACED: dict[str, str] = {
    **dict.fromkeys(("gram", "gram_layers", "color", "colour", "tone", "whiten"), _LOST_AID),
    **dict.fromkeys(("style", "relaxed_emd", "self_similarity", "pairwise_px"), _LAPSTYLE_ALONE),
    "adversarial": "LapStyleRevision alone has a discriminator",
}

# Arguments that recipes lost, with the values at which they have no effect, as the resolved config of every published
# run says them: these are read. Of LapStyle's, `gram_layers` had none beside a `gram` of 0.
_LAPSTYLE_EXTRAS = {"gram": 0, "color": 0, "colour": 0, "tone": 0, "whiten": False}
WITHOUT_EFFECT: dict[str, dict[str, Any]] = {
    "LapStyleDraft": _LAPSTYLE_EXTRAS,
    "LapStyleRevision": _LAPSTYLE_EXTRAS,
    "PyramidRevision": {"perceptual": "vgg16"},  # the one encoder that it was used with; pixels teach now
}

# Of files of weights: settings of a result of 0.1 or 0.2 call all that a photo was painted with a style.
_CHECKPOINT_SUFFIXES = {"ppgan", "pdparams", "pth", "pt", "safetensors", "model", "npz"}

# Names of tensors: patterns and their replacements, of the whole name ("net/painter/encoder.conv0.weight").
TENSORS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"/(relu[1-5]_1)_spread$"), r"/\1_std"),
    (re.compile(r"/image_spread$"), "/image_covariance"),
    (re.compile(r"/predictor\.seen_mean$"), "/predictor.running_mean"),
    (re.compile(r"/predictor\.seen_spread$"), "/predictor.running_std"),
    (re.compile(r"(?<=[/.])halvings\.(?=\d)"), "downs."),  # of discriminators; in optimizers too
]


def current_class(name: Any) -> Any:
    """Return the present name of a recipe or a net; anything else as it is."""
    return CLASSES.get(name, name) if isinstance(name, str) else name


def current_chain(chain: Any) -> Any:
    """Return a chain of degradations by their present names; anything else as it is."""
    if isinstance(chain, str) or not isinstance(chain, Sequence):
        return chain
    return [
        {**step, "name": DEGRADATIONS.get(step["name"], step["name"])}
        if isinstance(step, Mapping) and isinstance(step.get("name"), str)
        else step
        for step in chain
    ]


def current_arguments(place: str, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return arguments or settings by their present names, without those that are gone.

    Args:
        place: Where they stand, a key of `KEYS`.
        arguments: By old or present names. Where both stand, the present name counts.

    Returns:
        The arguments, and a fault for each that is gone and had an effect.
    """
    names, retired = KEYS[place], RETIRED[place]
    current, faults = {}, []
    for key, value in arguments.items():
        if key in retired:
            harmless, reason = retired[key]
            if value != harmless:
                faults.append(Fault(key, shown(value), f"{harmless}, {reason}"))
        elif names.get(key, key) == key or names[key] not in arguments:
            current[names.get(key, key)] = value
    return current, faults


def current_recipe(recipe: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return a recipe's name and arguments, those of its nets too, by their present names; see `current_arguments`."""
    return _current_section("recipe", recipe)


def current_config(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return a config, or a part of one, by present names.

    Returns:
        The config, and a fault with its whole key for each setting that is gone and had an effect.
    """
    current, faults = dict(settings), []
    for key, place in (("recipe", "recipe"), ("data", "data")):
        if isinstance(settings.get(key), Mapping):
            current[key], found = _current_section(place, settings[key])
            faults += [_within(key, fault) for fault in found]
    validation = settings.get("validation")
    if isinstance(validation, Mapping) and isinstance(validation.get("data"), Mapping):
        data, found = _current_section("data", validation["data"])
        current["validation"] = {**validation, "data": data}
        faults += [_within("validation.data", fault) for fault in found]
    return current, faults


def current_key(key: str) -> str:
    """Return the present name of a config's dotted key, such as "recipe.net.blocks"."""
    prefix = "validation." if key.startswith("validation.data.") else ""
    section, *parts = key.removeprefix(prefix).split(".")
    if section in KEYS:
        places = [section] if section != "recipe" else ["recipe", "net"]
        parts = [KEYS[place].get(part, part) for place, part in zip(places, parts)] + parts[len(places) :]
    return prefix + ".".join([section, *parts])


def current_tensor(name: str) -> str:
    """Return the present name of a checkpoint's tensor."""
    for pattern, replacement in TENSORS:
        name = pattern.sub(replacement, name)
    return name


def current_result_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a result of 0.1 or 0.2, which are flat, in the form of today; see docs/metadata.md.

    They name sources as they were given: a style, a checkpoint or a painting, all as "style" where a photo was painted.
    """
    options = {key: value for key, value in settings.items() if key not in ("style", "checkpoint", "painting")}
    current: dict[str, Any] = {"format": 1, "verb": "stylize", "options": options, "program": "ppgan_lite 0.1"}
    source = settings.get("style")
    if isinstance(source, str):
        suffix = source.rpartition(".")[2].lower() if "." in source else ""
        if suffix in _CHECKPOINT_SUFFIXES:
            current["checkpoint"] = {"name": source}
        elif suffix or source == "a pasted picture":
            current |= {"style": {"name": "any"}, "painting": {"name": source}}
        else:
            current["style"] = {"name": source}
        if isinstance(settings.get("painting"), str):
            current["painting"] = {"name": settings["painting"]}
    elif "checkpoint" in settings:
        checkpoint = settings["checkpoint"]
        current["verb"] = "translate" if "direction" in settings else "restore"
        current["checkpoint"] = {"name": "photos.ppgan" if checkpoint is None else checkpoint}
    else:
        current["verb"] = ""
    return current


def _current_section(place: str, section: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Translate a section that names a class; mappings in a recipe are nets."""
    current, faults = current_arguments(place, section)
    if "name" in current:
        current["name"] = current_class(current["name"])
    if "chain" in current and place == "data":
        current["chain"] = current_chain(current["chain"])
    if place == "recipe":
        current = _without_idle(current)
        for key, value in current.items():
            if isinstance(value, Mapping):
                current[key], found = _current_section("net", value)
                faults += [_within(key, fault) for fault in found]
    return current, faults


def _without_idle(recipe: dict[str, Any]) -> dict[str, Any]:
    """Drop the arguments of a recipe that are gone and had no effect; see `WITHOUT_EFFECT`."""
    name = recipe.get("name")
    idle = WITHOUT_EFFECT.get(name, {}) if isinstance(name, str) else {}
    dropped = {key for key, value in idle.items() if recipe.get(key) == value}
    if "gram" in dropped:
        dropped.add("gram_layers")
    return {key: value for key, value in recipe.items() if key not in dropped}


def _within(key: str, fault: Fault) -> Fault:
    return Fault(f"{key}.{fault.key}", fault.found, fault.expected, fault.remedy)
