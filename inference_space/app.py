"""The inference Space: SMILES in, predicted properties out, by the model published in a Hub repo.

Environment: ``POLYID_MODEL_REPO`` (``user/repo``, ``user/repo@revision`` or a folder), ``HF_ENDPOINT`` and, for a
private repo, ``HF_TOKEN`` as `huggingface_hub` reads them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if (HERE.parent / "polyid").is_dir():  # run from a clone that isn't installed
    sys.path.insert(0, str(HERE.parent))

from model_service import ModelService
from prediction_page import build

from polyid.hub.fetch import starter_bundle
from polyid.web.theme import serve


def model_repo() -> str:
    """The model to answer with: as named, else ``polyid-models`` of the Space's owner, else none."""
    owner = os.environ.get("SPACE_ID", "").partition("/")[0]
    return os.environ.get("POLYID_MODEL_REPO") or (f"{owner}/polyid-models" if owner else "")


if __name__ == "__main__":
    service = ModelService(model_repo(), starter=starter_bundle())
    serve(build(service), HERE / "style.css", mcp_server=True, then=service.start)
