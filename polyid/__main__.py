"""``python -m polyid`` is the command line."""

import sys

from polyid.cli import main

if __name__ == "__main__":
    sys.exit(main())
