"""The package is typed for those who install it, and the documents' Python agrees with its types."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytest.importorskip("mypy")

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md")])
# Paddle's own annotations are not ours to check, and take long to read.
SETTINGS = """[mypy]
strict = true
[mypy-paddle.*]
ignore_missing_imports = true
follow_imports = skip
"""


def examples() -> dict[str, str]:
    """Return the Python blocks of the documents by a name that says where each stands, and the example scripts."""
    found = {f"applications_{script.stem}": script.read_text("utf-8") for script in ROOT.glob("applications/*.py")}
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        for block in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            line = text.count("\n", 0, block.start()) + 2
            found[f"{document.relative_to(ROOT).as_posix().replace('/', '_').removesuffix('.md')}_{line}"] = block[1]
    return found


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python that has this package installed among its other packages."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    packages.mkdir(parents=True, exist_ok=True)
    (packages / "ppgan_lite").symlink_to(ROOT / "ppgan_lite")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    return python


def check(interpreter: Path, folder: Path, sources: dict[str, str]) -> str:
    """Return the output of mypy for some modules."""
    (folder / "mypy.ini").write_text(SETTINGS)
    for name, text in sources.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    names = [f"{name}.py" for name in sources]
    # Settings, cache and search path are its own; nothing is found because of where this checkout lies.
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--python-executable", str(interpreter)]
    done = subprocess.run([*command, *names], cwd=folder, capture_output=True, text=True, check=False, env={})
    return done.stdout + done.stderr


def test_the_python_of_every_document_has_the_types_of_the_installed_package(interpreter: Path, tmp_path: Path) -> None:
    found = examples()
    assert len(found) >= 5, "no document was overlooked"
    wrong = {
        "misspelt": 'from ppgan_lite import load_sylizer\nload_sylizer("starry_night")\n',
        "unknown_option": "from ppgan_lite import load_translator\nimport numpy as np\n"
        'load_translator("a.ppgan")(np.zeros((8, 8, 3), np.uint8), strength=0.5)\n',
    }
    said = check(interpreter, tmp_path, {**found, **wrong})
    errors = [line for line in said.splitlines() if ": error:" in line]
    assert [line for line in errors if not line.startswith(tuple(wrong))] == []
    assert re.search(r'^misspelt.py:1: error: Module "ppgan_lite" has no attribute "load_sylizer"', said, re.MULTILINE)
    assert re.search(r'^unknown_option.py:3: error: Unexpected keyword argument "strength"', said, re.MULTILINE)
