"""Ids and times on the wire, from one reading of the clock."""

from __future__ import annotations

import os
import time

__all__ = ["rfc3339", "span_id", "trace_id", "uuid7", "writer_id"]


def uuid7(at_ns: int) -> str:
    """A UUIDv7 (RFC 9562) for that time, nanoseconds since the Unix epoch.

    The 12 bits behind the milliseconds are the fraction of the millisecond (method 3), so ids of one process
    sort by time; 62 bits are random. Randomness comes from the operating system: a forked process never
    repeats ids.
    """
    millis, rest = divmod(at_ns, 1_000_000)
    low = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    text = f"{millis & 0xFFFF_FFFF_FFFF:012x}7{rest * 4096 // 1_000_000:03x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def span_id() -> str:
    """8 random bytes in hex."""
    return os.urandom(8).hex()


def trace_id() -> str:
    """16 random bytes in hex: an episode's id, usable as an OpenTelemetry trace id."""
    return os.urandom(16).hex()


def writer_id() -> str:
    """6 random bytes in hex: names one process and run handle, and is the beginning of the episodes it
    makes."""
    return os.urandom(6).hex()


_second: tuple[int, str] = (-1, "")


def rfc3339(at_ns: int) -> str:
    """That time as RFC 3339 in UTC with microseconds, such as ``2026-11-21T00:06:33.885877Z``."""
    global _second
    seconds, rest = divmod(at_ns, 1_000_000_000)
    known, text = _second
    if known != seconds:
        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        _second = (seconds, text)
    return f"{text}.{rest // 1000:06d}Z"
