"""python -m ppgan_lite: the command line, where the console script is not on the path."""

import sys

from ppgan_lite.cli import main

if __name__ == "__main__":
    sys.exit(main())
