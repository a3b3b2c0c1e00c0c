"""The packaging of ppgan_lite; requirements.txt tells its dependencies, pyproject.toml how it is built."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def read_version() -> str:
    """Return `__version__` without importing the package."""
    text = (HERE / "ppgan_lite" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert match, "ppgan_lite/__init__.py has no __version__"
    return match[1]


def read_requirements() -> dict[str, list[str]]:
    """Return the requirements of each section of requirements.txt; those before the first section under ""."""
    sections: dict[str, list[str]] = {"": []}
    current = sections[""]
    for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"# \[(\w+)\]", line):
            current = sections.setdefault(heading[1], [])
        elif requirement := line.partition("#")[0].strip():
            current.append(requirement)
    return sections


EXTRAS = read_requirements()
REQUIRED = EXTRAS.pop("")

setup(
    name="ppgan-lite",
    version=read_version(),
    description="Photographs into paintings, and images of one kind into another, with PaddlePaddle",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    # The experiments and the list of models lie at the top of a checkout, and in the package once it is installed.
    packages=[*find_packages(include=["ppgan_lite", "ppgan_lite.*"]), "ppgan_lite.configs", "ppgan_lite.releases"],
    package_dir={"ppgan_lite.configs": "configs", "ppgan_lite.releases": "releases"},
    package_data={
        "ppgan_lite": [
            "**/*.ppgan",
            "**/*.tflite",
            "**/*.gz",
            "**/*.json",
            "**/*.tsv",
            "**/*.jpg",
            "**/*.png",
            "**/*.svg",
            "**/*.html",
            "**/*.css",
            "**/*.js",
            "py.typed",
        ],
        "ppgan_lite.configs": ["*.yaml", "tiny/*.yaml"],
        "ppgan_lite.releases": ["manifest.json"],  # the models themselves are fetched
    },
    python_requires=">=3.10,<3.14",  # the Pythons that Paddle 3 has wheels for
    install_requires=REQUIRED,
    extras_require={
        **EXTRAS,
        # Instead of [cpu], from Paddle's own index: see docs/install.md.
        "gpu": [
            "paddlepaddle-gpu>=3.0,<4",
            'setuptools>=65; python_version < "3.12"',
            "jinja2>=3.0",
            "markupsafe>=2.0",
        ],
        "all": sorted({requirement for extra in EXTRAS.values() for requirement in extra}),
        "dev": [
            "mypy==2.4.*",  # checkers whose next version may find fault with a clean checkout are held where they are
            "ruff==0.17.*",
            "httpx>=0.27",  # asks the service in tests
            "ipykernel>=6.29",  # runs the notebook of docs/, by nbclient
            "nbclient>=0.10",
            "hypothesis>=6.100",  # damaged files: a few in the tests, thousands in `make fuzz`
            "pytest>=8.0",
            "pytest-qt>=4.4",
            "pytest-xdist>=3.2",  # two tests at a time; 3.2 brought worksteal
            "scikit-image>=0.22",  # the pictures of some benchmarks
            "setuptools>=70.1",  # builds the package in a test; see pyproject.toml
            "types-PyYAML",
        ],
    },
    entry_points={"console_scripts": ["paddlegan = ppgan_lite.__main__:run"]},
)
