"""The files of docs/examples/attach, and the pages that show them."""

import re
from collections.abc import Mapping
from pathlib import Path

from infra.local.template import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "docs" / "examples" / "attach"
PAGES = [PROJECT_ROOT / "docs" / "attach.md", *sorted((PROJECT_ROOT / "docs" / "attach").glob("*.md"))]
FILES: Mapping[str, str] = {
    path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir()) if path.is_file()
}
# Commands are for a shell. They are tried elsewhere.
SHOWN = re.compile(r"^```(?!console)\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def shown(page: Path) -> list[str]:
    """Return the examples that a page repeats."""
    return SHOWN.findall(page.read_text(encoding="utf-8"))
