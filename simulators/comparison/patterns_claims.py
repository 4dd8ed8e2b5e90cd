"""What a course on machine learning architectures says of four patterns, in its words.

The words are those of the table “Architecture Comparison” in the lecture “Architecture Approaches for ML Systems”.
"""

from collections.abc import Mapping

PATTERNS: Mapping[str, str] = {
    "embedded": "1 Embedded",
    "api": "2 API",
    "streaming": "3 Streaming",
    "batch": "4 Offline",
}
"""Strategy to what the source calls its pattern, in the source's order."""

QUESTIONS: Mapping[str, str] = {
    "prediction": "Prediction",
    "delivery": "Prediction result delivery",
    "latency": "Latency for prediction",
    "difficulty": "System management difficulty",
    "update": "Does a model update require a deployment?",
}

CLAIMS: Mapping[str, Mapping[str, str]] = {
    "prediction": {"embedded": "On the fly", "api": "On the fly", "streaming": "On the fly", "batch": "Batch, offline"},
    "delivery": {
        "embedded": "Within the app's process",
        "api": "Via API",
        "streaming": "Streaming via message queue",
        "batch": "Shared DB, API, file",
    },
    "latency": {"embedded": "Low", "api": "Moderate", "streaming": "Depends", "batch": "Hours or days"},
    "difficulty": {"embedded": "So so", "api": "Easy", "streaming": "Very hard", "batch": "So so"},
    "update": {"embedded": "Yes", "api": "Yes (of the model service)", "streaming": "No", "batch": "Yes"},
}
