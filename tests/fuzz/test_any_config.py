"""Any text in the place of a config gives a checked one, or all its faults, each with its line."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st
from mutations import bounded, mutated, prop

from ppgan_lite.config import Config, load_config
from ppgan_lite.config.shipped import shipped_configs
from ppgan_lite.errors import ConfigError

# What people and programs write where a number, a name or a mapping belongs.
_HOSTILE = (
    *("0", "-1", "1e400", ".nan", "-.inf", "1e-4", "0x10", "1_000", "9" * 90, "9" * 120, "yes", "null", "~", "''"),
    *("[]", "{}", "[[[]]]", "[1, two]", "{a: {b: [c]}}", "!!python/object/apply:os.system [id]", "!!binary QQ=="),
    *("!!int x", "!!bool 3", "!!set {a}", "!!omap [a: 1]", "!!timestamp x", "!!float []", "!x y", "*here", "&here x"),
    *("2024-05-01", "12:30:45", "~/photos", "$HOME/x", "${NOT_SET}/x", "../..", "/dev/zero", "/dev/stdin", "\u202e"),
    *("'unfinished", "[unfinished", "a: b: c", "- -", "? x", "|", ">-\n  text", "@", "%", "\t", "# only", "---", "..."),
    *("<<: {a: 1}", "<<: 3", "<<: [{a: 1}, {a: 2}]", "<<", "=", "\ud83d\ude00"),
)


@functools.cache
def texts() -> tuple[str, ...]:
    """Return the configs that ship, once everything that they need is imported."""
    found = shipped_configs()
    for name in found:
        load_config(name)
    return tuple(path.read_text(encoding="utf-8") for path in found.values())


@functools.cache
def keys() -> tuple[str, ...]:
    """Return all keys of the configs that ship."""
    lines = [line.partition(":")[0].strip() for text in texts() for line in text.splitlines() if ":" in line]
    return tuple(sorted({key for key in lines if key.isidentifier()}))


@st.composite
def edited(draw: st.DrawFn) -> str:
    """Draw a config that ships after some edits of lines: other values, lines lost, doubled, moved, indented."""
    lines = draw(st.sampled_from(texts())).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        line = lines[place]
        edit = draw(st.sampled_from(["value", "value", "value", "key", "lost", "doubled", "moved", "indented", "base"]))
        if edit == "value":
            lines[place] = f"{line.partition(':')[0]}: {draw(values())}"
        elif edit == "key":
            indent = line[: len(line) - len(line.lstrip())]
            lines[place] = f"{indent}{draw(st.sampled_from(keys()))}:{line.partition(':')[2]}"
        elif edit == "lost" and len(lines) > 1:
            del lines[place]
        elif edit == "doubled":
            lines.insert(place, line)
        elif edit == "moved":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(place))
        elif edit == "indented":
            lines[place] = " " * draw(st.integers(0, 6)) + line.lstrip()
        elif edit == "base":
            lines.insert(0, f"base: {draw(values())}")
    return "\n".join(lines)


def values() -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(_HOSTILE),
        st.integers().map(str),
        st.floats().map(str),
        st.text(max_size=12),
        st.deferred(lambda: st.sampled_from(keys())),
    )


_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))


def trees() -> st.SearchStrategy[Any]:
    """Return a strategy for settings of any shape under the usual keys."""
    names = st.one_of(st.deferred(lambda: st.sampled_from(keys())), st.text(max_size=6), st.integers(-2, 2))
    return st.recursive(
        _LEAVES,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=5)),
        max_leaves=12,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts()
    return tmp_path_factory.mktemp("configs")


def checked(path: Path, overrides: list[str] | None = None) -> Config | None:
    """Return the config of a file; None if it is refused as it should be."""
    size = path.stat().st_size
    try:
        with bounded(size):
            config = load_config(path, overrides or [])
    except ConfigError as error:
        first, *lines = str(error).split("\n")
        assert all(line.isprintable() for line in (first, *lines)), str(error)
        assert not lines or first.endswith(f"{len(lines)} faults")
        for line in lines or [first]:
            place = line.strip()
            assert place.startswith((str(path), "-o ")) or "base" in path.read_text("utf-8", "replace"), place
        return None
    return config


def check_again(config: Config, folder: Path) -> None:
    """Check that a config says the same when it is written and read again, as a resumed training does."""
    path = folder / "again.yaml"
    path.write_text(config.dump(), encoding="utf-8", errors="surrogateescape")
    assert json.dumps(load_config(path).as_dict()) == json.dumps(config.as_dict())


@prop(text=st.deferred(edited), weight=2)
def test_an_edited_config_is_checked_or_its_faults_are_told(folder: Path, text: str) -> None:
    path = folder / "edited.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    config = checked(path)
    if config is not None:
        check_again(config, folder)


@prop(data=st.deferred(lambda: mutated([text.encode() for text in texts()])), weight=2)
def test_a_damaged_config_is_checked_or_its_faults_are_told(folder: Path, data: bytes) -> None:
    path = folder / "damaged.yaml"
    path.write_bytes(data)
    checked(path)


@prop(
    tree=trees(),
    section=st.sampled_from(["", "recipe", "recipe.net", "data", "loader", "train", "train.schedule", "validation"]),
    text=st.deferred(lambda: st.sampled_from(texts())),
    weight=1,
)
def test_settings_of_any_shape_are_checked(folder: Path, tree: Any, section: str, text: str) -> None:
    path = folder / "shaped.yaml"
    settings = yaml.safe_load(text)
    if section:
        *above, last = section.split(".")
        inner = functools.reduce(lambda part, key: part.setdefault(key, {}), above, settings)
        inner[last] = tree
    else:
        settings = tree
    path.write_bytes(yaml.safe_dump(settings, allow_unicode=True).encode("utf-8", "surrogatepass"))
    config = checked(path)
    if config is not None:
        check_again(config, folder)


@prop(text=st.one_of(st.text(), st.lists(values()).map("\n".join), st.text("[]{}:-&*!,?|>'\"# \n\ta1", max_size=60)))
def test_text_that_is_no_config_is_refused(folder: Path, text: str) -> None:
    path = folder / "text.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    assert checked(path) is None


@prop(overrides=st.lists(st.one_of(st.text(max_size=20), st.deferred(lambda: _overrides())), min_size=1, max_size=3))
def test_any_override_is_applied_or_told(folder: Path, overrides: list[str]) -> None:
    path = folder / "overridden.yaml"
    path.write_text("base: tiny/style_draft\n", encoding="utf-8")
    config = checked(path, overrides)
    if config is not None:
        check_again(config, folder)


def _overrides() -> st.SearchStrategy[str]:
    names = st.lists(st.sampled_from(["recipe", "train", "data", "loader", *keys()]), min_size=1, max_size=3)
    return st.builds(lambda parts, value: f"{'.'.join(parts)}={value}", names, values())
