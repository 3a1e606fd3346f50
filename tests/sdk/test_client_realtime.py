"""Realtime agents of OpenAI's agents before `/v1/realtime`: a session in which a tool is called, text and sound come,
and both answers are paid for."""

import asyncio
import base64
import json

import agents
import pytest
import websockets.exceptions
from agents.realtime import RealtimeAgent, RealtimeRunner

import talk
from sessions import TEXT, TEXT_COST, cost, house

SOUND = bytes(range(200))
CALL = {"id": "item_1", "object": "realtime.item", "type": "function_call", "status": "completed", "call_id": "call_1", "name": "weather", "arguments": '{"city": "Oslo"}'}


class Forecaster:
    """Calls a tool for its first answer, and tells in the second what came of it."""

    def __init__(self):
        self.heard = []

    def __call__(self, peer):
        peer.created()
        response = {"id": "resp_1", "object": "realtime.response", "status": "in_progress", "output": []}
        for turn in (self.call, self.tell):
            while (event := peer.hear())["type"] != "response.create":
                self.heard.append(event)
                if event["type"] == "session.update":
                    peer.say("session.updated", session=event["session"])
            peer.say("response.created", response=response)
            turn(peer, response["id"])
            peer.say("response.done", response={**response, "status": "completed", "usage": TEXT})
            response = {**response, "id": "resp_2"}
        while True:
            peer.hear()

    def call(self, peer, id):
        peer.say("response.output_item.done", response_id=id, output_index=0, item=CALL)

    def tell(self, peer, id):
        at = {"response_id": id, "item_id": "item_2", "output_index": 0, "content_index": 0}
        peer.say("response.output_text.delta", **at, delta="It is ")
        peer.say("response.output_text.delta", **at, delta="sunny.")
        peer.say("response.output_audio.delta", **at, delta=base64.b64encode(SOUND).decode())
        peer.say("response.output_audio.done", **at)

    def items(self):
        return [it["item"] for it in self.heard if it["type"] == "conversation.item.create"]


async def talk_with(it, key, model="voice"):
    """The events of a session, until the second answer is whole."""
    agents.set_tracing_disabled(True)
    agent = RealtimeAgent(name="forecaster", instructions="Be brief.", tools=[agents.function_tool(talk.weather)])
    runner = RealtimeRunner(agent, config={"tracing_disabled": True, "model_settings": {"model_name": model}})
    url = f"ws://127.0.0.1:{it.gateway.port}/v1/realtime?model={model}"
    events, ended = [], 0
    async with await runner.run(model_config={"url": url, "api_key": key}) as session:
        await session.send_message("What is the weather in Oslo?")
        async for event in session:
            events.append(event)
            ended += event.type == "raw_model_event" and event.data.type == "turn_ended"
            if ended == 2:
                return events


def test_an_agent_calls_its_tool_and_tells_what_came_of_it(house):
    forecaster = Forecaster()
    it = house({"only": ("voice", forecaster, {})})
    key = it.key()
    events, called = talk.heard(lambda: asyncio.run(asyncio.wait_for(talk_with(it, key), 60)))
    assert called == [{"city": "Oslo"}] and not [one for one in events if one.type == "error"]
    raw = [one.data for one in events if one.type == "raw_model_event"]
    assert "".join(one.delta for one in raw if one.type == "output_text_delta") == "It is sunny."
    assert b"".join(one.audio.data for one in events if one.type == "audio") == SOUND
    question, result = forecaster.items()
    assert question["content"][0]["text"] == "What is the weather in Oslo?"
    assert (result["type"], result["call_id"], result["output"]) == ("function_call_output", "call_1", talk.RESULT)
    first = next(one["session"] for one in forecaster.heard if one["type"] == "session.update")
    assert "Be brief." in json.dumps(first) and first["tools"][0]["name"] == "weather"
    (row,) = it.rows()
    assert (row["operation"], row["status"]) == ("realtime", "success")
    assert cost(row) == pytest.approx(2 * TEXT_COST, abs=1e-12)


def test_an_agent_is_told_why_it_may_not(house):
    it = house({"only": ("voice", Forecaster(), {})})
    for key, model, status in (("sk-wrong-0123456789", "voice", 401), (it.key(), "nobody", 400)):
        with pytest.raises(websockets.exceptions.InvalidStatus, match=f"HTTP {status}"):
            asyncio.run(asyncio.wait_for(talk_with(it, key, model), 60))
    assert it.upstream.seen == {}
