"""Configuration files: strict YAML, and one sentence for each problem with the file, the place and what is expected."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from model_common.configuration import Part, describe, frozen, load, matching, problem, refusal
from model_common.configuration.strict_yaml import DEEPEST, LARGEST_BYTES, YamlProblem, parse
from model_common.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: -0", {"a": 0}),
        ("a: 9223372036854775807", {"a": 2**63 - 1}),
        ("a: 1e-3", {"a": 0.001}),
        ("a: 1.5e3", {"a": 1500.0}),
        ("a: .5", {"a": 0.5}),
        ("a: -.inf", {"a": float("-inf")}),
        ("a: [yes, no, true]", {"a": [True, False, True]}),
        ("a: ~", {"a": None}),
        ("a: 'x\\n'", {"a": "x\\n"}),
        ('a: "\\t\\x07"', {"a": "\t\x07"}),
        ("a: &name b", {"a": "b"}),
        ("1: one", {1: "one"}),
        ("", None),
        # These are numbers or dates to YAML 1.1; whoever writes them means text.
        ("a: 0123", {"a": "0123"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 2024-01-31", {"a": "2024-01-31"}),
        ("a: 2024-13-45", {"a": "2024-13-45"}),
        ("a: 0x1F", {"a": "0x1F"}),
    ],
)
def test_plain_yaml_is_plain_data(text, value):
    assert parse(text) == value


BILLION = "a: &a [x, x]\nb: &b [*a, *a]\n" + "".join(f"c{n}: [*b, *b]\n" for n in range(20))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BILLION, r"line 2, column 8: the alias \*a is not taken; write the value out"),
        ("a: &a\n  b: *a\n", r"line 2, column 6: the alias \*a is not taken"),
        ("x: &x {a: 1}\ny:\n  <<: *x\n", "line 3, column 7: the alias"),
        ("y:\n  <<: {a: 1}\n", "line 2, column 3: the merge key << is not taken"),
        ("a: !!python/object/apply:os.system ['true']", r"column 4: the tag .*os\.system is not taken"),
        ("a: !!int x", "the tag tag:yaml.org,2002:int is not taken; leave it out"),
        ("a: !!binary eA==", "the tag tag:yaml.org,2002:binary is not taken"),
        ("a: !Ref b", "the tag !Ref is not taken"),
        ("a: ! b", "the tag ! is not taken"),
        ("!!set {a, b}", "the tag tag:yaml.org,2002:set is not taken"),
        ("a: " + "[" * 5000 + "]" * 5000, f"nested more than {DEEPEST} levels deep"),
        ("a: " + "{b: " * 5000 + "1" + "}" * 5000, f"nested more than {DEEPEST} levels deep"),
        ("\n".join(f"{' ' * n}a:" for n in range(500)), f"line {DEEPEST}, .*nested more than"),
        ("- " * 5000, f"nested more than {DEEPEST} levels deep"),
        ("a: 1\nb: x\x07y", r"line 2, column 5: the control character U\+0007 cannot stand in YAML"),
        ("a: \x00", r"line 1, column 4: the control character U\+0000"),
        ("a: 1\na: 2", "line 2, column 1: the key a is given twice"),
        ("1: x\n1: y", "line 2, column 1: the key 1 is given twice"),
        ("b: {a: 1, a: 1}", "line 1, column 11: the key a is given twice"),
        ("[a, b]: c", "a key must be text, not a list or a mapping"),
        ("? {a: 1}\n: c", "a key must be text, not a list or a mapping"),
        ("a: " + "9" * 5000, r"line 1, column 4: the number 99999999999999999999\.\.\. is too large"),
        (
            "a: 9223372036854775808",
            r"the number 9223372036854775808 is too large; whole numbers go up to 2\*\*63 - 1",
        ),
        ("a: -9223372036854775809", "is too large"),
        ("a: 1e400", "the number 1e400 is too large"),
        ("a: 1." + "0" * 5000, "is too large"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed here"),
        ("a: [1", "line 1, column 6: expected ',' or ']'"),
        ("a: *", "line 1, column 5"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("\ta: 1", "line 1, column 1"),
        ("a: " + "x" * LARGEST_BYTES, f"it is larger than {LARGEST_BYTES} bytes"),
    ],
    ids=lambda value: value[:24].encode("unicode_escape").decode(),
)
def test_what_is_not_plain_is_refused_with_its_place(text, said):
    with pytest.raises(YamlProblem, match=said) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


class Inner(Part):
    size: Annotated[int, Field(ge=1)] = 1
    name: Annotated[str, matching(r"[a-z]+", "lower-case letters")] = "x"


class Outer(Part):
    inner: Inner = Field(description="what is inside")
    tags: dict[Annotated[str, matching(r"[a-z]+", "lower-case letters")], str] = Field(default_factory=dict)
    several: tuple[Inner, ...] = ()


def problems(document):
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(frozen(document))
    return describe(caught.value, Outer)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({}, "inner: missing. It is what is inside."),
        ({"inner": {"sise": 2}}, "inner.sise: unknown key. Did you mean size? Allowed: size, name."),
        ({"inner": {"size": 0}}, "inner.size: found 0. Allowed: at least 1."),
        (
            {"inner": {"name": "X" * 200}},
            f"inner.name: found {'X' * 79!r}. Allowed: lower-case letters.".replace("X'", "X"),
        ),
        (
            {"inner": {}, "several": [{}, {"size": "2"}]},
            "several[1].size: found '2'. Allowed: a whole number.",
        ),
        ({"inner": {}, "tags": {"A": "x"}}, "tags.A: found 'A'. Allowed: lower-case letters."),
        (
            {"inner": {}, "tags": {"a": True}},
            "tags.a: found true. Allowed: text. Put it in quotes, or YAML reads it as something else.",
        ),
        ({"inner": None}, "inner: found nothing (null). Allowed: keys and values."),
    ],
)
def test_a_problem_is_one_line_with_the_key_what_was_found_and_what_is_allowed(document, line):
    assert problems(document) == [line]


def test_a_rule_between_keys_names_the_key_that_breaks_it():
    class Pair(Inner):
        def model_post_init(self, _):
            self.leaves_out("x has no size", "size")
            self.states("a name", "name")

    assert Pair().size == 1
    with pytest.raises(Exception, match="x has no size; leave the key out"):
        Pair(size=2)
    assert problem("a", "broken").context == {"key": "a", "words": "broken"}


def test_problems_are_counted_under_the_files_name():
    assert refusal(Path("x.yaml"), ["a: one."]) == "x.yaml has a problem:\n  a: one."
    assert refusal(Path("x.yaml"), ["a: one.", "b: two."]) == "x.yaml has 2 problems:\n  a: one.\n  b: two."


def read(path):
    return load(path, "recipe", ConfigurationError, "A recipe needs: name, data.")


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path):
    for number, mark in enumerate((b"", b"\xef\xbb\xbf")):
        path = tmp_path / f"{number}.yaml"
        path.write_bytes(mark + b"a: 1\n")
        assert read(path) == {"a": 1}


def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path):
    (tmp_path / "other.yaml").write_text("a: 1")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    (tmp_path / "large.yaml").write_bytes(b"#" * (LARGEST_BYTES + 1))
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "alias.yaml").write_text("a: &a 1\nb: *a\n")
    for name, said in {
        "missing.yaml": r"There is no recipe .*missing\.yaml\. Recipes beside it: .*other\.yaml\.",
        "latin.yaml": r"The recipe .*latin\.yaml cannot be read: .*utf-8.* Save it as UTF-8\.",
        "large.yaml": r"large\.yaml is not valid YAML: it is larger than 1048576 bytes\.",
        "list.yaml": r"list\.yaml holds no keys\. A recipe needs: name, data\.",
        "alias.yaml": r"alias\.yaml is not valid YAML: line 2, column 4: the alias \*a is not taken; write the value out\.",
        ".": r"The recipe .* cannot be read: ",
    }.items():
        with pytest.raises(ConfigurationError, match=said):
            read(tmp_path / name)


def nested(levels):
    return "a: " + "[" * levels + "]" * levels


def test_the_deepest_document_is_taken_and_one_level_more_is_not():
    # The mapping of the document and the value's lists are the levels.
    assert parse(nested(DEEPEST - 1)) is not None
    with pytest.raises(
        YamlProblem, match=f"^line 1, column {DEEPEST + 3}: nested more than {DEEPEST} levels deep"
    ):
        parse(nested(DEEPEST))


def test_levels_are_counted_within_each_other_and_not_beside_each_other():
    assert len(parse("\n".join(f"k{number}: [[[1]]]" for number in range(50)))) == 50


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: " + "1" * 19, {"a": int("1" * 19)}),
        ("a: 0." + "1" * 38, {"a": 1 / 9}),
        ("a: -9223372036854775807", {"a": -(2**63 - 1)}),
        ("a: +7", {"a": 7}),
        ("a: -1.", {"a": -1.0}),
        ("a: 1E+2", {"a": 100.0}),
        ("a: -.INF", {"a": float("-inf")}),
        ("a: +.inf", {"a": float("inf")}),
    ],
    ids=lambda value: str(value)[:12],
)
def test_numbers_up_to_the_largest_are_numbers(text, value):
    assert parse(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["a: 0." + "1" * 39, "a: -" + "9" * 19, "a: 1.8e308", "a: -1.8e308"], ids=lambda text: text[:8]
)
def test_a_number_beyond_them_is_shown_with_the_limits(text):
    with pytest.raises(
        YamlProblem,
        match=r"^line 1, column 4: the number .* is too large; whole numbers go up to 2\*\*63 - 1",
    ):
        parse(text)


def test_a_number_that_is_none_is_nan():
    assert parse("a: .nan")["a"] != parse("a: .NaN")["a"]


@pytest.mark.parametrize(
    "text",
    [
        "a: .Nan",
        "a: 1e",
        "a: e1",
        "a: --1",
        "a: 1 000",
        "a: 00",
        "a: 1.2.3",
        "a: +",
        "a: .",
        "a: 0b1",
        "a: 0o7",
    ],
)
def test_what_is_almost_a_number_is_text(text):
    assert parse(text) == {"a": text.removeprefix("a: ")}


@pytest.mark.parametrize(("more", "read_it"), [(0, True), (1, False)], ids=["the most", "one more"])
def test_a_file_of_the_largest_size_is_read(tmp_path, monkeypatch, more, read_it):
    for module in ("file", "strict_yaml"):
        monkeypatch.setattr(f"model_common.configuration.{module}.LARGEST_BYTES", 20)
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\n#".ljust(20 + more, b"x"))
    if read_it:
        assert read(path) == {"a": 1}
    else:
        with pytest.raises(ConfigurationError, match="it is larger than 20 bytes"):
            read(path)


@pytest.mark.parametrize("content", [b"", b"# nothing", b"text", b"7", b"null", b"--- \n"], ids=repr)
def test_a_file_without_keys_says_what_it_lacks(tmp_path, content):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"x\.yaml holds no keys\. A recipe needs: name, data\.$"):
        read(path)


def test_files_beside_a_missing_one_are_listed_as_the_command_names_them(tmp_path):
    for name in ("b.yaml", "a.yaml", "c.yml"):
        (tmp_path / name).touch()
    with pytest.raises(ConfigurationError, match=r"There is no stage .*x\.yaml\. Stages beside it: a, b\.$"):
        load(tmp_path / "x.yaml", "stage", ConfigurationError, "", show=lambda path: path.stem)
    with pytest.raises(ConfigurationError, match=r"Stages beside it: none\.$"):
        load(tmp_path / "none" / "x.yaml", "stage", ConfigurationError, "")
