"""Chains of the real langchain-core, read back from the server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from examples import langchain_agent
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

import gauntlet
from gauntlet.integrations.langchain import AsyncGauntletCallbackHandler, GauntletCallbackHandler

from .conftest import ApiServer


def steps(server: ApiServer, run: str) -> list[dict[str, Any]]:
    """The bodies of what was recorded, in order."""
    return [event["body"] for event in server.events(run, "step.recorded")]


def test_an_agents_loop_is_an_episode_with_models_tools_and_documents(server: ApiServer) -> None:
    run = langchain_agent.main()

    [started] = server.events(run, "episode.started")
    [finished] = server.events(run, "episode.finished")
    assert started["body"]["task"].startswith("How is the weather")
    assert started["body"]["metadata"]["name"] == "travel agent"
    assert started["episode"] == finished["episode"]
    assert finished["body"]["status"] == "completed"

    recorded = server.events(run, "step.recorded")
    assert {e["episode"] for e in recorded} == {started["episode"]}
    assert [e["step"] for e in recorded] == list(range(len(recorded)))
    bodies = [e["body"] for e in recorded]
    assert [b["step_kind"] for b in bodies] == [
        "observation", "message", "tool_call", "tool_result", "message", "tool_call", "tool_result",
        "message",
    ]  # fmt: skip
    found, asked, called, failed, _, _, answered, last = bodies
    assert found["payload"]["query"].startswith("How is the weather")
    assert found["payload"]["documents"][0]["metadata"] == {"source": "atlas"}
    assert asked["payload"]["tool_calls"] == [{"name": "weather", "arguments": {"city": "Vienna"}}]
    assert asked["payload"]["usage"] == {"input_tokens": 30, "output_tokens": 7, "total_tokens": 37}
    assert (called["name"], called["payload"]) == ("weather", {"arguments": {"city": "Vienna"}})
    assert called["span_id"] == failed["span_id"]
    assert (failed["error"]["type"], failed["error"]["message"]) == (
        "TimeoutError",
        "the station does not answer",
    )
    assert "langchain_agent.py" in failed["error"]["traceback"]
    assert answered["payload"]["result"] == "Vienna: 21 degrees, clear"
    assert answered["started_at"] <= answered["ended_at"]
    assert last["payload"]["text"] == "21 degrees and clear."
    assert "failed: the station does not answer" in last["payload"]["input"]


def test_chains_in_chains_are_one_episode_and_asynchronous_ones_keep_their_order(
    server: ApiServer, run: gauntlet.Run
) -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")])
    chain = (
        prompt | FakeListChatModel(responses=["yes"]) | RunnableLambda(lambda message: str(message.content))
    )

    async def ask() -> list[str]:
        config: Any = {"callbacks": [AsyncGauntletCallbackHandler()]}
        return await chain.abatch([{"question": "wet?"}, {"question": "dry?"}], config)

    assert asyncio.run(ask()) == ["yes", "yes"]
    run.finish()
    episodes = {e["episode"] for e in server.events(run.id, "episode.finished")}
    assert len(episodes) == 2
    for event in server.events(run.id, "step.recorded"):
        assert event["episode"] in episodes
        assert event["step"] == 0
        assert event["body"]["payload"]["input"].startswith("[system]\nBe brief.\n\n")
        assert event["body"]["payload"]["text"] == "yes"


def test_a_graph_of_langgraph_is_one_episode(server: ApiServer, run: gauntlet.Run) -> None:
    chat = langchain_agent.model()
    langchain_agent.attempts[:] = ["not the first time"]
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": chat.invoke(state["messages"])})
    graph.add_node("tools", ToolNode([langchain_agent.weather]))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", lambda state: "tools" if state["messages"][-1].tool_calls else END)
    graph.add_edge("tools", "model")
    agent = graph.compile(name="weather graph")

    asked: Any = {"messages": [("user", "How is the weather?")]}
    state = agent.invoke(asked, {"callbacks": [GauntletCallbackHandler()]})
    assert state["messages"][-1].content == "21 degrees and clear."
    run.finish()
    [started] = server.events(run.id, "episode.started")
    assert started["body"]["task"] == "How is the weather?"
    assert started["body"]["metadata"]["name"] == "weather graph"
    [node] = server.events(run.id, "snapshot.scored")
    assert node["body"]["action"] == "21 degrees and clear."
    bodies = steps(server, run.id)
    once = ["message", "tool_call", "tool_result"]
    assert [b["step_kind"] for b in bodies] == [*once, *once, "message"]
    assert bodies[2]["payload"]["result"] == "Vienna: 21 degrees, clear"
    assert server.events(run.id, "episode.finished")[0]["body"]["status"] == "completed"


def test_a_chain_that_fails_fails_its_episode(server: ApiServer, run: gauntlet.Run) -> None:
    def broken(_: Any) -> None:
        raise ValueError("no such city")

    with pytest.raises(ValueError, match="no such city"):
        RunnableLambda(broken).invoke(1, {"callbacks": [GauntletCallbackHandler()]})
    run.finish()
    [finished] = server.events(run.id, "episode.finished")
    assert finished["body"]["status"] == "failed"
    assert finished["body"]["error"] == "ValueError: no such city"


def test_inside_an_episode_of_the_loop_the_steps_belong_to_it(server: ApiServer, run: gauntlet.Run) -> None:
    @tool
    def double(n: int) -> int:
        """Twice the number."""
        return 2 * n

    @gauntlet.observe
    def inner(_: Any) -> str:
        return FakeListLLM(responses=["four"]).invoke("2 + 2", {"callbacks": [GauntletCallbackHandler()]})

    with run.episode("sums", id="episode-1"):
        double.invoke({"n": 2}, {"callbacks": [GauntletCallbackHandler()]})
        inner(None)
    run.finish()
    assert [e["episode"] for e in server.events(run.id, "episode.started")] == ["episode-1"]
    assert {e["episode"] for e in server.events(run.id, "step.recorded")} == {"episode-1"}
    observed, message = (
        [b for b in steps(server, run.id) if b.get("name", "").endswith("inner")][0],
        [b for b in steps(server, run.id) if b["step_kind"] == "message"][0],
    )
    assert message["parent_span_id"] == observed["span_id"]
    assert message["payload"] == {"input": "2 + 2", "role": "assistant", "text": "four"}


def test_what_a_chain_calls_by_other_means_has_its_episode_too(server: ApiServer, run: gauntlet.Run) -> None:
    @gauntlet.observe
    def lookup(city: str) -> str:
        return city.upper()

    RunnableLambda(lookup).invoke("graz", {"callbacks": [GauntletCallbackHandler()]})
    run.finish()
    [started] = server.events(run.id, "episode.started")
    assert {e["episode"] for e in server.events(run.id, "step.recorded")} == {started["episode"]}


def test_branches_in_threads_are_steps_of_one_episode(server: ApiServer, run: gauntlet.Run) -> None:
    both = RunnableParallel(a=FakeListChatModel(responses=["x"]), b=FakeListChatModel(responses=["y"]))
    both.invoke("go", {"callbacks": [GauntletCallbackHandler()]})
    run.finish()
    assert len(server.events(run.id, "episode.started")) == 1
    assert sorted(b["payload"]["text"] for b in steps(server, run.id)) == ["x", "y"]


def test_a_stream_is_one_message(server: ApiServer, run: gauntlet.Run) -> None:
    chunks = list(
        FakeListChatModel(responses=["hello"]).stream("hi", {"callbacks": [GauntletCallbackHandler()]})
    )
    assert len(chunks) >= 5
    run.finish()
    assert [b["payload"]["text"] for b in steps(server, run.id)] == ["hello"]


def test_nothing_it_does_reaches_the_chain(run: gauntlet.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr("gauntlet.integrations.langchain.record_step", broken)
    message = FakeListChatModel(responses=["fine"]).invoke("hi", {"callbacks": [GauntletCallbackHandler()]})
    assert message.content == "fine"
    assert run.stats["errors"] == 1


def asked(server: ApiServer, run: str) -> dict[str, str]:
    """The task of each episode that began and ended, by its id."""
    began = {e["episode"]: e["body"]["task"] for e in server.events(run, "episode.started")}
    assert sorted(began) == sorted(e["episode"] for e in server.events(run, "episode.finished"))
    scored = {e["episode"] for e in server.events(run, "snapshot.scored")}
    assert server.run(run)["episodes"] == len(scored | set(began)), "a rollout that names none is one too"
    return began


@gauntlet.observe
def lookup(message: str) -> str:
    """Something that a chain calls and LangChain does not know of."""
    return message.upper()


def question_chain() -> Any:
    """A prompt, a model, a function, and in it a model with another handler."""

    def inner(message: Any) -> str:
        FakeListChatModel(responses=["hm"]).invoke("inner", {"callbacks": [GauntletCallbackHandler()]})
        return lookup(str(message.content))

    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")])
    return prompt | FakeListChatModel(responses=["yes"]) | RunnableLambda(inner)


@pytest.mark.parametrize("batch", ["batch", "abatch", "batch_as_completed", "stream", "map"])
def test_each_input_of_a_batch_is_an_episode(server: ApiServer, run: gauntlet.Run, batch: str) -> None:
    questions = [f"is it {n}?" for n in range(8)]
    inputs = [{"question": question} for question in questions]
    config: Any = {"callbacks": [GauntletCallbackHandler()], "max_concurrency": 4}
    chain = question_chain()
    if batch == "batch":
        chain.batch(inputs, config)
    elif batch == "abatch":
        asyncio.run(chain.abatch(inputs, {"callbacks": [AsyncGauntletCallbackHandler()]}))
    elif batch == "batch_as_completed":
        assert len(list(chain.batch_as_completed(inputs, config))) == 8
    elif batch == "stream":
        for one in inputs:
            assert "".join(chain.stream(one, config)) == "YES"
    else:
        with_retry = chain.with_retry(stop_after_attempt=2).with_config(run_name="asks twice")
        with_retry.batch(inputs, config)
    # Nothing that comes later is in one of them.
    run.rollout({"root": 1.0})
    run.finish()

    tasks = asked(server, run.id)
    assert sorted(tasks.values()) == questions
    for episode, task in tasks.items():
        of_it = [e for e in server.events(run.id, "step.recorded") if e["episode"] == episode]
        kinds = sorted(e["body"]["step_kind"] for e in of_it)
        assert kinds == ["message", "message", "tool_call", "tool_result"]
        assert sorted(e["step"] for e in of_it) == [0, 1, 2, 3]
        assert any(task in str(e["body"]["payload"].get("input")) for e in of_it)
        [node] = [e for e in server.events(run.id, "snapshot.scored") if e.get("episode") == episode]
        assert (node["body"]["observation"], node["body"]["action"]) == (task, "YES")
    nodes = server.events(run.id, "snapshot.scored")
    assert len({(n["step"], n.get("episode")) for n in nodes}) == len(nodes) == 9


def test_a_batch_of_which_some_fail_has_failed_and_completed_episodes(
    server: ApiServer, run: gauntlet.Run
) -> None:
    def even(n: int) -> int:
        if n % 2:
            raise ValueError(f"{n} is odd")
        return n

    config: Any = {"callbacks": [GauntletCallbackHandler()]}
    RunnableLambda(even).batch([0, 1, 2, 3], config, return_exceptions=True)
    run.finish()
    tasks = asked(server, run.id)
    ended = {tasks[e["episode"]]: e["body"] for e in server.events(run.id, "episode.finished")}
    assert {task: body["status"] for task, body in ended.items()} == {
        "0": "completed", "1": "failed", "2": "completed", "3": "failed",
    }  # fmt: skip
    assert ended["3"]["error"] == "ValueError: 3 is odd"
    assert server.run(run.id)["failing"] == 2


def test_a_handler_that_is_registered_twice_records_once(server: ApiServer, run: gauntlet.Run) -> None:
    config: Any = {"callbacks": [GauntletCallbackHandler(), GauntletCallbackHandler()]}
    RunnableParallel(a=question_chain(), b=question_chain()).batch(
        [{"question": "one?"}, {"question": "two?"}], config
    )
    run.finish()
    assert sorted(asked(server, run.id).values()) == ["one?", "two?"]
    assert len([b for b in steps(server, run.id) if b["step_kind"] == "message"]) == 8


def test_a_stream_that_is_left_early_is_cancelled_and_not_failed(
    server: ApiServer, run: gauntlet.Run
) -> None:
    chunks: Any = FakeListChatModel(responses=["a long answer"]).stream(
        "go on", {"callbacks": [GauntletCallbackHandler()]}
    )
    next(chunks)
    chunks.close()
    run.finish()
    [finished] = server.events(run.id, "episode.finished")
    assert finished["body"]["status"] == "cancelled"
    assert "error" not in finished["body"]
    assert list(asked(server, run.id).values()) == ["go on"]


def test_a_graph_inside_a_graph_is_one_episode_for_each_input(server: ApiServer, run: gauntlet.Run) -> None:
    inner = StateGraph(MessagesState)
    inner.add_node("say", lambda state: {"messages": FakeListChatModel(responses=["yes"]).invoke("hm")})
    inner.add_edge(START, "say")
    outer = StateGraph(MessagesState)
    outer.add_node("inner", inner.compile())
    outer.add_edge(START, "inner")
    inputs: Any = [{"messages": [("system", "Be kind."), ("user", f"is it {n}?")]} for n in range(3)]
    outer.compile().batch(inputs, {"callbacks": [GauntletCallbackHandler()]})
    run.finish()
    assert sorted(asked(server, run.id).values()) == ["is it 0?", "is it 1?", "is it 2?"]
    assert len(steps(server, run.id)) == 3


def test_all_answers_of_a_model_are_stored() -> None:
    from langchain_core.outputs import Generation, LLMResult

    from gauntlet.integrations.langchain import _answer

    answer = _answer(LLMResult(generations=[[Generation(text="a"), Generation(text="b")]]))
    assert (answer["text"], answer["alternatives"]) == ("a", ["b"])
