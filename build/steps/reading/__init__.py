"""From raw files to rows: unpacks and converts files, finds their columns, and reads the rows of a byte range."""

from __future__ import annotations
