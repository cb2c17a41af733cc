"""Asks a model for the labels of texts: loads an artifact and its serving contract, also one with its own script."""

from __future__ import annotations
