"""Pages of the site that are made of what lies elsewhere in the repository: the notebook, the READMEs, the package's docstrings."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

TOP = Path(__file__).resolve().parents[1]
ELSEWHERE = {
    "trainer-space.md": "trainer_space/README.md",
    "inference-space.md": "inference_space/README.md",
    "bundled-table.md": "data/README.md",
    "ablation.md": "scripts/studies/ablation_accuracy.md",
    "ideas.md": "scripts/studies/kernel_ideas.md",
    "further-ideas.md": "scripts/studies/further_kernel_ideas.md",
    "format-versions.md": "polyid/bundle/CHANGES.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
}
NOTEBOOK = "POLYID_EXECUTED_NOTEBOOK"
"""Environment variable with the path of an executed copy of the notebook; without it the page has no outputs."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages made of other files of the repository."""
    pages = {name: _from_elsewhere(path) for name, path in ELSEWHERE.items()}
    pages["notebook.md"] = _notebook()
    pages |= _reference()
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files


def _from_elsewhere(path: str) -> str:
    """A Markdown file without the YAML head of a Space, its links leading to other pages or naming the file."""
    text = re.sub(r"\A---\n.*?\n---\n", "", (TOP / path).read_text("utf-8"), flags=re.DOTALL)
    by_path = {target: name for name, target in ELSEWHERE.items()} | {
        "notebooks/polymer_properties.ipynb": "notebook.md"
    }

    def link(match: re.Match[str]) -> str:
        text, target = match.groups()
        resolved = os.path.normpath(os.path.join(os.path.dirname(path), target.partition("#")[0]))
        page = by_path.get(resolved) or ("index.md" if resolved == "README.md" else None)
        return f"[{text}]({page})" if page else f"{text} (`{resolved}`)"

    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|mailto:)([^)\s]+)\)", link, text)


def _notebook() -> str:
    path = os.environ.get(NOTEBOOK) or TOP / "notebooks" / "polymer_properties.ipynb"
    # Figures are data of the page, which then needs no further files.
    exporter = MarkdownExporter()
    body, resources = exporter.from_notebook_node(nbformat.read(path, as_version=4))
    for name in resources.get("outputs", {}):
        body = re.sub(rf"!\[[^\]]*\]\({re.escape(name)}\)", "", body)
    return body


def _reference() -> dict[str, str]:
    """A page for each room of the package, and the list of them with the first line of each module."""
    rooms: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((TOP / "polyid").rglob("*.py")):
        parts = path.relative_to(TOP).with_suffix("").parts
        if len(parts) > 2:
            first_line = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n")[0]
            name = ".".join(parts if parts[-1] != "__init__" else parts[:-1])
            rooms.setdefault(parts[1], []).append((name, first_line))
    index = "# The package, room by room\n\n"
    pages = {}
    for room, modules in rooms.items():
        index += f"## [{room}]({room}.md)\n\n" + "".join(f"- `{name}`: {line}\n" for name, line in modules) + "\n"
        pages[f"reference/{room}.md"] = f"# {room}\n\n" + "\n".join(f"::: {name}\n" for name, _ in modules)
    return pages | {"reference/index.md": index}
