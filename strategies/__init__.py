"""What really runs: training, packaging, the strategies, their hosts, the load generator, releases."""
