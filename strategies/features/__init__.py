"""A small feature store: features built once, for training (offline, Parquet) and for serving (online, SQLite)."""

from strategies.features.skew import Skew, skew
from strategies.features.store import FeatureStore
from strategies.features.view import FeatureView

__all__ = ["FeatureStore", "FeatureView", "Skew", "skew"]
