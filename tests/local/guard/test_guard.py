"""A web page reaches nothing of the embedded AWS: not by another name for loopback, and not from another origin."""

import pytest
import requests

from local_aws.kernel.http.guard import CorsRule, Guard, Refused

FORM = {"Content_Type": "application/x-www-form-urlencoded"}
PLACES = [
    "/",
    "/bucket/key",
    "/_url/x/",
    "/_api/x/",
    "/_github/api/user",
    "/_cloudformation/answers/x",
    "/moto-api/",
]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": "0.0.0.0:{port}"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:{port}.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "other"},
    ],
    ids=lambda headers: " ".join(f"{name}={value}" for name, value in headers.items()),
)
def test_a_request_that_a_page_may_have_sent_is_refused_everywhere(line, path, headers):
    stated = {name: value.format(port=line.port) for name, value in headers.items()}
    status, text = line.request("POST", path, b"Action=ListRoles", **(FORM | stated))
    assert status == 403
    assert next(iter(headers)).replace("_", "-") in text


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_the_names_of_loopback_are_answered_to(line, host):
    status, text = line.request(
        path="/_github/oidc/.well-known/openid-configuration", Host=host.format(port=line.port)
    )
    assert status == 200, text


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_page_of_the_servers_own_may_ask(line, site):
    own = {"Origin": f"http://127.0.0.1:{line.port}", "Sec_Fetch_Site": site}
    assert line.request(path="/_github/oidc/.well-known/openid-configuration", **own)[0] == 200


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/bucket/key",
        "bucket",
        "*",
        "/bucket/key#fragment",
        "/bucket\\key",
        "/bucket/k\u00e4y",
    ],
)
def test_a_target_that_readers_take_for_different_paths_is_refused(line, target):
    status, text = line.request(path=target)
    assert (status, "target" in text) == (403, True)


@pytest.mark.parametrize(
    "path", ["/moto-api/", "/moto-api/data.json", "/moto-api/reset", "/latest/meta-data/iam/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_addresses_of_what_works_inside_are_closed(aws, line, method, path):
    aws.client("s3").put_object(Bucket=aws.bucket, Key="kept", Body=b"x")
    assert line.request(method, path)[0] == 403
    assert aws.client("s3").head_object(Bucket=aws.bucket, Key="kept")


def allow(aws, *origins, methods=("GET", "PUT")):
    rule = {
        "AllowedOrigins": list(origins),
        "AllowedMethods": list(methods),
        "AllowedHeaders": ["content-type", "x-amz-*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 60,
    }
    aws.client("s3").put_bucket_cors(Bucket=aws.bucket, CORSConfiguration={"CORSRules": [rule]})


def test_a_bucket_lets_in_the_origins_that_its_cors_configuration_names(aws):
    allow(aws, "https://*.sagemaker.aws")
    place = {"Bucket": aws.bucket, "Key": "template.yaml"}
    aws.client("s3").put_object(**place, Body=b"Resources: {}")
    url = aws.client("s3").generate_presigned_url("get_object", Params=place)
    page = {"Origin": "https://studio.sagemaker.aws", "Sec-Fetch-Site": "cross-site"}
    answer = requests.get(url, headers=page, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"Resources: {}")
    assert answer.headers["Access-Control-Allow-Origin"] == page["Origin"]
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag"
    for other in ("https://sagemaker.aws.evil.example", "http://studio.sagemaker.aws", "null"):
        refused = requests.get(url, headers=page | {"Origin": other}, timeout=10)
        assert refused.status_code == 403
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_an_origin_that_a_bucket_lets_in_still_has_to_sign(aws):
    allow(aws, "*")
    aws.client("s3").put_object(Bucket=aws.bucket, Key="secret", Body=b"x")
    url = f"{aws.server.endpoint_url}/{aws.bucket}/secret"
    answer = requests.get(url, headers={"Origin": "https://anybody.example"}, timeout=10)
    assert (answer.status_code, "AccessDenied" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("PUT", "content-type, x-amz-acl", 200),
        ("DELETE", "content-type", 403),
        ("PUT", "authorization", 403),
    ],
)
def test_a_preflight_is_answered_as_the_bucket_says(aws, method, headers, status):
    allow(aws, "https://studio.sagemaker.aws")
    asked = {
        "Origin": "https://studio.sagemaker.aws",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    answer = requests.options(f"{aws.server.endpoint_url}/{aws.bucket}/key", headers=asked, timeout=10)
    assert answer.status_code == status
    assert ("Access-Control-Allow-Origin" in answer.headers) == (status == 200)


def test_no_other_answer_lets_a_page_read_it(aws):
    seen = []
    client = aws.server.account.clients.session().client("iam", endpoint_url=aws.server.endpoint_url)
    client.meta.events.register("after-call.*", lambda http_response, **_: seen.append(http_response.headers))
    client.list_roles()
    [headers] = seen
    assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_a_buckets_name_below_a_gateways_path_lets_nobody_in():
    guard = Guard(1, lambda bucket: [CorsRule(("*",), ("GET",))])
    with pytest.raises(Refused, match="Origin is 'https://evil"):
        guard.admit(
            {
                "HTTP_HOST": "localhost:1",
                "HTTP_ORIGIN": "https://evil.example",
                "PATH_INFO": "/_url/x/",
                "REQUEST_METHOD": "GET",
            }
        )


@pytest.mark.parametrize("pattern", ["https://[a-z].example", "https://?.example"])
def test_only_an_asterisk_in_an_origin_stands_for_anything(pattern):
    assert not CorsRule((pattern,), ("GET",)).allows("https://a.example", "GET")
    assert CorsRule((pattern,), ("GET",)).allows(pattern, "GET")
