"""Streaming: the broker, the wire to it, the publisher and the consumers."""
