"""Agents and requests to them: the mesh, troubles, deployment over HTTP/2."""
