"""Where a command works: the root upwards, and the recipe."""

import pytest

from model_build.errors import UsageError
from model_build.workspace import find_recipe, find_root


@pytest.fixture
def root(tmp_path):
    (tmp_path / "recipes").mkdir()
    return tmp_path


def recipes(root, *names):
    for name in names:
        (root / "recipes" / f"{name}.yaml").touch()


def test_the_nearest_ancestor_with_recipes_is_the_root(root):
    inner = root / "steps" / "deep"
    inner.mkdir(parents=True)
    assert find_root(inner) == root
    assert find_root(root) == root


def test_without_recipes_anywhere_the_message_names_the_option(tmp_path):
    with pytest.raises(UsageError, match=r"no folder recipes/ in .* or above it.*--root"):
        find_root(tmp_path)


def test_the_only_recipe_is_the_default(root):
    recipes(root, "garments")
    assert find_recipe(root, None) == root / "recipes" / "garments.yaml"


def test_of_several_recipes_one_has_to_be_named(root):
    recipes(root, "garments", "shoes")
    with pytest.raises(
        UsageError, match="several recipes; say which with --recipe, or the variable RECIPE: garments, shoes"
    ):
        find_recipe(root, None)
    assert find_recipe(root, "shoes").stem == "shoes"


def test_an_unknown_recipe_is_answered_with_the_known(root):
    recipes(root, "garments", "shoes")
    with pytest.raises(UsageError, match=r"no recipe hats in .*recipes; there is garments, shoes"):
        find_recipe(root, "hats")


def test_a_root_without_recipes_says_what_was_expected(root):
    with pytest.raises(UsageError, match=r"no recipe in .*expected a file NAME\.yaml"):
        find_recipe(root, None)


def test_a_recipe_may_be_a_path(root, tmp_path):
    assert find_recipe(root, str(tmp_path / "elsewhere.yaml")) == tmp_path / "elsewhere.yaml"
