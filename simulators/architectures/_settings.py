"""Settings that several architectures share."""

from collections.abc import Mapping

from simulators.architectures.contract import Setting

SERVER: Mapping[str, Setting] = {
    "workers": Setting(1, 1, 64, "Workers (processes) in each replica"),
    "queue_limit": Setting(1_000, 0, 1_000_000, "Requests that may wait in a replica; one more is refused"),
}
NETWORK: Mapping[str, Setting] = {
    "extra_hop_ms": Setting(
        0.0, 0.0, 10_000.0, "One way over the network, in ms, on top of what was measured on one machine"
    ),
}
FAILURES: Mapping[str, Setting] = {
    "crashes_per_day": Setting(0.0, 0.0, 10_000.0, "How often a replica crashes, on average, per day"),
    "repair_s": Setting(30.0, 0.001, 86_400.0, "Mean time until a crashed replica starts again, in seconds"),
    "detect_s": Setting(1.0, 0.0, 3_600.0, "How long requests still go to a crashed replica, in seconds"),
}
BATCH: Mapping[str, Setting] = {
    "batch_every_s": Setting(3_600.0, 1.0, 366 * 86_400.0, "Strategy batch: time between two jobs, in seconds"),
    "batch_rows": Setting(10_000, 1, 1_000_000_000, "Strategy batch: rows that each job predicts"),
}
FUNCTIONS: Mapping[str, Setting] = {
    "idle_expiry_s": Setting(
        600.0, 0.1, 86_400.0, "How long an instance is kept without a request, in seconds; providers do not say"
    ),
    "provisioned": Setting(0, 0, 1_000, "Instances that are always kept ready"),
    "extra_start_s": Setting(
        0.0, 0.0, 3_600.0, "Seconds that the provider's own work adds to a cold start measured here"
    ),
}
