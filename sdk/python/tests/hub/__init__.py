"""The observability hub's clients, unmodified, against a real server."""
