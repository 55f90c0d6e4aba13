"""``python -m polyid`` is the command line."""

import sys

from polyid.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
