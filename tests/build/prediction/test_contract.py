"""Contracts of models: which are read, what they say, and what is written with chosen thresholds."""

import json
import shutil

import pytest

import digests
from failure import StepError
from prediction import contract

RULES = "def tokenise(text, rules):\n    return text.upper() if rules['loud'] else text\n"
ONE = {
    "version": 1,
    "labels": ["bad", "good"],
    "multi_label": False,
    "text_rules": {"loud": True},
    "threshold": None,
}
SERVING = {
    "request": {"texts": "instances", "count": None},
    "answer": {"labels": "names", "scores": "values", "prefix": ""},
}
TWO = {
    **ONE,
    "version": 2,
    "multi_label": True,
    "thresholds": {"good": 0.7, "bad": "0.2"},
    "serving": SERVING,
}


@pytest.fixture
def load(tmp_path):
    """Loads a contract of this description and these rules."""

    def load(description, rules=RULES, sha256=None):
        folder = tmp_path / "contract"
        shutil.rmtree(folder, ignore_errors=True)  # Python's cache of the rules that were loaded before, too
        folder.mkdir()
        text = description if isinstance(description, str) else json.dumps(description)
        (folder / "contract.json").write_text(text)
        (folder / "text_rules.py").write_text(rules)
        return contract.load(folder, sha256 or digests.of_folder(folder), "champion")

    return load


def test_a_contract_of_version_1_has_one_threshold_and_is_asked_like_blazingtext(load):
    found = load(ONE)
    assert (found.labels, found.multi_label, found.thresholds) == (("bad", "good"), False, None)
    assert found.serving == contract.LIKE_BLAZINGTEXT
    assert load({**ONE, "multi_label": True, "threshold": 0.3}).thresholds == {"bad": 0.3, "good": 0.3}


def test_a_contract_of_version_2_has_a_threshold_for_each_label_and_its_own_keys(load):
    found = load(TWO)
    assert found.thresholds == {"bad": 0.2, "good": 0.7}
    assert (found.serving.labels, found.serving.scores, found.serving.count) == ("names", "values", None)
    assert load({**TWO, "multi_label": False}).thresholds is None


@pytest.mark.parametrize(
    ("rules", "text", "tokens"),
    [
        (RULES, "a b", "A B"),
        (RULES, "  a\nb \n", "A B"),
        (RULES, "\ud83d", "?"),
        (RULES.replace("True", "x"), "", ""),
    ],
)
def test_tokens_are_a_line_of_valid_unicode(load, rules, text, tokens):
    assert load(ONE, rules).tokens(text) == tokens


def test_two_contracts_keep_their_own_rules(load, tmp_path):
    loud = load(ONE)
    quiet = load(ONE, RULES.replace("upper", "lower"))
    assert (loud.tokens("Ab"), quiet.tokens("Ab")) == ("AB", "ab")


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("{", "The champion's contract {path} is not JSON: "),
        ("[1]", "The champion's contract {path} is not a JSON object."),
        ({**ONE, "version": 3}, "The champion's contract has version 3; this step reads the versions 1 and 2."),
        ({**ONE, "version": None}, "has version None; this step reads"),
        ({}, "The champion's contract.json is not a contract (KeyError: 'version'): it needs version, labels, multi_label"),
        ({**ONE, "labels": None}, "is not a contract (TypeError: "),
        ({**TWO, "thresholds": {"good": 0.5}}, "is not a contract (KeyError: 'bad')"),
        ({**TWO, "thresholds": {"good": "high", "bad": 0.5}}, "is not a contract (ValueError: could not convert string to float: 'high')"),
        ({**ONE, "multi_label": True}, "is not a contract (TypeError: "),
        ({**TWO, "serving": None}, "is not a contract (TypeError: "),
        ({**TWO, "serving": {"request": SERVING["request"]}}, "is not a contract (KeyError: 'answer')"),
        ({key: value for key, value in ONE.items() if key != "text_rules"}, "is not a contract (KeyError: 'text_rules')"),
    ],
)  # fmt: skip
def test_what_is_no_contract_is_told_by_what_it_lacks(load, tmp_path, description, said):
    with pytest.raises(StepError) as caught:
        load(description)
    assert said.format(path=tmp_path / "contract/contract.json") in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("def tokenize(text, rules): ...", "(AttributeError: "),
        ("import nothing_like_it", "(ModuleNotFoundError: No module named 'nothing_like_it')"),
        ("def tokenise(:", "(SyntaxError: "),
        ("raise ValueError('no')", "(ValueError: no): it needs a tokenise(text, rules)."),
    ],
)
def test_rules_that_cannot_be_used_are_told_by_their_error(load, rules, said):
    with pytest.raises(StepError, match=r"The champion's .*text_rules\.py cannot be used") as caught:
        load(ONE, rules)
    assert said in str(caught.value)


def test_nothing_is_read_of_a_contract_that_was_changed(load):
    with pytest.raises(StepError) as caught:
        load("{", rules="raise SystemExit", sha256="0" * 64)
    assert "The champion's contract was changed after it was written: " in str(caught.value)
    assert f"expected {'0' * 64}. None of it was used." in str(caught.value)


def test_a_folder_that_is_not_there_is_no_contract(tmp_path):
    with pytest.raises(
        StepError, match=r"The candidate has no contract: there is no .*/nowhere/contract\.json"
    ):
        contract.load(tmp_path / "nowhere", "0" * 64, "candidate")


def test_a_contract_with_chosen_thresholds_differs_in_them_alone(load, tmp_path):
    load(TWO)
    sha256 = contract.with_thresholds(
        tmp_path / "contract", {"bad": 0.4, "good": 0.6}, tmp_path / "deep" / "new"
    )
    written = tmp_path / "deep" / "new"
    assert json.loads((written / "contract.json").read_text()) == {
        **TWO,
        "thresholds": {"bad": 0.4, "good": 0.6},
    }
    assert (written / "text_rules.py").read_text() == RULES
    assert contract.load(written, sha256, "candidate").thresholds == {"bad": 0.4, "good": 0.6}
    again = contract.with_thresholds(tmp_path / "contract", {"good": 0.6, "bad": 0.4}, tmp_path / "other")
    assert again == sha256
