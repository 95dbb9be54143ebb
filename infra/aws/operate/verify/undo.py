"""The clean-up of a run: each step that leaves something behind registers first how to take it away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Step = Callable[[], object]


@dataclass
class Undo:
    """Steps that are taken back in reverse order, each one even if another fails."""

    steps: list[tuple[str, Step]] = field(default_factory=list)

    def add(self, what: str, step: Step) -> Step:
        """Register a step; ``what`` completes "Left behind:". Return it for `done`."""
        self.steps.append((what, step))
        return step

    def done(self, step: Step) -> None:
        """Take a step back now. It stays registered if it fails."""
        step()
        self.steps = [each for each in self.steps if each[1] is not step]

    def close(self) -> list[str]:
        """Take all steps back; return what stays behind, and why."""
        left = []
        while self.steps:
            what, step = self.steps.pop()
            try:
                step()
            except Exception as error:  # noqa: BLE001 - the other steps must be taken back too
                left.append(f"{what} ({type(error).__name__})")
        return left
