"""What tests of the embedded GitHub share: a server of their own, and a client that speaks as somebody."""

import base64
import json
import os
import subprocess
import time
from dataclasses import dataclass

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local_aws.github import GitHub, serve


@dataclass(frozen=True)
class Api:
    """The REST API, as one caller."""

    url: str
    token: str = ""

    def __call__(self, method, path, body=None, **query):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return requests.request(
            method,
            self.url + path,
            headers=headers,
            json=body,
            params=query,
            timeout=10,
            allow_redirects=False,
        )

    def get(self, path, **query):
        return self("GET", path, **query)

    def ok(self, method, path, body=None, **query):
        """The body of an answer that is no refusal."""
        answer = self(method, path, body, **query)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def refused(self, method, path, body=None, **query):
        """(status, message) of a refusal."""
        answer = self(method, path, body, **query)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["message"]


@dataclass(frozen=True)
class World:
    """A GitHub with a user `octo` and a team-plan organisation `acme` of which `octo` is a member."""

    github: GitHub
    api: Api

    def as_(self, token=""):
        return Api(self.github.api_url, token)

    def repository(self, name="app", owner="acme", files=None, **settings):
        """A repository that `octo` made, with a first commit; returns its path in the API."""
        body = {"name": name, "private": True} | settings
        place = "/user/repos" if owner == "octo" else f"/orgs/{owner}/repos"
        self.api.ok("POST", place, body)
        path = f"/repos/{owner}/{name}"
        for file, text in (files or {"README.md": "hello\n"}).items():
            self.put(path, file, text)
        return path

    def put(self, path, file, text, **more):
        body = {"message": f"Add {file}", "content": base64.b64encode(text.encode()).decode()} | more
        return self.api.ok("PUT", f"{path}/contents/{file}", body)

    def commit(self, path, files, branch="main", parent=None):
        """A commit of these files by the git data API, on a branch that is made if it is not there; returns its sha."""
        api = self.api
        known = api.get(f"{path}/git/ref/heads/{branch}")
        start = known if known.ok else api.get(f"{path}/git/ref/heads/main")
        head = parent or start.json()["object"]["sha"]
        entries = [
            {"path": file, "mode": "100644", "type": "blob"}
            | ({"sha": None} if text is None else {"content": text})
            for file, text in files.items()
        ]
        base = api.ok("GET", f"{path}/git/commits/{head}")["tree"]["sha"]
        tree = api.ok("POST", f"{path}/git/trees", {"base_tree": base, "tree": entries})["sha"]
        made = api.ok("POST", f"{path}/git/commits", {"message": "Change", "tree": tree, "parents": [head]})
        if known.ok:
            api.ok("PATCH", f"{path}/git/refs/heads/{branch}", {"sha": made["sha"]})
        else:
            api.ok("POST", f"{path}/git/refs", {"ref": f"refs/heads/{branch}", "sha": made["sha"]})
        return made["sha"]

    def sha(self, path, branch="main"):
        return self.api.ok("GET", f"{path}/git/ref/heads/{branch}")["object"]["sha"]


@pytest.fixture
def world(tmp_path, github_exchanges):
    with serve(tmp_path / "github", github_exchanges) as github:
        github.add_user("octo", "octo-token")
        github.add_organization("acme", "team", members=["octo"])
        yield World(github, Api(github.api_url, "octo-token"))


@dataclass(frozen=True)
class Signer:
    """The private key of an App, and the JWTs that it signs."""

    key: rsa.RSAPrivateKey

    @property
    def public_pem(self):
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def jwt(self, app_id, **claims):
        now = int(time.time())
        stated = {"iat": now - 60, "exp": now + 540, "iss": str(app_id)} | claims
        parts = [_encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, stated)]
        signature = self.key.sign(".".join(parts).encode(), padding.PKCS1v15(), SHA256())
        return ".".join([*parts, _encoded(signature)])


@pytest.fixture(scope="session")
def signer():
    return Signer(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture
def git(tmp_path):
    """Runs git as a person would, without this machine's settings: git(folder, "push", ...)."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Dev",
        "GIT_AUTHOR_EMAIL": "dev@example.com",
        "GIT_COMMITTER_NAME": "Dev",
        "GIT_COMMITTER_EMAIL": "dev@example.com",
    }

    def run(folder, *command, check=True):
        done = subprocess.run(
            ["git", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, done.stderr
        return done

    return run


def _encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
