"""The folders that become repos: what lies in each Space, and the tables as a dataset with card and licences."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from polyid.deploy.deployment import Deployment
from polyid.errors import HubError

SPACES = {"trainer": "trainer_space", "inference": "inference_space"}
"""A Space's part in a deployment, and its folder in the repository."""
SPACE_MARK = "polyid/__init__.py"
"""A file by which a Space is known to be one of ours."""
PACKAGE = ("polyid", "LICENSE")
BESIDE = (*PACKAGE, "data")
"""What lies beside a Space's own files: the package and its licence, the bundled tables with theirs."""
_LEFT_OUT = re.compile(r"(^|/)(\.|__pycache__(/|$))|\.pyc$|^data/sources/[^/]+\.csv$")
_PIN = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==[A-Za-z0-9.+!]+")
_HEAD = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)


def find_repository(folder: Path | None = None) -> Path:
    """The clone that Spaces are made of: the one named, else the one that this package is of, else the working folder.

    Raises
    ------
    HubError
        There is none: an installed package alone has no Spaces.
    """
    candidates = [folder] if folder else [Path(__file__).resolve().parents[2], Path.cwd()]
    for candidate in candidates:
        if all((candidate / name / "app.py").is_file() for name in SPACES.values()) and (candidate / "polyid").is_dir():
            return candidate.resolve()
    where = candidates[-1]
    raise HubError(
        f"{where} is no clone of the polyid-spaces repository (it has no trainer_space/ and inference_space/): "
        "name the clone with --source."
    )


def files_below(folder: Path) -> dict[str, Path]:
    """Every file of a folder by its name there."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def assemble_space(repository: Path, part: str, deployment: Deployment, folder: Path) -> Path:
    """Write the folder of a Space.

    Parameters
    ----------
    repository : path
        A clone.
    part : str
        ``trainer`` or ``inference``.
    deployment : Deployment
    folder : path
        To be made.

    Returns
    -------
    path
        The folder.

    Raises
    ------
    HubError
        A requirement is not pinned.
    """
    own = repository / SPACES[part]
    for name, path in _chosen(own, own):
        _copy(path, folder / name)
    assemble_package(repository, folder, BESIDE)
    check_pinned(folder / "requirements.txt")
    readme = folder / "README.md"
    links = {"models": [deployment.models], "datasets": [deployment.tables]}
    readme.write_text(with_head(readme.read_text("utf-8"), links), "utf-8")
    return folder


def assemble_package(repository: Path, folder: Path, parts: Sequence[str] = PACKAGE) -> Path:
    """Copy the package, or further parts of a clone, into a folder, and return it."""
    for part in parts:
        for name, path in _chosen(repository / part, repository):
            _copy(path, folder / name)
    return folder


def _chosen(path: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """The files that go along of a file or folder, each with its name below `root`."""
    for each in [path] if path.is_file() else sorted(path.rglob("*")):
        name = each.relative_to(root).as_posix()
        if each.is_file() and not each.is_symlink() and not _LEFT_OUT.search(name):
            yield name, each


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def check_pinned(path: Path) -> list[str]:
    """The requirements of a file, each of one version; refuse others, by which a Space built later would be another."""
    lines = [line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines()]
    requirements = [line for line in lines if line]
    for requirement in requirements:
        if not _PIN.fullmatch(requirement):
            raise HubError(f"{requirement!r} in {path.name} is not of one version: write it as name==version.")
    return requirements


def read_head(text: str) -> dict[str, Any]:
    """The YAML head of a README."""
    head = _HEAD.match(text)
    return yaml.safe_load(head[1]) if head else {}


def with_head(text: str, entries: dict[str, Any]) -> str:
    """A README whose YAML head has these entries besides."""
    head = yaml.safe_dump({**read_head(text), **entries}, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{head}---\n{_HEAD.sub('', text)}"
