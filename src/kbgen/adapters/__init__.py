"""The edges: each adapter fetches or stores, and nothing more. Only `wiring` names them."""
