"""A conversation with recorded models: which recording answers a request is said by what it asks for.

A request with tools calls them, once; one with a schema is given JSON, after the results of its tools if it has
some; any other is told something."""

import dataclasses
import json

import pydantic

SHAPES = ("response_format", "output_config", "responseJsonSchema", "responseSchema")
RESULTS = ('"role":"tool"', '"type":"tool_result"', '"functionResponse":', '"type":"function_call_output"')

# By the name that clients use: the deployment, and the recording of each answer.
MODELS = {
    "gpt-4o": (
        "openai/gpt-4o",
        {
            "chat told": "11b066cb57309975",
            "chat called": "0279057f42de8642",
            "chat shaped": "0e9982b5b0cb5568",
            "chat told stream": "1819dfd3b7bcddb9",
            "chat called stream": "3548e25271c2a90a",
            "chat shaped stream": "b319d36687784b99",
            "responses told": "0300a165b2781d04",
            "responses called": "07cb745b94494057",
            "responses shaped": "06ff9704ce5dcb60",
            "responses told stream": "04699d52171a6f4f",
            "responses called stream": "12295a3411c54d94",
            "responses shaped stream": "095282c233c0c546",
        },
    ),
    "mistral-large": (
        "mistral/mistral-large-latest",
        {
            "chat told": "201c9363185a8c23",
            "chat called": "015f3996f3360772",
            "chat shaped": "331802274b386452",
            "chat told stream": "1358929c1d9cb455",
            "chat called stream": "572aa50d77da512f",
            "chat shaped stream": "4f12383a730fa204",
        },
    ),
    "claude-haiku-4-5": (
        "anthropic/claude-haiku-4-5",
        {
            "chat told": "132be8c06dfba8ec",
            "chat called": "1922c65f85f3860c",
            "chat shaped": "7f862dd911c956e3",
            "chat told stream": "83b38e5632851b80",
            "chat called stream": "197f9a67430e81f4",
            "chat shaped stream": "eefea95892ad0efa",
        },
    ),
    "gemini-2.5-flash": (
        "gemini/gemini-2.5-flash",
        {
            "chat told": "034b351f8f3b1f00",
            "chat called": "0de0689b193f985c",
            "chat shaped": "12d569c0db173505",
            "chat told stream": "4e61c9d71d6a03a6",
            "chat called stream": "2d25872ed489bdac",
            "chat shaped stream": "d2fcaae691c63596",
        },
    ),
    "text-embedding-3-small": ("openai/text-embedding-3-small", {"embeddings": "ddd4c1fa1d9d49da", "embeddings base64": "be5f900c072ff07e"}),
    "mistral-embed": ("mistral/mistral-embed", {"embeddings": "64ea8b57b8310a20"}),
    "gemini-embedding-001": ("gemini/gemini-embedding-001", {"embeddings": "7910feb4427d049f"}),
    "rerank-v3.5": ("cohere/rerank-v3.5", {"rerank": "307ada915285e2c1"}),
}


def answer(path, body):
    """The id of the recording that answers a request for `<model>/...`."""
    model, _, path = path.partition("/")
    return MODELS[model][1][kind(path, json.loads(body))]


def kind(path, body):
    text = json.dumps(body, separators=(",", ":"))
    if path.endswith(("embeddings", "batchEmbedContents")):
        return "embeddings base64" if body.get("encoding_format") == "base64" else "embeddings"
    if path.endswith("rerank"):
        return "rerank"
    if body.get("tools") and not any(it in text for it in RESULTS):
        what = "called"
    else:
        what = "shaped" if shaped(body) else "told"
    streams = body.get("stream") or "streamGenerateContent" in path
    return f"{'responses' if path.endswith('responses') else 'chat'} {what}{' stream' if streams else ''}"


def shaped(body):
    wishes = {**body, **body.get("generationConfig", {})}
    return any(wishes.get(it) for it in SHAPES) or (body.get("text") or {}).get("format", {}).get("type") == "json_schema"


class Greeting(pydantic.BaseModel):
    response: str
    word_count: int


class Person(pydantic.BaseModel):
    name: str
    age: int


class Reading(pydantic.BaseModel):
    temperature: int
    units: str


class Number(pydantic.BaseModel):
    output: int


class Fruit(pydantic.BaseModel):
    is_fruit: bool


@dataclasses.dataclass
class Known:
    """What a model's recordings hold, whole and streamed."""

    told: str
    told_streamed: str
    heard: list
    heard_streamed: list
    shaped: pydantic.BaseModel
    shaped_streamed: pydantic.BaseModel
    # Of the whole answer that tells something.
    usage: tuple


HOT = "Currently, the weather in Florence, Italy is 40 degrees Celsius (104 degrees Fahrenheit). That's very hot! If you're in Florence or planning to visit soon, make sure to stay hydrated and try to avoid being outdoors during the hottest parts of the day."
KNOWN = {
    "gpt-4o": Known(
        "The current temperature in Florence, Italy is 40°C.",
        "South Atlantic Ocean.",
        [{"location": "Boston"}],
        [{"location": "San Francisco, CA"}],
        Greeting(response="Hello there, friend!", word_count=4),
        Number(output=7),
        (95, 24),
    ),
    "mistral-large": Known(
        "The current weather in Berlin is **15°C** with a wind speed of **10 km/h**.",
        "The capital of Quackiland is Quack.",
        [{"city": "Paris"}],
        [{"query": "Detroit Tigers game time today"}, {"city": "Detroit"}],
        Person(name="Bob", age=30),
        Fruit(is_fruit=True),
        (222, 23),
    ),
    "claude-haiku-4-5": Known(
        "The weather in Tokyo is currently sunny and 72°F (approximately 22°C).",
        HOT,
        [{"location": "San Francisco"}],
        [{"latitude": "48.8575", "longitude": "2.3514"}],
        Reading(temperature=75, units="F"),
        Fruit(is_fruit=True),
        (701, 22),
    ),
    "gemini-2.5-flash": Known(
        "The weather in Florence, Italy is 40 C.",
        "The weather in Florence, Italy is 40 C.\n",
        [{"city": "Paris"}],
        [{"location": "Florence, Italy"}],
        Person(name="Alice", age=28),
        Number(output=7),
        (84, 12),
    ),
}
# Who takes a schema beside tools: Gemini does from its third version on.
TYPED_WITH_TOOLS = [model for model in KNOWN if model != "gemini-2.5-flash"]
# OpenAI's own, which is asked in its own words.
RESPONSES = Known(
    "The capital of New Zealand is Wellington.",
    "Hi there! How can I assist you today?",
    [{"location": "London"}, {"location": "London"}],
    [{"location": "London"}],
    Person(name="Jane", age=16),
    Number(output=7),
    (52, 9),
)


def known(model, responses=False):
    return RESPONSES if responses and model == "gpt-4o" else KNOWN[model]


# What the tools below were called with.
HEARD = []
RESULT = "sunny, 40 C"


def get_weather(location: str = "", city: str = "", latitude: str = "", longitude: str = "") -> str:
    """Tells the weather of a place."""
    HEARD.append({name: value for name, value in locals().items() if value})
    return RESULT


def weather(location: str = "", city: str = "", latitude: str = "", longitude: str = "") -> str:
    """Tells the weather of a place as well."""
    return get_weather(location, city, latitude, longitude)


def search(query: str) -> str:
    """Searches the web."""
    HEARD.append({"query": query})
    return RESULT


TOOLS = [get_weather, weather, search]


def heard(run):
    """What a run with tools brought, and what the tools were called with: at once, so in no order of theirs."""
    HEARD.clear()
    brought = run()
    return brought, sorted(HEARD, key=list, reverse=True)
