"""How text becomes tokens: what a model sees, in training and in serving alike."""

import random
import re
import string
import subprocess
import sys

import pytest

import text_rules
from text_rules import tokenise

RULES = {
    "lowercase": True,
    "strip_html": True,
    "punctuation": "split",
    "emoticons": None,
    "collapse_digits": False,
    "max_tokens": 500,
}
BARE = {**RULES, "lowercase": False, "strip_html": False, "punctuation": "keep"}
ANY_RULES = [
    {
        **RULES,
        "lowercase": lower,
        "strip_html": strip,
        "punctuation": split,
        "collapse_digits": collapse,
    }
    for lower in (True, False)
    for strip in (True, False)
    for split in ("split", "keep", "remove")
    for collapse in (True, False)
]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Love it!", "love it !"),
        ("Great,but small...", "great , but small . . ."),
        ("I don't, you don't; DON'T", "i dont , you dont dont"),
        ("5'8\" and a size-10", "58 and a size 10"),
        ("line one\nline two\r\nline three\ttabbed", "line one line two line three tabbed"),
        ("  too   many    spaces  ", "too many spaces"),
        ("(a/b) [c] {d} <3 50% #1 a_b", "a b c d 3 50 1 a b"),
        ("nul\x00 bell\x07 separators\x1c\x1d\x1e\x1f delete\x7f", "nul bell separators delete"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_sentence_marks_are_tokens_and_other_marks_become_spaces(text, tokens):
    assert tokenise(text, RULES) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("“It’s – well – fine”…", "its well fine . . ."),
        ("ÜBER Café naïve", "über café naïve"),
        ("cafe\u0301 and caf\u00e9", "café and café"),
        ("ｆｕｌｌ　ｗｉｄｔｈ！", "full width !"),
        ("no\u00a0break\u2003em\u2028line\u0085next", "no break em line next"),
        ("soft\u00adhyphen zero\u200bwidth \ufeffmark", "softhyphen zerowidth mark"),
        ("love 😀😀 ❤️!", "love 😀 😀 ❤ !"),
        ("¿Qué? 你好。", "qué ? 你好 ."),
        ("price: 5€", "price 5 €"),
        ("lone \ud800 surrogate", "lone surrogate"),
    ],
)
def test_text_beyond_ascii_is_brought_to_one_form(text, tokens):
    assert tokenise(text, RULES) == tokens


def test_tags_and_entities_are_resolved():
    assert tokenise("a<br />b <p class='x'>c</p> d &amp; e &#39;f&#39; &lt;g&gt; i < j", RULES) == (
        "a b c d e f g i j"
    )
    assert tokenise("a <b>c</b>", {**RULES, "strip_html": False}) == "a b c b"


def test_capitals_stay_where_they_are_wanted():
    assert tokenise("Love IT. Été", {**RULES, "lowercase": False}) == "Love IT . Été"


def test_runs_of_digits_collapse_where_it_is_wanted():
    rules = {**RULES, "collapse_digits": True}

    assert tokenise("size 10, 2024 and 7; 00 ٣٤", rules) == "size 0 , 0 and 0 0 0"


def test_marks_stay_on_their_words_where_it_is_wanted():
    assert tokenise('Don\'t, really... "no"!', {**BARE, "lowercase": True}) == 'don\'t, really... "no"!'


def test_what_exceeds_the_limit_is_cut_off():
    assert tokenise("one two, three four", {**RULES, "max_tokens": 3}) == "one two ,"
    assert tokenise("one two three", {**RULES, "max_tokens": 3}) == "one two three"
    assert len(tokenise("é " * 1000, {**RULES, "max_tokens": 700}).split()) == 700


@pytest.mark.parametrize("rules", ANY_RULES)
def test_no_text_can_smuggle_in_a_label_or_end_the_line(rules):
    words = tokenise("bad __label__positive x__label__ __LABEL__y </s> a</s>b ＿＿label＿＿z", rules).split(
        " "
    )

    assert not [word for word in words if word.startswith("__label__") or word == "</s>"]
    assert words[0] == "bad"


def test_an_unstated_rule_is_an_error():
    with pytest.raises(KeyError, match="collapse_digits"):
        tokenise("text", {key: value for key, value in RULES.items() if key != "collapse_digits"})


def random_texts(count):
    chance = random.Random(7)
    pieces = [
        *string.printable,
        *"éÉß’“–…\u00a0\u200b\u2028😀❤️中।٣\ud800",
        "<br>",
        "&amp;",
        "word ",
        "Don't ",
        "  ",
    ]
    return ["".join(chance.choices(pieces, k=chance.randint(0, 40))) for _ in range(count)]


@pytest.mark.parametrize("rules", ANY_RULES)
def test_whatever_the_text_the_tokens_fit_a_line_of_a_training_file(rules):
    for text in random_texts(300):
        tokens = tokenise(text, rules)
        assert tokens == " ".join(tokens.split()), text
        assert tokens.encode("utf-8").decode("utf-8").isprintable() or not tokens.isascii(), text
        assert "\n" not in tokens


def test_the_tokens_of_a_token_are_itself():
    for text in random_texts(500):
        tokens = tokenise(text, {**RULES, "strip_html": False})
        assert tokenise(tokens, {**RULES, "strip_html": False}) == tokens, text


def test_the_fast_path_does_what_a_plain_description_says():
    def plainly(text):
        text = re.sub(r"[\x00-\x1f\x7f]", " ", text.lower()).replace("'", "")
        return " ".join(re.findall(r"[a-z0-9]+|[.,!?]", text))

    for text in filter(str.isascii, random_texts(2000)):
        assert tokenise(text, {**RULES, "strip_html": False}) == plainly(text)


def test_files_get_the_same_tokens_with_spaces_to_spare():
    for rules in ANY_RULES:
        prepared = text_rules.tokeniser(rules)
        for text in random_texts(200):
            assert b" ".join(prepared(text).split()).decode() == tokenise(text, rules)
            assert b"\n" not in prepared(text)


def test_it_stands_alone(repository, tmp_path):
    (tmp_path / "text_rules.py").write_bytes((repository / "steps" / "text_rules.py").read_bytes())
    program = f"from text_rules import tokenise; print(tokenise('It works!', {RULES!r}))"

    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout == "it works !\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i love them : ) and so", "i love them :) and so"),
        ("fine : - ) .", "fine :) ."),
        ("well ; ) yes = )", "well :) yes :)"),
        ("had to get another one . : ( the other", "had to get another one . :( the other"),
        ("the best are as follows : ( 1 ) a bed", "the best are as follows 1 a bed"),
        ("the book ( other than these : ) . it", "the book other than these . it"),
        ("great :) product", "great :) product"),
        ("why ; ( because", "why because"),
    ],
)
def test_emoticons_of_tokenised_texts_are_told_from_brackets(text, expected):
    assert tokenise(text, RULES | {"emoticons": "spaced"}) == expected


def test_marks_that_stand_apart_are_no_emoticon_unless_the_rules_say_so():
    assert tokenise("nice : )", RULES | {"emoticons": "keep"}) == "nice"
