"""Taking out of a text what nobody else should read: accounts, ARNs, keys, tokens, addresses of e-mail, names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SECRET_MEMBERS = re.compile(
    r"secret|token|password|authorization|signature|plaintext|ciphertext|credential|private|accesskey",
    re.IGNORECASE,
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), "<token>"),
    (re.compile(r"\b(gh[a-z]_\w{10,}|github_pat_\w+)"), "<token>"),
    (re.compile(r"\b(AKIA|ASIA|AROA|AIDA|ANPA|ABIA|ACCA)[A-Z0-9]{12,}"), "<key id>"),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{8,}"), r"\1 <token>"),
    (re.compile(r"(?i)(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"']+"), r"\1<token>"),
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|\Z)", re.DOTALL), "<key>"),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "<e-mail>"),
    (re.compile(r"arn:aws[\w-]*:([\w-]*):[\w-]*:\w*:([\w-]+)[^\s\"'\\,;)\]}]*"), r"<arn \1 \2>"),
    (re.compile(r"(?<!\d)\d{12}(?!\d)"), "<account>"),
    (re.compile(r"(?<!\d)\d{4}-\d{4}-\d{4}(?!\d)"), "<account>"),
)


class Redaction:
    """Redacts texts and answers. `names` are further words that are taken out: {word: what stands in its place}."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        replacements = {word: shown for word, shown in (names or {}).items() if word}
        self._names = sorted(replacements.items(), key=lambda each: -len(each[0]))

    def text(self, text: str) -> str:
        """The text without what is secret in it."""
        # Names come last: an ARN with a part of it taken out would no longer be seen as one.
        for pattern, shown in _PATTERNS:
            text = pattern.sub(shown, text)
        for word, shown in self._names:
            text = text.replace(word, shown)
        return text

    def value(self, value: Any) -> Any:
        """The same of what JSON holds: members that are secret by their name are taken out whole."""
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): (
                    "<secret>"
                    if _SECRET_MEMBERS.search(str(key)) and isinstance(each, str | bytes)
                    else self.value(each)
                )
                for key, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        if isinstance(value, bool | int | float) or value is None:
            # A number that is an account's.
            return self.text(str(value)) if re.fullmatch(r"\d{12}", str(value)) else value
        if isinstance(value, bytes | bytearray):
            return f"<{len(value)} bytes>"
        return self.text(str(value))
