"""Pipelines and their executions, as the API has them. The engine that runs them is `sagemaker.workflow`."""
