"""Recipes: one YAML file per problem, read and checked here.

`recipe` is the whole file, `data` and `labels` are its larger parts, `blazingtext` has the hyperparameters of that
algorithm. Pure: nothing here calls AWS.
"""

from model_build.recipe.labels import LabelRule, Labels
from model_build.recipe.recipe import Recipe

__all__ = ["LabelRule", "Labels", "Recipe"]
