"""Clone, fetch and push over HTTP: `git http-backend` behind the rules of the REST API.

https://git-scm.com/docs/git-http-backend
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from werkzeug.wrappers import Request, Response

from local_aws.github.access import authorize, role_of
from local_aws.github.credentials import Anonymous, Caller, Token
from local_aws.github.errors import ApiError, not_found
from local_aws.github.git import environment
from local_aws.github.http.faults import Faults
from local_aws.github.records import Repository
from local_aws.github.ref_updates import HEADS, rule_against, written
from local_aws.github.sign_in import caller_of
from local_aws.github.state import State

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"'}
_PUSH = "git-receive-pack"
_HOOK = r"""#!/bin/sh
# What a push may not do: LOCAL_GITHUB_DIRECT and LOCAL_GITHUB_FORCED are refs that take no push, or no forced one.
nothing=0000000000000000000000000000000000000000
refuse() { echo "error: GH006: Protected branch update failed for $1." >&2; echo "error: $2" >&2; exit 1; }
while read -r old new ref; do
  case " $LOCAL_GITHUB_DIRECT " in *" $ref "*) refuse "$ref" "Changes must be made through a pull request." ;; esac
  case " $LOCAL_GITHUB_FORCED " in *" $ref "*)
    [ "$new" != $nothing ] || refuse "$ref" "Cannot delete this branch"
    git merge-base --is-ancestor "$old" "$new" || refuse "$ref" "Cannot force-push to this branch" ;;
  esac
  [ "$new" != $nothing ] && [ -z "$LOCAL_GITHUB_WORKFLOWS" ] || continue
  before=${LOCAL_GITHUB_HEAD:-$old}
  [ "$old" = $nothing ] || before=$old
  had=$(git rev-parse --verify --quiet "$before:.github/workflows" || true)
  has=$(git rev-parse --verify --quiet "$new:.github/workflows" || true)
  if [ "$had" != "$has" ]; then
    echo "refusing to allow this token to create or update workflows without \`workflows\` permission" >&2
    exit 1
  fi
done
"""


class SmartHttp:
    """Answers requests of the git client."""

    def __init__(self, state: State, faults: Faults) -> None:
        self._state = state
        self._faults = faults
        self._hooks = state.folder / "hooks"
        self._hooks.mkdir(parents=True, exist_ok=True)
        hook = self._hooks / "pre-receive"
        hook.write_text(_HOOK)
        hook.chmod(0o755)

    def respond(self, request: Request, path: str) -> Response:
        """`path` is `OWNER/NAME.git/...`. Raises ConnectionDropped where a fault wants it."""
        incoming, faults = self._faults.arrived(request.method, f"/git/{path}")
        try:
            for fault in faults:
                fault.before(incoming)
            response = self._serve(request, path)
        except ApiError as error:
            response = Response(error.message + "\n", status=error.status, headers=error.headers)
        for fault in faults:
            fault.after(incoming)
        return response

    def _serve(self, request: Request, path: str) -> Response:
        owner, _, rest = path.partition("/")
        name, _, below = rest.partition("/")
        pushes = _PUSH in {request.args.get("service"), below}
        with self._state.lock:
            caller = self._caller(request)
            repository = self._repository(f"{owner}/{name.removesuffix('.git')}", caller, pushes)
            env = self._environment(request, repository, below, caller)
            if below == _PUSH:
                return self._pushed(request, repository, env, caller)
        return _backend(request.get_data(), env)

    def _caller(self, request: Request) -> Caller:
        try:
            return caller_of(self._state, request.headers.get("Authorization", ""))
        except ApiError as error:
            raise ApiError(401, "Invalid username or token.", headers=_CHALLENGE) from error

    def _repository(self, name: str, caller: Caller, pushes: bool) -> Repository:
        """The repository. A request without a token is answered 401 and not 404, so that git asks for one."""
        try:
            found = self._state.repository(name) or self._state.moved(name)
            if found is None:
                raise not_found("Repository not found.")
            authorize(caller, found, "contents", "write" if pushes else "read")
        except ApiError as error:
            if isinstance(caller, Anonymous):
                raise ApiError(401, "No anonymous write access.", headers=_CHALLENGE) from error
            raise
        return found

    def _environment(
        self, request: Request, repository: Repository, below: str, caller: Caller
    ) -> dict[str, str]:
        cgi = {
            "GIT_PROJECT_ROOT": str(self._state.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{repository.id}.git/{below}",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.query_string.decode(),
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": request.remote_addr or "",
        }
        if isinstance(caller, Token):
            cgi |= {"REMOTE_USER": caller.user.login} | self._rules(repository, caller)
        return environment(**cgi)

    def _rules(self, repository: Repository, token: Token) -> dict[str, str]:
        """The environment variables of the hook: the rules of protected branches."""
        administers = role_of(token, repository) == "admin"
        direct = [
            name
            for name in repository.protection
            if rule_against(repository, name, administers, forced=False)
        ]
        forced = [name for name, rules in repository.protection.items() if not rules["allow_force_pushes"]]
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.hooksPath",
            "GIT_CONFIG_VALUE_0": str(self._hooks),
            "LOCAL_GITHUB_DIRECT": " ".join(HEADS + name for name in direct),
            "LOCAL_GITHUB_FORCED": " ".join(HEADS + name for name in forced),
            "LOCAL_GITHUB_WORKFLOWS": "1" if token.grants("workflows", "write") else "",
            "LOCAL_GITHUB_HEAD": repository.git.branch(repository.default_branch) or "",
        }

    def _pushed(
        self, request: Request, repository: Repository, env: dict[str, str], caller: Caller
    ) -> Response:
        before = repository.git.refs()
        response = _backend(request.get_data(), env)
        after = repository.git.refs()
        changed = [name for name in after if after[name] != before.get(name)]
        if changed or len(after) < len(before):
            written(repository, *changed)
            if self._state.actions is not None:
                self._state.actions.observe(caller)
        return response


def _backend(body: bytes, env: dict[str, str]) -> Response:
    """Run the CGI program: its headers, then what git says."""
    env = env | {"CONTENT_LENGTH": str(len(body))}
    done = subprocess.run(
        ["git", "http-backend"], input=body, env=env, cwd=Path("/"), capture_output=True, check=False
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
    status = int(headers.pop("Status", "200" if head else "500").split()[0])
    return Response(content, status=status, headers=headers)
