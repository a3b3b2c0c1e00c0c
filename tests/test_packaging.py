"""What is declared is what is used, and what ships is in the package."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

import ppgan_lite

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ppgan_lite"

# The name to import -> the distribution, where they differ.
DISTRIBUTIONS = {
    "cv2": "opencv-python",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "skimage": "scikit-image",
    "paddle": "paddlepaddle",
}


def requirements() -> set[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {re.split(r"[^\w.-]", line)[0].lower() for line in lines if line and not line.startswith("#")}


def imported(folder: Path) -> set[str]:
    """Return the distributions whose modules are imported below a folder."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    others = found - set(sys.stdlib_module_names) - {"ppgan_lite"} - {path.stem for path in folder.iterdir()}
    return {DISTRIBUTIONS.get(name, name).lower() for name in others}


def test_every_import_is_a_declared_requirement() -> None:
    assert imported(PACKAGE) - requirements() <= {
        "paddlepaddle",
        "openvino",
        "paddle2onnx",
        "onnx",
        "onnxruntime",
    }  # which come with extras
    assert imported(ROOT / "applications") <= requirements() | {"paddlepaddle"}


def test_each_requirement_has_its_reason() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and "#" not in line] == []


def test_the_installed_distribution_is_this_one() -> None:
    try:
        found = importlib.metadata.distribution("ppgan-lite")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("ppgan_lite runs from its folder and is not installed")
    assert found.version == ppgan_lite.__version__
    [script] = [entry for entry in found.entry_points if entry.group == "console_scripts"]
    assert (script.name, script.value) == ("paddlegan", "ppgan_lite.cli:run")
    extras = set(found.metadata.get_all("Provides-Extra") or [])
    assert {"cpu", "gpu", "export", "dev"} <= extras


def test_files_beside_the_code_are_packaged() -> None:
    """Every kind of file that lies in the package is named in setup.py."""
    kinds = {path.suffix for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert [kind for kind in kinds - {".py"} if f'{kind}"' not in setup] == []


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_top_level_holds_what_it_should() -> None:
    expected = {
        *("setup.py", "pyproject.toml", "requirements.txt", "ppgan_lite", "ui.py", "demo.py", "configs", "tests"),
        *("README.md", "README_zh.md", "CONTEXT.md", "SECURITY.md", "LICENSE", "Makefile", "docs"),
        *("applications", "benchmarks", "tools"),
    }
    made = {"out", "runs", "build", "dist", "ppgan_lite.egg-info", "shared"}  # by make, by training, by pip
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith((".", "__"))}
    assert there - made == expected


def test_the_package_carries_at_most_40_megabytes() -> None:
    weights = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert sum(path.stat().st_size for path in weights) <= 40e6
