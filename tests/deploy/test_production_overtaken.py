"""Production takes what staging verified last: an approval that waited too long is not rolled out over a newer one."""

ARGUMENTS = ("--stage", "production", "--model-package")


def test_of_two_that_wait_for_a_review_only_the_newer_reaches_production(project):
    older, newer = project.register(), project.register()
    for arn in (older, newer):
        project.json("rollout", "--stage", "staging", "--model-package", arn)
    for command in ("plan", "rollout"):
        refused = project.run(command, *ARGUMENTS, older)
        assert refused.exit_code == 3
        assert "Version 2 was verified in staging after it" in refused.stderr
    assert project.records("production") == []
    assert project.json("rollout", *ARGUMENTS, newer)["verified"] is True
    # What is live is still planned and verified, whatever staging has got since.
    project.json("rollout", "--stage", "staging", "--model-package", project.register())
    assert project.run("plan", *ARGUMENTS, newer).exit_code == 0
    assert project.json("rollout", *ARGUMENTS, newer)["verified"] is True
