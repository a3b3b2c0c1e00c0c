"""Degrade a folder of clean pictures to learn restoration from: python demo.py SRC DST [--noise 0.1] [--blur 20].

The same as `paddlegan degrade`.
"""

import sys

from ppgan_lite.cli import main

if __name__ == "__main__":
    sys.exit(main(["degrade", *sys.argv[1:]]))
