"""Find shipped experiments by name, from any folder."""

from __future__ import annotations

from pathlib import Path

from ppgan_lite.config.paths import expand
from ppgan_lite.errors import ConfigError
from ppgan_lite.tables import did_you_mean


def folder() -> Path:
    """Return the folder of the experiments: inside of an installed package, next to the package in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def shipped_configs() -> dict[str, Path]:
    """Return the experiments that ship by name: "style_draft", and its small copy "tiny/style_draft"."""
    files = sorted(folder().rglob("*.yaml"))
    return {path.relative_to(folder()).with_suffix("").as_posix(): path for path in files}


def first_line(path: Path) -> str:
    """Return the first line of a config without its comment sign, which describes the experiment."""
    with path.open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").rstrip()


def find_config(config: str | Path, *, beside: Path | None = None) -> Path:
    """Return the file of an experiment.

    Args:
        config: The path of a YAML file, or the name of an experiment that ships; `~` and variables are expanded.
        beside: The folder that a relative path starts from; by default the current one.

    Raises:
        ConfigError: There is neither.
    """
    path = (beside or Path()) / expand(str(config))
    if path.is_file():
        return path
    ship = shipped_configs()
    if str(config) in ship:
        return ship[str(config)]
    if path.exists():
        return path  # a folder, for example: reading it gives a better error
    if path.suffix:
        remedy = f"Did you mean {path.stem!r}, an experiment that ships?" if path.stem in ship else ""
        raise ConfigError(path, "there is no such file", "a YAML file", remedy)
    found, expected = "no experiment of that name ships", "a YAML file, or a name that `paddlegan configs` lists"
    raise ConfigError(config, found, expected, did_you_mean(str(config), ship))
