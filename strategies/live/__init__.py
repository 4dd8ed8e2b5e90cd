"""A deployment kept up for people to try: started as a job, asked and updated through a door of its own."""

from strategies.live.client import LiveClient, LiveStatus, Refused, Tried
from strategies.live.serve import SERVE, SERVING

__all__ = ["SERVE", "SERVING", "LiveClient", "LiveStatus", "Refused", "Tried"]
