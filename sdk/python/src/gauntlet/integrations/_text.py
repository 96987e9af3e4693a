"""Prompts and completions, which are texts or lists of messages, as the one text that a run keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..values import as_text

__all__ = ["answer_text", "content_text", "conversation_text", "fields_of", "message_text", "question_text"]

#: Where a chain's input keeps what was asked, and its output what it answered; the first that is there
#: counts.
_QUESTIONS = ("question", "input", "query", "messages", "prompt", "task", "topic", "text")
_ANSWERS = ("output", "answer", "result", "response", "messages", "text", "content")
_DEEPEST = 4


def fields_of(value: Any) -> Mapping[str, Any] | None:
    """A message's or a tool call's fields, be it a mapping or a model; ``None`` where it is neither."""
    if isinstance(value, Mapping):
        return value
    dump = getattr(value, "model_dump", None)
    dumped = dump() if callable(dump) else None
    return dumped if isinstance(dumped, Mapping) else None


def conversation_text(value: Any) -> str:
    """A prompt or a completion as one text. A conversation is its messages, each under its role; one message
    alone needs no role."""
    if not isinstance(value, list | tuple):
        return message_text(value)
    if len(value) == 1:
        return message_text(value[0])
    return "\n\n".join(f"[{_role(message)}]\n{message_text(message)}" for message in value)


def message_text(message: Any) -> str:
    """One message as text: its text, then its tool calls, one to a line."""
    fields = fields_of(message)
    if fields is None:
        return as_text(message)
    if "content" not in fields and "tool_calls" not in fields:
        return as_text(message)
    lines = [content_text(fields.get("content"))]
    for call in fields.get("tool_calls") or []:
        known = fields_of(call) or {"name": as_text(call)}
        function = fields_of(known.get("function")) or known
        arguments = function.get("arguments", function.get("args", ""))
        shown = (
            arguments
            if isinstance(arguments, str)
            else json.dumps(arguments, ensure_ascii=False, default=as_text)
        )
        lines.append(f"{function.get('name')}({shown})")
    return "\n".join(line for line in lines if line)


def content_text(content: Any) -> str:
    """The text of a message's content; of a part that is not a text (an image, a sound), its kind."""
    if not isinstance(content, list):
        return as_text(content)
    parts = []
    for part in content:
        fields = fields_of(part)
        parts.append(
            as_text(part) if fields is None else str(fields.get("text") or f"<{fields.get('type', 'part')}>")
        )
    return "\n".join(parts)


def _role(message: Any) -> str:
    fields = fields_of(message) or {}
    return str(fields.get("role") or fields.get("type") or "message")


def question_text(inputs: Any) -> str:
    """What a chain was asked: the last message of the user in a conversation, the field of a mapping that
    asks; else all of it."""
    return _main_text(inputs, _QUESTIONS, "user", _DEEPEST)


def answer_text(outputs: Any) -> str:
    """What a chain answered: of a conversation its last message, of a mapping the field that answers; else
    all of it."""
    return _main_text(outputs, _ANSWERS, "", _DEEPEST)


def _main_text(value: Any, names: tuple[str, ...], role: str, deepest: int) -> str:
    if hasattr(value, "to_messages"):
        value = value.to_messages()
    if isinstance(value, list | tuple) and value and all(map(_is_message, value)):
        by_role = [message for message in value if not role or _speaker(message) == role]
        return _text_of(by_role[-1] if by_role else value[-1])
    if _is_message(value):
        return _text_of(value)
    if isinstance(value, Mapping) and value and deepest:
        chosen = next((name for name in names if value.get(name)), None)
        if chosen is None and len(value) == 1:
            chosen = next(iter(value))
        if chosen is not None:
            return _main_text(value[chosen], names, role, deepest - 1)
    return as_text(value)


def _is_message(value: Any) -> bool:
    if isinstance(value, tuple | list):
        # LangChain's short form: ("user", "How is the weather?")
        return len(value) == 2 and value[0] in {"user", "human", "assistant", "ai", "system"}
    if isinstance(value, Mapping):
        return "content" in value and ("role" in value or "type" in value)
    return hasattr(value, "content") and hasattr(value, "type")


def _speaker(message: Any) -> str:
    role = message[0] if isinstance(message, tuple | list) else _role(message)
    return "user" if role == "human" else str(role)


def _text_of(message: Any) -> str:
    return content_text(message[1]) if isinstance(message, tuple | list) else message_text(message)
