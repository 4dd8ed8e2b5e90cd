"""The files to ship a chosen candidate: image, manifests, templates, and the workflow that releases it."""

from simulators.shipping.contract import FileKind
from simulators.shipping.ship import Made, Shipped, ship
from simulators.shipping.shipment import Resources, Shipment

__all__ = ["FileKind", "Made", "Resources", "Shipment", "Shipped", "ship"]
