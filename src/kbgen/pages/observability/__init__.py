"""Traces, metrics and dashboards, and the key that guards them."""
