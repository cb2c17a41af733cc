"""From rows to examples: maps raw labels, splits and counts the examples of each byte range, and checks them."""

from __future__ import annotations
