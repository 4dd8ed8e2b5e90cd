"""The parts of the compiled engine; `simulators.engines.kernel` puts them together."""
