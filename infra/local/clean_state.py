"""The command that removes every table, key and token of the local stack."""

from __future__ import annotations

import argparse

from infra.local import state_dir
from infra.local.settings import StackSettings


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add nothing."""


def run(_: argparse.Namespace) -> None:
    """Remove the state folder. Raises LocalStackError if another program made it or a stack uses it."""
    folder = StackSettings.from_environ().state_dir
    removed = state_dir.remove(folder)
    print(f"Removed {folder}" if removed else f"Nothing to remove: {folder} does not exist")
