"""The guide to Semgrep, from the rule files and the hooks of a project."""
