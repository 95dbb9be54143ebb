"""The set-up: what it installs, what it says, and what it leaves when it is stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from infra import set_up

PROJECT = Path(__file__).parents[2]
NO_ENSUREPIP = 'case "$*" in *ensurepip*) exit 1;; esac'
TOO_OLD = 'case "$*" in *version_info*) exit 1;; esac'
NO_INDEX = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_NO_CACHE_DIR": "1",
}


def set_up_by(python: str, into: Path, level: str = "commands", **environ: str) -> tuple[int, str]:
    """Set environments up; return the exit status and everything said."""
    done = subprocess.run(
        ["sh", "infra/set-up", level, "--into", str(into)],
        cwd=PROJECT,
        env={**os.environ, "PYTHON": python, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def checkout(folder: Path, **requirements: str) -> Path:
    """Return a copy of the set-up whose requirements are small."""
    (folder / "infra").mkdir(parents=True)
    for name in ("set-up", "set_up.py", "run"):
        shutil.copy(PROJECT / "infra" / name, folder / "infra")
    for name in (
        "requirements",
        "requirements-run",
        "requirements-dev",
        "requirements-local",
        "requirements-docs",
    ):
        (folder / f"{name}.txt").write_text(requirements.get(name.partition("-")[2], ""))
    return folder


def run_in(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the set-up of a checkout."""
    return subprocess.run(
        ["sh", "infra/set-up", *words],
        cwd=folder,
        env={**os.environ, "PYTHON": sys.executable, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def pinned(*names: str) -> set[str]:
    """Return the packages that lists of requirements pin."""
    lists = "\n".join((PROJECT / name).read_text() for name in names)
    return set(re.findall(r"^([\w.-]+)==", lists, re.M))


@pytest.mark.parametrize(
    ("script", "reason"), [(TOO_OLD, "is too old"), (NO_ENSUREPIP, "Install its venv package")]
)
def test_an_unfit_python_is_one_clear_line(tmp_path: Path, script: str, reason: str) -> None:
    """Said before anything is made."""
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    status, output = set_up_by(str(python), tmp_path / "into")
    assert (status, output.count("\n"), (tmp_path / "into").exists()) == (1, 1, False)
    assert reason in output


def test_a_missing_python_is_one_clear_line(tmp_path: Path) -> None:
    """With the way to name another one."""
    status, output = set_up_by("no-such-python", tmp_path)
    assert (status, output.count("\n")) == (1, 1)
    assert "PYTHON=" in output


def test_environment_behind_a_link_is_not_emptied(tmp_path: Path) -> None:
    """A link to another checkout's environment is refused before anything is cleared."""
    (tmp_path / "shared" / "bin").mkdir(parents=True)
    (tmp_path / ".venv").symlink_to(tmp_path / "shared")
    status, output = set_up_by(sys.executable, tmp_path)
    assert status == 1
    assert output.endswith("Remove it, or update the environment that it leads to\n")
    assert (tmp_path / "shared" / "bin").is_dir()


def test_running_needs_no_tool_of_the_tests() -> None:
    """Browsers, type checkers and linters were five sixths of what `make run` installed."""
    running = pinned("requirements.txt", "requirements-run.txt", "requirements-local.txt")
    assert running & {"moto", "mypy", "playwright", "pytest", "ruff", "cfn-lint", "boto3-stubs"} == set()
    assert {"chalice", "pyyaml"} <= pinned("requirements-run.txt")
    assert {"moto", "mypy", "playwright", "pytest", "ruff"} <= pinned("requirements-dev.txt")


def test_the_lists_agree_about_every_package_they_share() -> None:
    """They are installed into one environment, so each package has one version."""
    versions: dict[str, set[str]] = {}
    for name in ("requirements.txt", "requirements-run.txt", "requirements-dev.txt"):
        pins = re.findall(r"^([\w.-]+)==([^\s;]+) (?!;)", (PROJECT / name).read_text(), re.M)
        for package, version in pins:
            versions.setdefault(package, set()).add(version)
    assert {package: each for package, each in versions.items() if len(each) > 1} == {}


@pytest.mark.slow
def test_what_is_ready_is_not_made_again(tmp_path: Path) -> None:
    """A newer list makes its environment anew; the tests' tools are added to what is there."""
    folder = checkout(tmp_path / "checkout")
    first = run_in(folder, "run")
    assert first.returncode == 0
    assert re.search(
        r"^Setting up .venv and .venv-local .*\nSet up in \d+ s, \d+ MB.\n\Z", first.stderr, re.S
    )
    assert (first.stdout, run_in(folder, "run").stderr) == ("", "")
    (folder / ".venv" / "kept").touch()
    assert "Setting up .venv (" in run_in(folder, "test").stderr
    assert (folder / ".venv" / "kept").exists()
    assert run_in(folder, "test").stderr == ""
    later = time.time() + 5
    os.utime(folder / "requirements-run.txt", (later, later))
    assert "Setting up .venv (" in run_in(folder, "commands").stderr
    assert not (folder / ".venv" / "kept").exists()
    assert not (folder / ".venv" / ".ready-for-tests").exists()


@pytest.mark.slow
def test_without_network_the_reason_is_a_sentence(tmp_path: Path) -> None:
    """No environment counts as ready afterwards, and the next set-up tries again."""
    folder = checkout(tmp_path / "checkout", run="no-such-package-of-ours==1.0\n")
    done = run_in(folder, "commands", **NO_INDEX)
    assert done.returncode == 1
    assert "set-up: .venv could not be set up. The package index does not respond: " in done.stderr
    assert "PIP_INDEX_URL" in done.stderr
    assert not (folder / ".venv" / ".ready").exists()
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """As in a read-only checkout. A file in the way stands for it, because root may write anywhere."""
    (tmp_path / "file").touch()
    status, output = set_up_by(sys.executable, tmp_path / "file")
    assert status == 1
    assert f"set-up: {tmp_path / 'file'} cannot be used: " in output
    assert "Traceback" not in output


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_read_only_checkout_says_what_to_do() -> None:
    """The log of the environment's maker tells the rest."""
    with tempfile.TemporaryDirectory(prefix="bodhi-read-only-") as folder:
        os.chmod(folder, 0o555)
        copied = checkout(Path(folder) / "checkout")
        for path in (copied, *copied.rglob("*")):
            path.chmod(0o555)
        python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
        done = subprocess.run(
            ["sh", "infra/set-up", "run"],
            cwd=copied,
            env={"PATH": os.environ["PATH"], "PYTHON": python or "python3"},
            user=65534,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "could not be set up. Copy the checkout to a folder that you may write.\n" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_no_program(tmp_path: Path, number: signal.Signals) -> None:
    """Also as a background job, for which shells ignore SIGINT."""
    folder = checkout(tmp_path / "checkout")
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(
            ["sh", "infra/set-up", "run"],
            cwd=folder,
            env={**os.environ, "PYTHON": sys.executable},
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, usual)
    with process:
        assert process.stderr
        process.stderr.readline()
        time.sleep(0.3)
        process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode == 130
    assert said.endswith("set-up: Stopped. The next set-up begins anew.\n")
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(folder) not in left


@pytest.mark.slow
def test_two_at_once_make_one_environment(tmp_path: Path) -> None:
    """The second waits and then finds that nothing is missing."""
    folder = checkout(tmp_path / "checkout")
    both = [
        subprocess.Popen(
            ["sh", "infra/set-up", "commands"],
            cwd=folder,
            env={**os.environ, "PYTHON": sys.executable},
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = sorted(process.communicate()[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] in {"Another set-up is running here. Waiting for it...\n", ""}
    assert said[1].startswith("Setting up .venv (")


@pytest.mark.slow
def test_plain_pytest_works_after_the_set_up() -> None:
    """Without ``python -m``, which would put the checkout on the path."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("pytest")), "-q", "tests/infra/test_release.py"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_one_command_starts_the_stack_without_make(tmp_path: Path) -> None:
    """From any folder. It sets up first, which here finds nothing to do."""
    folder = checkout(tmp_path / "checkout")
    for name in (".venv", ".venv-local"):
        (folder / name / "bin").mkdir(parents=True)
        (folder / name / ".ready").touch()
    python = folder / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$PWD $@"\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["sh", str(folder / "infra" / "run")], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (f"{folder} -m infra local up\n", "")


def test_progress_counts_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log gets a line now and then, and never more packages than there are. No line stands still."""
    job = set_up.Job(tmp_path / ".venv", (), [])
    now = time.monotonic()
    # Making an environment takes 20 s on a slow machine.
    set_up._tell([job], 9, now - 12, now - 11)
    assert capsys.readouterr().err == "  Making .venv, before pip begins, 12 s\n"
    job.log.write(
        b"Collecting a==1\n  Using cached a\nRequirement already satisfied: b==2 in x\nCollecting c\n"
    )
    job.log.flush()
    for name in ("a-1", "b-2", "pip-26.0", "setuptools-80.0"):
        (job.folder / "lib" / "python3.11" / "site-packages" / f"{name}.dist-info").mkdir(parents=True)
    now = time.monotonic()
    assert set_up._tell([job], 9, now - 21, now - 1) == now - 1
    assert set_up._tell([job], 9, now - 21, now - 11) >= now
    set_up._tell([job, job], 4, now - 21, now - 11)
    assert capsys.readouterr().err == (
        "  3 of about 9 packages found, 2 installed, 21 s\n"
        "  4 of about 4 packages found, 4 installed, 21 s\n"
    )
    job.log.close()


def test_each_level_has_what_the_one_before_has() -> None:
    """Commands, the stack, the tests: one after the other."""
    folders = {
        level: {each.folder: len(each.layers) for each in made} for level, made in set_up.LEVELS.items()
    }
    assert folders == {
        "commands": {".venv": 1},
        "run": {".venv": 1, ".venv-local": 1},
        "docs": {".venv": 1, ".venv-docs": 1},
        "test": {".venv": 2, ".venv-local": 1},
    }
