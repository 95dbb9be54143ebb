"""``infra/lint-web``: required in CI, left out with a message on a machine without Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

from infra.local.template import PROJECT_ROOT
from tests.support.node import node_with_packages

WEB = PROJECT_ROOT / "tests" / "web"
TOOLS = ("sh", "dirname", "grep")
FOLDERS = ("chalicelib/web", "infra/local/components", "infra/local/development_provider")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the page and its linter. The copy has a folder of programs without Node."""
    (tmp_path / "infra").mkdir()
    shutil.copy(PROJECT_ROOT / "infra" / "lint-web", tmp_path / "infra")
    for folder in FOLDERS:
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    return tmp_path


def lint(project: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the linter of the copy without Node."""
    environ = {"PATH": str(project / "bin"), **environ}
    command = ["sh", str(project / "infra" / "lint-web")]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)


def test_without_node_the_page_is_not_linted(project: Path) -> None:
    """The message says so and names the packages."""
    done = lint(project)

    assert done.returncode == 0, done.stderr
    assert "not linted: install Node and npm" in done.stderr


def test_ci_must_have_node(project: Path) -> None:
    """In CI a missing Node is a failure."""
    done = lint(project, CI="true")

    assert done.returncode != 0
    assert "not linted" in done.stderr


@pytest.mark.parametrize("name", ["page.html", "notice.html", "theme.css", "reference.css", "icon.svg"])
def test_long_line_is_found_without_node(project: Path, name: str) -> None:
    """A line of 120 characters is allowed, counted as characters. A longer line is not."""
    place = project / "chalicelib" / "web" / name
    source = place.read_text()
    place.write_text(f"{source}{'é' * 120}\n")
    assert lint(project).returncode == 0

    place.write_text(f"{source}{'é' * 121}\n")
    done = lint(project)

    assert done.returncode != 0
    assert f"chalicelib/web/{name}:" in done.stdout
    assert "longer than 120 characters" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("x" * 121 + ";", "max-len"),
        ("document.body.innerHTML = location.hash;", "no-restricted"),
        ("export function f() {\n" + "  f();\n" * 60 + "}", "max-lines-per-function"),
    ],
)
def test_scripts_are_linted(line: str, complaint: str) -> None:
    """ESLint complains of long lines, long functions and markup."""
    node = node_with_packages(WEB)
    command = [
        node,
        str(WEB / "node_modules" / "eslint" / "bin" / "eslint.js"),
        "--config",
        "tests/web/eslint.config.js",
        "--stdin",
    ]
    command += ["--stdin-filename", "chalicelib/web/tried.js"]
    done = subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        input=line + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert complaint in done.stdout
