"""Endpoints, as the control plane has them. What runs behind one is `hosting.endpoint`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from local_aws.hosting.autoscaling.scaling import Scaling
from local_aws.hosting.deployments.plan import Plan, resolve
from local_aws.hosting.deployments.policy import Policy
from local_aws.hosting.endpoint import Endpoint
from local_aws.hosting.errors import LaunchError
from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import invalid
from local_aws.sagemaker import arns
from local_aws.sagemaker.endpoints import deployment_rules, variant_rules
from local_aws.sagemaker.endpoints.endpoint_configs import EndpointConfigs
from local_aws.sagemaker.endpoints.endpoint_description import describe, summary
from local_aws.sagemaker.endpoints.endpoint_events import EndpointEvents
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.tags import Tags

KIND = "endpoint"


class Endpoints:
    """CreateEndpoint, DescribeEndpoint, ListEndpoints, UpdateEndpoint, UpdateEndpointWeightsAndCapacities, DeleteEndpoint."""

    def __init__(self, account: Account, tags: Tags, configs: EndpointConfigs) -> None:
        self._account = account
        self._tags = tags
        self._configs = configs
        self._endpoints: dict[str, Endpoint] = {}
        self._lock = threading.Lock()
        self._scaling = Scaling(account)
        self._events = EndpointEvents(account, tags)

    def create_endpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create an endpoint and start its model servers.

        Raises ValidationException. Source: Amazon SageMaker API reference, CreateEndpoint.
        """
        plan = self._plan(request["EndpointConfigName"])
        config = request.get("DeploymentConfig")
        if config:
            deployment_rules.check_create(config, plan)
        name = request["EndpointName"]
        arn = arns.make(self._account, KIND, name)
        with self._lock:
            if arn in self._endpoints:
                raise invalid(f'Cannot create already existing endpoint "{arn}".')
            endpoint = Endpoint(
                self._account,
                name,
                arn,
                plan,
                config,
                on_status=self._events.status,
                on_phase=self._events.phase,
            )
            self._endpoints[arn] = endpoint
            self._tags.put(arn, request.get("Tags"))
            endpoint.create()
        return {"EndpointArn": arn}

    def describe_endpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one endpoint, with the traffic of its variants.

        Raises ValidationException. Source: Amazon SageMaker API reference, DescribeEndpoint.
        """
        return describe(self._find(request["EndpointName"]))

    def list_endpoints(self, request: dict[str, Any]) -> dict[str, Any]:
        """List endpoints, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListEndpoints.
        """
        with self._lock:
            summaries = [summary(endpoint) for endpoint in self._endpoints.values()]
        chosen = select(summaries, request, name="EndpointName", status="EndpointStatus", order="Descending")
        shown, token = page(chosen, request, key=lambda each: each["EndpointArn"])
        return paged({"Endpoints": shown}, token)

    def update_endpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        """Move an endpoint to another configuration, all at once, as a canary or in linear steps.

        Raises ValidationException. Source: Amazon SageMaker API reference, UpdateEndpoint.
        """
        endpoint = self._find(request["EndpointName"])
        # SageMaker reads the configuration that is live as well: once it is deleted no update is possible.
        self._configs.find(endpoint.live.plan.config_name)
        plan = self._plan(request["EndpointConfigName"])
        config = self._deployment_config(endpoint, request)
        policy = Policy.parse(config)
        if request.get("RetainAllVariantProperties"):
            excluded = request.get("ExcludeRetainedVariantProperties", ())
            retained = plan.retaining(
                endpoint.live.plan, frozenset(each["VariantPropertyType"] for each in excluded)
            )
        else:
            retained = plan
        deployment_rules.check_retained(request, endpoint.live.plan, plan)
        deployment_rules.check_update(policy, endpoint.live.plan, retained)
        deployment_rules.check_alarms(self._account, policy, retained)
        deployment_rules.check_instance_types(self._account, endpoint.name, endpoint.live.plan, plan)
        with self._lock:
            _require_in_service(endpoint)
            endpoint.update(retained, policy, config)
        return {"EndpointArn": endpoint.arn}

    def update_endpoint_weights_and_capacities(self, request: dict[str, Any]) -> dict[str, Any]:
        """Change weights and instance counts of an endpoint's variants.

        Raises ValidationException. Source: Amazon SageMaker API reference, UpdateEndpointWeightsAndCapacities.
        """
        endpoint = self._find(request["EndpointName"])
        with self._lock:
            _require_in_service(endpoint)
            plan = endpoint.live.plan
            variant_rules.require_unique(
                [each["VariantName"] for each in request["DesiredWeightsAndCapacities"]]
            )
            for stated in request["DesiredWeightsAndCapacities"]:
                plan = _resized(plan, stated)
            endpoint.resize(plan)
        return {"EndpointArn": endpoint.arn}

    def delete_endpoint(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete an endpoint; its model servers end in the background.

        Raises ValidationException. Source: Amazon SageMaker API reference, DeleteEndpoint.
        """
        endpoint = self._find(request["EndpointName"])
        with self._lock:
            _require_settled(endpoint)
            endpoint.delete(lambda: self._forget(endpoint))
        return {}

    def live(self, name: str) -> Endpoint | None:
        """The endpoint of that name, whatever its status."""
        return self._endpoints.get(arns.make(self._account, KIND, name))

    def all(self) -> list[Endpoint]:
        """Every endpoint that there is, whatever its status."""
        with self._lock:
            return list(self._endpoints.values())

    def relaunch(self) -> None:
        """Launch the instances of every endpoint that is in service and has none, and wait until they serve."""
        endpoints = self.all()
        with ThreadPoolExecutor(max(1, len(endpoints))) as pool:
            list(pool.map(lambda endpoint: endpoint.relaunch(), endpoints))

    def close(self) -> None:
        """Stop all model servers."""
        self._scaling.close()
        with self._lock:
            endpoints = list(self._endpoints.values())
        for endpoint in endpoints:
            endpoint.close()

    def _plan(self, config_name: str) -> Plan:
        try:
            return resolve(self._account, self._configs.find(config_name).description())
        except LaunchError as error:
            raise invalid(str(error)) from error

    def _deployment_config(self, endpoint: Endpoint, request: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if request.get("RetainDeploymentConfig"):
            return endpoint.record.deployment_config
        config: Mapping[str, Any] | None = request.get("DeploymentConfig")
        if config:
            deployment_rules.check_config(config)
        return config

    def _forget(self, endpoint: Endpoint) -> None:
        with self._lock:
            self._endpoints.pop(endpoint.arn, None)
            self._tags.drop(endpoint.arn)

    def _find(self, name: str) -> Endpoint:
        endpoint = self.live(name)
        if endpoint is None:
            arn = arns.make(self._account, KIND, name)
            raise invalid(f'Could not find endpoint "{arn}".')
        return endpoint


def _require_settled(endpoint: Endpoint) -> None:
    if endpoint.is_busy:
        raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _require_in_service(endpoint: Endpoint) -> None:
    _require_settled(endpoint)
    if endpoint.record.status != "InService":
        raise invalid(f'Cannot update endpoint "{endpoint.arn}" in status {endpoint.record.status}.')


def _resized(plan: Plan, stated: Mapping[str, Any]) -> Plan:
    variant = plan.variant(stated["VariantName"])
    if variant is None:
        raise invalid(f"The endpoint has no variant {stated['VariantName']}; it has {', '.join(plan.names)}.")
    if "ServerlessUpdateConfig" in stated:
        raise invalid("ServerlessUpdateConfig is not embedded yet.")
    if "DesiredInstanceCount" in stated and variant.serverless:
        raise invalid(f"DesiredInstanceCount cannot be specified for the serverless variant {variant.name}.")
    if stated.get("DesiredInstanceCount") == 0 and not plan.asynchronous:
        raise invalid("DesiredInstanceCount must be at least 1 for an endpoint without inference components.")
    changed = replace(
        variant,
        count=stated.get("DesiredInstanceCount", variant.count),
        weight=stated.get("DesiredWeight", variant.weight),
    )
    variants = tuple(changed if each is variant else each for each in plan.variants)
    return replace(plan, variants=variants)
