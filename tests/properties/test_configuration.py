"""Recipes and stages of any content are taken, or refused in lines that name the key: nothing else happens."""

import copy
import functools
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from model_build.errors import RecipeError
from model_build.recipe import Recipe
from model_deploy.errors import StageError
from model_deploy.stage import Stage
from tests.properties.budget import budget, changed, documents

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "build" / "recipes").glob("*.yaml"))
STAGES = sorted((ROOT / "deploy" / "stages").glob("*.yaml"))
KINDS = {"recipe": (Recipe, RecipeError, RECIPES), "stage": (Stage, StageError, STAGES)}
VALUES = documents(keys=st.sampled_from(["", "a", "kind", "names", "algorithm", "text", "minimum", "rules"]))


@functools.cache
def _read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def read(path):
    """The document of a file, which the caller may change."""
    return copy.deepcopy(_read(path))


def parsed(kind, document, origin):
    """What the document makes, or the text of its refusal."""
    model, refusal, _ = KINDS[kind]
    try:
        return model.parse(document, origin)
    except refusal as refused:
        return str(refused)


@pytest.mark.parametrize("kind", KINDS)
@budget(60)
@given(data=st.data())
def test_a_document_with_one_node_changed_is_taken_or_refused_by_its_file(kind, data):
    origin = data.draw(st.sampled_from(KINDS[kind][2]))
    given_document = changed(read(origin), VALUES, data.draw)
    if not isinstance(given_document, dict):
        given_document = {"changed": given_document}
    found = parsed(kind, given_document, origin)
    if isinstance(found, str):
        assert origin.name in found
        assert len(found.splitlines()) > 1


@pytest.mark.parametrize("kind", KINDS)
@budget(30)
@given(data=st.data())
def test_an_unknown_key_is_refused_wherever_it_stands(kind, data):
    origin = data.draw(st.sampled_from(KINDS[kind][2]))
    document = read(origin)
    places = [[]]
    node = document
    while isinstance(node, dict):
        deeper = sorted(key for key, value in node.items() if isinstance(value, dict))
        if not deeper:
            break
        places.append([*places[-1], data.draw(st.sampled_from(deeper))])
        node = node[places[-1][-1]]
    place = data.draw(st.sampled_from(places))
    node = document
    for key in place:
        node = node[key]
    node["colour-of-the-sky"] = "blue"
    found = parsed(kind, document, origin)
    assert isinstance(found, str), place
    assert "colour-of-the-sky" in found or place[-1:] == ["hyperparameters"], found


@pytest.mark.parametrize("kind", KINDS)
@budget(60)
@given(
    content=st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.lists(
        st.sampled_from(
            ["a: ", "- ", "[", "]", "{", "}", "&x ", "*x", "!!python/object:os.system ", "<<: ", "\n", "  ", "9" * 5000, "? ", "|", "'"]
        ),
        max_size=20,
    ).map(lambda parts: "".join(parts).encode())
)  # fmt: skip
def test_a_file_of_any_bytes_is_refused_by_its_name(kind, content, tmp_path):
    model, refusal, _ = KINDS[kind]
    path = tmp_path / "any-file.yaml"
    path.write_bytes(content)
    with pytest.raises(refusal) as refused:
        model.load(path)
    assert "any-file" in str(refused.value)
