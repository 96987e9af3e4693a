"""What the integrations record, on the real packages, read back from a real server."""
