#!/usr/bin/env python3
"""A small Hugging Face Hub on this machine, for demonstrations and tests without an account.

It speaks the part of the Hub's HTTP interface that ``huggingface_hub`` 2.4 uses for repositories, commits, downloads
and the settings of Spaces, so the unmodified client works when ``HF_ENDPOINT`` names this server. Repositories lie in
one folder as content-addressed files and JSON; a commit becomes visible by one atomic rename, so a server killed at any
moment never shows half of one. It stores what a Space asks for (hardware, secrets, volumes, pause), names of buckets and the
specifications of Jobs, and runs nothing.

    python scripts/local_hub.py --port 8080 --root ~/local-hub

The server itself is the package `hub_server` beside this file. It needs this package with its extra ``demo``:
``pip install -e '.[demo]'``.
"""

from hub_server.command import main

if __name__ == "__main__":
    main()
