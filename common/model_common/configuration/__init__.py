"""Configuration files: strict YAML, models that take no unknown keys, and problems in words."""

from model_common.configuration.file import load
from model_common.configuration.part import Part, Share, frozen, matching, problem
from model_common.configuration.problems import describe, refusal

__all__ = ["Part", "Share", "describe", "frozen", "load", "matching", "problem", "refusal"]
