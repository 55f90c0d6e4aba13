"""README files with their YAML heads."""

import re
from typing import Any

import yaml
from fastapi.responses import JSONResponse, Response

from hub_server.access import Payload
from hub_server.names import SPACE_COLOURS, SPACE_SDKS
from hub_server.routing import calls


def front_matter(text: str) -> Any:
    """Return the YAML head of a README, None where there is none; raises yaml.YAMLError."""
    head = re.match(r"\A\s*---[ \t]*\r?\n(.*?)(?:\r?\n)?---[ \t]*(?:\r?\n|\Z)", text.lstrip("\ufeff"), re.DOTALL)
    return yaml.safe_load(head[1]) if head else None


@calls.post("/api/validate-yaml")
def validate_yaml(payload: Payload) -> Response:
    errors, warnings = [], []
    try:
        card = front_matter(str(payload.get("content", "")))
    except yaml.YAMLError as error:
        card, errors = {}, [f"YAML metadata in README.md can't be read: {error}"]
    if not errors and not card:
        warnings.append("empty or missing yaml metadata in repo card")
    elif card and not isinstance(card, dict):
        errors.append("YAML metadata in README.md must be a mapping of names to values")
    if isinstance(card, dict):
        for key, kinds in (("license", (str, list)), ("tags", (list,)), ("model-index", (list,))):
            if card.get(key) is not None and not isinstance(card[key], kinds):
                errors.append(f'"{key}" must be {"a list" if list in kinds[:1] else "a string"}')
        if payload.get("repoType") == "space":
            for key, allowed in (("sdk", SPACE_SDKS), ("colorFrom", SPACE_COLOURS), ("colorTo", SPACE_COLOURS)):
                if key in card and card[key] not in allowed:
                    errors.append(f'"{key}" must be one of [{", ".join(allowed)}]')
    answer = {
        "errors": [{"message": message} for message in errors],
        "warnings": [{"message": message} for message in warnings],
    }
    return JSONResponse(answer, status_code=400 if errors else 200)
