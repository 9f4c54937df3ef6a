"""Values as YAML on one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def flow(value: Any) -> str:
    """Write a value in YAML's flow style; text is quoted only where YAML would read it as something else."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _plain(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> bool:
    """Whether YAML reads the bare text as that text, in a flow list and as a key too."""
    import yaml

    try:
        return "\n" not in text and yaml.safe_load(f"[{text}]") == [text] and yaml.safe_load(f"{text}: 1") == {text: 1}
    except (yaml.YAMLError, TypeError):
        return False
