"""The router: a process before two deployments that divides requests as a policy says, and counts what came of it."""
