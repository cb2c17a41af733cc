"""Stages: one YAML file per endpoint, read and checked here.

`stage` is the whole file; `endpoint`, `rollout`, `alarms`, `scaling` and `api` are its parts; `combinations` refuses
what SageMaker does not accept together. Pure: nothing here calls AWS.
"""

from model_deploy.stage.alarms import Alarms
from model_deploy.stage.api import Api, Jwt
from model_deploy.stage.endpoint import Endpoint, Instances, Serverless
from model_deploy.stage.rollout import Rollout
from model_deploy.stage.scaling import Scaling
from model_deploy.stage.stage import Capture, Network, Stage

__all__ = [
    "Alarms",
    "Api",
    "Capture",
    "Endpoint",
    "Instances",
    "Jwt",
    "Network",
    "Rollout",
    "Scaling",
    "Serverless",
    "Stage",
]
