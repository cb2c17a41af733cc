"""Measures a model on the holdout and decides whether it is registered: metrics, their intervals, and the gate."""

from __future__ import annotations
