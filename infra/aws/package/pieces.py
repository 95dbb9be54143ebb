"""Parts of the template in files of their own, one for each optional mechanism."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from infra.aws.errors import PackagingError

Template = dict[str, Any]

FOLDER = Path(__file__).with_name("pieces")


def with_pieces(template: Template, folder: Path = FOLDER) -> Template:
    """Return the template with the additions of each file in the folder.

    Raises PackagingError if a name exists already, because a piece must not change other parts.
    """
    for path in sorted(folder.glob("*.yaml")):
        template = _added(template, yaml.safe_load(path.read_text(encoding="utf-8")), path.name)
    return template


def _added(template: Template, piece: Template, file: str) -> Template:
    changed = dict(template)
    for section, entries in piece.items():
        present = template.get(section, {})
        if taken := sorted(present.keys() & entries.keys()):
            raise PackagingError(f"{file} adds {taken[0]} to {section}, which already has it.")
        changed[section] = {**present, **entries}
    return changed
