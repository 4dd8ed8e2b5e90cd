"""Managed serverless inference: a provider runs the model as a function (SageMaker Serverless Inference).

Source: AWS, Amazon SageMaker AI Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference": maximum
concurrency up to 200 for an endpoint, requests beyond it are throttled, provisioned concurrency.
"""

from collections.abc import Mapping
from typing import ClassVar

from data.profile import ServiceProfile
from simulators.architectures._parts import fixed, function_unit, layout, station, unit
from simulators.architectures._settings import FUNCTIONS, NETWORK, SERVER
from simulators.architectures.contract import Architecture, Setting
from simulators.plan import Fixed, Plan


class ManagedServerless(Architecture):
    title = "Managed serverless inference"
    summary = (
        "The model alone is a function that the cloud provider starts on demand and scales to zero, as SageMaker "
        "Serverless Inference does; the rest of the application stays on servers of its own."
    )
    strategies = ("api",)
    not_for: ClassVar[Mapping[str, str]] = {
        "embedded": "The provider hosts the model behind an API; embedded means that it has no host of its own.",
        "streaming": "A consumer keeps its subscription open between messages; a function stops between requests.",
        "batch": "An endpoint is asked for one answer at a time; for a job, providers run instances that end with it.",
    }
    platform = "endpoint_functions"
    settings: ClassVar[Mapping[str, Setting]] = {
        "concurrency": Setting(20, 1, 200, "Instances at most; requests beyond are refused"),
        "replicas": Setting(1, 1, 1_000, "Application servers, for a whole application"),
        **FUNCTIONS,
        **SERVER,
        **NETWORK,
    }

    def build(self, profile: ServiceProfile, strategy: str, values: Mapping[str, float]) -> Plan:
        found = layout(profile, strategy, values, Fixed())
        assert found.model is not None
        service = found.model.stations[0].service
        model = function_unit("model", service, profile, values, front=not found.inside)
        return found.with_model(model).plan(
            "managed_serverless",
            lambda made: unit([made], profile, values, fixed(values)),
            lambda law, refresh: station("application", law, profile, values, front=True, refresh=refresh),
        )
