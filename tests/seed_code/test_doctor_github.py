"""What `doctor` and `create` learn from GitHub before anything is made: sign-in, reach, plan, reviewers, names."""

import itertools
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local_aws.github import Down, RateLimited
from project_template.doctor import github_access
from project_template.doctor.finding import Level
from project_template.doctor.github_access import APP_PERMISSIONS, RepositoryRequest
from project_template.errors import GitHubError
from project_template.github import Answer, GitHub, assertion, fetch

_numbers = itertools.count(1)


class World:
    """An organisation on the embedded GitHub with a robot, one of its owners or members, and what is found out there."""

    def __init__(self, github, plan="enterprise", role="owners", **settings):
        number = next(_numbers)
        self.github, self.owner, self.login = github, f"org-{number}", f"machine-{number}"
        self.token = f"ghp_doctor{number:030}"
        github.add_user(self.login, self.token)
        github.add_organization(self.owner, plan, **{role: [self.login]}, **settings)
        github.add_team(self.owner, "release", [self.login])

    def asked(self, owner=None, visibility="private", gate="github", reviewers=()):
        return RepositoryRequest(owner or self.owner, visibility, gate, reviewers)

    def as_token(self, **asked):
        return GitHub(self.github.api_url, f"Bearer {self.token}", fetch), self.asked(**asked)

    def by_token(self, **asked):
        return list(github_access.token(*self.as_token(**asked)))


@pytest.fixture
def world(local_server):
    return World(local_server.github)


@pytest.fixture
def world_of(local_server):
    return lambda **settings: World(local_server.github, **settings)


def said(findings, check, level):
    """What the findings of that check and level say, each of which has to say how it is fixed."""
    found = [each for each in findings if each.check == check and each.level is Level(level)]
    assert level == "OK" or all(each.fix for each in found)
    return " ".join(f"{each.found} -> {each.fix}" for each in found)


def failed(findings):
    return [each.check for each in findings if each.level is Level.FAIL]


def test_an_owners_token_of_an_enterprise_can_do_everything(world):
    findings = world.by_token()
    assert failed(findings) == []
    assert "may create repositories" in said(findings, "GitHub reach", "OK")
    assert "environments, reviewers and branch protection" in said(findings, "GitHub plan", "OK")


def test_a_token_that_was_revoked_is_found(world):
    world.github.revoke(world.token)
    assert "Bad credentials" in said(world.by_token(), "GitHub token", "FAIL")


def canned(expiry="", organisation=None):
    """GitHub with an answer that the embedded one never gives."""
    headers = {"github-authentication-token-expiration": expiry} if expiry else {}
    answers = {"/user": Answer(200, {"login": "ada"}, headers), "/orgs/acme": Answer(200, organisation or {})}
    return GitHub("", "Bearer x", lambda url, _: answers.get(url, Answer(404)))


@pytest.mark.parametrize(
    ("expiry", "level", "words"),
    [
        ("", "WARN", "never expires"),
        ("2026-11-25 00:00:00 UTC", "WARN", "Renew it"),
        ("2027-11-25 00:00:00 +0100", "OK", "until 2027-11-25"),
    ],
)
def test_a_token_that_ends_soon_or_never_is_a_warning(expiry, level, words):
    now = datetime(2026, 11, 20, tzinfo=UTC)
    findings = github_access.token(canned(expiry), RepositoryRequest("", "private", "github"), now)
    assert words in said(findings, "GitHub token", level)


@pytest.mark.parametrize(
    ("answer", "level", "words"),
    [
        (Answer(200, {"installed_version": "3.17.2"}), "OK", "GitHub Enterprise Server 3.17.2"),
        (Answer(200, {}), "WARN", "does not say its version (200)"),
        (Answer(404, None), "WARN", "does not say its version (404)"),
    ],
)
def test_the_version_of_a_server_of_ones_own_is_said(answer, level, words):
    server = GitHub("https://github.acme.example/api/v3", "Bearer x", lambda url, _: answer)
    assert words in said([github_access.server(server)], "GitHub server", level)


def test_an_owner_that_the_token_does_not_see_is_found(world):
    findings = world.by_token(owner="nobody-at-all")
    assert "does not see an organisation nobody-at-all" in said(findings, "GitHub reach", "FAIL")


def test_a_member_who_may_create_nothing_is_told_both_ways_out(world_of):
    findings = world_of(role="members", creatable=()).by_token()
    told = said(findings, "GitHub reach", "WARN")
    assert "does not let members create repositories" in told
    assert "with the topic sagemaker-project-NAME" in told
    assert failed(findings) == []  # an owner may have made them


@pytest.mark.parametrize(
    ("plan", "words"),
    [("free", "neither environments nor branch protection"), ("team", "and no reviewers")],
)
def test_a_plan_that_cannot_protect_production_fails_and_names_the_registry(world_of, plan, words):
    told = said(world_of(plan=plan).by_token(), "GitHub plan", "FAIL")
    assert words in told
    assert "--production-gate registry" in told


def test_the_registry_as_gate_and_public_repositories_need_no_plan(world_of):
    team, free = world_of(plan="team"), world_of(plan="free")
    for findings in (
        team.by_token(gate="registry"),
        team.by_token(visibility="public"),
        free.by_token(visibility="public"),
    ):
        assert said(findings, "GitHub plan", "OK")
    told = said(free.by_token(gate="registry"), "GitHub plan", "FAIL")
    assert "could change main" in told
    assert "GitHub Team" in told


def test_a_plan_that_github_does_not_tell_is_a_warning():
    findings = github_access.token(
        canned(organisation={"login": "acme"}), RepositoryRequest("acme", "private", "github")
    )
    assert "to its owners only" in said(findings, "GitHub plan", "WARN")


def test_repositories_that_are_there_already_are_named(world):
    world.github.add_repository(f"{world.owner}/team-a-build")
    findings = list(github_access.repositories(*world.as_token(), "team-a"))
    assert f"{world.owner}/team-a-build is there already" in said(findings, "repositories", "WARN")
    assert f"{world.owner}/team-a-deploy is free" in said(findings, "repositories", "OK")


def test_reviewers_who_are_not_there_are_named(world):
    team = f"{world.owner}/release"
    findings = list(
        github_access.reviewers(*world.as_token(reviewers=(world.login, team, "nobody-1", "org-x/t")))
    )
    assert said(findings, "reviewers", "OK") == f"{world.login} is there ->  {team} is there -> "
    told = said(findings, "reviewers", "FAIL")
    assert "nobody-1 is not a user" in told
    assert "org-x/t is not a team" in told


class App:
    """A GitHub App of an organisation, whose key is here."""

    def __init__(self, world):
        self.world, self._key = world, rsa.generate_private_key(65537, 2048)
        public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.app = world.github.add_app(f"pourer-{world.owner}", world.owner, public, APP_PERMISSIONS)

    def install(self, **more):
        return self.world.github.install_app(self.app, self.world.owner, **more)

    def findings(self, app_id=None):
        token = assertion(
            app_id or str(self.app.id), lambda content: self._key.sign(content, padding.PKCS1v15(), SHA256())
        )
        github = GitHub(self.world.github.api_url, f"Bearer {token}", fetch)
        return list(github_access.app(github, self.world.asked()))


@pytest.fixture
def app(world):
    return App(world)


def test_an_app_that_is_installed_reaches_what_it_makes(app):
    installation = app.install()
    findings = app.findings()
    assert failed(findings) == []
    assert "with all permissions" in said(findings, "GitHub reach", "OK")
    app.world.github.uninstall_app(installation)
    app.install(repositories=[])
    assert failed(app.findings()) == []


def test_an_app_that_nobody_installed_is_found(app):
    assert f"is not installed for {app.world.owner}" in said(app.findings(), "GitHub App", "FAIL")


def test_an_app_of_another_number_is_found(app):
    assert "Check --app-id" in said(app.findings("999999"), "GitHub App", "FAIL")


def test_an_installation_that_is_suspended_is_found(app):
    app.install().suspended = True
    assert "suspended" in said(app.findings(), "GitHub App", "FAIL")


@pytest.mark.parametrize("permission", sorted(APP_PERMISSIONS.keys() - {"metadata"}))
def test_each_permission_that_an_installation_lacks_is_named(app, permission):
    del app.install().permissions[permission]
    told = said(app.findings(), "GitHub App", "FAIL")
    assert f"lacks for {app.world.owner}: {permission}: {APP_PERMISSIONS[permission]} ->" in told


@pytest.mark.parametrize("fault", [Down(), RateLimited(reset_in=60), RateLimited(retry_after=60, status=429)])
def test_github_that_is_not_well_says_nothing_of_the_token(world, fault):
    world.github.faults.add(fault)
    try:
        with pytest.raises(GitHubError, match="/user: ask again in a while"):
            world.by_token()
    finally:
        world.github.faults.clear()


def test_github_that_does_not_answer_is_an_error():
    with pytest.raises(GitHubError, match=r"http://127\.0\.0\.1:9/user cannot be reached"):
        list(
            github_access.token(
                GitHub("http://127.0.0.1:9", "Bearer x", fetch), RepositoryRequest("", "private", "github")
            )
        )


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (302, {"Location": "http://127.0.0.1:9/login"}, b"", "redirects to http://127.0.0.1:9/login"),
        (200, {"Content-Type": "text/html"}, b"<html>Sign in</html>", "is not GitHub"),
    ],
)
def test_a_proxys_answer_is_not_githubs(status, headers, body, said):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Requests are no news."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(GitHubError, match=said):
            fetch(f"http://127.0.0.1:{server.server_port}/x", {"Authorization": "Bearer secret"})
        server.shutdown()
