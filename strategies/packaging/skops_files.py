"""Saving and loading scikit-learn models with skops, which names every type in a file before it makes any."""

from pathlib import Path
from typing import Any

# Harmless, and part of ordinary pipelines: the type of an array, and how a network's weights were moved.
PLAIN_TYPES = (
    "numpy.dtype",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
# Trees hold indices that scikit-learn follows without checking them, so a crafted file can crash the process that
# predicts with it. They are loaded only from packages that Drydock wrote itself.
TREE_TYPES = (
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


def save_skops(pipeline: Any, path: Path) -> None:
    """Write a fitted pipeline."""
    import skops.io

    skops.io.dump(pipeline, path)


def load_skops(path: Path) -> Any:
    """Load a pipeline from a package whose hashes were checked; any type beyond scikit-learn's own is refused."""
    import skops.io

    return skops.io.load(path, trusted=[*PLAIN_TYPES, *TREE_TYPES])


def untrusted_types(path: Path) -> list[str]:
    """Types in the file that neither skops nor we vouch for when its origin is unknown, without making any of them."""
    import skops.io

    return sorted(set(skops.io.get_untrusted_types(file=path)) - set(PLAIN_TYPES))
