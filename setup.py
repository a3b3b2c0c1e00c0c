"""How ppgan_lite is packaged; the dependencies are told in requirements.txt."""

import re
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.sdist import sdist

HERE = Path(__file__).parent


class SourceDistribution(sdist):
    """A source archive which holds requirements.txt, that this file reads."""

    def add_defaults(self) -> None:
        super().add_defaults()
        self.filelist.append("requirements.txt")


def read_version() -> str:
    """Return `__version__` without importing the package."""
    text = (HERE / "ppgan_lite" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert match, "ppgan_lite/__init__.py has no __version__"
    return match[1]


def read_requirements() -> list[str]:
    """Return the lines of requirements.txt without their comments."""
    lines = (line.partition("#")[0].strip() for line in (HERE / "requirements.txt").read_text("utf-8").splitlines())
    return [line for line in lines if line]


# Makes graphs of nets; 2.1 is the first for programs of Paddle 3.3. Its onnx has no wheel for Python 3.13.
PADDLE2ONNX = "paddle2onnx>=2.1; python_version < '3.13'"

setup(
    name="ppgan-lite",
    version=read_version(),
    description="Photographs into paintings, and images of one kind into another, with PaddlePaddle",
    long_description=(HERE / "README.md").read_text("utf-8") if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["ppgan_lite", "ppgan_lite.*"]),
    package_data={"ppgan_lite": ["**/*.ppgan", "**/*.json", "**/*.jpg", "**/*.png", "**/*.svg", "py.typed"]},
    python_requires=">=3.10,<3.14",  # the Pythons that Paddle 3 has wheels for
    install_requires=read_requirements(),
    extras_require={
        "cpu": [
            "paddlepaddle>=3.0,<4",  # 3.0 is the first with the PIR programs that inference builds on
            "openvino>=2024.4",  # executes nets several times as fast; 2024.4 is the first for Python 3.12 and NumPy 2
            PADDLE2ONNX,  # makes the graphs for it
        ],
        "gpu": ["paddlepaddle-gpu>=3.0,<4"],  # not on PyPI: from Paddle's own index, see README.md
        "export": [
            PADDLE2ONNX,
            "onnx>=1.16; python_version < '3.13'",  # tidies what paddle2onnx writes, which takes no older one
            "onnxruntime>=1.19",  # proves them; 1.19 is the first for NumPy 2
        ],
        "dev": [
            "mypy==2.4.*",  # checkers whose next version may find fault with a clean checkout are held where they are
            "ruff==0.17.*",
            "pytest>=8.0",
            "pytest-qt>=4.4",
            "pytest-xdist>=3.2",  # two tests at a time; 3.2 brought worksteal
            "types-PyYAML",
        ],
    },
    entry_points={"console_scripts": ["paddlegan = ppgan_lite.cli:run"]},
    cmdclass={"sdist": SourceDistribution},
)
