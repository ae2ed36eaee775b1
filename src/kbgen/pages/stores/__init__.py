"""Stores of a front end and what selects from them."""
