"""Recipes: one YAML file per problem, read and checked here.

`recipe` is the whole, `data` and `labels` are its larger parts, `blazingtext` the hyperparameters of that algorithm,
`problems` the wording of what is wrong with a file. Pure: nothing here touches AWS.
"""

from model_build.recipe.labels import LabelRule, Labels
from model_build.recipe.recipe import Recipe

__all__ = ["LabelRule", "Labels", "Recipe"]
