"""LangChain and LangGraph: each call of a chain is an episode, what happens in it are its steps.

::

    from gauntlet.integrations.langchain import GauntletCallbackHandler

    chain.invoke(question, config={"callbacks": [GauntletCallbackHandler()]})

The outermost chain is the episode: its input is the task, its output and duration are recorded. In it every
model call is a message with its tokens, every tool a call and a result with arguments, duration and
traceback, every retriever an observation. Chains inside chains add no steps; ``batch`` and ``abatch`` make an
episode of each input. A model or a tool that is called alone is an episode too, unless it is called inside
``with run.episode(...)``: then its steps belong to that one. Give ``ainvoke`` the
:class:`AsyncGauntletCallbackHandler` or the other one: both keep the order of the steps.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.runnables.config import var_child_runnable_config

from .. import context
from ..episodes import Episode, error_of, record_step
from ..events import StepKind
from ..values import object_of, preview, text
from ._shared import Source, guarded
from ._text import answer_text, content_text, conversation_text, question_text

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult

    from ..run import Run

__all__ = ["AsyncGauntletCallbackHandler", "GauntletCallbackHandler"]


@dataclass
class _Call:
    """Something LangChain has begun and not ended."""

    episode: Episode
    #: Whether the episode began with this call, and so ends with it.
    outermost: bool
    #: The span that what happens inside has as its parent; chains have none of their own.
    span: str | None
    parent: str | None
    kind: StepKind | None
    name: str
    started_ns: int
    #: The full question; the episode's task is the start of it. With a stream it is known only after the
    #: start.
    asked: str = ""
    #: The call that began the episode, if one did and its question is not known yet.
    silent: _Call | None = None
    #: The episode that the code was in before this call began.
    outside: Episode | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)


#: What has begun and not ended, by the run and LangChain's id. All handlers share it: a call inside of a
#: chain may be given another handler than the chain was.
_open: dict[tuple[str, UUID], _Call] = {}
#: The episodes that a call began.
_begun: weakref.WeakSet[Episode] = weakref.WeakSet()


def _caller(run: Run) -> _Call | None:
    """The chain that the code is running in, where the call itself does not name it."""
    callbacks = (var_child_runnable_config.get() or {}).get("callbacks")
    parent = getattr(callbacks, "parent_run_id", None)
    return _open.get((run.id, parent)) if parent is not None else None


def _announce(call: _Call, asked: str) -> None:
    """Records that the episode of the call has begun, now that its question is known."""
    if call.silent is None:
        return
    call.silent, call.asked, call.episode.task = None, asked, asked
    call.episode.announce()


class _Calls:
    """Follows LangChain's calls by their ids and records them."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def begin(
        self,
        kind: StepKind | None,
        serialized: Mapping[str, Any] | None,
        run_id: UUID,
        parent_run_id: UUID | None,
        payload: Mapping[str, Any],
        more: Mapping[str, Any],
        asked: Any,
    ) -> _Call | None:
        """A call begins; it opens an episode where it is inside of none. ``asked`` is its input. ``None``
        where the call is known: it was given two handlers."""
        run = self._source.run()
        if (run.id, run_id) in _open:
            return None
        name = _name_of(serialized, more)
        metadata = {k: more[k] for k in ("tags", "metadata") if more.get(k)}
        outer = _open.get((run.id, parent_run_id)) if parent_run_id is not None else None
        outer = outer or _caller(run)
        span = run_id.hex[16:] if kind is not None else None
        found, question = context.inside(), text(question_text(asked))
        outside = found if isinstance(found, Episode) else None
        if outer is not None:
            if outer.silent is not None and question:
                _announce(outer.silent, question)
            call = _Call(outer.episode, False, span or outer.span, outer.span, kind, name, time.time_ns())
            # A batch runs its calls in threads that know the last one only.
            context.episode.set(outer.episode)
            call.silent = outer.silent if outer.silent is not None and not outer.silent.asked else None
        else:
            # Nor is an episode that another call began around this one: a batch begins all of its calls at
            # once.
            inside = (
                outside
                if outside is not None and outside.journal is run.journal and outside not in _begun
                else None
            )
            parent = context.span.get() if inside is not None else None
            about = {"name": name, "input": preview(dict(payload)), **metadata}
            # LangChain's ids are 16 bytes, as an episode's are: the same call is found under one id
            # everywhere.
            episode = inside or Episode(run, None, run_id.hex, about)
            call = _Call(episode, inside is None, span, parent, kind, name, time.time_ns())
            if inside is None:
                _begun.add(episode)
                episode.begin()
                call.silent = call
                if question:
                    _announce(call, question)
        call.outside = outside
        call.payload = object_of(payload)
        call.metadata = metadata
        _open[run.id, run_id] = call
        return call

    def end(
        self,
        run_id: UUID,
        payload: Mapping[str, Any],
        error: BaseException | None = None,
        answer: Any = None,
        asked: Any = None,
    ) -> None:
        """The call ended: its step is recorded, and its episode where it was the outermost."""
        call = _open.pop((self._source.run().id, run_id), None)
        if call is None:
            return
        if isinstance(error, GeneratorExit):
            # Whoever read the stream had enough of it.
            call.episode.status = "cancelled" if call.outermost else call.episode.status
            error = None
        if call.kind is not None:
            self.step(
                call, call.kind, {**call.payload, **object_of(payload)}, ended=time.time_ns(), error=error
            )
        if call.outermost:
            if call.silent is not None:
                _announce(call, text(question_text(asked)) or call.name)
            call.episode.last_observation = call.asked or call.episode.last_observation
            call.episode.last_action = text(answer_text(answer)) or call.episode.last_action
            call.episode.finish(error)
        elif context.episode.get() is call.episode:
            context.episode.set(call.outside)

    def step(
        self,
        call: _Call,
        kind: StepKind,
        payload: dict[str, Any],
        ended: int | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Records a step of that call."""
        record_step(
            call.episode.journal,
            kind,
            payload,
            name=call.name,
            span=call.span,
            parent=call.parent,
            started_ns=call.started_ns,
            ended_ns=ended,
            error=error_of(error) if error is not None else None,
            metadata=call.metadata,
            episode=call.episode,
        )


class GauntletCallbackHandler(BaseCallbackHandler):
    """Records what LangChain does; see the module's text. ``run`` is where it goes; without it the current
    run, else one that is begun with ``init``, the arguments of :func:`gauntlet.init`."""

    # Called in the caller's own thread: recording costs microseconds, and the steps stay in order.
    run_inline = True

    def __init__(self, run: Run | None = None, **init: Any) -> None:
        self._calls = _Calls(Source(run, kind="agent", **init))

    @guarded
    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: dict[str, Any],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **more: Any,
    ) -> None:
        """The outermost chain begins an episode."""
        self._calls.begin(None, serialized, run_id, parent_run_id, {"inputs": inputs}, more, inputs)

    @guarded
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **more: Any) -> None:
        """The outermost chain ends its episode, with what it gave."""
        self._calls.end(run_id, {}, answer=outputs, asked=more.get("inputs"))

    @guarded
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """The outermost chain fails its episode."""
        self._calls.end(run_id, {}, error)

    @guarded
    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **more: Any,
    ) -> None:
        """A model is given a prompt."""
        payload = {"input": "\n\n".join(prompts)}
        self._calls.begin("message", serialized, run_id, parent_run_id, payload, more, payload["input"])

    @guarded
    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **more: Any,
    ) -> None:
        """A model is given a conversation."""
        payload = {"input": "\n\n".join(conversation_text(conversation) for conversation in messages)}
        asked = messages[0] if messages else ""
        self._calls.begin("message", serialized, run_id, parent_run_id, payload, more, asked)

    @guarded
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """The model's message, and the tokens it took."""
        self._calls.end(run_id, _answer(response))

    @guarded
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """The model failed."""
        self._calls.end(run_id, {"role": "assistant"}, error)

    @guarded
    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        inputs: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """A tool is called."""
        arguments = preview(inputs if inputs is not None else {"input": input_str})
        asked = inputs if inputs is not None else input_str
        call = self._calls.begin("tool_result", serialized, run_id, parent_run_id, {}, more, asked)
        if call is not None:
            self._calls.step(call, "tool_call", {"arguments": arguments})

    @guarded
    def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:
        """The tool answered."""
        self._calls.end(run_id, {"result": preview(getattr(output, "content", output))})

    @guarded
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """The tool failed."""
        self._calls.end(run_id, {}, error)

    @guarded
    def on_retriever_start(
        self,
        serialized: dict[str, Any],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **more: Any,
    ) -> None:
        """Documents are looked for."""
        payload = {"query": query}
        self._calls.begin("observation", serialized, run_id, parent_run_id, payload, more, query)

    @guarded
    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **_: Any) -> None:
        """Documents were found."""
        found = [{"text": text(d.page_content), "metadata": preview(d.metadata)} for d in documents]
        self._calls.end(run_id, {"text": "\n\n".join(d.page_content for d in documents), "documents": found})

    @guarded
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """Nothing could be looked for."""
        self._calls.end(run_id, {}, error)


class AsyncGauntletCallbackHandler(AsyncCallbackHandler):
    """The same, for ``ainvoke``, ``astream`` and ``abatch``."""

    # In the caller's own task, as above: what the chain calls by other means is in its episode.
    run_inline = True

    def __init__(self, run: Run | None = None, **init: Any) -> None:
        self._sync = GauntletCallbackHandler(run, **init)


def _asynchronous(name: str) -> Any:
    async def hook(self: AsyncGauntletCallbackHandler, *args: Any, **kwargs: Any) -> None:
        getattr(self._sync, name)(*args, **kwargs)

    hook.__name__ = name
    hook.__doc__ = getattr(GauntletCallbackHandler, name).__doc__
    return hook


for _name in vars(GauntletCallbackHandler):
    if _name.startswith("on_"):
        setattr(AsyncGauntletCallbackHandler, _name, _asynchronous(_name))


def _name_of(serialized: Mapping[str, Any] | None, more: Mapping[str, Any]) -> str:
    """What LangChain calls it: the name given to this call, else that of its class."""
    known = serialized or {}
    path = known.get("id") or []
    return str(more.get("name") or known.get("name") or (path[-1] if path else "call"))


def _answer(response: LLMResult) -> dict[str, Any]:
    """A model's answer as a message: its text, the tools it calls, its tokens."""
    generation = response.generations[0][0] if response.generations and response.generations[0] else None
    message = getattr(generation, "message", None)
    content = content_text(message.content) if message is not None else getattr(generation, "text", "")
    payload: dict[str, Any] = {"role": "assistant", "text": text(content)}
    others = [g.text for g in response.generations[0][1:]] if response.generations else []
    if others:
        payload["alternatives"] = [text(other) for other in others]
    calls = getattr(message, "tool_calls", None)
    if calls:
        payload["tool_calls"] = [{"name": c.get("name"), "arguments": preview(c.get("args"))} for c in calls]
    usage = getattr(message, "usage_metadata", None) or _usage(response.llm_output or {})
    if usage:
        payload["usage"] = {
            name: usage[name] for name in ("input_tokens", "output_tokens", "total_tokens") if name in usage
        }
    return payload


def _usage(output: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens as completion models report them, under today's names."""
    usage = output.get("token_usage") or output.get("usage") or {}
    names = {
        "prompt_tokens": "input_tokens",
        "completion_tokens": "output_tokens",
        "total_tokens": "total_tokens",
    }
    return {new: usage[old] for old, new in names.items() if old in usage}
