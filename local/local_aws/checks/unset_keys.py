"""Conditions of identity and trust policies that would be kinder here than on AWS, because no request here has their key.

A denial that needs the key would never deny, and a permission that holds without it would always allow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from local_aws.identity.actions import condition_keys
from local_aws.identity.policies.conditions import holds


def problems(document: str) -> Iterator[str]:
    """What cannot be judged of a policy whose form is right."""
    statements = json.loads(document)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        allows = statement["Effect"] == "Allow"
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                wanted = [str(each) for each in (values if isinstance(values, list) else [values])]
                if not condition_keys.is_set(key) and holds(operator, key, wanted, {}) == allows:
                    yield f"The embedded AWS does not set the condition key {key}: leave the condition out"
