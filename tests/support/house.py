"""`python -m tests.support.house [REVISION]`: measure the house, here or as it was at a revision.

The table is that of docs/decisions/0030-house.md. Walks run over the store in memory, in a warm process.
"""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from infra import prose

ROOT = Path(__file__).parents[2]
WALKS = Path(__file__).with_name("walks.py")


def main() -> None:
    """Print the table's column for a revision, or for this tree."""
    with _checked_out(sys.argv[1]) if sys.argv[1:] else nullcontext(ROOT) as tree:
        for name, figure in measured(tree).items():
            sys.stdout.write(f"| {name} | {figure} |\n")


@contextmanager
def _checked_out(revision: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def measured(tree: Path) -> dict[str, str]:
    """Return the figures of a tree, by the names of the table's rows."""
    modules = {path: path.read_text() for path in sorted((tree / "chalicelib").rglob("*.py"))}
    once, private = map(sum, zip(*map(called_once, modules.values()), strict=True))
    lines = sum(source.count("\n") for source in modules.values())
    handlers = Counter(
        path.parent.relative_to(tree / "chalicelib")
        for path in modules
        if path.name != "__init__.py" and path.is_relative_to(tree / "chalicelib" / "handlers")
    )
    ((folder, files),) = handlers.most_common(1)
    longest = max(modules, key=lambda path: modules[path].count("\n"))
    name = longest.relative_to(tree).with_suffix("")
    return _walks_of(tree) | {
        "private functions called once": f"{once} of {private}",
        "largest folder of handlers": f"{files} files (`{folder}`)",
        "largest module": f"{modules[longest].count(chr(10))} lines (`{'.'.join(name.parts)}`)",
        "comments per 100 lines": f"{100 * sum(map(comments, modules.values())) / lines:.1f}",
        "bent sentences": str(len(list(prose.findings(str(tree / place) for place in prose.PLACES)))),
    }


def called_once(source: str) -> tuple[int, int]:
    """Return how many private functions of a module have one mention in it, and how many there are."""
    nodes = list(ast.walk(ast.parse(source)))
    functions = [n.name for n in nodes if isinstance(n, ast.FunctionDef) and n.name.startswith("_")]
    private = [name for name in functions if not name.endswith("__")]
    mentions = Counter(n.id for n in nodes if isinstance(n, ast.Name))
    mentions += Counter(n.attr for n in nodes if isinstance(n, ast.Attribute))
    return sum(mentions[name] == 1 for name in private), len(private)


def comments(source: str) -> int:
    """Count lines of comments; orders to tools are none."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [t.string.lstrip("#: ") for t in tokens if t.type == tokenize.COMMENT]
    return sum(not comment.startswith(("noqa", "type:")) for comment in comments)


def _walks_of(tree: Path) -> dict[str, str]:
    """Walk in a process that imports the modules of that tree."""
    # -P: modules beside the file have names of the standard library.
    command = [sys.executable, "-P", str(WALKS)]
    environ = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, cwd=tree, env=environ, stdout=subprocess.PIPE, check=True)
    walks: dict[str, dict[str, int]] = json.loads(done.stdout.splitlines()[-1])
    return {
        f"files entered by {name}": f"{len(entries)}, {sum(entries.values())} times"
        for name, entries in walks.items()
    }


if __name__ == "__main__":
    main()
