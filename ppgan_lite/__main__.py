"""python -m ppgan_lite: the command line, where the console script is not on the path."""

from ppgan_lite.cli import run

if __name__ == "__main__":
    run()
