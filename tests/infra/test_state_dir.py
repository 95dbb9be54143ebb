"""The state folder is ours alone, and is removed only when it is."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from infra.local import state_dir
from infra.local.errors import LocalStackError
from infra.local.template import PROJECT_ROOT
from tests.infra.test_stack_settings import run_local


def test_a_folder_of_ours_is_removed(tmp_path: Path) -> None:
    """With everything in it."""
    folder = tmp_path / "state"
    with state_dir.held(folder):
        (folder / "aws" / "dynamodb.json").write_text("{}")
    assert (state_dir.remove(folder), folder.exists()) == (True, False)


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    """There is nothing to forget."""
    assert state_dir.remove(tmp_path / "none") is False


def test_a_foreign_folder_is_never_removed(tmp_path: Path) -> None:
    """STATE_DIR=~ must not cost anybody their home."""
    (tmp_path / "thesis.txt").write_text("years of work")
    status, output = run_local("clean-state", {"STATE_DIR": str(tmp_path)})
    assert (status, output.count("\n")) == (1, 1)
    assert (tmp_path / "thesis.txt").exists()


def test_a_foreign_folder_is_never_adopted(tmp_path: Path) -> None:
    """Otherwise it would become ours, and be removed later."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(LocalStackError, match="has other files"), state_dir.held(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_state_of_a_running_stack_is_not_removed(tmp_path: Path) -> None:
    """Nor does a second stack start on it."""
    with state_dir.held(tmp_path):
        with pytest.raises(LocalStackError, match="in use by a running stack"):
            state_dir.remove(tmp_path)
        with pytest.raises(LocalStackError, match="in use"), state_dir.held(tmp_path):
            pass
    assert state_dir.remove(tmp_path)


def test_a_path_that_is_no_folder_is_named(tmp_path: Path) -> None:
    """The reason is a sentence that names the setting."""
    (tmp_path / "file").touch()
    reason = r"^STATE_DIR=.* cannot be used: .* Set STATE_DIR to a folder of yours\.$"
    with pytest.raises(LocalStackError, match=reason), state_dir.held(tmp_path / "file"):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """As in a checkout that is read-only. Root may write everywhere, so another user tries if need be."""
    script = (
        "import os, pathlib, sys\n"
        "from infra.local import errors, state_dir\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try:\n"
        "    with state_dir.held(pathlib.Path(sys.argv[1])): pass\n"
        "except errors.LocalStackError as error: print(error)\n"
    )
    with tempfile.TemporaryDirectory(prefix="bodhi-read-only-") as folder:
        os.chmod(folder, 0o555)
        command = [sys.executable, "-c", script, f"{folder}/.state"]
        done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(
        f"STATE_DIR={folder}/.state cannot be used: Permission denied. Set STATE_DIR"
    )


def mode_of(path: Path) -> int:
    """Return the permissions of a path itself."""
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_new_folder_is_private_with_all_that_is_written_meanwhile(tmp_path: Path) -> None:
    """This process and its children write files that no other user can read, whatever the umask was."""
    folder, before = tmp_path / "state", os.umask(0)
    try:
        with state_dir.held(folder):
            (folder / "aws" / "keys.json").write_text("{}")
            script = "from pathlib import Path; Path('logs/api.log').write_text(''); Path('tmp/x').mkdir()"
            subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(folder / "tmp" / "s"))
            modes = {path.name: mode_of(path) for path in (folder, *folder.rglob("*"))}
        assert os.umask(0) == 0
    finally:
        os.umask(before)
    folders = ("state", "aws", "logs", "tmp", "x")
    assert {name: oct(mode) for name, mode in modes.items() if name in folders} == dict.fromkeys(
        folders, "0o700"
    )
    for name in ("keys.json", "api.log", "s", ".bodhi-local-state"):
        assert modes[name] & 0o077 == 0, name


def test_a_folder_of_an_earlier_version_becomes_private(tmp_path: Path) -> None:
    """Its files were readable for every user. A link is left alone, and so is its target."""
    folder, outside = tmp_path / "state", tmp_path / "outside"
    outside.write_text("not ours")
    (folder / "aws" / "deep").mkdir(parents=True)
    (folder / ".bodhi-local-state").touch()
    (folder / "aws" / "deep" / "kms.json").write_text("{}")
    (folder / "link").symlink_to(outside)
    for path in (folder, *folder.rglob("*"), outside):
        path.chmod(0o777 if path.is_dir() else 0o666)

    with state_dir.held(folder):
        assert [oct(mode_of(folder / name)) for name in ("", "aws", "aws/deep")] == ["0o700"] * 3
        assert oct(mode_of(folder / "aws" / "deep" / "kms.json")) == "0o600"
    assert oct(mode_of(outside)) == "0o666"
