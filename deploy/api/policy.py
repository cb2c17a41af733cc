"""What to do with a text, by its labels and whom it is for: allow it, mask it, or block it.

    {"default": "everyone", "never": ["threat"], "audiences": {"everyone": {"insult": "mask"}, "adults": {}}}

A label that an audience does not name is allowed, and a label of `never` is blocked for every audience. The strictest
action of a text's labels is the text's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ALLOW, MASK, BLOCK = "allow", "mask", "block"
_STRICTNESS = (ALLOW, MASK, BLOCK)


@dataclass(frozen=True)
class Policy:
    """The actions of each audience, by label."""

    default: str
    never: frozenset[str]
    audiences: Mapping[str, Mapping[str, str]]

    @classmethod
    def parse(cls, text: str) -> Policy | None:
        """The policy that the stage states, as JSON; None for an empty text."""
        if not text:
            return None
        stated = json.loads(text)
        return cls(stated["default"], frozenset(stated["never"]), stated["audiences"])

    def decision(self, audience: str, scores: Mapping[str, float], given: Sequence[str]) -> dict[str, Any]:
        """The action for a text with the labels `given`, and the labels that decided, with their scores."""
        actions = {label: self._action(audience, label) for label in given}
        action = max(actions.values(), key=_STRICTNESS.index, default=ALLOW)
        deciding = [] if action == ALLOW else [label for label in given if actions[label] == action]
        return {
            "action": action,
            "audience": audience,
            "because": [{"label": label, "score": scores[label]} for label in deciding],
        }

    def _action(self, audience: str, label: str) -> str:
        return BLOCK if label in self.never else self.audiences[audience].get(label, ALLOW)
