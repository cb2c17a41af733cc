"""`project-template publish`, `seed`, `doctor` and `smoke` as a user calls them: options, exit codes, and what is printed where."""

import json
from pathlib import Path

import pytest

from project_template.commands import doctor, publish
from project_template.core import blueprint
from project_template.core.blueprint import Blueprint, Checkout
from project_template.core.plan import ApplyStack, Kind, TagDomain, Wanted
from project_template.doctor.finding import fail, ok, warn
from project_template.errors import SmokeError
from project_template.smoke import cleaning, command
from project_template.smoke.journal import Journal
from project_template.smoke.run import Outcome
from project_template.stacks.publication_values import AppSignIn, TokenSignIn

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:github"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/k"
TOKEN = ("--token-secret", SECRET)
STEPS = [
    ApplyStack("t-publication", Kind.UPDATE, "{}", ("Add     Product AWS::X", "Modify  Role AWS::IAM::Role")),
    TagDomain("arn:aws:sagemaker:eu-west-1:123456789012:domain/d-1", {"k": "v"}),
]


class Publishing:
    """Stands in for publishing: `asked` are (settings, the checkout's GitHub, make or run, the time limit)."""

    def __init__(self):
        self.asked, self.apis, self.steps = [], [], STEPS

    def checkout(self, root=None, *, github_api_url=""):
        self.apis.append(github_api_url)
        return Checkout({}, "a" * 64, b"", "b" * 64)

    def make(self, aws, settings, source, synthesis):
        return self._plan(settings, "make")

    def run(self, aws, settings, source, synthesis, console, timeout):
        return self._plan(settings, "run", timeout)

    def _plan(self, settings, called, timeout=None):
        self.asked.append((settings, self.apis[-1], called, timeout))
        wanted = Wanted("t-publication", "bucket", "{}", "{}", (), (), location="s3://bucket/templates/")
        return publish.Plan(Blueprint("1.0+x", wanted, {}, "arn:launch", "arn:users"), list(self.steps))


@pytest.fixture
def published(monkeypatch):
    publishing = Publishing()
    monkeypatch.setattr(publish, "make", publishing.make)
    monkeypatch.setattr(publish, "run", publishing.run)
    monkeypatch.setattr(blueprint, "checkout", publishing.checkout)
    return publishing


OPTIONS = [
    ((), {"form": "both", "name": "text-classification", "owner": "Machine learning platform", "take_domain": False}),
    (("--form", "s3"), {"form": "s3"}),
    (("--domain", "d-1", "--domain", "d-2", "--take-domain"), {"domains": ("d-1", "d-2"), "take_domain": True}),
    (("--principal", "arn:aws:iam::123456789012:role/a"), {"principals": ("arn:aws:iam::123456789012:role/a",)}),
    (("--name", "nlp", "--bucket", "my-bucket", "--version", "1.2"), {"name": "nlp", "bucket": "my-bucket", "version": "1.2"}),
    (("--owner", "Data & KI"), {"owner": "Data & KI"}),
    (("--oidc-provider", "arn:aws:iam::123456789012:oidc-provider/x"), {"oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/x"}),
    (("--tag", "b=2", "--tag", "a=1"), {"tags": (("a", "1"), ("b", "2"))}),
    (("--access-log-bucket", "logs"), {"access_log_bucket": "logs"}),
    (("--github-url", "https://ghe.example.com/api/v3"),
     {"github_api_url": "https://ghe.example.com/api/v3", "issuer": "https://ghe.example.com/_services/token"}),
    (("--github-url", "https://git.example.com", "--issuer", "https://id.example.com"), {"issuer": "https://id.example.com"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"), OPTIONS, ids=lambda each: " ".join(each) if isinstance(each, tuple) else ""
)
def test_each_option_of_publish_is_a_setting(run, published, options, expected):
    result = run("publish", *TOKEN, *options)
    assert result.exit_code == 0, result.stderr
    [(settings, api, called, timeout)] = published.asked
    assert {name: getattr(settings, name) for name in expected} == expected
    assert (settings.sign_in, called, timeout) == (TokenSignIn(SECRET), "run", None)
    assert api == settings.github_api_url


def test_an_app_signs_in_with_its_number_and_key(run, published):
    run("publish", "--app-id", "17", "--app-key", KEY, "--timeout", "60")
    [(settings, _, _, timeout)] = published.asked
    assert (settings.sign_in, timeout) == (AppSignIn("17", KEY), 60.0)


REFUSED = [
    (("--app-id", "17"), "--app-id and --app-key go together"),
    (("--app-key", KEY), "--app-id and --app-key go together"),
    ((*TOKEN, "--app-id", "17", "--app-key", KEY), "The functions need one way to sign in to GitHub"),
    (("--token-secret", "ghp_oops"), "--token-secret is 'ghp_oops'; expected the ARN of a secret."),
    ((*TOKEN, "--name", "nlp team"), "--name is 'nlp team'; expected up to 32 letters, digits and hyphens."),
    ((*TOKEN, "--name", f"a{'-' * 31}b"), "expected up to 32 letters, digits and hyphens."),
    ((*TOKEN, "--name", ""), "--name is ''; expected up to 32 letters, digits and hyphens."),
    ((*TOKEN, "--owner", ""), "--owner is ''; expected"),
    ((*TOKEN, "--bucket", "my.bucket"), "--bucket is 'my.bucket'; expected the name of a bucket, without dots"),
    ((*TOKEN, "--bucket", "b" * 64), "expected the name of a bucket"),
    ((*TOKEN, "--bucket", "-bucket"), "--bucket is '-bucket'"),
    ((*TOKEN, "--version", "1 2"), "--version is '1 2'; expected up to 64 letters, digits and ._+-."),
    ((*TOKEN, "--version", "v" * 65), "expected up to 64 letters"),
    ((*TOKEN, "--version", "-1"), "--version is '-1'"),
    ((*TOKEN, "--domain", "d_1"), "--domain is 'd_1'; expected a Studio domain's id, d-...."),
    ((*TOKEN, "--principal", "arn:aws:iam::123456789012:policy/p"), "expected the ARN of a role, user or group."),
    ((*TOKEN, "--oidc-provider", "arn:aws:iam::1:oidc-provider/x"), "expected the ARN of an OIDC provider."),
    ((*TOKEN, "--access-log-bucket", "Logs"), "--access-log-bucket is 'Logs'; expected the name of a bucket."),
    ((*TOKEN, "--github-url", "http://ghe.example.com/api/v3"), "neither https://api.github.com, nor https://HOST/api/v3"),
    ((*TOKEN, "--github-url", "http://x", "--issuer", "https://y"), "--github-url is 'http://x'; expected https://..."),
    ((*TOKEN, "--issuer", "token.example.com"), "--issuer is 'token.example.com'; expected https://..."),
    ((*TOKEN, "--tag", "sagemaker:x=1"), "--tag has the key 'sagemaker:x'"),
    ((*TOKEN, *(part for number in range(41) for part in ("--tag", f"k{number}=v"))), "--tag is given 41 times; expected 40"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"), REFUSED, ids=[f"{each[0][-2]} {each[0][-1][:12]}" for each in REFUSED]
)
def test_an_option_that_cannot_be_meant_is_shown_with_what_is_expected_before_aws_is_asked(
    run, script, published, options, said
):
    result = run("publish", *options)
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert said in result.stderr
    assert (published.asked, script.calls) == ([], [])


def test_a_dry_run_numbers_the_steps_and_shows_what_a_stack_would_change(run, published):
    result = run("publish", *TOKEN, "--dry-run")
    assert result.stdout.splitlines() == [
        "version    1.0+x",
        "stack      t-publication",
        "templates  s3://bucket/templates/",
        "role       arn:launch",
        "           (users type it into the field for the role of Studio's form)",
        "users      arn:users",
        "           (attached to every --principal; attach it to other users of the template)",
        "",
        "Publishing would:",
        "  1. update the stack t-publication",
        "       Add     Product AWS::X",
        "       Modify  Role AWS::IAM::Role",
        "  2. tag the domain d-1 with k=v",
    ]
    assert [called for _, _, called, _ in published.asked] == ["make"]


@pytest.mark.parametrize(
    ("steps", "options", "last"),
    [
        ([], (), "Nothing changes: this version is published already."),
        ([], ("--dry-run",), "Nothing changes: this version is published already."),
        (STEPS, (), "Published in 2 steps."),
    ],
)
def test_the_last_line_says_what_was_done(run, published, steps, options, last):
    published.steps = steps
    assert run("publish", *TOKEN, *options).stdout.splitlines()[-1] == last


@pytest.mark.parametrize("dry", [True, False])
def test_with_json_the_plan_is_one_object(run, published, dry):
    document = json.loads(run("publish", *TOKEN, "--json", *(["--dry-run"] if dry else [])).stdout)
    assert document["published"] is not dry
    assert document["changed"] is True
    assert document["steps"] == [
        {
            "step": "update the stack t-publication",
            "changes": ["Add     Product AWS::X", "Modify  Role AWS::IAM::Role"],
        },
        {"step": "tag the domain d-1 with k=v", "changes": []},
    ]


FOUND = [ok("CORS", "fine"), warn("users", "nobody", "Name one.")]
BROKEN = [
    fail("launch role", "gone", "Publish again."),
    fail("launch role", "twice", "Again."),
    fail("CORS", "none", "Set it."),
]


@pytest.fixture
def examined(monkeypatch):
    """The requests of `doctor`, which finds what is listed."""

    class Examined:
        requests, findings = [], FOUND + BROKEN

    def look(aws, request):
        Examined.requests.append(request)
        return Examined.findings

    Examined.requests = []
    monkeypatch.setattr(doctor, "run", look)
    return Examined


def test_each_option_of_doctor_is_a_part_of_the_request(run, examined, tmp_path):
    run("doctor")
    run("doctor", "shop", "--github-org", "acme", "--visibility", "internal", "--production-gate", "registry",
        "--reviewers", "mona,,acme/release", "--domain", "d-1", "--domain", "d-2", "--folder", str(tmp_path), "--publication", "nlp")  # fmt: skip
    assert examined.requests == [
        doctor.Request("text-classification"),
        doctor.Request(
            "nlp",
            "shop",
            "acme",
            "internal",
            ("d-1", "d-2"),
            "registry",
            ("mona", "acme/release"),
            (Path(tmp_path),),
        ),
    ]


def test_findings_that_fail_are_printed_with_their_way_out_and_exit_3_names_each_once(run, examined):
    result = run("doctor")
    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        "OK    CORS              fine",
        "WARN  users             nobody",
        "                        -> Name one.",
        "FAIL  launch role       gone",
        "                        -> Publish again.",
        "FAIL  launch role       twice",
        "                        -> Again.",
        "FAIL  CORS              none",
        "                        -> Set it.",
    ]
    assert "error: 3 checks failed: launch role, CORS. Fix them as described above." in result.stderr


def test_warnings_alone_are_success(run, examined):
    examined.findings = FOUND
    result = run("doctor", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {
        "ok": True,
        "findings": [
            {"check": "CORS", "level": "OK", "found": "fine", "fix": ""},
            {"check": "users", "level": "WARN", "found": "nobody", "fix": "Name one."},
        ],
    }


@pytest.mark.parametrize(
    "options",
    [("--folder", "nowhere"), ("--visibility", "secret"), ("--production-gate", "door")],
    ids=lambda each: each[0],
)
def test_a_wrong_option_of_doctor_is_a_usage_error(run, examined, options):
    result = run("doctor", *options)
    assert (result.exit_code, result.stdout, examined.requests) == (2, "", [])
    assert options[0] in result.stderr


@pytest.mark.parametrize(("place", "exit_code"), [("new", 0), (".", 0), ("full", 2), ("file", 2)])
def test_a_seed_is_poured_into_an_empty_folder_only(run, monkeypatch, tmp_path, place, exit_code):
    from project_template import seed

    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".hidden").touch()
    (tmp_path / "file").touch()
    monkeypatch.setattr(
        seed, "files", lambda repository, template: [seed.SeedFile(Path("a/b.sh"), b"x", executable=True)]
    )
    folder = Path(place) if place == "." else tmp_path / place
    result = run("seed", "deploy", "--to", str(folder))
    assert (result.exit_code, result.stdout) == (exit_code, "")
    if exit_code:
        assert (
            f"{folder} is not an empty folder: name one that is empty or does not exist yet" in result.stderr
        )
    else:
        assert result.stderr == f"Poured 1 files into {folder}.\n"
        assert (folder / "a" / "b.sh").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["", "Build", "deploy-realtime", "deploy-serverless-door"])
def test_a_repository_that_is_none_is_named_beside_those_that_are(run, tmp_path, name):
    result = run("seed", name, "--to", str(tmp_path / "x"))
    assert result.exit_code == 2
    assert (
        f"There is no repository {name!r}: build, deploy-realtime-github, deploy-realtime-registry, deploy-serverless-"
        in result.stderr
    )
    assert not (tmp_path / "x").exists()


SMOKE = ("smoke", "--github-org", "acme", *TOKEN)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("smoke",), "--github-org is missing: a smoke run makes repositories."),
        (("smoke", "--github-org", "acme"), "--token-secret is missing"),
        ((*SMOKE, "--minutes", "29"), "--minutes is 29; expected 30 or more."),
        ((*SMOKE, "--recipe", "cooking"), "--recipe cooking needs --data FILE"),
        (
            (*SMOKE, "--recipe", "soup", "--data", __file__),
            "--recipe is 'soup'; expected one of amazon-sentences, ",
        ),
        (
            (*SMOKE, "--yes", "--github-url", "https://git.example.com"),
            "say with --issuer where its OIDC provider is",
        ),
        (SMOKE, "Nothing was made. --yes begins without asking."),
    ],
)
def test_a_smoke_run_makes_nothing_without_what_it_needs(run, script, arguments, said):
    result = run(*arguments)
    assert (result.exit_code, result.stdout.strip()) == (2, ""), result.stderr
    assert said in result.stderr
    assert script.changes == []


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("error", [None, SmokeError("no model")])
def test_a_smoke_runs_outcome_is_printed_before_its_error(run, monkeypatch, as_json, error):
    journal = Journal()
    with journal.step("publish"):
        pass
    outcome = Outcome("smoke-1", Path("reports/smoke-1.md"), journal, [], error)
    asked = []
    monkeypatch.setattr(
        command, "start", lambda aws, options, ask, console: asked.append((options, ask("Begin?"))) or outcome
    )
    result = run(
        *SMOKE, "--yes", "--outsider", "mallory", "--minutes", "90", *(["--json"] if as_json else [])
    )
    [(options, begins)] = asked
    assert (options.github_org, options.outsider, options.minutes, options.recipe, begins) == (
        "acme",
        "mallory",
        90,
        "amazon-sentences",
        True,
    )
    assert result.exit_code == (0 if error is None else 1)
    assert ("no model" in result.stderr) is (error is not None)
    assert "reports/smoke-1.md" in result.stdout
    if as_json:
        assert json.loads(result.stdout)


@pytest.mark.parametrize(
    ("left", "answers", "options", "exit_code", "said", "cleaned"),
    [
        ([], "", (), 0, "No smoke run left anything.", []),
        ([], "", ("--json",), 0, '"taken_down": []', []),
        (
            ["smoke-1", "smoke-2"],
            "y\n",
            (),
            0,
            "Taken down: smoke-1\nTaken down: smoke-2",
            ["smoke-1", "smoke-2"],
        ),
        (["smoke-1"], "", ("--yes", "--json"), 0, '"smoke-1"', ["smoke-1"]),
        (["smoke-1"], "n\n", (), 2, "", []),
        (["smoke-1"], "", (), 2, "", []),
    ],
)
def test_cleaning_takes_down_what_was_left_if_somebody_says_so(
    run, monkeypatch, left, answers, options, exit_code, said, cleaned
):
    done = []
    monkeypatch.setattr(cleaning, "leftovers", lambda aws, now, all_of_them: list(left))
    monkeypatch.setattr(cleaning, "clean", lambda aws, name, *_: done.append(name))
    result = run("smoke", "--clean", *options, answers=answers)
    assert (result.exit_code, done) == (exit_code, cleaned), result.stderr
    assert said in result.stdout
    if exit_code:
        assert "Take down everything of smoke-1, models and data, too?" in result.stderr
        assert "Nothing was deleted. --yes deletes without asking." in result.stderr
