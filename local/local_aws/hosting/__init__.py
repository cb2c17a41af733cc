"""The data plane of endpoints: model servers, the instances of a variant, traffic, deployments, capture, scaling.

    Hosting -> Endpoint -> Fleet (one per variant and deployment) -> Instance -> model_server (a process each)

`sagemaker/endpoints.py` is the control plane above it, `sagemaker_runtime.py` the way in. This file imports nothing, so
that a model server starts without boto3.
"""
