"""Declared and used dependencies, shipped files, and the package on its own."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ppgan_lite
from ppgan_lite.images import SAMPLE_PHOTO

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ppgan_lite"

# The name to import -> the distribution, where they differ.
DISTRIBUTIONS = {
    "cv2": "opencv-python",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "paddle": "paddlepaddle",
    "fastapi_offline": "fastapi-offline",
    "prometheus_client": "prometheus-client",
}
# Makes Python behave as if some modules were not installed.
SITECUSTOMIZE = """
import sys
from importlib.machinery import PathFinder
class WithoutHidden(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {hidden!r} else PathFinder.find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutHidden
"""


def read_sections() -> dict[str, list[str]]:
    """Return the requirements by the section of requirements.txt, as setup.py does."""
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"# \[(\w+)\]", line):
            name = heading[1]
            sections[name] = []
        elif requirement := line.partition("#")[0].strip():
            sections[name].append(requirement)
    return sections


def requirements() -> set[str]:
    return {canonicalize_name(Requirement(line).name) for lines in read_sections().values() for line in lines}


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
    for folder in ("ppgan_lite", "applications", "tools"):
        # torch is asked for by the one script that trains with it.
        assert imported(ROOT / folder) - ({"torch"} if folder == "tools" else set()) <= requirements()


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
    assert (script.name, script.value) == ("paddlegan", "ppgan_lite.__main__:run")
    extras = set(found.metadata.get_all("Provides-Extra") or [])
    assert extras == {"lite", "cpu", "gpu", "gui", "video", "serve", "cluster", "board", "export", "all", "dev"}


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+),", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == ppgan_lite.__version__


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
        *(
            "setup.py",
            "pyproject.toml",
            "requirements.txt",
            "MANIFEST.in",
            "Makefile",
            "Dockerfile",
            "LICENSE",
            "NOTICE",
        ),
        *("README.md", "README_zh.md", "CHANGELOG.md", "CONTEXT.md", "CONTRIBUTING.md", "SECURITY.md"),
        *(
            "ppgan_lite",
            "configs",
            "releases",
            "ui.py",
            "demo.py",
            "applications",
            "tools",
            "benchmarks",
            "docs",
            "tests",
        ),
    }
    made = {"out", "runs", "build", "dist", "ppgan_lite.egg-info", "shared"}  # by make, by training, by pip
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith((".", "__"))}
    assert there - made == expected


def test_the_package_carries_at_most_40_megabytes() -> None:
    weights = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert sum(path.stat().st_size for path in weights) <= 40e6
    assert SAMPLE_PHOTO.stat().st_size <= 60e3


@pytest.mark.parametrize(
    ("module", "arguments", "told"),
    [
        ("PyQt5", ["gui"], 'window: PyQt5 is not installed. Install it with: pip install "ppgan-lite[gui]". Without'),
        ("uvicorn", ["serve"], 'serve: uvicorn is not installed. Install it with: pip install "ppgan-lite[serve]"'),
        ("fastapi", ["serve"], 'serve: fastapi is not installed. Install it with: pip install "ppgan-lite[serve]"'),
        (
            "ray",
            ["stylize", str(SAMPLE_PHOTO), "-o", "out/", "--style", "starry_night", "--cluster", "local"],
            '--cluster: Ray is not installed. Install it with: pip install "ppgan-lite[cluster]"',
        ),
        ("visualdl", ["board", "run"], 'board: VisualDL is not installed. Install it with: pip install "ppgan-lite[bo'),
        ("onnxruntime", ["export", "starry_night", "-o", "out"], 'with: pip install "ppgan-lite[export]" (Python 3.10'),
        ("paddle", ["train", "-c", "style_draft"], 'with: pip install "ppgan-lite[cpu]" (for an NVIDIA GPU see docs'),
    ],
)
def test_a_missing_extra_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, run: Callable, tmp_path: Path, module: str, arguments: list[str], told: str
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "vdlrecords.1.log").touch()
    # Other tests may have loaded its modules, which are found without it.
    for name in [module, *(name for name in sys.modules if name.startswith(f"{module}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith("ppgan_lite.serving")]:
        monkeypatch.delitem(sys.modules, name)  # which would import it again in a program of its own
    code, _, err = run(*arguments)
    assert code == 1
    [line] = err.splitlines()
    assert told in line


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a source archive of this checkout and the wheel that is made of it, as `python -m build` makes them."""
    pytest.importorskip("setuptools", "70.1")
    folder = tmp_path_factory.mktemp("packaging")
    not_tracked = ("__pycache__", "*.egg-info", ".*", "build", "dist", "out", "runs", "shared")
    shutil.copytree(ROOT, folder / "checkout", ignore=shutil.ignore_patterns(*not_tracked))
    shutil.copytree(ROOT / ".ci", folder / "checkout" / ".ci")
    archive = folder / build(folder / "checkout", "build_sdist", folder)
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "unpacked", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    [source] = (folder / "unpacked").iterdir()
    return archive, folder / build(source, "build_wheel", folder)


def build(source: Path, hook: str, target: Path) -> str:
    """Call a hook of the build backend that pyproject.toml names; return the name of the file that it made."""
    code = f"import setuptools.build_meta as backend; print(backend.{hook}({str(target)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_the_archives_hold_what_they_need(distributions: tuple[Path, Path]) -> None:
    archive, wheel = distributions
    with tarfile.open(archive) as packed:
        packed_files = {name.partition("/")[2] for name in packed.getnames()}
    wanted = {"setup.py", "pyproject.toml", "requirements.txt", "Makefile", "README.md", "NOTICE", "ui.py", ".ci/run"}
    assert wanted <= packed_files
    assert {"tests/conftest.py", "configs/tiny/style_draft.yaml", "docs/images/styles.jpg"} <= packed_files
    installed = set(zipfile.ZipFile(wheel).namelist())
    for path in PACKAGE.rglob("*"):
        if path.is_file() and path.suffix not in (".pyc", ".pyo"):
            assert path.relative_to(ROOT).as_posix() in installed
    for path in (ROOT / "configs").rglob("*.yaml"):
        assert f"ppgan_lite/{path.relative_to(ROOT).as_posix()}" in installed
    assert "ppgan_lite/releases/manifest.json" in installed
    assert not [name for name in installed if name.startswith("ppgan_lite/releases/") and name.endswith(".ppgan")]
    assert {name.split("/")[0] for name in installed} == {
        "ppgan_lite",
        f"ppgan_lite-{ppgan_lite.__version__}.dist-info",
    }


def test_the_wheel_paints_and_trains_from_another_folder_with_nothing_but_cpu(
    distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    pytest.importorskip("paddle")
    python, script = environment(tmp_path / "environment", distributions[1])
    folder = tmp_path / "elsewhere"
    for domain in ("a", "b"):
        (folder / domain).mkdir(parents=True)
        shutil.copy(SAMPLE_PHOTO, folder / domain / "photo.jpg")
    variables = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PPGAN_LITE_ENGINE")}
    variables["PPGAN_LITE_CACHE"] = str(tmp_path / "cache")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            arguments, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    place = run(str(python), "-c", "import ppgan_lite; print(ppgan_lite.__file__)")
    assert Path(place.strip()).is_relative_to(tmp_path / "environment")
    assert "starry_night" in run(str(script), "styles")
    assert "cyclegan_photo2monet" in run(str(script), "configs")
    told = run(str(script), "stylize", "a/photo.jpg", "--style", "starry_night", "-o", "painted.png")
    assert "slower than it could be" not in told or sys.version_info >= (3, 13)  # a graph was made, where one can be
    assert (folder / "painted.png").stat().st_size > 10_000
    pictures = ("-o", "data.a=[a]", "-o", "data.b=[b]")
    assert "one iteration" in run(str(script), "train", "-c", "tiny/cyclegan_photo2monet", *pictures, "--dry-run")


def modules_beyond(extra: str) -> list[str]:
    """Return the installed modules that no requirement of the package with an extra brings."""
    brought: set[str] = set()
    wanted = [Requirement(line) for section in ("", extra) for line in read_sections()[section]]
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name not in brought and (not requirement.marker or requirement.marker.evaluate({"extra": ""})):
            brought.add(name)
            wanted += map(Requirement, importlib.metadata.requires(name) or ())
    modules: dict[bool, set[str]] = {True: set(), False: set()}
    for found in importlib.metadata.distributions(path=[sysconfig.get_path("platlib")]):
        files = {file.parts[0].removesuffix(".py") for file in found.files or ()}
        modules[canonicalize_name(found.metadata["Name"]) in {*brought, "ppgan-lite"}] |= files
    return sorted(name for name in modules[False] - modules[True] if name.isidentifier())


def environment(folder: Path, wheel: Path) -> tuple[Path, Path]:
    """Make an environment with a wheel and no more than [cpu] brings, offline; return its Python and our script."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
    options = ("--quiet", "--no-deps", "--no-index", "--ignore-installed")
    subprocess.run([*pip, *options, str(wheel)], check=True)
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([str(python), "-c", query], text=True).strip())
    # A line of a .pth file puts a folder on the path, but runs none of the .pth files in it: no editable install.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("platlib") + "\n", encoding="utf-8")
    (packages / "sitecustomize.py").write_text(SITECUSTOMIZE.format(hidden=modules_beyond("cpu")), encoding="utf-8")
    return python, python.with_name("paddlegan.exe" if os.name == "nt" else "paddlegan")
