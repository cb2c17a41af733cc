"""A rollout: the path of one model package's ARN from deploy.yml to the endpoint stack and to the record.

    .github/workflows/deploy.yml   an approval's event names the ARN; a job per stage gives it to
    cli.rollout                    `model-deploy rollout --stage S --model-package ARN`, which makes a Request of it
    execute.execute                follows the steps below and returns the Result
     1 candidate.complete_candidate  loads the package with its serving contract (verify.contract) and finds its artifact
                                   (aws.artifact): the Candidate
     2 gate.require_admissible     asks whether this package may go to this stage; nothing was changed before
     3 publish.publish             copies the artifact and uploads the API's archive, then workspace.target renders the endpoint
                                   stack for them: the Target, with the hash of the plan
     4 converge.Convergence        takes the plan's next step (core.plan.next_step) until there is none. An endpoint that was deleted
                                   by hand is created again (restore.restore). The step that updates:
        update.guard.Guard           publishes the heartbeat, and records the cases that the live model fails
        update.alarms.settle         waits until the alarms are OK; excuses those that the live model keeps in ALARM
        aws.change_sets              makes the change set
        gate.require_admitted        repeats 2 with the current registry and records, before anything is executed
        update.watch.Watch           follows the operation to its end, while the guard's probes judge the new model
     5 revert.revert               after a rollback: records it, brings the stack to the live package, prunes; exit 4
     6 verify.examine              after success: checks that the package is live and passes checks/; exit 3 if not
     7 finish.finish               updates the registry, prunes unused models, and writes the record, last

The record is written last, so it proves that everything before it was done. A command that was killed can be run
again and does the rest. Two commands at once do nothing twice: CloudFormation executes one change set per name, and
S3 keeps one record per key. SageMaker rolls back an update that no command watches (`stacks.alarms`, Unwatched).
"""
