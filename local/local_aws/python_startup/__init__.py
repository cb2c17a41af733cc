"""A folder for PYTHONPATH: Python programs that name a host of AWS themselves reach the embedded AWS all the same."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
