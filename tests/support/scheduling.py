"""The order in which test processes take the files."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadFileScheduling

STACK = "tests/stack"
# The files of one of these share what is slow to make: a deployed stack, or the recorded walks.
TOGETHER = (STACK, "tests/iam")


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Shares files out among processes, slow files first. Those of some folders stay together."""

    def _split_scope(self, nodeid: str) -> str:
        folders = (folder for folder in TOGETHER if nodeid.startswith(f"{folder}/"))
        return next(folders, str(super()._split_scope(nodeid)))

    def _assign_work_unit(self, node: Any) -> None:
        for scope in slow_first(list(self.workqueue), self.config.rootpath):
            self.workqueue.move_to_end(scope)
        super()._assign_work_unit(node)


def slow_first(scopes: Iterable[str], root: Path) -> list[str]:
    """Return whole folders, then files with slow tests, then all others, otherwise in the given order.

    A slow file that begins last leaves the other processes idle. By itself xdist begins with the files of
    many tests, and ends with files of few tests that start whole stacks.
    """
    return sorted(
        scopes, key=lambda scope: (scope != STACK, scope not in TOGETHER, not _is_slow(root / scope))
    )


@cache
def _is_slow(path: Path) -> bool:
    return path.is_file() and "pytest.mark.slow" in path.read_text(encoding="utf-8")
