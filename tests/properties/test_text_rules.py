"""Whatever a text holds, its tokens are what a model can read, and reading them again changes nothing."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

import text_rules
from tests.properties.budget import budget

TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            *("<b>", "</s>", "&amp;", "&lt;", "&#0;", "__label__", "__label__x", "don't", ":)", ":-(", "(:", ")", "=(", "\ue0f0"),
            *("\n", "\r", "\u2028", "\x00", "\x85", " ", "12", "0", "\u0661", "\ufb01", "\u2019", "\U0001f600", "\u0130", "\ufe0f", "e\u0301"),
            *(".", "?!", "\u3002", "<", ">", "a", "\u00a0", "\u200b", "_", "-"),
        ]
    ),
    max_size=15,
).map("".join)  # fmt: skip
RULES = st.fixed_dictionaries(
    {
        "lowercase": st.booleans(),
        "strip_html": st.booleans(),
        "punctuation": st.sampled_from(["split", "remove", "keep"]),
        "emoticons": st.sampled_from(["keep", None]),
        "collapse_digits": st.booleans(),
        "max_tokens": st.sampled_from([1, 3, 500]),
    }
)


@budget(150)
@given(text=TEXTS, rules=RULES)
def test_tokens_are_words_that_fasttext_reads_as_words(text, rules):
    found = text_rules.tokenise(text, rules)
    tokens = found.split(" ") if found else []
    assert len(tokens) <= rules["max_tokens"]
    assert all(tokens)
    assert not [token for token in tokens if token.startswith("__label__") or token == "</s>"]
    assert not [one for one in found if one != " " and (unicodedata.category(one) == "Cc" or one.isspace())]


@budget(150)
@given(text=TEXTS, rules=RULES)
def test_files_and_requests_get_the_same_tokens(text, rules):
    assert text_rules.tokeniser(rules)(text).decode().split() == text_rules.tokenise(text, rules).split()


@budget(150)
@given(text=TEXTS, rules=RULES)
def test_tokens_that_are_read_again_stay_as_they_are(text, rules):
    # With markup among the rules an entity may stand for another one's first character.
    rules = {**rules, "strip_html": False}
    once = text_rules.tokenise(text, rules)
    assert text_rules.tokenise(once, rules) == once
