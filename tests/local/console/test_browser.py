"""The page in a real browser: found without barriers, followed live, used with the keyboard and on a narrow screen.

Needs Chromium: the Debian package `chromium`, or CHROMIUM with the path of another one.
"""

import json
import os
import shutil
import time
from contextlib import closing
from pathlib import Path

import pytest

from local_aws.console import Aws, Console, Renewed
from local_aws.console.clients import GitHub
from local_aws.github.actions.machine import Machine
from local_aws.server import Server

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
AXE = Path(__file__).parents[2] / "tools/node_modules/axe-core/axe.min.js"

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/blazingtext:1"
STAGE_TAG = "sagemaker:deployment-stage"
RECORD = {
    "version": 1,
    "time": "2026-11-29T15:00:00+00:00",
    "model_package_version": 1,
    "kind": "promotion",
    "outcome": "deployed",
    "verified": False,
    "who": "ada",
    "why": "macro-F1 is <b>up</b>",
}
WORKFLOW = "name: w\non: pull_request\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: exit 1\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_tab(chromium, console):
    """Opens a page of the console in a browser of its own; what its scripts complain of fails the test."""
    contexts, complaints = [], []

    def opened(*path, **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on(
            "console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None
        )
        tab.goto(console.address + "/".join(map(str, path)))
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def filled(aws, pipelines, registry):
    """The paths of pages that show something: a pipeline with a branch and a run, two versions, one of them by itself."""
    fail = {"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "on purpose"}}
    gate = {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "Equals", "LeftValue": 1, "RightValue": 2}],
            "IfSteps": [fail | {"Name": "Other"}],
            "ElseSteps": [fail],
        },
    }
    name = pipelines.add(gate)
    pipelines.run(name)
    registry.add(macro_f1=0.8, log_loss=0.4)
    registry.add(macro_f1=0.7, log_loss=0.3)
    return [("pipelines", name), ("registry", aws.group), ("registry", aws.group, "1")]


@pytest.fixture
def endpoint(aws):
    """The name of an endpoint with its stage's record, whose model does not load."""
    sagemaker, name = aws.client("sagemaker"), f"{aws.project.name}-staging"
    aws.client("s3").put_object(Bucket=aws.bucket, Key="deploy/staging/model.tar.gz", Body=b"no archive")
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{aws.bucket}/deploy/staging/model.tar.gz"}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=aws.role_arn)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    tags = [{"Key": STAGE_TAG, "Value": "staging"}]
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
    while sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Creating":
        time.sleep(0.05)
    record = json.dumps(RECORD).encode()
    key = "deployments/staging/20261129T150000Z-1.json"
    aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=record)
    yield name
    sagemaker.delete_endpoint(EndpointName=name)


@pytest.fixture(scope="module")
def repository():
    """A console that sees GitHub, and the paths there: a repository with a pull request and a run that failed."""
    with Server() as server:
        served, clients = server.github, server.account.clients
        served.add_user("ada")
        served.run_workflows(Machine(patience=0.05))
        github = GitHub(served.api_url, served.issue_token("ada"))
        github.post("user", "repos", body={"name": "shop", "auto_init": True})
        home = ("repos", "ada", "shop")
        sha = github.get(*home, "git", "ref", "heads", "main")["object"]["sha"]
        file = {"path": ".github/workflows/w.yml", "mode": "100644", "type": "blob", "content": WORKFLOW}
        tree = github.post(*home, "git", "trees", body={"base_tree": sha, "tree": [file]})["sha"]
        change = {"message": "Fail", "tree": tree, "parents": [sha]}
        made = github.post(*home, "git", "commits", body=change)["sha"]
        github.post(*home, "git", "refs", body={"ref": "refs/heads/change", "sha": made})
        github.post(*home, "pulls", body={"title": "Fail <b>here</b>", "head": "change", "base": "main"})
        served.actions.settle(60)
        run = github.get(*home, "actions", "runs")["workflow_runs"][0]["id"]
        aws = Aws(clients, Renewed(lambda: clients.keys.administrator))
        with closing(Console(server.endpoint_url, aws, github, pause=0.05)) as page:
            server.add_gateway(page)
            shown = ("repositories", "ada", "shop")
            yield page, [("repositories",), shown, (*shown, "runs", str(run))]


SECTIONS = [
    (),
    ("projects", "new"),
    ("pipelines",),
    ("registry",),
    ("stages",),
    ("repositories",),
    ("classify",),
]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_axe_finds_no_barrier_on_any_page(open_tab, console, filled, endpoint, repository, scheme, width):
    tab = open_tab(color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    tab.route("**/*live=1*", lambda route: route.abort())  # what changes meanwhile is for another test
    found = {}
    github, seen = repository
    pages = [(console, path) for path in [*SECTIONS, *filled, ("stages", endpoint), ("nowhere",)]]
    for shown, path in [*pages, *((github, path) for path in seen)]:
        tab.goto(shown.address + "/".join(path))
        tab.add_script_tag(path=str(AXE))
        result = tab.evaluate("axe.run()")
        found |= {
            (path, each["id"]): [node["html"] for node in each["nodes"]] for each in result["violations"]
        }
        # Tables scroll in a box of their own: the page itself never does.
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert not found


@pytest.mark.parametrize("width", [1280, 420])
def test_a_graph_of_few_steps_is_as_large_as_it_is_drawn(open_tab, pipelines, width):
    name = pipelines.add({"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "on purpose"}})
    pipelines.run(name)
    graph = open_tab("pipelines", name, viewport={"width": width, "height": 800}).locator("svg.graph")
    assert graph.bounding_box()["width"] == float(graph.get_attribute("width"))


def test_an_open_page_shows_a_decision_that_was_made_elsewhere_and_tells_it(open_tab, aws, registry):
    arn = registry.add(macro_f1=0.8)
    tab = open_tab("registry", aws.group, 1)
    tab.get_by_label("Reason").fill("half a sent")
    tab.locator("summary").click()
    aws.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    tab.locator("#view .chip.bad").wait_for()
    assert tab.locator("#announcement").text_content() == "Version 1: Rejected"
    # What the reader has begun stays.
    assert tab.get_by_label("Reason").input_value() == "half a sent"
    assert tab.locator("details").get_attribute("open") is not None


def test_a_version_is_approved_with_the_keyboard_alone(open_tab, aws, registry):
    arn = registry.add(macro_f1=0.8)
    tab = open_tab("registry", aws.group, 1)
    for _ in range(40):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.id") == "why":
            break
    tab.keyboard.type("reads well")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.get_by_text(f"{aws.group} version 1 is approved.").wait_for()
    found = registry.describe(arn)
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "reads well")


def test_the_first_stop_of_the_keyboard_skips_the_sections(open_tab):
    tab = open_tab()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
