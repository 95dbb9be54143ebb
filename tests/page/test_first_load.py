"""The first load of the page: its scripts are asked for at once, and few bytes are sent."""

import gzip
import re

from infra.local.template import PROJECT_ROOT

WEB = PROJECT_ROOT / "chalicelib" / "web"
PAGE = (WEB / "page.html").read_text()
ENTRY = "page.js"
# A static import. `import(...)` loads later.
IMPORT = re.compile(r"^(?:import|export)\b[^;(]*?\bfrom '\./([\w-]+\.js)';", re.MULTILINE)
MOST_BYTES = 80_000


def scripts_of(name: str, known: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return a script and all that it imports."""
    found = known | {name}
    for imported in IMPORT.findall((WEB / name).read_text()):
        if imported not in found:
            found = scripts_of(imported, found)
    return found


def test_each_script_of_the_first_load_is_preloaded() -> None:
    """The browser does not learn of a script from another script, which costs a round trip each."""
    preloaded = re.findall(r'rel="modulepreload" href="\$assets/([\w-]+\.js)"', PAGE)

    assert preloaded == sorted(scripts_of(ENTRY) - {ENTRY})


def test_first_load_is_small() -> None:
    """Page, styles and scripts are under 80 KB when they are compressed."""
    styles = re.findall(r'rel="stylesheet" href="\$assets/([\w-]+\.css)"', PAGE)
    names = {"page.html", *styles, *scripts_of(ENTRY)}

    assert sum(len(gzip.compress((WEB / name).read_bytes())) for name in names) < MOST_BYTES
