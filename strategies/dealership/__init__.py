"""A car dealership's site, really built both ways: one code base of five components, one process or five.

A request is a customer's number; the answer is the ranking of the six cars that this customer is shown, by the
probability that the model gives each of being chosen.
"""

from strategies.dealership.contract import COMPONENTS, DATASET, FORMS, Form, form_of
from strategies.dealership.deployment import DealershipDeployment, deploy_dealership
from strategies.dealership.measuring import profile_dealership

__all__ = [
    "COMPONENTS", "DATASET", "FORMS", "DealershipDeployment", "Form", "deploy_dealership", "form_of",
    "profile_dealership",
]  # fmt: skip
