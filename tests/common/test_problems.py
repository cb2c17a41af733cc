"""Every kind of mistake in a configuration file: the key as the file has it, what stands there, what is allowed."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Discriminator, Field, Tag, ValidationError

from model_common.configuration import Part, Share, describe, frozen, matching


class Cat(Part):
    """One of two kinds of pet."""

    kind: Literal["cat"] = "cat"
    lives: Annotated[int, Field(gt=0, lt=10)] = 9


class Dog(Part):
    """The other one."""

    kind: Literal["dog"]
    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("Rex",)


def kind(document: Any) -> str | None:
    """Which kind a file describes: a cat, unless it says so; None for what is no mapping."""
    if isinstance(document, dict):
        return str(document.get("kind", "cat"))
    return getattr(document, "kind", None)


Pet = Annotated[Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")], Discriminator(kind)]


class Room(Part):
    """A part of a part."""

    size: Annotated[float, Field(ge=1, le=99.5)] = 10.0
    light: bool = True


class House(Part):
    """What the files of these tests describe."""

    pet: Pet = Field(default=Cat(), description="the animal")
    rooms: tuple[Room, ...] = ()
    best: Room | None = None
    named: dict[str, Room] = Field(default_factory=dict)
    colour: Literal["red", "green"] = "red"
    share: Share = 0.5
    label: Annotated[str, Field(min_length=2, max_length=4)] = "ab"
    code: Annotated[str, matching(r"[a-z]+\d", "letters and a digit")] = "a1"


class Owner(Part):
    """A part that has to be stated, with and without a description."""

    house: House = Field(description="where the owner lives")
    name: str


def lines(document: Any, model: type[Part] = House) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(frozen(document))
    return describe(refused.value, model)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"rooms": [{"size": 1}, {"size": 0.99}]}, "rooms[1].size: found 0.99. Allowed: at least 1.0."),
        ({"best": {"size": 99.6}}, "best.size: found 99.6. Allowed: at most 99.5."),
        ({"named": {"attic": {"size": "big"}}}, "named.attic.size: found 'big'. Allowed: a number."),
        ({"rooms": [{"light": "yes"}]}, "rooms[0].light: found 'yes'. Allowed: true or false."),
        ({"rooms": [{"light": 1}]}, "rooms[0].light: found 1. Allowed: true or false."),
        ({"rooms": {"a": 1}}, "rooms: found keys and values. Allowed: a list."),
        ({"rooms": "none"}, "rooms: found 'none'. Allowed: a list."),
        ({"named": ["attic"]}, "named: found ['attic']. Allowed: keys and values."),
        ({"best": [["a", ["b"]]]}, "best: found [['a', ['b']]]. Allowed: keys and values."),
        ({"colour": "blue"}, "colour: found 'blue'. Allowed: red or green."),
        ({"colour": None}, "colour: found nothing (null). Allowed: red or green."),
        ({"share": 1.5}, "share: found 1.5. Allowed: at most 1.0."),
        ({"share": float("nan")}, "share: found nan. Allowed: a finite number."),
        ({"label": "a"}, "label: found 'a'. Allowed: a length of 2 or more."),
        (
            {"label": 12},
            "label: found 12. Allowed: text. Put it in quotes, or YAML reads it as something else.",
        ),
        ({"label": None}, "label: found nothing (null). Allowed: text."),
        ({"label": ["a"]}, "label: found ['a']. Allowed: text."),
        ({"code": "a12"}, "code: found 'a12'. Allowed: letters and a digit."),
        ({"code": "a1\n"}, "code: found 'a1\\n'. Allowed: letters and a digit."),
        ({"pet": {"kind": "cat", "lives": 10}}, "pet.lives: found 10. Allowed: less than 10."),
        ({"pet": {"kind": "cat", "lives": 0}}, "pet.lives: found 0. Allowed: more than 0."),
        ({"pet": {"kind": "cat", "lives": 1.5}}, "pet.lives: found 1.5. Allowed: a whole number."),
        ({"pet": {"kind": "cat", "names": ["a"]}}, "pet.names: unknown key. Allowed: kind, lives."),
        (
            {"pet": {"kind": "dog", "name": ["a"]}},
            "pet.name: unknown key. Did you mean names? Allowed: kind, names.",
        ),
        ({"pet": {"kind": "dog", "names": []}}, "pet.names: found []. Allowed: a length of 1 or more."),
        (
            {"pet": {"kind": "dog", "names": [7]}},
            "pet.names[0]: found 7. Allowed: text. Put it in quotes, or YAML reads " "it as something else.",
        ),
        ({"pet": {"kind": "cow"}}, "pet.kind: found 'cow'. Allowed: cat, dog."),
        ({"pet": "cat"}, "pet: found 'cat'. Allowed: keys and values."),
        ({"pet": None}, "pet: found nothing (null). Allowed: keys and values."),
        ({"pet": {"lives": 10}}, "pet.lives: found 10. Allowed: less than 10."),
        ({"rooms": [{"sise": 1}]}, "rooms[0].sise: unknown key. Did you mean size? Allowed: size, light."),
        ({"zzz": 1}, "zzz: unknown key. Allowed: pet, rooms, best, named, colour, share, label, code."),
    ],
    ids=lambda value: str(value)[:45],
)
def test_a_mistake_is_one_line(document, line):
    assert lines(document) == [line]


def test_a_key_that_is_missing_is_described_where_the_part_says_what_it_is():
    assert lines({}, Owner) == [
        "house: missing. It is where the owner lives.",
        "name: missing. It must be stated.",
    ]


def test_a_document_that_is_no_mapping_is_the_file():
    assert lines(["a"]) == ["the file: found ['a']. Allowed: keys and values."]


def test_a_long_value_is_cut_at_eighty_characters():
    [line] = lines({"colour": "x" * 79})
    assert line.startswith("colour: found '" + "x" * 76 + "... ".strip() + ". Allowed")
    assert lines({"colour": "x" * 78}) == [f"colour: found '{'x' * 78}'. Allowed: red or green."]


def test_an_item_that_is_wrong_does_not_make_its_list_too_short_as_well():
    assert lines({"pet": {"kind": "dog", "names": [None]}}) == [
        "pet.names[0]: found nothing (null). Allowed: text."
    ]


def test_another_advice_may_stand_where_text_is_expected():
    with pytest.raises(ValidationError) as refused:
        House.model_validate({"label": 7, "share": "x"})
    assert describe(refused.value, House, of_text="Write text.") == [
        "share: found 'x'. Allowed: a number.",
        "label: found 7. Allowed: text. Write text.",
    ]


def test_every_mistake_has_its_line_in_the_order_of_the_keys():
    document = {"code": "", "rooms": [{"size": 0}, {"light": None}], "label": ""}
    assert [line.partition(":")[0] for line in lines(document)] == [
        "rooms[0].size",
        "rooms[1].light",
        "label",
        "code",
    ]


def test_a_kind_without_words_of_its_own_has_pydantics():
    assert lines({"label": "abcde"}) == ["label: found 'abcde'. String should have at most 4 characters."]
    assert lines({"pet": {"kind": "dog", "names": ["a", "b", "c"]}}) == [
        "pet.names: found ['a', 'b', 'c']. Tuple should have at most 2 items after validation, not 3."
    ]
