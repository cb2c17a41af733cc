"""SageMaker's control plane. Each module is one resource; together they make the service."""

from local_aws.account import Account
from local_aws.sagemaker.domains import Domains
from local_aws.sagemaker.endpoint_configs import EndpointConfigs
from local_aws.sagemaker.endpoints import Endpoints
from local_aws.sagemaker.model_package_groups import ModelPackageGroups
from local_aws.sagemaker.model_packages import ModelPackages
from local_aws.sagemaker.models import Models
from local_aws.sagemaker.pipeline_executions import PipelineExecutions
from local_aws.sagemaker.pipelines import Pipelines
from local_aws.sagemaker.processing_jobs import ProcessingJobs
from local_aws.sagemaker.projects import Projects
from local_aws.sagemaker.search import Search
from local_aws.sagemaker.tags import Tags
from local_aws.sagemaker.training_jobs import TrainingJobs
from local_aws.sagemaker.transform_jobs import TransformJobs
from local_aws.sagemaker.workflow.callbacks import Callbacks


def handlers(account: Account) -> list[object]:
    """The handlers of every operation that the embedded SageMaker has; the server closes them last to first."""
    tags = Tags(account)
    groups = ModelPackageGroups(account, tags)
    configs = EndpointConfigs(account, tags)
    pipelines = Pipelines(account, tags)
    callbacks = Callbacks()
    return [
        tags,
        Models(account, tags),
        groups,
        ModelPackages(account, tags, groups),
        ProcessingJobs(account, tags),
        TrainingJobs(account, tags),
        TransformJobs(account, tags),
        pipelines,
        callbacks,
        PipelineExecutions(account, pipelines, callbacks),
        configs,
        Endpoints(account, tags, configs),
        Projects(account, tags),
        Domains(account, tags),
        Search(account),
    ]
