"""Who is let in: tokens, their permissions and repositories, Apps and their installations."""

import time

import pytest
import requests
from urllib3.util import SKIP_HEADER

READ = {"contents": "read", "metadata": "read"}


def test_no_token_sees_what_is_public_only(world):
    private, public = world.repository("private"), world.repository("public", visibility="public")
    nobody = world.as_()
    assert nobody.refused("GET", private) == (404, "Not Found")
    assert nobody.get(public).ok
    assert nobody.refused("PATCH", public, {}) == (401, "Requires authentication")
    assert nobody.refused("GET", "/user") == (401, "Requires authentication")


def test_bad_and_revoked_tokens_are_refused(world):
    path = world.repository()
    assert world.as_("made-up").refused("GET", path) == (401, "Bad credentials")
    token = world.github.issue_token("octo")
    assert world.as_(token).get(path).ok
    world.github.revoke(token)
    assert world.as_(token).refused("GET", path) == (401, "Bad credentials")
    late = world.github.issue_token("octo", lifetime=-1)
    assert world.as_(late).refused("GET", path) == (401, "Bad credentials")


def test_strangers_do_not_learn_of_private_repositories(world):
    path = world.repository()
    world.github.add_user("stranger", "stranger-token")
    assert world.as_("stranger-token").refused("GET", path) == (404, "Not Found")
    public = world.repository("public", visibility="public")
    assert world.as_("stranger-token").refused("PUT", f"{public}/topics", {"names": []})[0] == 403


def test_a_fine_grained_token_does_what_it_is_for(world):
    path = world.repository()
    token = world.github.issue_token("octo", READ, resource_owner="acme")
    reader = world.as_(token)
    assert reader.get(f"{path}/contents/README.md").ok
    answer = reader("POST", f"{path}/actions/variables", {"name": "A", "value": "1"})
    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by personal access token"
    assert answer.headers["X-Accepted-GitHub-Permissions"] == "actions_variables=write"
    assert reader.refused("POST", "/orgs/acme/repos", {"name": "b"})[0] == 403


def test_a_fine_grained_token_reaches_its_own_repositories_only(world):
    one, other = world.repository("one"), world.repository("other")
    token = world.github.issue_token("octo", READ, ["acme/one"], resource_owner="acme")
    assert world.as_(token).get(one).ok
    assert world.as_(token).refused("GET", other) == (404, "Not Found")
    mine = world.repository("mine", owner="octo")
    assert world.as_(token).refused("GET", mine) == (404, "Not Found")


def test_workflow_files_need_a_permission_of_their_own(world):
    path = world.repository()
    permissions = {"contents": "write", "metadata": "read"}
    writer = world.as_(world.github.issue_token("octo", permissions, resource_owner="acme"))
    body = {"message": "m", "content": "eA=="}
    refused = (403, "Resource not accessible by personal access token")
    assert writer.refused("PUT", f"{path}/contents/.github/workflows/x.yml", body) == refused
    sha = world.commit(path, {".github/workflows/build.yml": "on: push\n"}, branch="other")
    ref = {"ref": "refs/heads/third", "sha": sha}
    assert writer.refused("POST", f"{path}/git/refs", ref) == refused
    assert writer.refused("PATCH", f"{path}/git/refs/heads/main", {"sha": sha}) == refused
    assert writer("PUT", f"{path}/contents/new", body).ok


@pytest.fixture
def app(world, signer):
    permissions = {"administration": "write", "contents": "write", "members": "read"}
    made = world.github.add_app("pourer", "acme", signer.public_pem, permissions)
    return made, world.as_(signer.jwt(made.id))


def test_an_app_knows_itself_and_its_installations(world, app):
    made, as_app = app
    path = world.repository()
    assert as_app.ok("GET", "/app")["slug"] == "pourer"
    assert as_app.refused("GET", "/orgs/acme/installation") == (404, "Not Found")
    assert as_app.refused("GET", f"{path}/installation") == (404, "Not Found")
    installation = world.github.install_app(made, "acme")
    assert as_app.ok("GET", "/orgs/acme/installation")["id"] == installation.id
    shown = as_app.ok("GET", f"{path}/installation")
    assert (shown["id"], shown["repository_selection"]) == (installation.id, "all")
    assert as_app.refused("GET", "/users/octo/installation")[0] == 404


def test_an_apps_signature_and_times_are_checked(world, app, signer):
    made, _ = app
    now = int(time.time())
    for claims in (
        {"exp": now - 120},
        {"exp": now + 1200},
        {"iat": now + 600},
        {"iss": "none"},
        {"iss": "1"},
    ):
        assert world.as_(signer.jwt(made.id, **claims)).refused("GET", "/app")[0] == 401, claims
    head, claims, signature = signer.jwt(made.id).split(".")
    forged = f"{head}.{claims}.{signature[:-8]}{'A' * 8}"
    assert world.as_(forged).refused("GET", "/app") == (401, "A JSON web token could not be decoded")
    assert world.api.refused("GET", "/app")[0] == 401


def test_an_installation_token_is_scoped_and_creates_repositories(world, app):
    made, as_app = app
    world.repository("other")
    installation = world.github.install_app(made, "acme", ["acme/other"])
    tokens = f"/app/installations/{installation.id}/access_tokens"
    answer = as_app.ok("POST", tokens)
    assert answer["permissions"]["administration"] == "write"
    bot = world.as_(answer["token"])
    created = bot.ok("POST", "/orgs/acme/repos", {"name": "poured", "private": True})
    # What an App creates it reaches, also where repositories were selected.
    narrow = {"repository_ids": [created["id"]], "permissions": {"contents": "write"}}
    narrowed = as_app.ok("POST", tokens, narrow)
    assert [each["full_name"] for each in narrowed["repositories"]] == ["acme/poured"]
    scoped = world.as_(narrowed["token"])
    assert scoped("PUT", "/repos/acme/poured/contents/a", {"message": "m", "content": "eA=="}).ok
    assert scoped.refused("PATCH", "/repos/acme/poured", {}) == (
        403,
        "Resource not accessible by integration",
    )
    assert scoped.refused("GET", "/repos/acme/other") == (404, "Not Found")
    assert scoped.refused("GET", "/user") == (403, "Resource not accessible by integration")
    assert scoped.ok("GET", "/installation/repositories")["total_count"] == 1
    assert bot.refused("POST", "/user/repos", {"name": "a"})[0] == 403


def test_an_installation_token_cannot_hold_more_than_the_installation(world, app):
    made, as_app = app
    world.repository()
    installation = world.github.install_app(made, "acme", [])
    tokens = f"/app/installations/{installation.id}/access_tokens"
    assert as_app.refused("POST", tokens, {"permissions": {"secrets": "write"}})[0] == 422
    assert as_app.refused("POST", tokens, {"repositories": ["app"]})[0] == 422
    assert as_app.refused("POST", "/app/installations/1/access_tokens")[0] == 404
    token = as_app.ok("POST", tokens)["token"]
    world.github.uninstall_app(installation)
    assert world.as_(token).refused("GET", "/installation/repositories") == (401, "Bad credentials")
    assert as_app.refused("GET", "/orgs/acme/installation")[0] == 404


def test_requests_must_say_who_sends_them(world):
    headers = {"User-Agent": SKIP_HEADER}
    answer = requests.get(f"{world.github.api_url}/users/octo", headers=headers, timeout=5)
    assert answer.status_code == 403
    assert "User-Agent" in answer.json()["message"]


def test_every_answer_tells_request_and_rate(world):
    answer = world.api.get("/user")
    assert answer.headers["X-GitHub-Request-Id"]
    before = int(answer.headers["X-RateLimit-Remaining"])
    assert int(world.api.get("/user").headers["X-RateLimit-Remaining"]) == before - 1
    assert world.api.ok("GET", "/rate_limit")["rate"]["remaining"] == before - 1


def test_callers_without_a_name_run_out_of_requests(world):
    nobody = world.as_()
    answers = [nobody.get("/users/octo").status_code for _ in range(61)]
    assert answers == [200] * 60 + [403]
    last = nobody.get("/users/octo")
    assert last.headers["X-RateLimit-Remaining"] == "0"
    assert int(last.headers["X-RateLimit-Reset"]) > time.time()
