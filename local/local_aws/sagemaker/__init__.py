"""SageMaker's control plane. Each module is one resource; together they make the service."""

from local_aws.kernel.account import Account
from local_aws.sagemaker.endpoints.endpoint_configs import EndpointConfigs
from local_aws.sagemaker.endpoints.endpoints import Endpoints
from local_aws.sagemaker.jobs.processing_jobs import ProcessingJobs
from local_aws.sagemaker.jobs.training_jobs import TrainingJobs
from local_aws.sagemaker.jobs.transform_jobs import TransformJobs
from local_aws.sagemaker.jobs.tuning_jobs import TuningJobs
from local_aws.sagemaker.models import Models
from local_aws.sagemaker.pipelines.pipeline_executions import PipelineExecutions
from local_aws.sagemaker.pipelines.pipelines import Pipelines
from local_aws.sagemaker.registry.model_package_groups import ModelPackageGroups
from local_aws.sagemaker.registry.model_packages import ModelPackages
from local_aws.sagemaker.search import Search
from local_aws.sagemaker.studio.domains import Domains
from local_aws.sagemaker.studio.projects import Projects
from local_aws.sagemaker.tags import Tags
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
        TuningJobs(account, tags),
        pipelines,
        callbacks,
        PipelineExecutions(account, pipelines, callbacks),
        configs,
        Endpoints(account, tags, configs),
        Projects(account, tags),
        Domains(account, tags),
        Search(account),
    ]
