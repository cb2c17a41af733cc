"""What a pull request changes, in words."""

import json

import pytest

from model_build.aws.code import CODE, Folder
from model_build.core import change_summary

RULES, OTHER_RULES = "c" * 64, "d" * 64
DATA, OTHER_DATA = "e" * 64, "f" * 64


def definition(epochs="20", prepare=b"old", evaluate=b"old", rules=RULES, **more):
    """A definition whose steps read code where it is uploaded to; `more` are further hyperparameters."""

    def job(name, content):
        return {"Name": name, "Arguments": {"Uri": f"s3://bucket/{Folder(CODE, {'a.py': content}).prefix}"}}

    train = {"Name": "Train", "Arguments": {"HyperParameters": {"epochs": epochs, **more}}}
    metadata = {"text-rules-sha256": rules, "recipe-sha256": rules}
    register = {"Name": "Register", "Arguments": {"CustomerMetadataProperties": metadata}}
    gate = {"Name": "Gate", "Arguments": {"IfSteps": [register], "ElseSteps": []}}
    return json.dumps({"Steps": [job("Prepare", prepare), train, job("Evaluate", evaluate), gate]})


def described(new, data=DATA, champion_data=DATA):
    return change_summary.describe(definition(), new, data, champion_data)


def test_a_pull_request_that_changes_nothing_says_so():
    assert described(definition()) == {
        "definition": "the same",
        "data": "the champion's, eeeeeeeeeeee",
        "text rules": "the same",
        "code": "the same",
    }


def test_each_kind_of_change_is_told_apart():
    new = definition(epochs="25", prepare=b"new", rules=OTHER_RULES)
    assert described(new, DATA, OTHER_DATA) == {
        "definition": '~ step Train: HyperParameters.epochs "20" -> "25"',
        "data": "eeeeeeeeeeee, where the champion's is ffffffffffff",
        "text rules": "changed",
        "code": "changed in Prepare",
    }


def test_code_is_known_by_the_place_where_it_is_uploaded_to():
    assert described(definition(evaluate=b"new"))["code"] == "changed in Evaluate"
    assert described(definition(prepare=b"new", evaluate=b"new"))["code"] == "changed in Prepare, Evaluate"


def test_a_step_that_a_pull_request_adds_brings_its_code():
    new = json.loads(definition())
    uri = f"s3://bucket/{Folder(CODE, {'trial.py': b'new'}).prefix}"
    new["Steps"].append({"Name": "Trial", "Arguments": {"Uri": uri}})
    said = described(json.dumps(new))
    assert (said["definition"], said["code"]) == ("+ step Trial", "changed in Trial")


def test_a_step_that_a_pull_request_removes_is_a_change_of_the_definition_alone():
    new = json.loads(definition())
    del new["Steps"][2]
    said = described(json.dumps(new))
    assert (said["definition"], said["code"]) == ("- step Evaluate", "the same")


@pytest.mark.parametrize(
    ("count", "end"), [(6, '"6"'), (7, "; and 1 more"), (12, "; and 6 more")], ids=["all", "one over", "many"]
)
def test_six_changes_of_the_definition_are_listed_and_the_others_counted(count, end):
    said = described(definition(**{f"option{number:02}": str(number) for number in range(1, count + 1)}))
    listed = said["definition"].partition("; and ")[0].split("; ")
    assert [each.split(" = ")[1] for each in listed] == [f'"{number}"' for number in range(1, 7)]
    assert said["definition"].endswith(end)


def test_a_hash_that_comes_or_goes_is_listed_while_one_that_is_another_is_not():
    assert described(definition(seed="a" * 64))["definition"] == (
        f'+ step Train: HyperParameters.seed = "{"a" * 64}"'
    )
    before, after = definition(seed="a" * 64), definition(seed="b" * 64)
    assert change_summary.describe(before, after, DATA, None)["definition"] == "the same"


def test_text_rules_that_are_not_stated_any_more_have_changed():
    new = json.loads(definition())
    del new["Steps"][3]["Arguments"]["IfSteps"][0]["Arguments"]["CustomerMetadataProperties"][
        "text-rules-sha256"
    ]
    assert described(json.dumps(new))["text rules"] == "changed"


def test_text_rules_are_found_however_deep_they_stand():
    def deep(rules):
        listed = {"Name": "Register", "Arguments": {"Models": [{"Metadata": {"text-rules-sha256": rules}}]}}
        return json.dumps({"Steps": [listed]})

    assert change_summary.describe(deep(RULES), deep(RULES), DATA, None)["text rules"] == "the same"
    assert change_summary.describe(deep(RULES), deep(OTHER_RULES), DATA, None)["text rules"] == "changed"


@pytest.mark.parametrize(
    ("data", "champions", "said"),
    [
        (DATA, DATA, "the champion's, eeeeeeeeeeee"),
        (DATA, OTHER_DATA, "eeeeeeeeeeee, where the champion's is ffffffffffff"),
        (DATA, None, "eeeeeeeeeeee; there is no champion's to compare it with"),
        (f"folder:{DATA}", f"folder:{DATA}", "the champion's, folder:eeeeeeeeeeee"),
        (f"folder:{DATA}", DATA, "folder:eeeeeeeeeeee, where the champion's is eeeeeeeeeeee"),
        ("etag:" + "d" * 32, None, "etag:dddddddddddd; there is no champion's to compare it with"),
        ("version:3sL4", None, "version:3sL4; there is no champion's to compare it with"),
    ],
)
def test_data_is_compared_by_its_hash_and_a_short_one_keeps_its_kind(data, champions, said):
    assert described(definition(), data, champions)["data"] == said


def test_a_first_pull_request_is_told_what_merging_makes():
    assert change_summary.describe(None, definition(), DATA, OTHER_DATA) == {
        "definition": "main has no pipeline yet; merging creates it",
        "data": "eeeeeeeeeeee",
    }
