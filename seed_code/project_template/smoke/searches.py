"""A pipeline of one Tuning step, and what the refusal of its tuning job tells of the job's name."""

from __future__ import annotations

import json
import re

from project_template.smoke.verdicts import Verdict

_NAMED = re.compile(r":hyper-parameter-tuning-job/(?P<name>[A-Za-z0-9-]+)")


def definition(step: str, role: str, image: str, output: str) -> str:
    """A pipeline's definition whose only step would search with one training job."""
    metric = {"Type": "Maximize", "MetricName": "m"}
    limits = {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1}
    ranges = {"IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "2"}]}
    training = {
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "m", "Regex": "m=([0-9.]+)"}],
        },
        "OutputDataConfig": {"S3OutputPath": output},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "RoleArn": role,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    search = {
        "Strategy": "Random",
        "ResourceLimits": limits,
        "HyperParameterTuningJobObjective": metric,
        "ParameterRanges": ranges,
    }
    arguments = {"HyperParameterTuningJobConfig": search, "TrainingJobDefinition": training}
    steps = [{"Name": step, "Type": "Tuning", "Arguments": arguments}]
    return json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": steps})


def judge(step: str, execution: str, reason: str) -> tuple[Verdict, str]:
    """Whether the job that `reason`, of a step that failed, names is called EXECUTION-STEP-RANDOM."""
    found = _NAMED.search(reason)
    if found is None:
        return Verdict.NOT_TRIED, f"the refusal names no tuning job: {reason or 'none'}"
    name = found["name"]
    is_so = re.fullmatch(rf"{re.escape(execution)}-{re.escape(step)}-[A-Za-z0-9-]+", name) is not None
    return Verdict.CONFIRMED if is_so else Verdict.DIFFERS, f"the tuning job of {execution} is {name}"
