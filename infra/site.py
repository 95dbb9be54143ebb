"""`python -m infra docs`: build the site of docs with MkDocs, or serve it on this machine.

The reference of all calls is made of the OpenAPI document. Broken links and anchors are errors.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import subprocess
from pathlib import Path

from chalicelib.domain.scopes import DEFAULT_CATALOGUE
from chalicelib.handlers.http.operations import documented
from chalicelib.handlers.http.site import site_at
from infra.aws.errors import CommandError

ROOT = Path(__file__).parents[1]
MKDOCS = ROOT / ".venv-docs" / "bin" / "mkdocs"
MADE = ROOT / "build" / "docs-made"
"""The folder of pages that are made at each build."""
ADDRESS = "127.0.0.1:8001"

_EXAMPLE = "https://tokens.example.com"
_PAGE = """\
# Every call in full

This page is made of the OpenAPI document, as `/docs` is. A deployed service has the same at `/docs`, with
its own scopes and address, and the document itself at `/openapi.json`.

<div>
{about}
<details><summary>Contents</summary><ul>{contents}</ul></details>
{credentials}
{sections}
<h2 id="definitions">Definitions</h2>
{definitions}
</div>
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder of the site, and the choice to serve."""
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "docs", help="the folder of the site")
    parser.add_argument(
        "--serve", action="store_true", help=f"serve on http://{ADDRESS} and follow changes"
    )


def run(options: argparse.Namespace) -> None:
    """Build or serve the site. Raises CommandError if MkDocs is not installed, or finds a fault."""
    if not MKDOCS.exists():
        raise CommandError("MkDocs is not installed. Type `make docs`, which installs it.")
    MADE.mkdir(parents=True, exist_ok=True)
    (MADE / "calls.md").write_text(calls(), encoding="utf-8")
    words = ["serve", "--dev-addr", ADDRESS] if options.serve else ["build", "--quiet"]
    target = [] if options.serve else ["--site-dir", str(options.into)]
    # Without this, Material for MkDocs prints a notice about other projects.
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run([MKDOCS, *words, "--strict", *target], cwd=ROOT, env=environ, check=False)
    if done.returncode:
        raise CommandError("The site has faults.")
    if not options.serve:
        print(options.into / "index.html")


def calls() -> str:
    """Return the page with every call, for the default scopes."""
    # As while packaging: the document is the same for all settings but these.
    os.environ.setdefault("AWS_CHALICE_CLI_MODE", "true")
    importlib.import_module("app")
    # By name, as the command line loads its commands: no room depends on a front.
    openapi, reference = (
        importlib.import_module(f"chalicelib.handlers.docs.{name}") for name in ("openapi", "reference")
    )
    document = openapi.document(documented(), DEFAULT_CATALOGUE, None, site_at(_EXAMPLE))
    # Material for MkDocs lays out only tables without a class.
    return re.sub("<table class=[^>]*>", "<table>", _PAGE.format(**reference.content(document)))
