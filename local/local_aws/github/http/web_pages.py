"""A page for each repository, for a browser: what it is, its files, how to clone it. Other pages do not exist.

Whoever may not read a repository is asked for a login and a token, as git asks.
"""

from __future__ import annotations

from html import escape
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from local_aws.github.access import authorize
from local_aws.github.credentials import Anonymous
from local_aws.github.errors import ApiError, not_found
from local_aws.github.records import Repository
from local_aws.github.sign_in import caller_of
from local_aws.github.state import State

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"'}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{name}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }}</style>
<h1>{name}</h1>
<p>{description}</p>
<p>{facts}</p>
<pre>git clone {clone}</pre>
<ul>{files}</ul>
</html>
"""


class WebPages:
    """Renders the page of a repository."""

    def __init__(self, state: State) -> None:
        self._state = state

    def respond(self, request: Request, path: str) -> Response:
        """`path` is `OWNER/NAME`."""
        try:
            with self._state.lock:
                repository = self._readable(request, unquote(path).rstrip("/"))
                page = self._page(repository)
        except ApiError as error:
            return Response(error.message + "\n", status=error.status, headers=error.headers)
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
        return Response(page, content_type="text/html; charset=utf-8", headers=headers)

    def _readable(self, request: Request, name: str) -> Repository:
        try:
            caller = caller_of(self._state, request.headers.get("Authorization", ""))
        except ApiError as error:
            raise ApiError(401, "Invalid username or token.", headers=_CHALLENGE) from error
        try:
            found = self._state.repository(name) or self._state.moved(name)
            if found is None:
                raise not_found("There is no such page.")
            authorize(caller, found, "contents", "read")
        except ApiError as error:
            if isinstance(caller, Anonymous):
                raise ApiError(401, "Sign in with a login and a token.", headers=_CHALLENGE) from error
            raise
        return found

    def _page(self, repository: Repository) -> str:
        git = repository.git
        commit = git.branch(repository.default_branch)
        entries = git.entries(commit, recursive=True) if commit else []
        files = [entry.path for entry in entries if entry.type == "blob"]
        pulls = sum(pull.state == "open" for pull in repository.pulls.values())
        facts = (
            f"{repository.visibility}; branch {repository.default_branch}, commit {(commit or 'none')[:12]}; "
        )
        facts += f"{pulls} open pull requests; variables: {', '.join(sorted(repository.variables)) or 'none'}"
        return _PAGE.format(
            name=escape(repository.full_name),
            description=escape(repository.description or ""),
            facts=escape(facts),
            clone=escape(f"{self._state.urls.git}/{repository.full_name}.git"),
            files="".join(f"<li>{escape(path)}</li>" for path in files),
        )
