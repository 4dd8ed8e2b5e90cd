"""The parts of the readable engine; `simulators.engines.simpy` puts them together."""
