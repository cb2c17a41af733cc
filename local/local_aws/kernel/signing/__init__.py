"""Signatures of requests: access keys, the verification of signatures, and signed requests of our own."""
