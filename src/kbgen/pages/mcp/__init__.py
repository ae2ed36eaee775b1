"""MCP servers: which there are, their settings and troubles."""
