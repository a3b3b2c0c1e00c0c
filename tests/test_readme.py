"""The documents: every command parses, every link leads somewhere, both READMEs say the same."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ppgan_lite.cli import VERBS, commands
from ppgan_lite.config.shipped import shipped_configs
from ppgan_lite.degradations import DEGRADATIONS
from ppgan_lite.styles import shipped_name

ROOT = Path(__file__).parents[1]
READMES = ["README.md", "README_zh.md"]
INSTALLING = ["docs/install.md", "docs/zh/install.md"]
TRANSLATIONS = [READMES, INSTALLING, *([f"docs/{name}.md", f"docs/zh/{name}.md"] for name in ("migrating", "painting"))]
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

SHELLS = ("sh", "powershell")
# Programs whose options are not ours to check.
FOREIGN = {"curl", "docker", "pip", "ray", "source", "sudo", "visualdl", r".venv\Scripts\activate"}


def blocks(document: str, *languages: str) -> Iterator[str]:
    """Yield the fenced blocks of a document in some languages."""
    for language, text in re.findall(
        r"^```(\w*)\n(.*?)^```$", (ROOT / document).read_text("utf-8"), re.DOTALL | re.MULTILINE
    ):
        if language in languages:
            yield text


def command_lines(document: str) -> list[str]:
    """Return the lines of its shell blocks, continued lines joined, comments and empty lines left out."""
    lines = [line for text in blocks(document, *SHELLS) for line in text.replace("\\\n", "").splitlines()]
    stripped = (re.sub(r"(^|\s+)#.*", "", line) for line in lines)
    return [" ".join(line.split()) for line in stripped if line]


def commands_in_tables(document: str) -> list[str]:
    """Return the commands of this program, with their arguments, that stand in the rows of its tables."""
    rows = re.findall(r"^\|.*\|$", (ROOT / document).read_text("utf-8"), re.MULTILINE)
    return [code for row in rows for code in re.findall(r"`((?:paddlegan|python -m) [^\s`]+ [^`]+)`", row)]


ALL_COMMANDS = sorted(
    {(document, line) for document in DOCUMENTS for line in (*command_lines(document), *commands_in_tables(document))}
)


@pytest.mark.parametrize(("document", "line"), ALL_COMMANDS)
def test_every_command_parses(document: str, line: str) -> None:
    program, *arguments = shlex.split(line) if "\\" not in line else line.split()
    if program == "paddlegan":
        check_verb(*arguments)
    elif program in ("python", "python3", "py"):
        check_script(*arguments)
    elif program == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        assert set(arguments) <= set(targets)
    else:
        assert program in FOREIGN


def check_verb(name: str, *arguments: str) -> None:
    """Parse the arguments of a verb as the command line does, and look up the names in them."""
    assert name in VERBS, f"paddlegan has no verb {name}"
    given = commands.get_command(click.Context(commands), name).make_context(name, list(arguments)).params
    if name == "stylize":
        for style in given["styles"]:
            check_style(style.partition(":")[0])
    if name == "export":
        check_style(given["checkpoint"])
    if name == "degrade":
        assert {step.partition(":")[0] for step in given["steps"]} <= set(DEGRADATIONS)
    config = given.get("config") or given.get("target") or ""
    if name in ("train", "doctor") and (config in shipped_configs() or config.startswith("configs/")):
        from ppgan_lite.config import load_config

        pytest.importorskip("paddle")  # the recipes' constructors, which it checks the settings against, need it
        load_config(ROOT / config if config.startswith("configs/") else config, given["override"])
    elif name == "train":
        # A file of the reader, not the name of an experiment; a run has a config of its own.
        assert config.endswith(".yaml") or given["resume"] or (given["resume"] is not None and given["run_dir"])


def check_script(script: str, *arguments: str) -> None:
    """Check that a script is there and takes the arguments."""
    if script == "-m":
        module, *options = arguments
        if module == "paddle.distributed.launch":
            start = next(place for place, option in enumerate(options) if Path(option).name == "paddlegan")
            check_verb(*options[start + 1 :])
        else:
            assert module in ("pip", "venv")
        return
    assert (ROOT / script).is_file()
    if script == "demo.py":
        check_verb("degrade", *arguments)
    elif script == "ui.py":
        assert len(arguments) <= 2  # [CHECKPOINT] [PHOTO]
    elif script == "applications/stylize.py":
        _, style, _ = arguments
        check_style(style)
    elif script == "applications/translate.py":
        assert len(arguments) in (3, 4)  # IMAGE CHECKPOINT RESULT [DIRECTION]
    elif script == "applications/restore.py":
        assert len(arguments) in (2, 3)  # PHOTO RESULT [CHECKPOINT]


def check_style(style: str) -> None:
    """Check that a style is a file, a run, one that ships, or one that the documents have learned."""
    is_file = Path(style).suffix or style.startswith("runs/")
    assert is_file or shipped_name(style) or style == "my_painting"


@pytest.mark.parametrize("documents", TRANSLATIONS, ids=lambda documents: documents[0])
def test_a_document_and_its_translation_have_the_same_commands(documents: list[str]) -> None:
    english, chinese = ([*command_lines(document), *commands_in_tables(document)] for document in documents)
    assert english == chinese
    assert len(english) > (20 if documents == READMES else 5)  # neither was overlooked


def test_both_readmes_have_the_same_python_which_imports_what_exists() -> None:
    [english], [chinese] = ([ast.parse(text) for text in blocks(document, "python")] for document in READMES)
    assert ast.dump(english) == ast.dump(chinese)  # but for the comments
    imported = [node for node in ast.walk(english) if isinstance(node, ast.ImportFrom)]
    assert imported
    for node in imported:
        module = importlib.import_module(str(node.module))
        assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_and_picture_is_there(document: str) -> None:
    text = re.sub(r"^```.*?^```$|`[^`\n]+`", "", (ROOT / document).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    local = [target.partition("#")[0] for target in targets if not re.match(r"\w+:", target)]
    assert [target for target in local if target and not (ROOT / document).parent.joinpath(target).exists()] == []


@pytest.mark.parametrize("document", INSTALLING)
def test_the_system_packages_are_those_which_continuous_integration_installs(document: str) -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    [listed] = re.findall(r"^packages=\(\n(.*?)^\)", script, re.DOTALL | re.MULTILINE)
    [browser] = re.findall(r"browser=\((\S+)\)", script)
    wanted = [*re.sub(r"#.*", "", listed).split(), browser]
    install = "sudo apt install "
    named = " ".join(line.removeprefix(install) for line in command_lines(document) if line.startswith(install))
    assert sorted(named.split()) == sorted(wanted)


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/**/*.yaml")), ids=lambda path: path.stem)
def test_every_config_loads(path: Path) -> None:
    pytest.importorskip("paddle")
    from ppgan_lite.config import load_config

    load_config(path)
