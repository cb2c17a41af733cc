"""An embedded GitHub over real git repositories: REST API, smart HTTP and OIDC issuer below `/_github/` of one port.

ENDPOINT/_github/api                    the REST API: GITHUB_API_URL
ENDPOINT/_github/git/OWNER/NAME.git     clone, fetch, push
ENDPOINT/_github/oidc                   the issuer of the tokens that workflows get

`sign_in` identifies the caller of a request, `http.routing` finds its operation, and one function of `operations` carries it
out: it asks `access` whether the caller may, changes `state` and the repository's `git`, and answers with a record as GitHub
writes it (`shapes`). The API, a merge and a push move branches through `ref_updates`, which has the rules of protected
branches. Plans count as at GitHub: a free plan has no protection for private repositories. Workflows run after
`GitHub.run_workflows` (`actions`). Webhooks do not exist, and `http.web_pages` has one page for each repository.
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
