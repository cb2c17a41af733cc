"""The embedded GitHub is a part of the embedded AWS's server."""

import requests


def test_the_server_has_a_github_below_a_path_of_its_port(local_server):
    github = local_server.github
    github.add_user("server-test", token="token-of-server-test")
    assert github.api_url == f"{local_server.endpoint_url}/_github/api"
    headers = {"Authorization": "Bearer token-of-server-test"}
    answer = requests.get(f"{github.api_url}/user", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["login"]) == (200, "server-test")
    issuer = requests.get(f"{github.issuer_url}/.well-known/openid-configuration", timeout=10)
    assert issuer.json()["issuer"] == github.issuer_url
