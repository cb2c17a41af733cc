"""Verification of a model: its contract, the requests, the answers, and the verdict."""
