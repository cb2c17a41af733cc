"""What `model-build run` checks before it begins, and which execution it takes: found, reused or new."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from model_build.aws.data import Data
from model_build.aws.training_job import Copy
from model_build.commands import check_data, run
from model_build.commands.check_data import Checked
from model_build.core.provenance import UNKNOWN, Provenance
from model_build.core.settings import Settings
from model_build.errors import DataError, UsageError
from model_build.run import reused_training
from model_build.run.launch import How, Launched
from model_build.run.reused_training import NotReusable

SETTINGS = Settings("shop", "p-1", "bucket", "models", "arn:aws:iam::123456789012:role/p", "eu-west-1")
LOCAL = Data("reviews.csv", "s3://bucket/data/x/data", "d" * 64, Path("reviews.csv"))
MERGED = Provenance(7, "octocat")
COPY = Copy("s3://bucket/models/merged/x/model.tar.gz", "x")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((None, False), None),
        (("we know why", True), None),
        (("", False), "--force needs a reason; it is recorded on the model package."),
        (("  ", False), "--force needs a reason; it is recorded on the model package."),
        ((" none ", False), "--force needs a reason; it is recorded on the model package."),
        (
            ("see #12!", False),
            "and # ! cannot be stored there. Allowed are letters, digits, spaces and _ . : / = + - @, 256",
        ),
        (("x" * 256, False), None),
        (("x" * 257, False), "and it has 257 characters there."),
    ],
)
def test_a_reason_to_force_is_one_that_the_registry_can_keep(options, said):
    if said is None:
        run._check_options(SETTINGS, *options)
        return
    with pytest.raises(UsageError) as refused:
        run._check_options(SETTINGS, *options)
    assert said in refused.value.message


@pytest.mark.parametrize(("options", "name"), [(("we know", False), "--force"), ((None, True), "--approved")])
def test_a_pull_request_registers_nothing_by_force_nor_as_approved(options, name):
    with pytest.raises(
        UsageError, match=f"^{name} has nothing to register in a pull request; leave it out.$"
    ):
        run._check_options(replace(SETTINGS, pull_request=7), *options)


@pytest.fixture
def first_rows(monkeypatch):
    """A function that looks at the first rows of data of which this is found, and returns what it said."""

    def look(found, data=LOCAL, script=None):
        asked = []
        monkeypatch.setattr(check_data, "check", lambda *arguments: asked.append(arguments) or found)
        recipe = SimpleNamespace(prepare=SimpleNamespace(script=script))
        said = []
        run.check_first_rows(SimpleNamespace(steps=Path("steps"), recipe=recipe), data, said.append)
        assert [each[2:] for each in asked] in ([], [(data.local, 1 << 20)])
        return said if asked else None

    return look


DROPPED = {
    "dropped": {
        "empty_text": {"count": 7, "first_rows": [1, 2, 3, 4, 5, 6], "values": [{"value": "a", "count": 2}]}
    }
}


def test_rows_that_are_dropped_are_told_where_only_the_first_were_looked_at(first_rows):
    said = 'In the first rows of reviews.csv: empty_text: 7 (rows 1, 2, 3, 4, 5, ...; "a" x2)'
    assert first_rows(Checked(DROPPED, None, sampled=True)) == [said]
    assert first_rows(Checked(DROPPED, None, sampled=False)) == []
    assert first_rows(Checked({"dropped": {}}, None, sampled=True)) == []
    assert first_rows(Checked(None, None, sampled=True)) == []


def test_data_that_prepare_would_refuse_is_refused_before_it_is_uploaded(first_rows):
    with pytest.raises(DataError, match=r"^Prepare would refuse reviews\.csv: it has no column 'Text'\.$"):
        first_rows(Checked(None, "it has no column 'Text'.", sampled=True))


def test_data_in_s3_and_data_of_a_script_of_the_teams_own_are_not_looked_at(first_rows):
    refused = Checked(None, "no", sampled=True)
    assert first_rows(refused, replace(LOCAL, local=None)) is None
    assert first_rows(refused, script="mine") is None


@dataclass
class Attempt:
    """An attempt in a workspace, which has an execution or starts one; it notes what was done."""

    workspace: SimpleNamespace
    done: list[str]
    executions: dict[str, Launched]
    candidate: Copy | None = None
    planned: str = "planned"

    def find(self):
        return self.executions.get(self.workspace.name)

    def start(self, provenance):
        self.done.append(f"start {self.workspace.name} {self.candidate and self.candidate.uri}")
        return Launched("arn:new", How.STARTED)

    def with_candidate(self, candidate):
        return replace(self, candidate=candidate)


@dataclass
class World:
    """Which executions there are, and what the pull request's training is good for."""

    executions: dict[str, Launched] = field(default_factory=dict)
    training: Copy | NotReusable = COPY
    tune: str | None = None
    done: list[str] = field(default_factory=list)

    def workspace(self, name="own"):
        made = SimpleNamespace(name=name, recipe=SimpleNamespace(tune=self.tune, description=""))
        made.for_merged = lambda: self.workspace("merged")
        return made


@pytest.fixture
def launched(monkeypatch):
    """A function that launches in a world, and returns the execution, what was done and what was said."""

    def launch(world, provenance=UNKNOWN):
        monkeypatch.setattr(run, "upload", lambda place, *_: world.done.append(f"upload {place.name}"))
        monkeypatch.setattr(run, "_upsert", lambda place, *_: world.done.append(f"upsert {place.name}"))
        monkeypatch.setattr(
            reused_training,
            "reuse",
            lambda place, number, _: world.done.append(f"reuse {number}") or world.training,
        )
        said = []

        def attempt_in(place):
            return Attempt(place, world.done, world.executions)

        attempt, found, training = run._launch(attempt_in, world.workspace(), provenance, LOCAL, said.append)
        return attempt.workspace.name, found.arn, training, world.done, said

    return launch


def test_a_new_run_uploads_and_starts(launched):
    place, arn, training, done, said = launched(World())
    assert (place, arn, training, done) == ("own", "arn:new", "", ["upload own", "start own None"])
    assert said == ["Started arn:new"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (How.ATTACHED, "Re-attached to arn:old"),
        (How.FOUND, "Nothing to run: the same commit, data, recipe and champion have been through arn:old"),
    ],
)
@pytest.mark.parametrize("provenance", [UNKNOWN, MERGED])
def test_a_run_that_there_is_already_changes_nothing(launched, how, words, provenance):
    place, arn, _, done, said = launched(World({"own": Launched("arn:old", how)}), provenance)
    assert (place, arn, done, said) == ("own", "arn:old", [], [words])


def test_what_a_merged_pull_request_trained_is_registered_and_the_projects_pipeline_brought_up_to_date(
    launched,
):
    place, _, training, done, said = launched(World(), MERGED)
    assert (place, done) == ("merged", ["reuse 7", "upload merged", "upsert own", f"start merged {COPY.uri}"])
    assert training == "Does not train again: pull request 7 trained the same."
    assert said == [training, "Started arn:new"]


def test_a_merged_training_that_is_being_registered_is_attached_to_without_another_copy(launched):
    place, arn, training, done, _ = launched(World({"merged": Launched("arn:old", How.ATTACHED)}), MERGED)
    assert (place, arn, done) == ("merged", "arn:old", [])
    assert training == "Does not train again: pull request 7 trained the same."


def test_main_trains_where_the_pull_request_did_not_train_the_same(launched):
    place, _, training, done, _ = launched(World(training=NotReusable("it trained on other data")), MERGED)
    assert (place, training) == ("own", "Trains again: it trained on other data.")
    assert done == ["reuse 7", "upload own", "start own None"]


def test_a_search_is_never_taken_over(launched):
    place, _, training, done, _ = launched(World(tune="a search"), MERGED)
    assert (place, done) == ("own", ["upload own", "start own None"])
    assert training == "Trains again: what a search of pull request 7 made is not taken over."
