"""Recipes of one problem: which keys have to be equal, and which recipes count."""

import copy

import pytest
import yaml

from model_build.errors import RecipeError
from model_build.recipe import Recipe, same_problem

ONE = {
    "name": "lamps",
    "data": {"format": "csv", "text": "text", "label": "label"},
    "labels": {"names": ["neg", "pos"]},
    "gate": {"minimum": 0.5},
}
TRANSFORMER = {"algorithm": "transformer", "pretrained": {"hub": f"a/b@{'c' * 40}", "sha256": "d" * 64}}


@pytest.fixture
def written(tmp_path):
    """A function that writes a recipe with changes into the folder, and returns it as read."""

    def written(name, **changes):
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(copy.deepcopy(ONE) | {"name": name} | changes))
        return Recipe.load(path)

    return written


def refused(recipe, folder):
    with pytest.raises(RecipeError) as caught:
        same_problem.check(recipe, folder)
    return caught.value.message


def test_the_refusal_names_both_recipes_the_file_the_problem_and_both_values(written, tmp_path):
    one = written("lamps")
    written("lamps-large", problem="lamps", labels={"names": ["neg", "fair", "pos"]})
    assert refused(one, tmp_path) == (
        f"The recipes lamps and lamps-large ({tmp_path / 'lamps-large.yaml'}) are of the problem lamps and differ: "
        "labels.names is neg, pos and neg, fair, pos. Models of one problem are measured on one holdout: make these keys "
        "equal, or give one of the recipes another problem."
    )


MULTI = {"names": ["neg", "pos"], "multi": True}
SEPARATED = {"format": "csv", "text": "text", "label": "label", "label_separator": " "}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": {"names": ["pos", "neg"]}}, "differ: labels.names is neg, pos and pos, neg."),
        ({"labels": MULTI, "data": SEPARATED}, "differ: labels.multi is False and True."),
        (
            {"labels": MULTI | {"none": "neg"}, "data": SEPARATED},
            "differ: labels.multi is False and True; labels.none is None and neg.",
        ),
        (
            {
                "labels": {
                    "names": ["neg", "pos"],
                    "rules": [{"name": "neg", "max": 2}, {"name": "pos", "min": 3}],
                }
            },
            "differ: labels.rules.",
        ),
        (
            {"split": {"train": 0.7, "validation": 0.2, "test": 0.1}},
            "differ: split is ordered=False seed=0 train=0.8",
        ),
        ({"split": {"seed": 1}}, "seed=1"),
    ],
)
def test_each_key_that_decides_about_the_holdout_has_to_be_equal(written, tmp_path, changes, said):
    one = written("lamps")
    written("other", problem="lamps", **changes)
    assert said in refused(one, tmp_path)


def test_long_values_are_cut(written, tmp_path):
    names = [f"label{number:04}" for number in range(100)]
    one = written("lamps")
    written("other", problem="lamps", labels={"names": names})
    [shown] = refused(one, tmp_path).split("neg, pos and ")[1:]
    assert shown.partition(". Models")[0] == ", ".join(names)[:117] + "..."


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"format": "jsonl", "text": "text", "label": "label"}},
        {"gate": {"minimum": 0.9, "metric": "accuracy"}},
        {"text_rules": {"lowercase": False}},
        {"training": TRANSFORMER},
        {"rebalance": "undersample"},
    ],
)
def test_recipes_may_solve_a_problem_in_their_own_ways(written, tmp_path, changes):
    one = written("lamps")
    written("other", problem="lamps", **changes)
    same_problem.check(one, tmp_path)


def test_recipes_of_other_problems_and_files_that_are_none_do_not_count(written, tmp_path):
    one = written("lamps")
    written("chairs", labels={"names": ["x", "y"]})
    (tmp_path / "broken.yaml").write_text("name: [")
    (tmp_path / "lamps-labels.txt").write_text("x\ny\n")
    same_problem.check(one, tmp_path)
    same_problem.check(one, tmp_path / "nowhere")


def test_a_problem_may_be_called_like_another_recipe(written, tmp_path):
    written("lamps", labels={"names": ["x", "y"]})
    other = written("second", problem="lamps")
    assert "second and lamps" in refused(other, tmp_path)


def test_evaluate_needs_pytorch_where_any_recipe_of_the_problem_trains_a_transformer(written, tmp_path):
    one = written("lamps")
    assert not same_problem.has_transformer(one, tmp_path)
    written("chairs", training=TRANSFORMER)
    assert not same_problem.has_transformer(one, tmp_path)
    large = written("lamps-large", problem="lamps", training=TRANSFORMER)
    assert same_problem.has_transformer(one, tmp_path)
    assert same_problem.has_transformer(large, tmp_path / "nowhere")
