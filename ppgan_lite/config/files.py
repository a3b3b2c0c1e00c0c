"""Read YAML files and overrides into nested settings, with the place of each setting."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ppgan_lite.aliases import current_config, current_key
from ppgan_lite.config.paths import expand
from ppgan_lite.config.shipped import find_config
from ppgan_lite.config.yaml_loader import YAML_ERRORS, YamlLoader
from ppgan_lite.data.layouts import splits_of
from ppgan_lite.errors import ConfigError, printable
from ppgan_lite.runtime.files import is_stream
from ppgan_lite.signatures import Fault, shown

# A config is a few kilobytes. The bound is reached within a second, even by one that is all brackets.
_MAX_BYTES = 1_000_000
_MAX_KEYS = 50  # of an override: "a.b.c" has 3
# Two ways to say the same thing.
_Ways = tuple[tuple[str, ...], ...]
_DOMAINS: _Ways = (("folder",), ("a", "b"))
_TWO_DOMAINS = ("Paired", "Unpaired")  # the datasets that take either
_LENGTH: _Ways = (("iterations",), ("epochs",))


class Sources:
    """The sources of settings (a file, its bases and overrides), and the faults found so far.

    Attributes:
        path: The file.
        places: "section.key" -> "file:line", or the override.
        base: The name of the last file of the chain of bases; "" before `gather`.
        changes: What is set otherwise than there, a line each.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[str, str] = {}
        self.base = ""
        self.changes: list[str] = []
        self._base_settings: dict[str, Any] = {}
        self._faults: list[ConfigError] = []

    def gather(self, overrides: Iterable[str]) -> dict[str, Any]:
        """Return the settings of the file merged over its bases, with the overrides over both.

        Raises:
            ConfigError: A file cannot be read or is not YAML. Faults of single settings are collected.
        """
        settings = self._read(self.path)
        overriding: dict[str, Any] = {}
        for override in overrides:
            overriding = _merge(overriding, self._read_override(override))
        settings = merge_settings(settings, overriding)
        self.changes = list(_changes(self._base_settings, settings))
        return settings

    def add(self, fault: Fault) -> None:
        """Add a fault at the line of its key, or of the enclosing section if the key is missing."""
        key = fault.key
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        self._add_at(self.places.get(key, str(self.path)), fault)

    def raise_faults(self) -> None:
        """Raise one error with a line for each fault, if there are any."""
        if self._faults:
            raise ConfigError.of(self.path, self._faults)

    def _add_at(self, place: str, fault: Fault) -> None:
        self._faults.append(ConfigError(f"{place}: {fault.key}", fault.found, fault.expected, fault.remedy))

    def _read(self, path: Path, below: tuple[Path, ...] = ()) -> dict[str, Any]:
        """Return the settings of a file merged over those of its `base`."""
        real = Path(os.path.realpath(path))
        if real in below:
            chain = " -> ".join(file.name for file in (*below, path))
            raise ConfigError(path, f"is its own base: {chain}", "bases that end", "Remove one `base:`")
        if below and is_stream(path):  # Reading it may never end.
            raise ConfigError(path, "is a pipe or a device", "a YAML file as `base:`")
        text = _text_of(path)
        own_places: dict[str, str] = {}
        own = self._translated(self._parse(text, str(path), own_places), own_places, str(path))
        base = own.pop("base", None)
        if base is not None and not isinstance(base, str):
            self._add_at(own_places["base"], Fault("base", shown(base), "the name of a YAML file"))
            base = None
        settings: dict[str, Any] = {}
        if base is None:
            self.base, self._base_settings = path.name, own
        else:
            settings = self._read(find_config(base, beside=path.parent), (*below, real))
        self.places |= {current_key(key): place for key, place in own_places.items()}
        return merge_settings(settings, own)

    def _translated(self, settings: dict[str, Any], places: Mapping[str, str], where: str) -> dict[str, Any]:
        """Return settings by the present names of their keys, noting those that are gone."""
        settings, faults = current_config(settings)
        for fault in faults:
            self._add_at(places.get(fault.key, where), fault)
        return settings

    def _read_override(self, override: str) -> dict[str, Any]:
        """Return "a.b=value" as nested settings."""
        key, equals, text = override.partition("=")
        key = key.strip()
        if not equals or not all(key.split(".")) or key.count(".") >= _MAX_KEYS:
            self._faults.append(ConfigError(f"-o {override}", "is not a setting", "section.key=value"))
            return {}
        try:
            value = yaml.load(text, Loader=YamlLoader)
        except YAML_ERRORS:
            expected = "one such as 1, 1e-4, text, [1, 2]"
            self._faults.append(ConfigError(f"-o {override}", "the value is not YAML", expected))
            return {}
        parts = key.split(".")
        for count in range(len(parts), 0, -1):
            place = current_key(".".join(parts[:count]))
            self.places[place] = f"-o {override}" if count == len(parts) else self.places.get(place, f"-o {override}")
            value = {parts[count - 1]: value}
        return self._translated(value, {}, f"-o {override}")

    def _parse(self, text: str, file: str, places: dict[str, str]) -> dict[str, Any]:
        try:
            loader = YamlLoader(text)
            node = loader.get_single_node()
            value = {} if node is None else self._value(loader, node, file, "", places)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"{file}:{mark.line + 1}" if mark else file
            raise ConfigError(where, f"is not YAML ({error.problem or error.context})") from error
        except YAML_ERRORS as error:
            raise ConfigError(file, "is not YAML", "text that YAML can read") from error
        if not isinstance(value, dict):
            raise ConfigError(file, "holds no settings", "a mapping with recipe, data, loader, train")
        return value

    def _value(self, loader: YamlLoader, node: yaml.Node, file: str, key: str, places: dict[str, str]) -> Any:
        """Return the value of a YAML node; record the line of every key in it."""
        if not isinstance(node, yaml.MappingNode):
            return loader.construct_object(node, deep=True)
        own, inherited = loader.pairs(node)
        places_here: dict[str, str] = {}
        chosen: dict[str, yaml.Node] = {}
        for (key_node, value_node), is_own in [*((pair, False) for pair in inherited), *((pair, True) for pair in own)]:
            name = str(loader.construct_object(key_node, deep=True))
            place = f"{file}:{key_node.start_mark.line + 1}"
            if is_own and name in places_here:
                inner = f"{key}.{name}" if key else name
                self._add_at(place, Fault(inner, "said twice", f"once, it stands at {places_here[name]} too"))
            if is_own:
                places_here[name] = place
            chosen[name] = value_node
            places[f"{key}.{name}" if key else name] = place
        return {
            name: self._value(loader, value_node, file, f"{key}.{name}" if key else name, places)
            for name, value_node in chosen.items()
        }


def _text_of(path: Path) -> str:
    """Return the text of a YAML file.

    Raises:
        ConfigError: It cannot be read, is no text, or is larger than any config.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ConfigError(path, f"is larger than {_MAX_BYTES / 1e6:.0f} MB", "a YAML file with settings")
        return data.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(path, "there is no such file", "a YAML file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(path, "is no text", "a YAML file") from error
    except OSError as error:
        found = "is a folder" if path.is_dir() else f"cannot be read ({error.strerror})"
        raise ConfigError(path, found, "a YAML file") from error


def merge_settings(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with others merged over them.

    A recipe, dataset or net of another name replaces all arguments, which mean nothing to another class. What is said
    in another way replaces the way it was said before: one folder of both domains instead of a folder of each.
    """
    settings = _merge(base, over)
    for section, merge in (("recipe", merge_class), ("data", merge_data), ("train", _merge_train)):
        old, new = base.get(section), over.get(section)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            settings[section] = merge(old, new)
    data, measured = _mapping(settings.get("data")), _validation_data(settings)
    if measured and {**data, **measured}.get("name") in _TWO_DOMAINS:
        was, now = _validation_data(base), _validation_data(over)
        follows = _is_given(_mapping(over.get("data")), _DOMAINS) and not _is_given(now, _DOMAINS)
        kept = _without(was, _DOMAINS) if follows else _without_replaced(was, now, _DOMAINS)
        held_out = _held_out(data, measured) if follows and _is_given(was, _DOMAINS) else {}
        settings["validation"] = {**settings["validation"], "data": {**kept, **now, **held_out}}
    return settings


def merge_class(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return name and arguments of a class with others merged over them; another name replaces all arguments."""
    if over.get("name", base.get("name")) != base.get("name"):
        return dict(over)
    settings = _merge(base, over)
    for key, new in over.items():
        old = base.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            settings[key] = merge_class(old, new)
    return settings


def merge_data(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a dataset with others merged over them; a folder replaces those of each domain."""
    has_two = {**base, **over}.get("name") in _TWO_DOMAINS
    return merge_class(_without_replaced(base, over, _DOMAINS) if has_two else base, over)


def _merge_train(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    return _merge(_without_replaced(base, over, _LENGTH), over)


def _without_replaced(base: Mapping[str, Any], over: Mapping[str, Any], ways: _Ways) -> dict[str, Any]:
    """Return settings without those that say in one way what the settings over them say in the other."""
    given = [_is_given(over, (way,)) for way in ways]
    if given.count(True) != 1:
        return dict(base)
    return _without(base, (ways[given.index(False)],))


def _is_given(settings: Mapping[str, Any], ways: _Ways) -> bool:
    return any(settings.get(key) for way in ways for key in way)


def _without(settings: Mapping[str, Any], ways: _Ways) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if not any(key in way for way in ways)}


def _held_out(data: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return the split to measure on, in a new folder that is divided in its own way; {} where there is none."""
    own = data.get("split", "train")
    if measured.get("split", own) != own or not isinstance(data.get("folder"), str):
        return {}
    others = [split for split in splits_of(Path(expand(data["folder"]))) if split != own]
    return {"split": others[0]} if others else {}


def _changes(base: Mapping[str, Any], settings: Mapping[str, Any], key: str = "") -> Iterator[str]:
    """Yield a line for each setting that is another one than in a base, or not there."""
    for name, value in settings.items():
        path, old = f"{key}.{name}" if key else str(name), base.get(name)
        if isinstance(value, Mapping) and (old is None or isinstance(old, Mapping)):
            yield from _changes(old or {}, value, path)
        elif value != old:
            yield printable(f"{path}: {value}" + (f" instead of {old}" if name in base else ""))


def _validation_data(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(settings.get("validation")).get("data"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with another one merged into it, recursively."""
    settings = dict(base)
    for key, value in over.items():
        old = settings.get(key)
        settings[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return settings
