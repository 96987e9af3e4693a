"""The tests of the SDK, by part."""
