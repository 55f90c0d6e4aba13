"""The inference Space: SMILES in, predicted properties out, by the model published in a Hub repo.

Environment: ``POLYID_MODEL_REPO`` (``user/repo``, ``user/repo@revision`` or a folder), ``POLYID_POLL_SECONDS`` (between two
looks for a newer commit), ``POLYID_TRAINER_SPACE`` (to be linked), ``HF_ENDPOINT`` and, for a private repo, ``HF_TOKEN`` as
`huggingface_hub` reads them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if (HERE.parent / "polyid").is_dir():  # run from a clone that isn't installed
    sys.path.insert(0, str(HERE.parent))

from model_service import POLL_SECONDS, ModelService
from prediction_page import build

from polyid.hub.fetch import starter_bundle
from polyid.hub.space import space_address
from polyid.web.theme import serve


def model_repo() -> str:
    """The model to answer with: as named, else ``polyid-models`` of the Space's owner, else none."""
    owner = os.environ.get("SPACE_ID", "").partition("/")[0]
    return os.environ.get("POLYID_MODEL_REPO") or (f"{owner}/polyid-models" if owner else "")


def poll_seconds() -> float:
    """Seconds between two looks for a newer commit."""
    try:
        return max(1.0, float(os.environ.get("POLYID_POLL_SECONDS", POLL_SECONDS)))
    except ValueError:
        return POLL_SECONDS


if __name__ == "__main__":
    service = ModelService(model_repo(), poll_seconds=poll_seconds(), starter=starter_bundle())
    trainer = space_address(os.environ.get("POLYID_TRAINER_SPACE"))
    serve(build(service, trainer), HERE / "style.css", mcp_server=True, editor=True, then=service.start)
