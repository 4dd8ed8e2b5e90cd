"""AWS Lambda by a SAM template, with the handler's code and the model beside it."""

import math
from typing import Any

from simulators.shipping.contract import FileKind, Files, as_yaml
from simulators.shipping.shipment import Shipment
from strategies.containers.closure import ROOT, closure
from strategies.functions.bundle import HANDLER_MODULE, requirements
from strategies.packaging.package import MANIFEST

FOLDER = "sam"
_LEAST_MB, _MOST_MB = 512, 10_240
_TIMEOUT_S = 10


class Sam(FileKind):
    title = "AWS SAM template"
    summary = (
        "A function behind an HTTP API, with the handler that runs here under the Lambda runtime client. New versions "
        "get a tenth of the traffic for ten minutes, and go back when the alarm rings."
    )
    use = f"cd {FOLDER} && sam build && sam deploy --guided"

    def files(self, shipment: Shipment) -> Files:
        package = shipment.package
        files = {f"{FOLDER}/template.yaml": as_yaml(_template(shipment), about=f"{shipment.name}: {self.use}")}
        files[f"{FOLDER}/function/requirements.txt"] = requirements(package).encode()
        for path in closure((HANDLER_MODULE,)):
            files[f"{FOLDER}/function/{path.relative_to(ROOT).as_posix()}"] = path.read_bytes()
        for name in (MANIFEST, *package.manifest.files):
            files[f"{FOLDER}/function/package/{name}"] = (package.folder / name).read_bytes()
        return files


def _template(shipment: Shipment) -> dict[str, Any]:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": f"{shipment.name}, version {shipment.version}",
        "Resources": {
            "Model": {"Type": "AWS::Serverless::Function", "Properties": _function(shipment)},
            "Failures": {"Type": "AWS::CloudWatch::Alarm", "Properties": _alarm(shipment)},
        },
        "Outputs": {
            "Address": {"Value": {"Fn::Sub": "https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com/"}}
        },
    }


def _function(shipment: Shipment) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "CodeUri": "function/",
        "Handler": f"{HANDLER_MODULE}.handler",
        "Runtime": "python3.11",
        "Architectures": ["x86_64"],
        "MemorySize": memory_mb(shipment),
        "Timeout": _TIMEOUT_S,
        "AutoPublishAlias": "live",
        "DeploymentPreference": {"Type": "Canary10Percent10Minutes", "Alarms": [{"Ref": "Failures"}]},
        "Events": {
            "Any": {"Type": "HttpApi", "Properties": {"Path": "/{proxy+}", "Method": "ANY"}},
        },
    }
    if concurrency := int(shipment.setting("concurrency", 0)):
        properties["ReservedConcurrentExecutions"] = concurrency
    if provisioned := int(shipment.setting("provisioned", 0)):
        properties["ProvisionedConcurrencyConfig"] = {"ProvisionedConcurrentExecutions": provisioned}
    return properties


def memory_mb(shipment: Shipment) -> int:
    """In steps of 64 MB. Lambda gives processors in proportion to memory, so that less than 512 MB starts slowly."""
    return min(max(math.ceil(shipment.resources.mib / 64) * 64, _LEAST_MB), _MOST_MB)


def _alarm(shipment: Shipment) -> dict[str, Any]:
    """Rings when a larger share of invocations fails than the SLO allows."""

    def metric(name: str) -> dict[str, Any]:
        found = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": [_DIMENSION]}
        return {"Id": name.lower(), "MetricStat": {"Metric": found, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    share = {"Id": "share", "Expression": "errors / invocations", "Label": "failed share", "ReturnData": True}
    return {
        "AlarmDescription": f"More than {shipment.slo.max_error_share:g} of the invocations failed.",
        "Metrics": [share, metric("Errors"), metric("Invocations")],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": shipment.slo.max_error_share,
        "EvaluationPeriods": 2,
        "TreatMissingData": "notBreaching",
    }


_DIMENSION = {"Name": "FunctionName", "Value": {"Ref": "Model"}}
