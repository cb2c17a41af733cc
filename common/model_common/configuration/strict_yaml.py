"""YAML as a configuration file needs it: mappings, lists, text, numbers, true and false. Everything else is refused.

PyYAML's safe loader runs no code, and still does more than a file of settings should be able to ask for: aliases
multiply a document, tags convert values, a long number takes minutes to parse, deep nesting ends in a RecursionError,
and a key that stands twice silently counts once. Numbers are read as YAML 1.2 does, so that `0123` and `12:30` stay
text; dates stay text, too.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

LARGEST_BYTES = 1024 * 1024
DEEPEST = 32
"""The most lists and mappings within each other."""

LONGEST_NUMBER = 40
"""The most characters of a number."""

_LARGEST_INTEGER = 2**63 - 1
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN))$"
)
_REPLACED = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp"}


class YamlProblem(Exception):
    """A text that is refused; its own text says where and why, without a full stop."""


def parse(text: str) -> Any:
    """The document as plain data: dict, list, str, int, float, bool, None.

    Raises YamlProblem with the line and column (counted from 1) for anything that is not plain YAML: a mistake of
    syntax, an alias, a merge key, a tag, a control character, a key given twice, too large, too deep, a huge number.
    """
    if len(text.encode("utf-8", errors="replace")) > LARGEST_BYTES:
        raise YamlProblem(f"it is larger than {LARGEST_BYTES} bytes")
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        raise YamlProblem(_control_character(text, error.position)) from error
    except yaml.MarkedYAMLError as error:
        raise YamlProblem(_marked(error)) from error
    except yaml.YAMLError as error:
        raise YamlProblem(" ".join(str(error).split())) from error


def _marked(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    context = f" {error.context}" if error.context else ""
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{where}{error.problem}{context}"


def _control_character(text: str, position: int) -> str:
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return (
        f"line {line}, column {column}: the control character U+{ord(text[position]):04X} cannot stand in YAML; take it "
        'out, or write it as an escape in double quotes ("\\t", "\\x07")'
    )


class _Loader(yaml.SafeLoader):
    """The safe loader, which takes plain data only."""

    _depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _problem(f"the alias *{event.anchor} is not taken; write the value out", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _problem(f"the tag {event.tag} is not taken; leave it out", event.start_mark)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _problem(f"nested more than {DEEPEST} levels deep", event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, ScalarNode):
                raise _problem("a key must be text, not a list or a mapping", key_node.start_mark)
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise _problem("the merge key << is not taken; write the keys out", key_node.start_mark)
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise _problem(f"the key {key} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_int(self, node: ScalarNode) -> int:
        number = int(self._number(node))
        if abs(number) > _LARGEST_INTEGER:
            raise _huge(node)
        return number

    def construct_yaml_float(self, node: ScalarNode) -> float:
        text = self._number(node).lower()
        if text.endswith((".inf", ".nan")):
            return float(text.replace(".", ""))
        number = float(text)
        if abs(number) == float("inf"):
            raise _huge(node)
        return number

    def _number(self, node: ScalarNode) -> str:
        if len(node.value) > LONGEST_NUMBER:
            raise _huge(node)
        return str(node.value)


def _huge(node: ScalarNode) -> yaml.MarkedYAMLError:
    shown = node.value if len(node.value) <= LONGEST_NUMBER else f"{node.value[:20]}..."
    return _problem(
        f"the number {shown} is too large; whole numbers go up to 2**63 - 1, others up to 1.7e308, in at most "
        f"{LONGEST_NUMBER} characters; if it is text, put it in quotes",
        node.start_mark,
    )


def _problem(words: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, words, mark)


# The resolvers of YAML 1.1 for numbers and dates make way for those of YAML 1.2.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)
