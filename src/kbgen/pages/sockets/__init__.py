"""WebSocket servers: who is let in, rooms, what clients may send."""
