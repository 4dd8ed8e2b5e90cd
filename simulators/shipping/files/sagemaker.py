"""Amazon SageMaker: the model, its endpoint's configuration and its scaling, as the AWS command line reads them."""

import json
from collections.abc import Mapping
from typing import Any

from simulators.shipping.contract import FileKind, Files
from simulators.shipping.shipment import Shipment

FOLDER = "sagemaker"
_INSTANCE = "ml.m5.large"
_SIZES_MB = (1_024, 2_048, 3_072, 4_096, 5_120, 6_144)
OPERATIONS: Mapping[str, tuple[str, str]] = {
    "create-model": ("sagemaker", "CreateModel"),
    "create-endpoint-config": ("sagemaker", "CreateEndpointConfig"),
    "create-endpoint": ("sagemaker", "CreateEndpoint"),
    "register-scalable-target": ("application-autoscaling", "RegisterScalableTarget"),
    "put-scaling-policy": ("application-autoscaling", "PutScalingPolicy"),
}
"""File to AWS service and operation."""


class SageMaker(FileKind):
    title = "SageMaker endpoint"
    summary = (
        "The same image answers /ping and /invocations, which is what SageMaker asks of a container. Requests for the "
        "AWS command line: model, endpoint configuration, endpoint, scaling. Put in your role and registry first."
    )
    use = f"aws sagemaker create-model --cli-input-json file://{FOLDER}/create-model.json"

    def files(self, shipment: Shipment) -> Files:
        serverless = shipment.candidate.architecture == "managed_serverless"
        requests = {
            "create-model": _model(shipment),
            "create-endpoint-config": _config(shipment, serverless),
            "create-endpoint": {"EndpointName": shipment.name, "EndpointConfigName": _versioned(shipment)},
        }
        if not serverless:
            requests |= {"register-scalable-target": _target(shipment), "put-scaling-policy": _policy(shipment)}
        return {f"{FOLDER}/{name}.json": _json(request) for name, request in requests.items()}


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def _versioned(shipment: Shipment) -> str:
    return f"{shipment.name}-{shipment.version}"


def _model(shipment: Shipment) -> dict[str, Any]:
    return {
        "ModelName": _versioned(shipment),
        "PrimaryContainer": {"Image": shipment.image},
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/sagemaker-execution",
        "EnableNetworkIsolation": True,
    }


def _config(shipment: Shipment, serverless: bool) -> dict[str, Any]:
    variant: dict[str, Any] = {"VariantName": "main", "ModelName": _versioned(shipment)}
    if serverless:
        variant["ServerlessConfig"] = {
            "MemorySizeInMB": next((mb for mb in _SIZES_MB if mb >= shipment.resources.mib), _SIZES_MB[-1]),
            "MaxConcurrency": min(max(int(shipment.setting("concurrency", 20)), 1), 200),
        }
    else:
        variant |= {
            "InstanceType": _INSTANCE,
            "InitialInstanceCount": shipment.replicas,
            "InitialVariantWeight": 1.0,
        }
    return {"EndpointConfigName": _versioned(shipment), "ProductionVariants": [variant]}


def _scaled(shipment: Shipment) -> dict[str, Any]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{shipment.name}/variant/main",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def _target(shipment: Shipment) -> dict[str, Any]:
    return {**_scaled(shipment), "MinCapacity": shipment.replicas, "MaxCapacity": shipment.most_replicas}


def _policy(shipment: Shipment) -> dict[str, Any]:
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    return {
        **_scaled(shipment),
        "PolicyName": shipment.name,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": max(round(60 * shipment.rate_rps / shipment.replicas, 1), 1.0),  # invocations a minute
            "PredefinedMetricSpecification": metric,
            "ScaleInCooldown": int(shipment.setting("cool_down_s", 300)),
            "ScaleOutCooldown": 60,
        },
    }
