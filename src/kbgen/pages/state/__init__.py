"""State kept in step between browsers and a server."""
