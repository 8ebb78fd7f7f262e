"""Builds styles and scripts from `frontend/`, with Node from the machine or, where there is none, from PyPI."""
