"""Candidates side by side, and the headless run: ``python -m simulators.comparison file.toml``.

`compare` measures, `saved` loads what was measured, `verdict` judges and `rows` words it. Nothing is imported here, so
that a page that shows a comparison does not load what makes one.
"""
