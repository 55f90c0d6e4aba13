"""Checkpoints of a training run: written whole or not at all, the two newest kept, damaged ones passed over."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np

from polyid.common.files import write_bytes
from polyid.errors import TrainingError
from polyid.training.group import FoldResult

CHECKPOINT_VERSION = 1


class CheckpointFolder:
    """Checkpoints of one run, each written whole or not at all; the two newest are kept.

    A checkpoint is a safetensors file and a JSON file that names its SHA-256; the JSON file is renamed into place last.
    Results of finished folds lie beside them.
    """

    def __init__(self, folder: Path, fingerprint: str):
        self.folder, self.fingerprint = folder, fingerprint
        folder.mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Remove the checkpoints of an earlier run."""
        for path in [*self.folder.glob("checkpoint-*"), *self.folder.glob("fold-*")]:
            path.unlink(missing_ok=True)

    def save(self, state: dict, arrays: dict[str, np.ndarray]) -> None:
        """Write a checkpoint and drop all but the one before it."""
        numbers = self._numbers("checkpoint")
        self._write(f"checkpoint-{(numbers[-1] if numbers else 0) + 1:08d}", state, arrays)
        for number in numbers[:-1]:
            for suffix in (".json", ".safetensors"):
                (self.folder / f"checkpoint-{number:08d}{suffix}").unlink(missing_ok=True)

    def save_results(self, results: dict[int, FoldResult]) -> None:
        """Write the finished folds, after which their checkpoints are no longer needed."""
        for fold, result in results.items():
            self._write(f"fold-{fold:08d}", {"log": result.log, "epoch": result.epoch}, result.weights)

    def load(self) -> tuple[dict[int, FoldResult], dict | None]:
        """Finished folds, and the newest good checkpoint of the folds under way (None if there is none).

        Raises
        ------
        TrainingError
            The checkpoints belong to another run: other data, settings, folds or backend.
        """
        results = {}
        for number in self._numbers("fold"):
            record = self._read(f"fold-{number:08d}")
            if record is not None:
                results[number] = FoldResult(record["arrays"], record["log"], record["epoch"])
        for number in reversed(self._numbers("checkpoint")):
            record = self._read(f"checkpoint-{number:08d}")
            if record is not None and set(record["folds"]) - set(results):
                return results, record
        return results, None

    def _numbers(self, prefix: str) -> list[int]:
        return sorted(int(p.stem.split("-")[1]) for p in self.folder.glob(f"{prefix}-*.json"))

    def _write(self, name: str, state: dict, arrays: dict[str, np.ndarray]) -> None:
        # Imported here: a benchmark on a bare machine trains without checkpoints.
        from safetensors.numpy import save

        content = save({k: np.ascontiguousarray(v) for k, v in arrays.items()})
        record = {
            "version": CHECKPOINT_VERSION,
            "fingerprint": self.fingerprint,
            "sha256": hashlib.sha256(content).hexdigest(),
            **state,
        }
        for suffix, data in ((".safetensors", content), (".json", json.dumps(record).encode())):
            write_bytes(self.folder / f"{name}{suffix}", data)

    def _read(self, name: str) -> dict | None:
        try:
            record = json.loads((self.folder / f"{name}.json").read_text())
            content = (self.folder / f"{name}.safetensors").read_bytes()
        except (OSError, ValueError) as error:
            warnings.warn(f"Checkpoint {name} can't be read ({error}); an earlier one is used.", stacklevel=3)
            return None
        if record.get("version") != CHECKPOINT_VERSION or record.get("fingerprint") != self.fingerprint:
            raise TrainingError(
                f"The checkpoints in {self.folder} are from another run (other data, settings, folds, package version or "
                "kind of hardware); start without --resume, or choose another output folder."
            )
        if hashlib.sha256(content).hexdigest() != record["sha256"]:
            warnings.warn(f"Checkpoint {name} is damaged; an earlier one is used.", stacklevel=3)
            return None
        from safetensors import safe_open

        with safe_open(str(self.folder / f"{name}.safetensors"), framework="numpy") as file:
            record["arrays"] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        return record
