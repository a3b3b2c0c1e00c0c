"""Who may import whom: the layers of the package, read off the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ppgan_lite"

# A part may import those of lower layers, and itself. The parts of one layer do not know each other.
LAYERS = [
    {"errors"},
    {"runtime"},
    {"languages", "runs"},
    {"tables", "safetensors_files", "workers"},
    {"signatures"},
    {"aliases"},
    {"nets", "images", "degradations", "contact_sheet"},
    {"checkpoint", "losses", "metrics", "restoration", "encoders", "autodiff"},
    {"published"},
    {"styles", "foreign"},
    {"fetch"},
    {"pretrained"},
    {"recipes", "data"},
    {"config", "inference"},
    {"evaluation"},
    {"training", "export", "video", "serving"},
    {"learning"},
    {"gui"},
    {"cli"},
    {"__main__"},
]
LAYER = {part: number for number, parts in enumerate(LAYERS) for part in parts}

BASICS = {"errors", "runtime", "languages", "runs", "tables", "signatures", "aliases"}
# Stricter than the layers.
SEES_ONLY = {
    "recipes": BASICS | {"nets", "losses", "metrics", "checkpoint", "autodiff", "pretrained"},
    "data": BASICS | {"workers", "images", "degradations", "metrics"},
    "inference": BASICS | {"nets", "images", "checkpoint", "published", "foreign", "styles"},
    "export": BASICS | {"nets", "images", "checkpoint", "foreign", "inference"},
    "video": BASICS | {"images", "inference"},
    "serving": BASICS | {"images", "checkpoint", "foreign", "inference", "restoration", "styles"},
    "gui": BASICS | {"images", "checkpoint", "published", "inference", "styles", "video"},
}
# Nets compute: no files, no addresses, no logging.
NETS_SEE_PARTS = {"nets", "errors", "tables", "signatures"}
NETS_SEE = {
    "__future__",
    "collections",
    "contextlib",
    "dataclasses",
    "functools",
    "inspect",
    "itertools",
    "math",
    "numpy",
}
NETS_SEE |= {"paddle", "typing"}
# Parts that import Paddle inside functions only, so that help and the window start at once.
WITHOUT_PADDLE = BASICS | {
    *("cli", "gui", "images", "degradations", "contact_sheet", "styles", "safetensors_files", "checkpoint", "foreign"),
    *("config", "aliases"),
}


@dataclass(frozen=True)
class Import:
    """One import: its file and line, the module that it loads, and whether it runs when its own module is loaded."""

    file: Path
    line: int
    target: str
    at_load: bool

    @property
    def part(self) -> str:
        """The part of this package that imports."""
        return part_of(self.file)

    @property
    def place(self) -> str:
        """File and line, for messages."""
        return f"{self.file.relative_to(ROOT).as_posix()}:{self.line}"

    @property
    def target_part(self) -> str | None:
        """The part of this package that is imported; None for other packages and for the package itself."""
        names = self.target.split(".")
        return names[1] if names[0] == "ppgan_lite" and len(names) > 1 else None


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def file_of(module: str) -> Path | None:
    """Return the file of a module of this package; None for other modules."""
    place = PACKAGE.joinpath(*module.split(".")[1:])
    if module.split(".")[0] != "ppgan_lite":
        return None
    return next((file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()), None)


def imports(path: Path) -> Iterator[Import]:
    """Yield the imports of a module, those inside functions and for the type checker too."""
    package = ("ppgan_lite", *path.relative_to(PACKAGE).parts[:-1])

    def walk(node: ast.AST, at_load: bool) -> Iterator[tuple[str, int, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, child.lineno, at_load) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else ()
                module = ".".join([*base, *([child.module] if child.module else [])])
                for alias in child.names:
                    # `from ppgan_lite import images` imports a module, `from ppgan_lite import __version__` a name.
                    name = f"{module}.{alias.name}"
                    yield name if file_of(name) else module, child.lineno, at_load
            else:
                lazy = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or (
                    isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
                )
                yield from walk(child, at_load and not lazy)

    for target, line, at_load in walk(ast.parse(path.read_text(encoding="utf-8")), True):
        yield Import(path, line, target, at_load)


# The package's own __init__ offers `load_predictor`, on demand, and belongs to no layer.
ALL = [found for path in modules() if path != PACKAGE / "__init__.py" for found in imports(path)]


def test_every_part_has_its_layer() -> None:
    assert {part_of(path) for path in modules()} - {"__init__"} <= set(LAYER)


def test_parts_import_from_lower_layers_only() -> None:
    assert [
        f"{found.place} {found.part} -> {found.target}"
        for found in ALL
        if found.target_part not in (None, found.part) and LAYER[found.target_part] >= LAYER[found.part]
    ] == []


def circles(graph: dict[Path, set[Path]]) -> list[list[str]]:
    """Return the groups of files that import each other, directly or through others."""

    def reached(start: Path) -> set[Path]:
        found, ahead = set[Path](), [start]
        while ahead:
            new = graph.get(ahead.pop(), set()) - found
            found |= new
            ahead += new
        return found

    all_reached = {path: reached(path) for path in graph}
    groups = {
        frozenset(other for other in all_reached[path] if path in all_reached.get(other, ()))
        for path in graph
        if path in all_reached[path]
    }
    return sorted(sorted(path.relative_to(PACKAGE).as_posix() for path in group) for group in groups)


def test_no_files_import_each_other() -> None:
    graph: dict[Path, set[Path]] = {}
    for found in ALL:
        target = file_of(found.target)
        # `from ppgan_lite import __version__` runs no code of the package but its __init__.
        if target and target != PACKAGE / "__init__.py":
            graph.setdefault(found.file, set()).add(target)
    assert circles(graph) == []


@pytest.mark.parametrize("part", SEES_ONLY)
def test_some_parts_see_less_than_all_below_them(part: str) -> None:
    allowed = {None, part, *SEES_ONLY[part]}
    assert [
        f"{found.place} -> {found.target}" for found in ALL if found.part == part and found.target_part not in allowed
    ] == []


def test_only_the_window_imports_qt() -> None:
    assert [
        found.place
        for found in ALL
        if found.target.split(".")[0] in ("PyQt5", "sip", "pytestqt") and found.part != "gui"
    ] == []


def test_nets_compute_and_do_nothing_else() -> None:
    assert [
        f"{found.place} -> {found.target}"
        for found in ALL
        if found.part == "nets"
        and found.target_part not in NETS_SEE_PARTS
        and found.target.split(".")[0] not in NETS_SEE
    ] == []


def test_paddle_is_imported_where_it_is_needed() -> None:
    assert [
        found.place
        for found in ALL
        if found.at_load
        and found.part in WITHOUT_PADDLE
        and (found.target.split(".")[0] == "paddle" or found.target_part in ("nets", "losses", "recipes"))
        and found.target not in ("ppgan_lite.nets", "ppgan_lite.recipes")  # tables: they name classes, import none
    ] == []


def test_command_line_and_window_load_without_paddle() -> None:
    parts = sorted(
        part for part in WITHOUT_PADDLE if list(PACKAGE.glob(f"{part}.py")) + list(PACKAGE.glob(f"{part}/*.py"))
    )
    names = [f"ppgan_lite.{part}" for part in parts] + ["ppgan_lite.gui.app"]
    script = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "    assert 'paddle' not in sys.modules, name\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
