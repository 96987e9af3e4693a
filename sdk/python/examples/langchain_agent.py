"""A chain of LangChain: look something up, ask a model, let it use a tool that fails once. No model is
downloaded.

python examples/langchain_agent.py
"""

from __future__ import annotations

from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool

import gauntlet
from gauntlet.integrations.langchain import GauntletCallbackHandler

attempts: list[str] = []


@tool
def weather(city: str) -> str:
    """The weather of a city. The station does not answer the first time."""
    attempts.append(city)
    if len(attempts) == 1:
        raise TimeoutError("the station does not answer")
    return f"{city}: 21 degrees, clear"


class Atlas(BaseRetriever):
    """Knows one city."""

    def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
        return [Document("Vienna is the capital of Austria.", metadata={"source": "atlas"})]


def model() -> GenericFakeChatModel:
    """A model with a script: twice it asks for the weather, then it answers."""
    request = {"name": "weather", "args": {"city": "Vienna"}, "id": "1", "type": "tool_call"}
    usage = {"input_tokens": 30, "output_tokens": 7, "total_tokens": 37}
    script = [
        AIMessage("", tool_calls=[request], usage_metadata=usage),
        AIMessage("", tool_calls=[request], usage_metadata=usage),
        AIMessage("21 degrees and clear.", usage_metadata=usage),
    ]
    return GenericFakeChatModel(messages=iter(script))


def answer(question: str, config: RunnableConfig) -> str:
    """The loop of an agent, as small as it gets."""
    chat = model()
    known = Atlas().invoke(question, config)
    messages: list[BaseMessage] = [HumanMessage(f"{known[0].page_content}\n\n{question}")]
    while True:
        answer = chat.invoke(messages, config)
        messages.append(answer)
        if not answer.tool_calls:
            return str(answer.content)
        for call in answer.tool_calls:
            try:
                messages.append(weather.invoke(call, config))
            except TimeoutError as error:
                messages.append(ToolMessage(f"failed: {error}", tool_call_id=call["id"]))


def main() -> str:
    """Asks once, and returns the run's id."""
    attempts.clear()
    run = gauntlet.init(project="examples", name="langchain agent")
    agent = RunnableLambda(answer).with_config(run_name="travel agent")
    agent.invoke("How is the weather in the capital of Austria?", {"callbacks": [GauntletCallbackHandler()]})
    run.finish()
    print(run.url)
    return run.id


if __name__ == "__main__":
    main()
