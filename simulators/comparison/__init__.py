"""Scorecards side by side, and the headless run."""
