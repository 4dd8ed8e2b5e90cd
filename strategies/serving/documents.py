"""Pieces of the OpenAPI document that come from the model: which values a row may hold, and a real row."""

from typing import Any

import numpy as np

from data.schema import Feature
from strategies.packaging.package import Manifest

_LARGEST = float(np.finfo(np.float32).max)


def record_schema(manifest: Manifest) -> dict[str, Any]:
    """JSON schema of a row by feature name."""
    schema = manifest.schema
    needed = [f.name for f in schema.features if not f.nullable]
    return object_schema({f.name: value_schema(f) for f in schema.features}, needed) | {
        "example": {f.name: example(f, manifest) for f in schema.features}
    }


def row_schema(manifest: Manifest) -> dict[str, Any]:
    """JSON schema of a row in the features' order."""
    schema = manifest.schema
    return {
        "type": "array",
        "prefixItems": [value_schema(f) for f in schema.features],
        "items": False,
        "minItems": len(schema),
        "maxItems": len(schema),
        "example": [example(f, manifest) for f in schema.features],
    }


def rows_of(item: dict[str, Any], max_rows: int) -> dict[str, Any]:
    """JSON schema of one to `max_rows` of them."""
    return {"type": "array", "items": item, "minItems": 1, "maxItems": max_rows, "example": [item["example"]]}


def value_schema(feature: Feature) -> dict[str, Any]:
    """JSON schema of one feature's value."""
    described = {"description": text} if (text := _described(feature)) else {}
    if feature.kind == "category":
        allowed: list[str | None] = [*feature.categories, *([None] if feature.nullable else [])]
        return {"enum": allowed, **described}
    kind: Any = ["number", "null"] if feature.nullable else "number"
    return {"type": kind, "minimum": -_LARGEST, "maximum": _LARGEST, **described}


def example(feature: Feature, manifest: Manifest) -> Any:
    """A value that the feature had in a held-out row, or else one that it could have."""
    if feature.name in manifest.example:
        return manifest.example[feature.name]
    return feature.categories[0] if feature.kind == "category" else 1.0


def outputs_schema(manifest: Manifest) -> dict[str, Any]:
    """JSON schema of one row's outputs."""
    k = len(manifest.outputs)
    return {"type": "array", "items": {"type": "number"}, "minItems": k, "maxItems": k}


def object_schema(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """JSON schema of an object with these properties and no others."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def body_document(content: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A request body that must be there, by content type."""
    return {"requestBody": {"required": True, "content": {k: {"schema": schema} for k, schema in content.items()}}}


def answer_document(schema: dict[str, Any], content_type: str = "application/json") -> dict[str, Any]:
    """A 200 answer."""
    return {"responses": {"200": {"description": "The answer", "content": {content_type: {"schema": schema}}}}}


def _described(feature: Feature) -> str:
    return f"{feature.description} ({feature.unit})" if feature.unit else feature.description
