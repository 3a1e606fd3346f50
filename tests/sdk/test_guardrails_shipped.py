"""The shipped guardrails that ask a service, through the running gateway: each service's imitation is asked in its own
form, and what it says is done, whole and in streams."""

import contextlib
import json

import openai
import pytest

import guard_services as services_of
from conftest import MASTER_KEY, Gateway
from guarding import TOOLS, Provider, ask, findings, guard, streamed_arguments, streamed_text

ARN = "arn:aws:bedrock:eu-west-1:123456789012:guardrail/ff6ujrregl1q"
JANE = "jane.doe@example.com"
SECRETS = ("sk-moderation", "bedrock-secret", "k-generic", "k-lakera", "k-azure")


@pytest.fixture(scope="module")
def services():
    kinds = {
        "openai": services_of.Moderation, "presidio": services_of.Presidio, "bedrock": lambda: services_of.Bedrock(ARN),
        "generic": services_of.GenericApi, "lakera": services_of.Lakera, "azure": services_of.ContentSafety,
    }
    with contextlib.ExitStack() as all:
        yield {name: all.enter_context(kind()) for name, kind in kinds.items()}


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.close()


def kinds(its):
    """Of each guardrail: the kind, and its settings."""
    bedrock = {"guardrailIdentifier": ARN, "guardrailVersion": "DRAFT", "api_base": its["bedrock"], "aws_bedrock_runtime_endpoint": its["bedrock"],
               "aws_access_key_id": "AKIATESTS", "aws_secret_access_key": "bedrock-secret"}
    generic = {"api_base": its["generic"], "api_key": "k-generic", "additional_provider_specific_params": {"threshold": 0.8}}
    lakera = {"api_base": its["lakera"], "api_key": "k-lakera", "project_id": "project-1", "metadata": {"team": "tests"}}
    azure = {"api_base": its["azure"], "api_key": "k-azure"}
    return {
        "openai": ("openai_moderation", {"api_base": its["openai"] + "/v1", "api_key": "sk-moderation", "category_thresholds": {"violence": 0.4}}),
        "presidio": ("presidio", {"api_base": its["presidio"]}),
        "anonymizer": ("presidio", {"api_base": its["presidio"], "presidio_anonymizer_api_base": its["presidio"]}),
        "presidio-block": ("presidio", {"api_base": its["presidio"], "pii_entities_config": {"EMAIL_ADDRESS": "BLOCK"}}),
        "bedrock": ("bedrock", bedrock),
        "generic": ("generic_guardrail_api", generic),
        "lakera": ("lakera_v2", lakera),
        "lakera-monitor": ("lakera_v2", {**lakera, "on_flagged": "monitor"}),
        # LiteLLM's name, and the one that stands in `describe`.
        "azure-shield": ("azure/prompt_shield", azure),
        "azure": ("azure.text_moderations", {**azure, "severity_threshold": 4}),
        "azure-strict": ("azure.text_moderations", {**azure, "severity_threshold_by_category": {"Violence": 1}, "categories": ["Violence"]}),
    }


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, data_dir, services, provider):
    entries = []
    for name, (kind, params) in kinds({name: it.url for name, it in services.items()}).items():
        entries.append(guard(name, kind, "pre_call", **params))
        entries.append(guard(name + "-beside", kind, "during_call", **params))
        if kind != "azure/prompt_shield":
            entries.append(guard(name + "-after", kind, "post_call", **params))
    numbered = {"api_base": services["presidio"].url, "output_parse_pii": True}
    entries.append(guard("presidio-numbered", "presidio", ["pre_call", "post_call"], **numbered))
    entries.append(guard("generic-open", "generic_guardrail_api", "pre_call", api_base=services["generic"].url, api_key="k-generic", unreachable_fallback="fail_open"))
    running = Gateway(tmp_path_factory.mktemp("shipped"), {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "openai/m", "api_base": provider.url, "api_key": "k-secret", "num_retries": 0}}],
        "guardrails": entries,
        "general_settings": {"master_key": MASTER_KEY},
    })
    yield running
    assert running.stop() == 0
    # The services took what they were sent, but for what a test has them refuse.
    assert {name: it.refused for name, it in services.items()} == {name: [] for name in services}
    log = running.logged()
    assert not [it for it in (*SECRETS, JANE) if it in log]


@pytest.fixture(scope="module")
def client(gateway):
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)


def refused(client, text, name, kind=openai.BadRequestError, **more):
    with pytest.raises(kind) as caught:
        ask(client, text, name, **more)
    return caught.value


BLOCKS = {
    "openai": ("how to build a weapon", "moderation", "violence"),
    "presidio-block": (f"write to {JANE}", "pii", "EMAIL_ADDRESS"),
    "bedrock": ("how to build a weapon", "topicPolicy", services_of.Bedrock.BLOCKED),
    "generic": ("how to build a weapon", "blocked", "no weapons here"),
    "lakera": ("how to build a weapon", "prompt_attack", ""),
    "azure-shield": ("how to build a weapon", "prompt-injection", "attack detected"),
    "azure": ("how to build a weapon", "moderation", "Violence has severity 6"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_what_a_service_does_not_let_pass_is_a_400_and_no_model_is_asked(client, provider, name):
    text, code, said = BLOCKS[name]
    before = len(provider.seen)
    error = refused(client, text, name).body
    assert error["provider_specific_fields"] == {"guardrail_name": name, "code": code}
    assert f"Guardrail: {name}, Message: " in error["message"] and said in error["message"]
    assert len(provider.seen) == before
    assert ask(client, "hello", name).choices[0].message.content == "You said: hello"


@pytest.mark.parametrize("name", BLOCKS)
def test_beside_the_model_it_is_blocked_too(client, name):
    text, code, _ = BLOCKS[name]
    assert refused(client, text, name + "-beside").body["provider_specific_fields"]["code"] == code


@pytest.mark.parametrize("name", [it for it in BLOCKS if it != "azure-shield"])
def test_an_answer_that_a_service_does_not_let_pass_never_comes_whole_or_streamed(client, provider, name):
    text, code, _ = BLOCKS[name]
    before = len(provider.seen)
    assert refused(client, text, name + "-after").body["provider_specific_fields"]["code"] == code
    came = []
    # Nothing was sent before the whole answer had been looked at.
    with pytest.raises(openai.APIError) as caught:
        came.extend(ask(client, text, name + "-after", stream=True))
    assert name + "-after" in str(caught.value)
    assert not "".join(it.choices[0].delta.content or "" for it in came if it.choices)
    assert len(provider.seen) == before + 2


MASKS = {
    "presidio": "<EMAIL_ADDRESS>", "anonymizer": "[EMAIL_ADDRESS by the anonymizer]", "bedrock": "{EMAIL}", "generic": "(mail)",
    "lakera": "[MASKED EMAIL]",
}


@pytest.mark.parametrize("name", MASKS)
def test_what_a_service_masks_reaches_the_model_masked(client, gateway, provider, name):
    raw = client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "system", "content": "be kind"}, {"role": "user", "content": f"ö: {JANE}, hello"}], extra_body={"guardrails": [name]})
    assert provider.told() == f"ö: {MASKS[name]}, hello"
    assert raw.parse().choices[0].message.content == f"You said: ö: {MASKS[name]}, hello"
    noted = findings(gateway, raw, name)
    assert noted and JANE not in json.dumps(noted)


@pytest.mark.parametrize("name", MASKS)
def test_what_a_service_masks_in_answers_the_client_gets_masked_whole_and_streamed(client, provider, name):
    after = name + "-after"
    assert ask(client, f"I am {JANE}!", after).choices[0].message.content == f"You said: I am {MASKS[name]}!"
    assert provider.told() == f"I am {JANE}!"
    assert streamed_text(client, f"I am {JANE}!", after) == f"You said: I am {MASKS[name]}!"
    whole = ask(client, f"to {JANE}", after, tools=TOOLS).choices[0].message.tool_calls[0]
    assert json.loads(whole.function.arguments) == {"to": f"to {MASKS[name]}"}
    assert json.loads(streamed_arguments(client, f"to {JANE}", after)) == {"to": f"to {MASKS[name]}"}


def test_presidios_numbered_masks_come_back_to_the_client_only(client, provider):
    text = f"{JANE} and joe@example.org and {JANE}"
    assert ask(client, text, "presidio-numbered").choices[0].message.content == f"You said: {text}"
    assert provider.told() == "<EMAIL_ADDRESS_1> and <EMAIL_ADDRESS_2> and <EMAIL_ADDRESS_1>"
    assert streamed_text(client, text, "presidio-numbered") == f"You said: {text}"
    assert json.loads(streamed_arguments(client, text, "presidio-numbered")) == {"to": text}


def test_a_score_beyond_the_operators_threshold_is_blocked_though_openai_flags_nothing(client):
    assert "violence" in refused(client, "a rough day", "openai").body["message"]


def test_azures_thresholds_go_by_category(client, services):
    assert ask(client, "a rough day", "azure").choices
    assert "Violence has severity 2" in refused(client, "a rough day", "azure-strict").body["message"]
    assert services["azure"].asked[-1]["categories"] == ["Violence"]


def test_prompt_shield_is_shown_what_tools_give_back_as_documents(client, services):
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    before = [{"role": "system", "content": "talk of weapons"}, {"role": "assistant", "content": None, "tool_calls": [call]},
              {"role": "tool", "tool_call_id": "call_1", "content": "a page about a weapon"}]
    error = refused(client, "what does it say?", "azure-shield", before=before).body
    assert error["provider_specific_fields"]["code"] == "prompt-injection"
    assert services["azure"].asked[-1] == {"userPrompt": "what does it say?", "documents": ["a page about a weapon"]}


def test_lakera_is_told_the_project_and_only_notes_where_it_only_watches(client, gateway, services):
    raw = client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": "my weapon"}], extra_body={"guardrails": ["lakera-monitor"]})
    assert raw.parse().choices[0].message.content == "You said: my weapon"
    asked = services["lakera"].asked[-1]
    assert (asked["project_id"], asked["metadata"]) == ("project-1", {"team": "tests"})
    assert findings(gateway, raw, "lakera-monitor") == [{"flagged": True, "detectors": ["prompt_attack"]}]


def test_a_service_of_ones_own_is_told_who_asks_what_the_client_says_to_it_and_the_documents(client, gateway, services):
    assert gateway.post("/user/new", {"user_id": "u-1", "auto_create_key": False})[0] == 200
    status, key, _ = gateway.post("/key/generate", {"key_alias": "guarded-key", "user_id": "u-1"})
    assert status == 200, key
    mine = openai.OpenAI(base_url=gateway.url + "/v1", api_key=key["key"], max_retries=0)
    own = {"generic": {"extra_body": {"threshold": 0.1, "language": "de"}}}
    assert ask(mine, f"hello {JANE}", own, tools=TOOLS).choices
    asked = services["generic"].asked[-1]
    assert asked["request_data"]["user_api_key_alias"] == "guarded-key" and asked["request_data"]["user_api_key_user_id"] == "u-1"
    # The client's words stand beside the operator's and never over them.
    assert asked["additional_provider_specific_params"] == {"threshold": 0.8, "language": "de"}
    assert asked["input_type"] == "request" and asked["structured_messages"] == [{"role": "user", "content": f"hello {JANE}"}]
    assert asked["tools"][0]["function"]["name"] == "mail"
    ask(mine, "hello", "generic-after", tools=TOOLS)
    asked = services["generic"].asked[-1]
    assert asked["input_type"] == "response" and asked["tool_calls"][0]["function"]["name"] == "mail"


def test_presidio_takes_the_clients_language(client, services):
    assert ask(client, "hola", {"presidio": {"extra_body": {"language": "es", "entities": ["NONE"]}}}).choices
    assert services["presidio"].asked[-1] == {"text": "hola", "language": "es"}


@pytest.mark.parametrize("status, body", [(500, "down"), (200, "{}"), (200, "no json"), (401, json.dumps({"message": f"who is {JANE}?"}))])
@pytest.mark.parametrize("name", ["openai", "presidio", "bedrock", "generic", "lakera", "azure", "azure-shield"])
def test_a_service_that_fails_lets_nothing_pass(client, provider, services, name, status, body):
    before = len(provider.seen)
    services[name.partition("-")[0]].fail(status, body, {"content-type": "application/json"})
    error = refused(client, f"hello {JANE}", name, openai.InternalServerError)
    assert f"`{name}`" in error.body["message"] and JANE not in error.body["message"]
    assert len(provider.seen) == before


def test_a_service_that_fails_lets_pass_only_where_the_operator_says_so(client, provider, services):
    services["generic"].fail(500, "down")
    assert ask(client, "hello", "generic-open").choices[0].message.content == "You said: hello"
    assert provider.told() == "hello"
