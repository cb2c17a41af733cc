"""Endpoint configurations: which models, on what, with what share of the traffic. Immutable once created."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_aws.kernel.account import Account
from local_aws.kernel.paging import page, paged
from local_aws.kernel.wire import ServiceError
from local_aws.sagemaker import arns
from local_aws.sagemaker.endpoints import variant_rules
from local_aws.sagemaker.listing import select
from local_aws.sagemaker.tags import Tags

KIND = "endpoint-config"


@dataclass(frozen=True)
class EndpointConfig:
    """A configuration as created. `stated` is the request, less its tags."""

    arn: str
    created: datetime
    stated: Mapping[str, Any]

    def description(self) -> dict[str, Any]:
        """The configuration as DescribeEndpointConfig answers it."""
        variants = [{"InitialVariantWeight": 1.0, **stated} for stated in self.stated["ProductionVariants"]]
        own = {"ProductionVariants": variants, "EndpointConfigArn": self.arn, "CreationTime": self.created}
        if "DataCaptureConfig" in self.stated:
            own["DataCaptureConfig"] = {"EnableCapture": True, **self.stated["DataCaptureConfig"]}
        return {"EnableNetworkIsolation": False, **self.stated, **own}

    def summary(self) -> dict[str, Any]:
        """The configuration as ListEndpointConfigs answers it."""
        name = self.stated["EndpointConfigName"]
        return {"EndpointConfigName": name, "EndpointConfigArn": self.arn, "CreationTime": self.created}


class EndpointConfigs:
    """CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig.

    As on SageMaker, one that an endpoint uses can be deleted: the endpoint then runs on, and cannot be updated.
    """

    def __init__(self, account: Account, tags: Tags) -> None:
        self._account = account
        self._tags = tags
        self._configs: dict[str, EndpointConfig] = {}
        self._lock = threading.Lock()

    def create_endpoint_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create an endpoint configuration after checking its variants and their models.

        Raises ValidationException. Source: Amazon SageMaker API reference, CreateEndpointConfig.
        """
        variant_rules.check(self._account, request)
        arn = arns.make(self._account, KIND, request["EndpointConfigName"])
        stated = {name: value for name, value in request.items() if name != "Tags"}
        with self._lock:
            if arn in self._configs:
                raise ServiceError(
                    "ValidationException", f'Cannot create already existing endpoint configuration "{arn}".'
                )
            self._configs[arn] = EndpointConfig(arn, datetime.now(UTC), stated)
            self._tags.put(arn, request.get("Tags"))
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe one endpoint configuration.

        Raises ValidationException. Source: Amazon SageMaker API reference, DescribeEndpointConfig.
        """
        return self.find(request["EndpointConfigName"]).description()

    def list_endpoint_configs(self, request: dict[str, Any]) -> dict[str, Any]:
        """List endpoint configurations, filtered and sorted as the request says, one page at a time.

        Raises ValidationException. Source: Amazon SageMaker API reference, ListEndpointConfigs.
        """
        with self._lock:
            summaries = [config.summary() for config in self._configs.values()]
        chosen = select(summaries, request, name="EndpointConfigName", order="Descending")
        shown, token = page(chosen, request, key=lambda summary: summary["EndpointConfigArn"])
        return paged({"EndpointConfigs": shown}, token)

    def delete_endpoint_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Delete an endpoint configuration and its tags.

        Raises ValidationException. Source: Amazon SageMaker API reference, DeleteEndpointConfig.
        """
        arn = self.find(request["EndpointConfigName"]).arn
        with self._lock:
            self._configs.pop(arn, None)
            self._tags.drop(arn)
        return {}

    def find(self, name: str) -> EndpointConfig:
        """Raises ServiceError where there is none of that name."""
        arn = arns.make(self._account, KIND, name)
        with self._lock:
            config = self._configs.get(arn)
        if config is None:
            raise ServiceError("ValidationException", f'Could not find endpoint configuration "{arn}".')
        return config
