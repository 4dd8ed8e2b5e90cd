"""What we predict: architectures, engines, cost, risk, the scorecard and the decision."""
