"""Custom::GitHubRepository: made, taken up again, adopted or refused; changed in place; archived."""

import pytest

from local_aws.github import Dropped
from pour.ownership import adoption_topic
from project_template.core import names


def test_an_empty_repository_is_made(project):
    answer = project.create("Repository", project.repository())
    record = project.record
    assert answer["PhysicalResourceId"] == str(record.id)
    assert answer["Data"] == {
        "Id": str(record.id),
        "FullName": project.full_name,
        "HtmlUrl": answer["Data"]["HtmlUrl"],
        "DefaultBranch": "main",
        "SubjectPrefix": f"repo:{project.owner}@{record.owner.id}/{record.name}@{record.id}",
    }
    assert (record.visibility, record.topics, record.git.empty) == ("private", ["sagemaker", "mlops"], True)
    assert record.description.startswith("Trains the model [SageMaker project ")


def test_the_subject_is_in_githubs_words(project_of):
    project = project_of(immutable_subjects=False)
    answer = project.create("Repository", project.repository())
    assert answer["Data"]["SubjectPrefix"] == f"repo:{project.full_name}"


def test_a_subject_of_ones_own_is_refused(project):
    project.create("Repository", project.repository())
    project.record.subject.use_default, project.record.subject.claim_keys = False, ["repo", "actor"]
    answer = project.ask(project.event("Repository", "Create", project.repository()))
    assert answer["Status"] == "FAILED"
    assert "repo, actor" in answer["Reason"] and "back to the default" in answer["Reason"]


@pytest.mark.parametrize("visibility", ["public", "private", "internal"])
def test_the_visibility_is_as_asked_for(project, visibility):
    project.create("Repository", project.repository(Visibility=visibility))
    assert project.record.visibility == visibility


def test_asked_twice_it_is_the_same_repository(project):
    answers = [project.create("Repository", project.repository()) for _ in range(2)]
    assert answers[0] == answers[1]


def test_an_answer_of_github_that_is_lost_makes_nothing_twice(project, github):
    github.faults.add(Dropped(method="POST", path=r"/orgs/.*/repos$"))
    project.create("Repository", project.repository())
    assert project.record.topics == ["sagemaker", "mlops"]


def test_a_long_description_keeps_the_mark(project):
    project.create("Repository", project.repository(Description="word " * 200))
    assert len(project.record.description) <= 350
    first = project.record.id
    assert project.create("Repository", project.repository())["PhysicalResourceId"] == str(first)


def test_an_edited_description_does_not_hide_whose_it_is(project):
    first = project.create("Repository", project.repository())
    project.record.description = "Ours now"
    assert project.create("Repository", project.repository()) == first


def refused(project, **more):
    answer = project.ask(project.event("Repository", "Create", project.repository(), **more))
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"].startswith("not-created")
    return answer["Reason"]


def test_somebody_elses_repository_is_refused_by_name_and_not_touched(project, github):
    theirs = github.add_repository(project.full_name, files={"theirs.txt": b"x"})
    reason = refused(project)
    assert f"{project.full_name} exists, and was not made by this stack" in reason
    assert "Choose another name" in reason
    assert (theirs.topics, theirs.variables, project.files().keys()) == ([], {}, {"theirs.txt"})


def test_a_repository_that_the_token_may_only_read_is_refused_too(project_of, github):
    project = project_of(role="members")
    github.add_repository(project.full_name, "public", files={"theirs.txt": b"x"})
    assert "was not made by this stack" in refused(project)


def test_an_archived_repository_of_somebody_else_is_refused(project, github):
    github.add_repository(project.full_name).archived = True
    assert "is archived, and was not made by this stack" in refused(project)


def test_another_resource_of_the_same_stack_does_not_share_a_repository(project):
    project.create("Repository", project.repository())
    assert "was not made by this stack" in refused(project, LogicalResourceId="DeployRepository")


def test_another_stack_does_not_take_over_a_repository(project):
    project.create("Repository", project.repository())
    assert "was not made by this stack" in refused(project, StackId=project.stack_id + "x")


def test_our_own_that_was_archived_is_brought_back(project):
    first = project.create("Repository", project.repository())
    project.record.archived = True
    assert project.create("Repository", project.repository()) == first
    assert not project.record.archived


def test_an_empty_repository_with_the_projects_topic_is_adopted(project, github):
    given = github.add_repository(project.full_name)
    given.topics = [f"sagemaker-project-{project.name}"]
    answers = [project.create("Repository", project.repository()) for _ in range(2)]
    assert {answer["PhysicalResourceId"] for answer in answers} == {str(given.id)}
    assert given.topics == [f"sagemaker-project-{project.name}", "sagemaker", "mlops"]
    assert given.description is None
    project.delete("Repository", project.repository(), str(given.id))
    assert not given.archived


def test_the_topic_for_it_is_the_one_whose_length_doctor_looks_at():
    project = "x" * names.LONGEST_PROJECT
    [topic] = [each for each in names.derived(project, [], []) if each.what.startswith("topic")]
    assert (topic.name, topic.fits) == (adoption_topic(project), True)


def test_a_repository_with_commits_is_not_adopted(project, github):
    given = github.add_repository(project.full_name, files={"theirs.txt": b"x"})
    given.topics = [f"sagemaker-project-{project.name}"]
    assert "has commits" in refused(project)


def test_an_owner_that_does_not_exist_is_named(project):
    answer = project.ask(project.event("Repository", "Create", project.repository(Owner="nobody-here")))
    assert "no organisation or user 'nobody-here'" in answer["Reason"]


def test_an_organisation_that_forbids_it_is_told_with_the_ways_out(project_of):
    project = project_of(role="members", creatable=["public"])
    reason = refused(project)
    assert f"{project.owner} does not let these credentials create the private repository" in reason
    assert "Member privileges" in reason and f"sagemaker-project-{project.name}" in reason


def test_an_organisation_that_forbids_all_of_it_is_told_too(project_of):
    assert "does not let these credentials create" in refused(project_of(role="members", creatable=[]))


def test_a_user_gets_a_repository_with_a_token_of_theirs(project, github):
    project.owner = f"robot-{project.number}"
    answer = project.create("Repository", project.repository())
    assert answer["Data"]["FullName"] == project.full_name
    assert project.record.visibility == "private"


def test_a_user_has_no_internal_repositories(project):
    project.owner = f"robot-{project.number}"
    assert "internal" in refused_visibility(project)


def refused_visibility(project):
    return project.ask(project.event("Repository", "Create", project.repository(Visibility="internal")))[
        "Reason"
    ]


def test_a_token_makes_no_repositories_for_another_user(project):
    answer = project.ask(project.event("Repository", "Create", project.repository(Owner="ann")))
    assert f"The token belongs to robot-{project.number}" in answer["Reason"]


def test_a_new_name_renames_in_place(project):
    old = project.repository()
    created = project.create("Repository", old)
    new = project.repository(Name=f"{project.name}-renamed")
    answer = project.update("Repository", old, new, PhysicalResourceId=created["PhysicalResourceId"])
    assert answer["PhysicalResourceId"] == created["PhysicalResourceId"]
    assert answer["Data"]["FullName"] == f"{project.owner}/{project.name}-renamed"
    again = project.ask(
        project.event(
            "Repository",
            "Update",
            new,
            OldResourceProperties=old,
            PhysicalResourceId=created["PhysicalResourceId"],
        )
    )
    assert again["Data"] == answer["Data"]


def test_a_new_visibility_is_set_in_place(project):
    old = project.repository()
    project.create("Repository", old)
    answer = project.update("Repository", old, project.repository(Visibility="internal"))
    assert (answer["Status"], project.record.visibility) == ("SUCCESS", "internal")


def test_a_repository_does_not_move_to_another_owner(project):
    old = project.repository()
    project.create("Repository", old)
    answer = project.update("Repository", old, project.repository(Owner="ann"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", str(project.record.id))
    assert "cannot move to ann" in answer["Reason"]


def test_a_name_that_somebody_else_has_is_not_taken_over_by_an_update(project, github):
    old = project.repository()
    project.create("Repository", old)
    github.add_repository(f"{project.owner}/taken")
    answer = project.update("Repository", old, project.repository(Name="taken"))
    assert "is not the project's" in answer["Reason"]


def test_a_repository_that_is_gone_is_told_by_an_update(project):
    old = project.repository()
    created = project.create("Repository", old)
    answer = project.ask(
        project.event(
            "Repository",
            "Update",
            {**old, "Name": "other"},
            OldResourceProperties={**old, "Name": "nothing-here"},
            PhysicalResourceId=created["PhysicalResourceId"],
        )
    )
    assert "is gone" in answer["Reason"]


# --- deletion ---


def test_a_repository_with_work_in_it_is_archived(project):
    project.create_both()
    for _ in range(2):
        answer = project.delete("Repository", project.repository(), str(project.record.id))
        assert answer["Status"] == "SUCCESS"
    assert project.record.archived
    assert "README.md" in project.files()


def test_an_empty_one_is_deleted_so_that_its_name_is_free(project, github):
    created = project.create("Repository", project.repository())
    project.delete("Repository", project.repository(), created["PhysicalResourceId"])
    with pytest.raises(KeyError):
        github.repository(project.full_name)


def test_a_renamed_repository_is_archived_under_its_new_name(project, github):
    created = project.create_both()
    number = created["PhysicalResourceId"].split("/")[0]
    rename = {"Name": f"{project.name}-moved"}
    project.update("Repository", project.repository(), project.repository(**rename))
    assert project.delete("Repository", project.repository(), number)["Status"] == "SUCCESS"
    assert github.repository(f"{project.owner}/{project.name}-moved").archived


def test_deleting_what_is_gone_succeeds(project):
    assert project.delete("Repository", project.repository(), "123456")["Status"] == "SUCCESS"


def test_deleting_never_touches_a_repository_of_somebody_else(project, github):
    theirs = github.add_repository(project.full_name, files={"theirs.txt": b"x"})
    assert project.delete("Repository", project.repository(), str(theirs.id))["Status"] == "SUCCESS"
    assert not theirs.archived


def test_what_was_never_made_is_deleted_without_asking_github(project, github):
    github.revoke(project.token)
    answer = project.delete("Repository", project.repository(Name="not a name"), "not-created")
    assert (answer["Status"], project.calls) == ("SUCCESS", [])
