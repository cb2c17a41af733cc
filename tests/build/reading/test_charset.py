"""The encoding of a file, told from hand-written bytes."""

import pytest

from reading import charset

LETTERS = "a lamp, and a chair"


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\xff\xfea\x00", "utf-16"),
        (b"\xfe\xff\x00a", "utf-16"),
        (b"\xff\xfe\x00\x00a\x00\x00\x00", "utf-32"),  # begins with the mark of UTF-16, too
        (b"\x00\x00\xfe\xff\x00\x00\x00a", "utf-32"),
        (b"a\x00b\x00c\x00d\x00", "utf-16-le"),
        (b"\x00a\x00b\x00c\x00d", "utf-16-be"),
        (b"a\x00\x00\x00b\x00\x00\x00", "utf-32-le"),
        (b"\x00\x00\x00a\x00\x00\x00b", "utf-32-be"),
        (b"a\x00b\x00c\x00d", None),  # seven bytes are too few to tell
        (b"a\x00b\x00", None),
        (b"", None),
        (b"text,label", None),
        (b"\xef\xbb\xbftext,label", None),  # the mark of UTF-8
        (b"text\x00,label and more", None),  # one zero byte is a damaged text
        (b"caf\xe9 au lait", None),
    ],
)
def test_wide_encodings_are_told_by_their_mark_or_by_where_their_zero_bytes_are(start, name):
    assert charset.wide(start) == name


def test_a_wide_text_may_have_a_few_letters_beyond_latin():
    latin, greek = "abcdefghij", "\u03b1\u03b2\u03b3"
    assert charset.wide((latin + greek).encode("utf-16-le")) == "utf-16-le"
    assert charset.wide((latin + greek).encode("utf-16-be")) == "utf-16-be"
    assert charset.wide((latin + greek).encode("utf-32-be")) == "utf-32-be"


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        (b"caf\xe9", "cp1252"),
        (b"na\xefve d\xe9j\xe0 vu", "cp1252"),
        (b"\x93quoted\x94 \x96 5\x80", "cp1252"),  # typographic marks of Windows
        (b"\xef\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0", "cp1251"),  # "privet mir"
        (b"\xd0\xd2\xc9\xd7\xc5\xd4 \xcd\xc9\xd2", "koi8_r"),  # the same
        (b"\x82\xb1\x82\xea\x82\xcd\x83\x89\x83\x93\x83v", "shift_jis"),
        (b"\xa4\xb3\xa4\xec\xa4\xcf\xa5\xe9\xa5\xf3\xa5\xd7", "euc_jp"),
        (b"\xbe\xc8\xb3\xe7\xc7\xcf\xbc\xbc\xbf\xe4", "euc_kr"),
        (b"\xd5\xe2\xca\xc7\xd2\xbb\xd5\xb5\xb5\xc6", "gb18030"),
        ("\u9019\u662f\u4e00\u76de\u71c8".encode("big5"), "big5"),
    ],
    ids=["accent", "accents", "marks", "cp1251", "koi8", "shift_jis", "euc_jp", "euc_kr", "gb18030", "big5"],
)
def test_the_likeliest_encoding_is_guessed_by_its_script(sample, name):
    assert charset.guess([LETTERS.encode() + b" " + sample]) == name


def test_a_guess_weighs_all_lines_and_not_the_first_alone():
    russian = "\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440"
    assert charset.guess([b"caf\xe9", *[russian.encode("cp1251")] * 3]) == "cp1251"
    assert charset.guess([]) == "cp1252"


@pytest.mark.parametrize(
    ("name", "key", "command"),
    [
        ("cp1252", "encoding: cp1252", "iconv -f windows-1252 -t UTF-8 FILE."),
        ("cp1251", "encoding: cp1251", "iconv -f windows-1251 -t UTF-8 FILE."),
        ("koi8_r", "encoding: koi8_r", "iconv -f KOI8-R -t UTF-8 FILE."),
        ("shift_jis", "encoding: shift_jis", "iconv -f SHIFT_JIS -t UTF-8 FILE."),
        ("euc_kr", "encoding: euc_kr", "iconv -f EUC-KR -t UTF-8 FILE."),
        ("gb18030", "encoding: gb18030", "iconv -f GB18030 -t UTF-8 FILE."),
        ("utf-16-le", "encoding: utf-16-le", "iconv -f UTF-16-LE -t UTF-8 FILE."),
    ],
)
def test_the_advice_names_the_recipes_key_and_a_command(name, key, command):
    said = charset.advice(name)
    assert f"Say {key} under data in the recipe" in said
    assert said.endswith(command)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("caf\u00e9 \U0001f600", "caf\u00e9 \U0001f600"),
        ("caf\udce9", "caf\\xe9"),
        ("\udcff\udc80", "\\xff\\x80"),
        ("\udcc3\udca9", "\u00e9"),  # two bytes that were cut apart are a character again
        ("\ud83d", "\\ud83d"),
        ("\ud83d and \udce9", "\\ud83d and \\udce9"),  # not from bytes, as the first one shows
        ("\udc7f", "\\udc7f"),
    ],
)
def test_a_message_holds_valid_unicode_whatever_the_text_was(text, shown):
    assert charset.shown(text) == shown
    charset.shown(text).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "from_bytes"),
    [("", True), ("abc", True), ("\udc80", True), ("\udcff", True), ("\udc7f", False), ("\udd00", False), ("\ud800", False)],
)  # fmt: skip
def test_lone_surrogates_of_bytes_are_those_of_pep_383(text, from_bytes):
    assert charset.is_from_bytes(text) is from_bytes
