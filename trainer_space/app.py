"""The trainer Space: choose data and settings, start a training run, watch it, and publish what it made.

The page holds no state of a run: it reads the run's record from disk once a second, so a reload or a second browser
shows the same. TensorFlow is loaded by the run's own process only.

Environment: ``HF_TOKEN`` and ``HF_ENDPOINT`` as `huggingface_hub` reads them, ``POLYID_MODEL_REPO`` (where models go),
``POLYID_RUNS`` (folder of runs), ``POLYID_DATA`` (folder of tables), ``POLYID_INFERENCE_SPACE`` (to be linked),
``POLYID_MAY_TRAIN`` and ``POLYID_MAY_WATCH`` (who else may).
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
if (HERE.parent / "polyid").is_dir():  # run from a clone that isn't installed
    sys.path.insert(0, str(HERE.parent))

import access
from data_handlers import tables_on_offer
from train_models import read_table
from training_page import build

from polyid import runs
from polyid.hub.space import space_address
from polyid.runs.afterwards import watch_over
from polyid.web.theme import serve

if __name__ == "__main__":
    # Read while the page opens: whoever looks at it first then needn't wait for that.
    for table_path in list(tables_on_offer().values())[:1]:
        threading.Thread(target=read_table, args=(table_path,), daemon=True).start()
    # Runs whose own process can't any more are seen to, watched or not.
    watch_over(runs.default_folder(), access.token_of)
    serve(build(space_address(os.environ.get("POLYID_INFERENCE_SPACE"))), HERE / "style.css")
