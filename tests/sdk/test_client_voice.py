"""The voice pipeline of OpenAI's agents: a sound is heard, an agent answers, its answer is spoken, each through the gateway and
each by another provider."""

import asyncio
import json

import agents
import numpy
import openai
import pytest
from agents.voice import AudioInput, SingleAgentVoiceWorkflow, VoicePipeline, VoicePipelineConfig
from agents.voice.models.openai_stt import OpenAISTTModel
from agents.voice.models.openai_tts import OpenAITTSModel

from conftest import MASTER_KEY
from raw import body_of, chunk, head, streamed, whole
from test_budgets import House

agents.set_tracing_disabled(True)
PCM = bytes(range(256)) * 16
HEARD = {"metadata": {"duration": 2.5}, "results": {"channels": [{"alternatives": [{"transcript": "what is the weather", "words": []}]}]}}
# Who hears, and what it answers; who speaks, and how its sound comes.
EARS = {"deepgram": ("deepgram/nova-3", whole(HEARD)), "openai": ("openai/gpt-4o-transcribe", whole({"text": "what is the weather"}))}
MOUTHS = {
    "deepgram": ("deepgram/aura-2-thalia-en", whole(PCM, content_type="audio/l16")),
    "openai": ("openai/gpt-4o-mini-tts", head(content_type="audio/pcm", transfer_encoding="chunked") + chunk(PCM[:999]) + chunk(PCM[999:]) + b"0\r\n\r\n"),
}


def said(text=None, reason=None):
    delta = {"role": "assistant", "content": text} if text else {}
    return "data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}) + "\n\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir):
    deployments = {
        **{f"ear-{name}": (f"ear-{name}", {"model": model, "drop_params": True}, answer) for name, (model, answer) in EARS.items()},
        **{f"mouth-{name}": (f"mouth-{name}", {"model": model, "drop_params": True}, answer) for name, (model, answer) in MOUTHS.items()},
        "chat": ("chat", {"model": "groq/m"}, streamed(said("It is "), said("raining."), said(reason="stop"), "data: [DONE]\n\n")),
    }
    it = House(tmp_path_factory.mktemp("voice"), deployments)
    yield it
    assert it.gateway.stop() == 0


@pytest.mark.parametrize("provider", EARS)
def test_a_sound_is_heard_answered_and_spoken(house, provider):
    async def talk():
        async with openai.AsyncOpenAI(base_url=f"{house.gateway.url}/v1", api_key=MASTER_KEY, max_retries=0) as client:
            agent = agents.Agent("weather", instructions="Be brief.", model=agents.OpenAIChatCompletionsModel("chat", client))
            pipeline = VoicePipeline(
                workflow=SingleAgentVoiceWorkflow(agent), config=VoicePipelineConfig(tracing_disabled=True),
                stt_model=OpenAISTTModel(f"ear-{provider}", client), tts_model=OpenAITTSModel(f"mouth-{provider}", client),
            )
            result = await pipeline.run(AudioInput(buffer=numpy.zeros(24_000, dtype=numpy.int16)))
            return [it async for it in result.stream()]

    events = asyncio.run(talk())
    sound = b"".join(it.data.astype(numpy.int16).tobytes() for it in events if it.type == "voice_stream_event_audio")
    assert sound == PCM and not [it for it in events if it.type == "voice_stream_event_error"]
    asked = lambda name: house.upstream.requests[name][-1]
    assert b"RIFF" in asked(f"ear-{provider}") and b"WAVE" in asked(f"ear-{provider}")
    messages = body_of(asked("chat"))["messages"]
    assert [(it["role"], it["content"]) for it in messages] == [("system", "Be brief."), ("user", "what is the weather")]
    spoken = body_of(asked(f"mouth-{provider}"))
    assert "It is raining." in (spoken.get("input"), spoken.get("text"))
    house.gateway.wait_for(lambda: {"audio.transcribe", "chat", "audio.speech"} <= {it["operation"] for it in house.query("SELECT operation FROM spend_rows")})
