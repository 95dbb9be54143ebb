"""`make clean-state`: forget every table, key and token of the local stack."""

from __future__ import annotations

import sys

from infra.local import state_dir
from infra.local.errors import LocalStackError
from infra.local.settings import StackSettings


def main() -> int:
    """Remove the state folder, unless it is not ours or is in use."""
    try:
        folder = StackSettings.from_environ().state_dir
        removed = state_dir.remove(folder)
    except LocalStackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Removed {folder}" if removed else f"Nothing to remove: {folder} does not exist")
    return 0


if __name__ == "__main__":
    sys.exit(main())
