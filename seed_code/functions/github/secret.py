"""A credential that does not print itself."""

from __future__ import annotations


class Secret:
    """Holds a token or a signed assertion; `reveal` is the only way to it, so that no log or error shows one by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The credential itself."""
        return self._value

    def removed_from(self, text: str) -> str:
        """The text without this secret in it."""
        return text.replace(self._value, "***") if self._value else text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")
