"""The clean-up of a run. Each step with an effect first registers how to undo it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Step = Callable[[], object]


@dataclass
class Undo:
    """Steps that are undone in reverse order. A failure does not stop the others."""

    steps: list[tuple[str, Step]] = field(default_factory=list)

    def add(self, what: str, step: Step) -> Step:
        """Register a step and return it for `done`. ``what`` completes the words "Left behind:"."""
        self.steps.append((what, step))
        return step

    def done(self, step: Step) -> None:
        """Undo a step now. It stays registered if this fails."""
        step()
        self.steps = [each for each in self.steps if each[1] is not step]

    def close(self) -> list[str]:
        """Undo all steps. Return each effect that is left behind, with the error."""
        left = []
        while self.steps:
            what, step = self.steps.pop()
            try:
                step()
            except Exception as error:  # noqa: BLE001 - the other steps must be undone too
                left.append(f"{what} ({type(error).__name__})")
        return left
