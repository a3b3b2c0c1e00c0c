"""Size of an installation: python benchmarks/install_size.py [EXTRA ...]

Installs this checkout with the extras ([cpu] if none is named) into a fresh environment, and prints the size of its
site-packages by distribution, without pip. Bytecode counts, as pip writes it. Needs a network.
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
    parser.add_argument("extras", nargs="*", default=["cpu"], metavar="EXTRA")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write machine, versions and rows there, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python")
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "-e", f"{CHECKOUT}[{','.join(arguments.extras)}]"], check=True)
        sizes = json.loads(subprocess.check_output([str(python), "-c", WEIGH], text=True, cwd=folder))
    for name in ("pip", "setuptools"):
        sizes.pop(name, None)
    # An editable installation holds a pointer to the checkout.
    package = (path for path in (CHECKOUT / "ppgan_lite").rglob("*") if path.is_file())
    sizes["ppgan-lite"] = sum(path.stat().st_size for path in package)
    largest_first = sorted(sizes.items(), key=lambda item: -item[1])
    rows = [{"what": name, "megabytes": round(size / 1e6, 1)} for name, size in largest_first]
    total = {"what": f"[{','.join(arguments.extras)}]", "megabytes": round(sum(sizes.values()) / 1e6, 1)}
    report("install_size", [total, *rows], arguments.json)


if __name__ == "__main__":
    main()
