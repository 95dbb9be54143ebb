"""The progress of a restore in a file, so that a stopped restore can continue."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.aws.errors import OperatorError
from infra.aws.operate.restore_rows import Outcome, Page

_VERSION = 1


@dataclass
class Progress:
    """The next page of each segment, and the counts so far. It is not saved if ``path`` is None.

    ``known`` identifies the restore: tables by ARN and id, number of segments, and options.
    """

    segments: int
    path: Path | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)
    starts: dict[int, Any] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)

    @classmethod
    def unsaved(cls, segments: int) -> Progress:
        """Return the beginning of a count, which is not saved."""
        return cls(segments)

    @classmethod
    def load(cls, path: Path, known: Mapping[str, Any]) -> Progress:
        """Return the progress in the file, or a beginning if the file does not exist.

        Raises OperatorError if the file is of another restore or cannot be read.
        """
        if not path.exists():
            return cls(known["segments"], path, known)
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            progress = cls._read(path, read)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise OperatorError(f"{path} is not a progress file of this command.") from error
        others = [name for name, value in known.items() if progress.known.get(name) != value]
        if others or len(known) != len(progress.known):
            raise OperatorError(
                f"{path} belongs to another restore: {', '.join(others) or 'its members'} differ. "
                "Name another file with --progress."
            )
        return progress

    @classmethod
    def _read(cls, path: Path, read: Mapping[str, Any]) -> Progress:
        if read["version"] != _VERSION:
            raise ValueError("another version")
        counts, known = read["outcome"], dict(read["restore"])
        outcome = Outcome(
            Counter(counts["brought"]),
            int(counts["present"]),
            int(counts["left"]),
            [str(each) for each in counts.get("altered", ())],
        )
        starts = {int(segment): start for segment, start in read["starts"].items()}
        return cls(
            int(known["segments"]), path, known, outcome, starts, {int(each) for each in read["done"]}
        )

    @property
    def is_complete(self) -> bool:
        """True if every segment was read to its end."""
        return len(self.done) == self.segments

    def pages(self) -> list[Page]:
        """Return the next page of each segment that is not done."""
        return [
            Page(segment, self.segments, self.starts.get(segment))
            for segment in range(self.segments)
            if segment not in self.done
        ]

    def record(self, page: Page, outcome: Outcome, following: Page | None) -> None:
        """Record that a page is done, and save the progress. Raises OSError."""
        self.outcome.add(outcome)
        if following:
            self.starts[page.segment] = following.start
        else:
            self.starts.pop(page.segment, None)
            self.done.add(page.segment)
        self._save()

    def told(self) -> str:
        """Return a sentence about the progress."""
        brought = self.outcome.brought.total()
        return (
            f"{len(self.done)} of {self.segments} segments are done. {brought:,} rows were restored, "
            f"{self.outcome.present:,} existed already, {self.outcome.left:,} are not restored."
        )

    def _save(self) -> None:
        if self.path is None:
            return
        outcome = self.outcome
        counts: dict[str, Any] = {"brought": dict(outcome.brought), "altered": outcome.altered}
        counts |= {"present": outcome.present, "left": outcome.left}
        document = {"version": _VERSION, "restore": self.known, "outcome": counts}
        document |= {"starts": self.starts, "done": sorted(self.done)}
        # The file is replaced as a whole, because the command may be stopped while it saves.
        written = self.path.with_name(self.path.name + ".new")
        # Primary keys hold user ids, which other users of this machine must not read.
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(document, file)
        written.replace(self.path)
