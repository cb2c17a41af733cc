"""A trial: a temporary endpoint of the candidate, what it is asked, and what it has to answer."""

from __future__ import annotations
