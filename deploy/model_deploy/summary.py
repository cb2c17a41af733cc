"""What a command has said, once more as Markdown on the page of a GitHub Actions run.

Source: "Adding a job summary", GitHub Actions workflow commands: what is appended to the file that GITHUB_STEP_SUMMARY names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from model_deploy.errors import UsageError

VARIABLE = "GITHUB_STEP_SUMMARY"


class Summary:
    """The lines of one command under a `heading`, appended to `path` by `write`; to nothing without a path."""

    def __init__(self, heading: str, path: Path | None) -> None:
        self.heading = heading
        self._path = path
        self._lines: list[str] = []

    @classmethod
    def on_github(cls, heading: str, environment: Mapping[str, str]) -> Summary:
        """A summary where GitHub Actions shows it. Raises UsageError elsewhere."""
        path = environment.get(VARIABLE, "")
        if not path:
            raise UsageError(
                f"--summary writes to the file that {VARIABLE} names, and that is not set: GitHub Actions sets it for each "
                "step. Leave --summary away elsewhere."
            )
        return cls(heading, Path(path))

    def add(self, lines: Iterable[str]) -> None:
        self._lines += lines

    def write(self) -> None:
        """Append what was said so far."""
        if self._path is None or not self._lines:
            return
        # Longer than any run of backticks that a reason of AWS's could hold.
        fence = "`" * max(3, 1 + _longest_run("\n".join(self._lines)))
        page = "\n".join([f"### {self.heading}", "", f"{fence}text", *self._lines, fence, ""])
        with self._path.open("a", encoding="utf-8") as file:
            file.write(page + "\n")
        self._lines = []


def _longest_run(text: str) -> int:
    """The length of the longest run of backticks."""
    longest = current = 0
    for character in text:
        current = current + 1 if character == "`" else 0
        longest = max(longest, current)
    return longest
