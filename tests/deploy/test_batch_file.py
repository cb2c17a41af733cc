"""The files of a batch: a line is a text or is named, the model is asked once for each, and each gets its own answer."""

import hashlib
import json

import pytest

from model_deploy.core import batch_file
from model_deploy.core.model_package import contract as contracts
from model_deploy.errors import CommandError, UsageError

STATED = {
    "version": 2,
    "recipe": "comments",
    "labels": ["insult", "threat"],
    "multi_label": True,
    "thresholds": {"insult": 0.5, "threat": 0.1},
    "text_rules": {},
    "serving": {
        "request": {"texts": "texts", "count": None},
        "line": {"text": "in.text", "count": "in.k"},
        "answer": {"labels": "names", "scores": "values", "prefix": ""},
    },
}
RULES = b"def tokenise(text, rules): return text.lower()"
SOURCE = "s3://shop/texts.jsonl"


def opened(stated=STATED):
    files = {"contract.json": json.dumps(stated).encode(), "text_rules.py": RULES}
    return contracts.open_files(files, contracts.folder_sha256(files), "the contract")


CONTRACT = opened()


@pytest.fixture(autouse=True)
def _two_texts_at_once(monkeypatch):
    """So that a few lines need several processes of the text rules."""
    monkeypatch.setattr(batch_file, "TEXTS_AT_ONCE", 2)


def line(text, **others):
    return json.dumps({"text": text, **others}).encode()


def asked(prepared):
    return [json.loads(each) for each in prepared.path.read_bytes().splitlines()]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"text": "a"}', "a"),
        (b'{"text": ""}', ""),
        (b' {"id": 1, "text": "a", "labels": ["b"]} \r\n', "a"),
        ('{"text": "Grüße 😀"}'.encode(), "Grüße 😀"),
        (b'{"text": "\\ud83d"}', "\ud83d"),
        (b'\xef\xbb\xbf{"text": "a"}', "a"),
        (b'{"text": "a", "text": "b"}', "b"),
    ],
    ids=["plain", "empty", "other keys", "UTF-8", "half a character", "byte order mark", "twice"],
)
def test_a_line_is_its_text(content, text):
    assert batch_file.text_of(content, 1, SOURCE) == text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"lovely", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        (b'{"text": "a"', "JSONDecodeError"),
        (b'{"texts": "a"}', "KeyError: 'text'"),
        (b'["a"]', "TypeError"),
        (b'"text"', "TypeError"),
        (b"null", "TypeError"),
        (b'{"text": null}', "TypeError: text is not a string"),
        (b'{"text": ["a"]}', "TypeError: text is not a string"),
        (b'{"text": "caf\xe9"}', "UnicodeDecodeError"),
        (b"[" * 100_000, "RecursionError"),
    ],
    ids=lambda value: str(value)[:16],
)
def test_a_line_that_holds_no_text_is_named_with_what_was_expected(content, why):
    with pytest.raises(UsageError) as refused:
        batch_file.text_of(content, 17, SOURCE)
    message = refused.value.message
    assert message.startswith(f'{SOURCE}, line 17: expected a JSON object such as {{"text": "..."}} ({why}')


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    lines = [line("a"), b"", b"  ", line("b"), line("c"), b"{}"]
    with pytest.raises(UsageError, match=rf"^{SOURCE}, line 6: "):
        batch_file.prepare(lines, SOURCE, CONTRACT, tmp_path)


def test_texts_keep_their_order_however_many_processes_read_them(tmp_path):
    lines = [line("A"), b"", line(""), line("B"), line("C"), line(" "), line("D"), line("A")]
    prepared = batch_file.prepare(lines, SOURCE, CONTRACT, tmp_path)
    assert (prepared.count, prepared.asked) == (7, 5)
    assert asked(prepared) == [{"in": {"text": text, "k": 2}} for text in ("a", "b", "c", "d", "a")]
    assert prepared.sha256 == hashlib.sha256(prepared.path.read_bytes()).hexdigest()


@pytest.mark.parametrize("lines", [[], [b"", b" \t"]], ids=["no line", "blank lines"])
def test_a_file_without_a_text_asks_nothing(tmp_path, lines):
    prepared = batch_file.prepare(lines, SOURCE, CONTRACT, tmp_path)
    assert (prepared.count, prepared.asked, asked(prepared)) == (0, 0, [])


def answered(tmp_path, texts, answers, contract=CONTRACT):
    """The file of answers to these texts, and its hash."""
    prepared = batch_file.prepare([line(text) for text in texts], SOURCE, contract, tmp_path)
    path = tmp_path / "answers.jsonl"
    digest = batch_file.answer(prepared, answers, contract, path)
    return [json.loads(each) for each in path.read_bytes().splitlines()], digest, path


def scored(insult, threat):
    return json.dumps({"names": ["insult", "threat"], "values": [insult, threat]}).encode()


def test_each_text_gets_its_own_answer_as_the_api_would_tell_it(tmp_path):
    answers = [scored(0.9, 0.2), b"", scored(0.49, 0.05), b" \n", scored(0.5, 0.1)]
    told, digest, path = answered(tmp_path, ["One", "", "Two", "Three"], answers)
    assert [(each["text"], each["label"], each["labels"]) for each in told] == [
        ("One", "insult", ["insult", "threat"]),
        ("", None, []),
        ("Two", None, []),
        ("Three", "insult", ["insult", "threat"]),
    ]
    assert told[0]["thresholds"] == {"insult": 0.5, "threat": 0.1}
    assert told[1]["scores"] == {"insult": 0.0, "threat": 0.0}
    assert "nothing in this text" in told[1]["note"]
    assert "note" not in told[2]
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([], "The job answered fewer than the 2 texts that it was asked."),
        ([scored(1, 0)], "The job answered fewer than the 2 texts that it was asked."),
        ([scored(1, 0)] * 3, "The job answered more than the 2 texts that it was asked."),
        ([scored(1, 0), b"<html>"], "The job's answer 2 is none of this model (JSONDecodeError"),
        ([b"{}", scored(1, 0)], "The job's answer 1 is none of this model (KeyError: 'names'): b'{}'"),
        ([b"[1]"], "The job's answer 1 is none of this model (TypeError"),
        ([b"[" * 100_000], "The job's answer 1 is none of this model (RecursionError"),
        (
            [scored(float("inf"), 0)],
            "The job's answer 1 is none of this model (ValueError: a probability of inf)",
        ),
    ],
    ids=["none", "too few", "too many", "no JSON", "other keys", "a list", "too deep", "no probability"],
)
def test_answers_that_do_not_fit_are_refused_with_their_number_and_their_beginning(tmp_path, answers, said):
    with pytest.raises(CommandError) as refused:
        answered(tmp_path, ["One", "", "Two"], answers)
    assert refused.value.message.startswith(said)
    assert len(refused.value.message) < 500


def test_a_single_label_models_answer_has_one_label(tmp_path):
    stated = {name: value for name, value in STATED.items() if name not in ("thresholds", "serving")}
    contract = opened(stated | {"version": 1, "labels": ["bad", "good"], "multi_label": False})
    answer = json.dumps({"label": ["__label__bad", "__label__good"], "prob": [0.25, 0.75]}).encode()
    told, _, _ = answered(tmp_path, ["So"], [answer], contract)
    assert told == [{"text": "So", "label": "good", "confidence": 0.75}]
