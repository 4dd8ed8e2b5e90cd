"""What flows through Drydock: datasets, workloads, traces, scenarios, prices, runs. Imports nothing of ours."""
