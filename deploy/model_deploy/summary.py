"""The summary of a GitHub Actions run: the printed lines of a command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from model_common.cli import summary


class Summary:
    """The lines of one command under a `heading`, appended to the job's summary by `write`; nowhere without one."""

    def __init__(self, heading: str, environment: Mapping[str, str] | None = None) -> None:
        self.heading = heading
        self._environment = environment
        self._lines: list[str] = []

    @classmethod
    def on_github(cls, heading: str, environment: Mapping[str, str]) -> Summary:
        """A summary where GitHub Actions shows it. Raises SettingsError elsewhere."""
        summary.check(environment)
        return cls(heading, environment)

    def add(self, lines: Iterable[str]) -> None:
        """Keep lines for `write`."""
        self._lines += lines

    def write(self) -> None:
        """Append the lines to the summary. Raises OSError."""
        self.write_section(self.heading, self._lines)
        self._lines = []

    def write_section(self, heading: str, lines: list[str]) -> None:
        """Append lines under a heading of their own at once. Raises OSError."""
        if self._environment is not None and lines:
            summary.append(self._environment, summary.block(heading, lines, level=3))
