"""Inline labelers for Jupyter notebooks."""
