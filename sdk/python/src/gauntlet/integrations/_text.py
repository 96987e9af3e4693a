"""Prompts and completions, which are texts or lists of messages, as the one text that a run keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..values import say

__all__ = ["content_text", "conversation_text", "fields_of", "message_text"]


def fields_of(value: Any) -> Mapping[str, Any] | None:
    """A message's or a tool call's fields, be it a mapping or a model; ``None`` where it is neither."""
    if isinstance(value, Mapping):
        return value
    dump = getattr(value, "model_dump", None)
    dumped = dump() if callable(dump) else None
    return dumped if isinstance(dumped, Mapping) else None


def conversation_text(value: Any) -> str:
    """A prompt or a completion as one text. A conversation is its messages, each under its role; one message alone
    needs no role."""
    if not isinstance(value, list | tuple):
        return message_text(value)
    if len(value) == 1:
        return message_text(value[0])
    return "\n\n".join(f"[{_role(message)}]\n{message_text(message)}" for message in value)


def message_text(message: Any) -> str:
    """What one message says: its text, then its tool calls, one to a line."""
    fields = fields_of(message)
    if fields is None:
        return say(message)
    if "content" not in fields and "tool_calls" not in fields:
        return say(message)
    lines = [content_text(fields.get("content"))]
    for call in fields.get("tool_calls") or []:
        known = fields_of(call) or {"name": say(call)}
        function = fields_of(known.get("function")) or known
        arguments = function.get("arguments", function.get("args", ""))
        shown = (
            arguments
            if isinstance(arguments, str)
            else json.dumps(arguments, ensure_ascii=False, default=say)
        )
        lines.append(f"{function.get('name')}({shown})")
    return "\n".join(line for line in lines if line)


def content_text(content: Any) -> str:
    """The text of a message's content; of a part that is no text (an image, a sound), its kind."""
    if not isinstance(content, list):
        return say(content)
    parts = []
    for part in content:
        fields = fields_of(part)
        parts.append(
            say(part) if fields is None else str(fields.get("text") or f"<{fields.get('type', 'part')}>")
        )
    return "\n".join(parts)


def _role(message: Any) -> str:
    fields = fields_of(message) or {}
    return str(fields.get("role") or fields.get("type") or "message")
