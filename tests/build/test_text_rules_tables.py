"""The text rules against tokens that were written by hand, rule by rule."""

import pytest

from text_rules import tokenise, tokeniser

RULES = {
    "lowercase": True,
    "strip_html": True,
    "punctuation": "split",
    "emoticons": None,
    "collapse_digits": False,
    "max_tokens": 500,
}
RAW = RULES | {"lowercase": False, "strip_html": False, "punctuation": "keep"}


@pytest.mark.parametrize("punctuation", ["split", "remove", "keep"])
@pytest.mark.parametrize(
    ("text", "split", "remove", "keep"),
    [
        ("yes.", "yes .", "yes", "yes."), ("a,b", "a , b", "a b", "a,b"), ("why?!", "why ? !", "why", "why?!"), ("don't", "dont", "dont", "don't"),
        ("'quoted'", "quoted", "quoted", "'quoted'"), ("a-b", "a b", "a b", "a-b"), ("(a)", "a", "a", "(a)"), ("a_b", "a b", "a b", "a_b"), ("#1", "1", "1", "#1"),
        ("50%", "50", "50", "50%"), ("a@b.c", "a b . c", "a b c", "a@b.c"), ("~`|\\^{}[]", "", "", "~`|\\^{}[]"), ("3.5", "3 . 5", "3 5", "3.5"),
        ("\u00bfqu\u00e9?", "qu\u00e9 ?", "qu\u00e9", "\u00bfqu\u00e9?"), ("\u00a7 5", "5", "5", "\u00a7 5"), ("a\u2022b", "a b", "a b", "a\u2022b"),
        ("5\u20ac", "5 \u20ac", "5 \u20ac", "5\u20ac"), ("a\U0001f600b", "a \U0001f600 b", "a \U0001f600 b", "a\U0001f600b"), ("\u2192", "\u2192", "\u2192", "\u2192"),
    ],
)  # fmt: skip
def test_marks(text, split, remove, keep, punctuation):
    wanted = {"split": split, "remove": remove, "keep": keep}[punctuation]
    assert tokenise(text, RULES | {"punctuation": punctuation}) == wanted


@pytest.mark.parametrize("mark", [*"\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4'"])
def test_every_kind_of_apostrophe_disappears(mark):
    assert tokenise(f"don{mark}t", RULES) == "dont"
    assert tokenise(f"don{mark}t", RAW) == "don't"


@pytest.mark.parametrize(
    ("marks", "ascii_mark", "tokens"),
    [
        ("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"', "a b"), ("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-", "a b"), ("\u3001\u060c\uff0c", ",", "a , b"),
        ("\u3002\uff0e", ".", "a . b"), ("\u061f\uff1f", "?", "a ? b"), ("\uff01", "!", "a ! b"),
    ],
)  # fmt: skip
def test_typographic_marks_are_those_of_a_keyboard(marks, ascii_mark, tokens):
    for mark in marks:
        assert tokenise(f"a{mark}b", RULES) == tokens
        assert tokenise(f"a{mark}b", RAW) == f"a{ascii_mark}b"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("\ufb01ne", "fine"), ("\u00bd", "1\u20442"), ("x\u00b2", "x2"), ("\u2167", "VIII"), ("\u212b", "\u00c5"), ("e\u0301", "\u00e9"), ("\uac00", "\uac00"),
        ("\uff21\uff22\uff11", "AB1"), ("\u2026", "..."), ("\u2122", "TM"), ("\u3000a\u2003b\u00a0", "a b"), ("a\u200bb\u200dc\ufeffd\u00ade", "abcde"),
        ("\u2764\ufe0f", "\u2764"), ("a\u2028b\u2029c\x85d", "a b c d"), ("a\x00b\x1fc\x7fd", "a b c d"), ("a\tb\nc\rd\x0be\x0cf", "a b c d e f"), ("\ud83d", ""),
    ],
)  # fmt: skip
def test_one_form_for_what_looks_alike(text, tokens):
    assert tokenise(text, RAW) == tokens


@pytest.mark.parametrize(
    ("text", "small"),
    [
        ("ABC", "abc"), ("\u00c9T\u00c9", "\u00e9t\u00e9"), ("\u0130", "i\u0307"), ("\u1e9e", "\u00df"), ("\u00df", "\u00df"), ("\u03a3\u039f\u03a3", "\u03c3\u03bf\u03c2"),
        ("\u0416", "\u0436"), ("\uff21", "a"), ("\u2167", "viii"), ("\u4e2d", "\u4e2d"),
    ],
)  # fmt: skip
def test_capitals_of_any_script_become_small(text, small):
    assert tokenise(text, RAW | {"lowercase": True}) == small


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a<br>b", "a b"), ("a<br/>b</p>c", "a b c"), ("<!-- no -->a", "a"), ("<!DOCTYPE html>a", "a"), ("<?xml version='1'?>a", "a"), ('<a href="x">y</a>', "y"),
        ("a < b > c", "a < b > c"), ("a<3", "a<3"), ("<3 and >", "<3 and >"), ("a<b", "a<b"), ("<a<b>c", "<a c"), ("<>", "<>"), ("a <b\nc> d", "a d"),
        ("&amp;", "&"), ("&lt;b&gt;", "<b>"), ("&#65;&#x42;&#X43;", "ABC"), ("&eacute;", "\u00e9"), ("&nbsp;a", "a"), ("&notanentity;", "\u00acanentity;"), ("AT&T", "AT&T"),
        ("&amp;lt;", "&lt;"), ("&#0;", "\ufffd"), ("&#xD800;", "\ufffd"), ("&#1114112;", "\ufffd"), ("&#10;a", "a"), ("&", "&"), ("&#;", "&#;"),
    ],
)  # fmt: skip
def test_tags_become_spaces_and_entities_their_characters(text, tokens):
    assert tokenise(text, RAW | {"strip_html": True}) == tokens
    assert tokenise(text, RAW) == " ".join(text.split())


@pytest.mark.parametrize("digits", [7, 599, 600, 4300, 4301, 100_000])
@pytest.mark.parametrize("end", [";", "", " "])
def test_a_reference_of_any_length_is_the_character_for_none(digits, end):
    """int() refuses more than 4,300 digits with a ValueError: a request with such a text was an error of the API."""
    assert tokenise(f"a &#{'9' * digits}{end} b", RAW | {"strip_html": True}) == "a \ufffd b"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("7", "0"), ("007", "0"), ("12 345", "0 0"), ("a1b22c", "a0b0c"), ("3.14", "0.0"), ("1,000", "0,0"), ("\u0663\u0664", "0"), ("\u0967\uff12", "0"), ("0" * 1000, "0"),
        ("x\u00b2", "x0"), ("\u2167", "VIII"), ("10th", "0th"), ("1 \u0661 2", "0 0 0"),
    ],
)  # fmt: skip
def test_a_run_of_digits_becomes_one_nought(text, tokens):
    assert tokenise(text, RAW | {"collapse_digits": True}) == tokens
    assert not set("123456789") & set(tokens)


@pytest.mark.parametrize(
    ("text", "limit", "tokens"),
    [
        ("a b c", 3, "a b c"), ("a b c", 2, "a b"), ("a b c", 1, "a"), ("a,b", 2, "a ,"), ("  a   b  ", 1, "a"), ("abc", 1, "abc"), ("\u00e9 \u00e9", 1, "\u00e9"),
        ("don't stop now", 2, "dont stop"), ("a <b>b</b> c", 2, "a b"), ("\U0001f600\U0001f600\U0001f600", 2, "\U0001f600 \U0001f600"), ("a\tb\nc", 2, "a b"), ("...", 2, ". ."),
    ],
)  # fmt: skip
def test_what_follows_the_last_token_is_cut_off(text, limit, tokens):
    assert tokenise(text, RULES | {"max_tokens": limit}) == tokens
    assert tokeniser(RULES | {"max_tokens": limit})(text).split() == tokens.encode().split()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("__label__x", "label x"), ("a__label__b", "a label b"), ("__label____label__x", "label label x"), ("__LABEL__x", "__LABEL__x"), ("__label_x", "__label_x"),
        ("</s>", ""), ("a</s>b", "a b"), ("</S>", "</S>"), ("\uff3f\uff3flabel\uff3f\uff3fx", "label x"), ("_\u200b_label__x", "label x"),
    ],
)  # fmt: skip
def test_words_that_fasttext_reads_otherwise_are_taken_apart(text, tokens):
    assert tokenise(text, RAW) == tokens


def test_small_letters_make_no_label_either():
    assert tokenise("__LABEL__x </S>", RAW | {"lowercase": True}) == "label x"


SMILES = [
    ":)",
    ":-)",
    ":o)",
    ":^)",
    ":')",
    "=)",
    "=]",
    ":]",
    ";)",
    ";-)",
    ":D",
    "=D",
    ";D",
    "(:",
    "(=",
    "[:",
    "(-:",
    "(;",
]
FROWNS = [":(", ":-(", ":'(", ":[", "=(", "=[", ":o(", "):", ")-:", "]:", ")="]
BEHIND_A_WORD = [
    ":)",
    "=)",
    ";)",
    ":-)",
    ":^)",
    ":')",
    ":o)",
    ";-)",
    ":(",
    ":-(",
    ":'(",
    ":[",
    "=(",
    "=[",
    ":o(",
]


@pytest.mark.parametrize(
    ("form", "emoticons", "before", "after"),
    [
        ("{}", SMILES + FROWNS, "", ""),
        ("so {} there", SMILES + FROWNS, "so ", " there"),
        ("so. {}\n", SMILES + FROWNS, "so . ", ""),
        ("so{}", BEHIND_A_WORD, "so ", ""),
        ("so{} there", BEHIND_A_WORD, "so ", " there"),
    ],
)
def test_emoticons_are_one_token(form, emoticons, before, after):
    for emoticon in emoticons:
        token = ":)" if emoticon in SMILES else ":("
        assert (
            tokenise(form.format(emoticon), RULES | {"emoticons": "keep"}) == f"{before}{token}{after}"
        ), emoticon
        assert token not in tokenise(form.format(emoticon), RULES)


@pytest.mark.parametrize(
    "text",
    ["(as follows):", "(a) b:", "http://a.b", "10:30", "a:b", "x = (y)", "f(x)=y", "std::(x)", ":Done", "=Do", ":", "=", ")", "a;b", "(note: this)", "[1]: x", "size :10"],
)  # fmt: skip
def test_other_marks_are_no_emoticon(text):
    assert not {":)", ":("} & set(tokenise(text, RULES | {"emoticons": "keep"}).split())


def test_the_characters_that_stand_for_emoticons_inside_are_none_in_a_text():
    for rules in (
        RULES | {"emoticons": "keep"},
        RULES | {"emoticons": "spaced"},
        RAW | {"emoticons": "keep"},
    ):
        assert tokenise("a \ue0f0 b\ue0f1c", rules) == "a b c"


def test_a_bracket_far_before_does_not_make_a_frown_of_what_closes_it():
    for opened, closed in ("()", "[]"):
        near, far = opened + "x " * 140 + closed + ":", opened + "x " * 160 + closed + ":"
        assert ":(" not in tokenise(near, RULES | {"emoticons": "keep"})
        assert ":(" in tokenise(far, RULES | {"emoticons": "keep"})


def test_a_bracket_of_another_kind_is_not_closed():
    assert tokenise("[a):", RULES | {"emoticons": "keep"}) == "a :("
    assert tokenise("(a]:", RULES | {"emoticons": "keep"}) == "a :("
    assert (
        tokenise("(:a):", RULES | {"emoticons": "keep"}) == "a :("
    )  # opened by a smile, which is no bracket


@pytest.mark.parametrize("missing", sorted(RULES))
def test_each_rule_has_to_be_stated(missing):
    with pytest.raises(KeyError, match=missing):
        tokenise("text", {name: value for name, value in RULES.items() if name != missing})


@pytest.mark.parametrize("marks", ["\u0301", "\u0316\u0301", "\u05b0\u0301\u0316"])
def test_a_character_keeps_thirty_marks_since_sorting_more_takes_quadratic_time(marks):
    written = (marks * 40_000)[:40_000]
    assert tokenise(f"q{written} b", RULES) == tokenise(f"q{written[:30]} b", RULES)
    assert len(tokenise(f"q{written[:29]}", RULES)) == 30
    assert tokenise("\U0001f600" * 40, RULES).count("\U0001f600") == 40
