"""A rollout: the way of one model package's ARN from deploy.yml to the endpoint stack, and of what came of it to a record.

    .github/workflows/deploy.yml   an approval's event names the ARN; a job per stage gives it to
    cli.rollout                    `model-deploy rollout --stage S --model-package ARN`, which makes a Request of it
    execute.execute                follows the steps below and returns the Result
     1 verify.contract             loads the package and its serving contract; publish.complete finds its artifact: the Candidate
     2 gate.require_admissible     may this package go to this stage at all? nothing is changed before this is answered
     3 publish.publish             copies the artifact and uploads the API's archive, then workspace.target renders the endpoint
                                   stack for them: the Target, with the hash of the plan
     4 converge.Convergence        takes the plan's next step (core.next_step) until there is none. An endpoint that was deleted
                                   by hand is created again (restore.restore). The step that updates:
        guard.Guard                  says that somebody watches, and learns what the live model fails already
        alarms.settle                waits until the alarms are quiet; names those that the live model keeps ringing
        aws.change_sets              makes the change set
        gate.require_admitted        asks everything of 2 again, with what may have changed, before anything is executed
        watch.Watch                  follows the operation to its end, while the guard's probes judge the new model
     5 revert.revert               what was taken back: records it, brings the stack to what is live, prunes; exit 4
     6 verify.examine              what held: is the package live, and does it what checks/ expects? exit 3 when not
     7 closing.close               shows in the registry what is live, prunes what nothing uses, and writes the record, last

Where the record is there, everything before it was done. So a command that was killed anywhere is run again, and does what
is left. Nothing is done twice by two commands at once: CloudFormation executes one change set of a name, and S3 keeps one
record of a key. What no command watches any more, SageMaker takes back (`stacks.alarms`, Unwatched).
"""
