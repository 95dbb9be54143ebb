"""The state folder is ours alone, and is removed only when it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local import state_dir
from infra.local.errors import LocalStackError
from tests.infra.test_stack_settings import run_module


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
    status, output = run_module("clean_state", {"STATE_DIR": str(tmp_path)})
    assert (status, output.count("\n")) == (1, 1)
    assert (tmp_path / "thesis.txt").exists()


def test_a_foreign_folder_is_never_adopted(tmp_path: Path) -> None:
    """Otherwise it would become ours, and be removed later."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(LocalStackError, match="holds something else"), state_dir.held(tmp_path):
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
    with pytest.raises(LocalStackError, match=r"^STATE_DIR="), state_dir.held(tmp_path / "file"):
        pass
