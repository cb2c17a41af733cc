"""The features of workflows that github.com has and a GitHub Enterprise Server does not.

Sources: "Upgrading ... artifact actions" of actions/upload-artifact (v4 and later are not supported there), and "Workflow syntax",
GitHub Enterprise Server documentation (`concurrency` without `queue`).
"""

from __future__ import annotations

import re

_UPLOAD = re.compile(r"actions/upload-artifact@[0-9a-f]{40} # v\S+")
_UPLOAD_THERE = "actions/upload-artifact@c6a366c94c3e0affe28c06c8df20a878f24da3cf # v3.2.2"
_UNKNOWN = re.compile(r"^ +(queue: max|overwrite: true)( *#.*)?\n", re.MULTILINE)
"""`overwrite` is an input of the later action; the earlier one always overwrites."""


def is_own_server(github_api_url: str) -> bool:
    """Whether the API is that of a GitHub Enterprise Server: https://HOST/api/v3."""
    return re.fullmatch(r"https://[^/]+/api/v3/?", github_api_url) is not None


def workflow(text: str) -> str:
    """A workflow without what such a server does not know.

    Without `queue`, of several runs that wait for a concurrency group only the newest goes on.
    """
    return _UPLOAD.sub(_UPLOAD_THERE, _UNKNOWN.sub("", text))
