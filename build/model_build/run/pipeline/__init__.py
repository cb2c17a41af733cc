"""The pipeline's definition. This package alone imports the SageMaker SDK, and only when `definition` is called.

    Prepare -> Train (and Tune) -> Evaluate (-> Trial) -> Gate -+-> CreateModel -> Register
                                                                +-> Fail

A definition is a pure function of the recipe, the settings and the hashes of the uploaded files. Building it needs no
network and reads no configuration of the machine. Equal inputs give equal bytes on every machine.

Values that belong to one run (data, commit, champion, reason for --force) are parameters of the pipeline. Step caching
compares arguments, so a run repeats only the steps whose arguments changed: the commit is an argument of Register, the
gate's rule and the champion are arguments of Evaluate, and Prepare and Train read inputs that are named by their content.

The definition of a pull request ends at the gate: it has neither CreateModel nor Register. A definition for a merged
pull request has no Train: its candidate is a parameter, with its hash.

`inputs` has the arguments of `definition`, `context` the parameters and what all steps share, `jobs` the steps that run
a container, `search` the one that tunes, `registration` the steps after the gate, `session` the SDK's session, `retries` the retry policies.
"""

from model_build.run.pipeline.definition import STEPS, definition, names
from model_build.run.pipeline.inputs import (
    APPROVAL_STATUS,
    CANDIDATE_MODEL,
    CANDIDATE_SHA256,
    MAX_REGRESSION,
    MINIMUM,
    NONE,
    Inputs,
)
from model_build.run.pipeline.jobs import BOOT, TRIAL
from model_build.run.pipeline.registration import FAIL
from model_build.run.pipeline.search import NAME as TUNE

__all__ = [
    "APPROVAL_STATUS",
    "BOOT",
    "CANDIDATE_MODEL",
    "CANDIDATE_SHA256",
    "FAIL",
    "MAX_REGRESSION",
    "MINIMUM",
    "NONE",
    "STEPS",
    "TRIAL",
    "TUNE",
    "Inputs",
    "definition",
    "names",
]
