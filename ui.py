"""Open the window: python ui.py [CHECKPOINT] [PHOTO]."""

import sys

from ppgan_lite.gui.app import main

if __name__ == "__main__":
    sys.exit(main())
