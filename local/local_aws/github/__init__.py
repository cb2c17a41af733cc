"""An embedded GitHub over real git repositories: REST API, smart HTTP and OIDC issuer below `/_github/` of one port.

ENDPOINT/_github/api                    the REST API: GITHUB_API_URL
ENDPOINT/_github/git/OWNER/NAME.git     clone, fetch, push
ENDPOINT/_github/oidc                   the issuer of the tokens that workflows get

A request is signed in (sign_in), routed (routing), and carried out by one function of `operations`, which asks `access`
whether the caller may, works on `state` and the repository's `git`, and answers with a record as GitHub writes it
(shapes). What moves a branch, by the API, a merge or a push, goes through `writing`, where the rules of protected
branches are. Plans count as they do at GitHub: what a free plan lacks for private repositories is lacking here.
Workflows run where `GitHub.run_workflows` was called (actions). Webhooks and web pages do not exist.
"""

from local_aws.github.credentials import App, Installation
from local_aws.github.github import GitHub
from local_aws.github.http.faults import Down, Dropped, Fault, Faults, Killed, RateLimited, Slow
from local_aws.github.http.rest import Exchange
from local_aws.github.http.server import serve
from local_aws.github.records import Dispatch, Organization, Repository, User

__all__ = [
    "App",
    "Dispatch",
    "Down",
    "Dropped",
    "Exchange",
    "Fault",
    "Faults",
    "GitHub",
    "Installation",
    "Killed",
    "Organization",
    "RateLimited",
    "Repository",
    "Slow",
    "User",
    "serve",
]
