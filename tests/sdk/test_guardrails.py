"""Guardrails as clients meet them: official SDKs, every route, whole and in streams."""

import json
import os
import pathlib
import shutil

import anthropic
import openai
import pytest

from conftest import MASTER_KEY, Gateway
from guarding import TOOLS, Provider, ask, findings, guard, information, streamed_arguments, streamed_text

GUEST = pathlib.Path(os.environ["SLUICE_GUESTS"]) / "sluice_guest_guards.wasm"
ADA = 'Ada "Countess" Lovelace'


def deed(name, deed, mode="pre_call", **params):
    return guard(name, "deeds", mode, deed=deed, **params)


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, data_dir, provider):
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "dropped").mkdir()
    shutil.copy(GUEST, folder / "dropped" / "guards.wasm")
    base = {"model": "openai/m", "api_base": provider.url, "api_key": "k-secret", "num_retries": 0}
    names = [ADA]
    both = ["pre_call", "post_call"]
    config = {
        "model_list": [
            {"model_name": "m", "litellm_params": base},
            {"model_name": "guarded", "litellm_params": {**base, "guardrails": ["no-secrets"]}},
        ],
        "guardrails": [
            deed("no-forbidden", "block", default_on=True, word="forbidden"),
            guard("mask", "mask", both, names=names),
            guard("whole", "whole", both, names=names),
            deed("no-secrets", "block", word="secret"),
            deed("beside", "block", "during_call", word="secret"),
            deed("no-answer", "block", "post_call", word="You said"),
            deed("by-tag", "block", {"tags": {"eu": "pre_call", "late": "post_call"}, "default": []}, word="secret"),
            deed("slow", "sleep", timeout=0.2),
            deed("slow-open", "sleep", timeout=0.2, unreachable_fallback="fail_open"),
            deed("wrong", "edit-elsewhere"),
            deed("fails", "fail"),
            deed("tells", "tell", subject=["tags", "key_alias"]),
            deed("counts", "count"),
            deed("judge", "fetch", api_base=provider.url, api_key="k-judge"),
            *[deed(name, name, api_base=provider.url) for name in ("undeclared-host", "ungranted-host", "metadata-address", "unknown-secret")],
        ],
        "litellm_settings": {"cache": True, "cache_params": {"type": "local"}},
        # It asks for a host and a variable, and is to find that it has neither.
        "plugins": {"directory": str(folder / "dropped"), "limits": {"wall_ms": 5000}, "ungranted": {"guards": "warn"}},
        "general_settings": {"master_key": MASTER_KEY},
    }
    gateway = Gateway(folder, json.dumps(config))
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture(scope="module")
def client(guarded):
    return openai.OpenAI(base_url=guarded.url + "/v1", api_key=MASTER_KEY, max_retries=0)


@pytest.mark.parametrize("name", ["mask", "whole"])
def test_a_mask_reaches_the_model_and_the_client_never_sees_it(client, provider, name):
    answer = ask(client, f"I am {ADA}", name)
    assert provider.seen[-1]["messages"][-1]["content"] == "I am <NAME_1>"
    assert answer.choices[0].message.content == f"You said: I am {ADA}"
    text = streamed_text(client, f"I am {ADA}, hello", name)
    assert provider.seen[-1]["messages"][-1]["content"] == "I am <NAME_1>, hello"
    assert text == f"You said: I am {ADA}, hello"


@pytest.mark.parametrize("name", ["mask", "whole"])
def test_a_mask_is_undone_in_streamed_tool_arguments_as_json_writes_it(client, provider, name):
    arguments = streamed_arguments(client, f"write to {ADA}", name)
    assert "<NAME_1>" in json.dumps(provider.seen[-1]["messages"])
    assert json.loads(arguments) == {"to": f"write to {ADA}"}
    whole = ask(client, f"write to {ADA}", name, tools=TOOLS).choices[0].message.tool_calls[0]
    assert json.loads(whole.function.arguments) == {"to": f"write to {ADA}"}


def test_anthropics_client_gets_masks_undone_too(guarded, provider):
    client = anthropic.Anthropic(base_url=guarded.url, api_key=MASTER_KEY, max_retries=0)
    asked = dict(model="m", max_tokens=50, messages=[{"role": "user", "content": f"I am {ADA}"}], extra_body={"guardrails": ["mask"]})
    assert client.messages.create(**asked).content[0].text == f"You said: I am {ADA}"
    assert ADA not in json.dumps(provider.seen[-1], ensure_ascii=False)
    with client.messages.stream(**asked) as stream:
        assert "".join(stream.text_stream) == f"You said: I am {ADA}"
        assert stream.get_final_message().stop_reason == "end_turn"


def test_a_block_is_a_400_that_names_the_guardrail_and_no_model_is_asked(client, provider):
    before = len(provider.seen)
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "a secret", "no-secrets")
    error = refused.value.body
    assert "Guardrail: no-secrets, Message: this is not said here" in error["message"]
    assert error["code"] == "400" and error["provider_specific_fields"] == {"guardrail_name": "no-secrets", "code": "word"}
    assert len(provider.seen) == before
    assert refused.value.response.headers["x-litellm-applied-guardrails"] == "no-forbidden,no-secrets"


def test_beside_the_model_and_after_it_is_blocked_too_whole_and_in_the_stream(client, provider):
    for name in ("beside", "no-answer"):
        with pytest.raises(openai.BadRequestError) as refused:
            ask(client, "a secret", name)
        assert name in refused.value.body["message"]
    # Its beginning holds nothing that is refused: the stream has a head by then, and ends in an error.
    stream = ask(client, "slowly", "no-answer", stream=True)
    provider.go_on.set()
    with pytest.raises(openai.APIError) as refused:
        list(stream)
    assert "no-answer" in str(refused.value) and not isinstance(refused.value, openai.BadRequestError)


def test_an_unknown_name_is_a_400_that_says_the_nearest(client):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "hi", "masc")
    assert "did you mean `mask`" in refused.value.body["message"] and refused.value.body["param"] == "guardrails"


ROUTES = [
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "forbidden"}]}),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "forbidden"}], "stream": True}),
    ("/v1/completions", {"prompt": "forbidden"}),
    ("/v1/responses", {"input": "forbidden"}),
    ("/v1/messages", {"max_tokens": 5, "messages": [{"role": "user", "content": "forbidden"}]}),
    ("/v1/messages/count_tokens", {"messages": [{"role": "user", "content": "forbidden"}]}),
    ("/v1beta/models/m:generateContent", {"contents": [{"parts": [{"text": "forbidden"}]}]}),
    ("/v1beta/models/m:streamGenerateContent", {"contents": [{"parts": [{"text": "forbidden"}]}]}),
    ("/v1beta/models/m:embedContent", {"content": {"parts": [{"text": "forbidden"}]}}),
    ("/v1/embeddings", {"input": ["hi", "forbidden"]}),
    ("/v1/rerank", {"query": "q", "documents": ["forbidden"]}),
    ("/v1/moderations", {"input": "forbidden"}),
    ("/v1/images/generations", {"prompt": "forbidden"}),
    ("/v1/audio/speech", {"input": "forbidden", "voice": "v"}),
    ("/openai/v1/chat/completions", {"messages": [{"role": "user", "content": "forbidden"}]}),
    ("/anthropic/v1/messages", {"max_tokens": 5, "messages": [{"role": "user", "content": "forbidden"}]}),
    ("/bedrock/model/x/converse", {"messages": [{"role": "user", "content": [{"text": "forbidden"}]}]}),
]


@pytest.mark.parametrize("path, body", ROUTES)
def test_one_that_is_always_on_looks_at_every_route(guarded, path, body):
    status, answer, headers = guarded.post(path, {"model": "m", **body})
    assert status == 400 and "no-forbidden" in json.dumps(answer), answer
    assert headers["x-litellm-applied-guardrails"] == "no-forbidden"


def test_a_form_is_looked_at_like_any_body(client):
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.edit(model="m", image=("a.png", b"png", "image/png"), prompt="forbidden")
    assert "no-forbidden" in refused.value.body["message"]


def test_a_models_guardrail_looks_without_being_asked_for(client):
    assert ask(client, "a secret").choices
    with pytest.raises(openai.BadRequestError):
        ask(client, "a secret", model="guarded")


def made(gateway, path, **fields):
    status, answer, _ = gateway.post(path, fields)
    assert status == 200, answer
    return answer


@pytest.fixture()
def holder(guarded):
    """Clients with keys of their own, and of teams."""

    def of(team=None, **fields):
        if team is not None:
            fields["team_id"] = made(guarded, "/team/new", **team)["team_id"]
        key = made(guarded, "/key/generate", **fields)["key"]
        return openai.OpenAI(base_url=guarded.url + "/v1", api_key=key, max_retries=0)

    return of


def applied(client, text, **more):
    """The guardrails that looked, and which of them refused, if one did."""
    extra = {"cache": {"no-cache": True, "no-store": True}, **more}
    try:
        raw = client.chat.completions.with_raw_response.create(model="m", messages=[{"role": "user", "content": text}], extra_body=extra)
        return raw.headers["x-litellm-applied-guardrails"], None
    except openai.BadRequestError as refused:
        return refused.response.headers["x-litellm-applied-guardrails"], refused.body["provider_specific_fields"]["guardrail_name"]


OWN = [{"guardrails": ["no-secrets"]}, {"metadata": {"guardrails": ["no-secrets"]}}]


@pytest.mark.parametrize("fields", OWN)
def test_a_guardrail_of_a_key_looks_at_its_calls_and_no_client_takes_it_away(holder, provider, fields):
    mine, others = holder(**fields), holder()
    before = len(provider.seen)
    assert applied(mine, "a secret") == ("no-forbidden,no-secrets", "no-secrets")
    assert applied(mine, "a secret", guardrails=[], metadata={"guardrails": []}) == ("no-forbidden,no-secrets", "no-secrets")
    assert len(provider.seen) == before
    assert applied(mine, "hello") == ("no-forbidden,no-secrets", None)
    assert applied(others, "a secret") == ("no-forbidden", None)


@pytest.mark.parametrize("fields", OWN)
def test_a_guardrail_of_a_team_looks_at_the_calls_of_its_keys(holder, fields):
    mine, others = holder(team=fields), holder(team={})
    assert applied(mine, "a secret") == ("no-forbidden,no-secrets", "no-secrets")
    assert applied(others, "a secret") == ("no-forbidden", None)
    both = holder(team=fields, guardrails=["beside"])
    assert applied(both, "hello") == ("no-forbidden,no-secrets,beside", None)


def test_a_guardrail_of_a_tag_looks_in_the_tags_mode_whoever_has_the_tag(holder, provider):
    assert applied(holder(), "a secret") == ("no-forbidden", None)
    for asking, more in (
        (holder(), {"metadata": {"tags": ["eu"]}}), (holder(), {"tags": ["other", "eu"]}),
        (holder(metadata={"tags": ["eu"]}), {}), (holder(team={"metadata": {"tags": ["eu"]}}), {}),
    ):
        before = len(provider.seen)
        assert applied(asking, "a secret", **more) == ("no-forbidden,by-tag", "by-tag")
        assert len(provider.seen) == before
    # Another tag has it look at the answer instead: the model is asked.
    before = len(provider.seen)
    assert applied(holder(), "a secret", tags=["late"]) == ("no-forbidden,by-tag", "by-tag")
    assert len(provider.seen) == before + 1


def test_who_goes_without_those_that_look_at_all_calls_is_the_operators_to_say(guarded, holder):
    without = {"disable_global_guardrails": True}
    for mine in (holder(**without), holder(metadata=without), holder(team={"metadata": without}), holder(team=without)):
        assert applied(mine, "forbidden, and a secret", guardrails=["beside"]) == ("beside", "beside")
        assert applied(mine, "forbidden", guardrails=["beside"]) == ("beside", None)
    # One that is named looks all the same.
    assert applied(holder(**without), "forbidden", guardrails=["no-forbidden"]) == ("no-forbidden", "no-forbidden")
    assert applied(holder(guardrails=["no-forbidden"], **without), "forbidden") == ("no-forbidden", "no-forbidden")
    # A client's own word is none.
    for more in (without, {"metadata": without}, {"litellm_metadata": without}):
        assert applied(holder(), "forbidden", **more) == ("no-forbidden", "no-forbidden")
    # It is taken back.
    mine = holder(**without)
    made(guarded, "/key/update", key=mine.api_key, disable_global_guardrails=False)
    assert applied(mine, "forbidden") == ("no-forbidden", "no-forbidden")


def test_a_key_with_a_guardrail_that_is_not_there_lets_nothing_pass(holder, provider):
    before = len(provider.seen)
    with pytest.raises(openai.BadRequestError) as refused:
        ask(holder(guardrails=["gone"]), "hello")
    assert "the guardrail `gone`" in refused.value.body["message"] and len(provider.seen) == before


def test_a_guardrail_that_is_late_fails_by_its_policy_and_the_client_is_told_why(client):
    with pytest.raises(openai.InternalServerError) as refused:
        ask(client, "hi", "slow")
    assert "`slow`" in refused.value.body["message"] and "within 200 ms" in refused.value.body["message"]
    assert ask(client, "hi", "slow-open").choices[0].message.content == "You said: hi"


@pytest.mark.parametrize("name", ["wrong", "fails"])
def test_one_that_fails_lets_nothing_pass_and_says_no_more_than_that(guarded, client, provider, name):
    before = len(provider.seen)
    with pytest.raises(openai.InternalServerError) as refused:
        ask(client, "hi", name)
    message = refused.value.body["message"]
    assert f"`{name}`" in message and "it failed" in message and "does not want" not in message
    assert len(provider.seen) == before
    metrics = guarded.get("/metrics")[1].decode()
    assert f'litellm_guardrail_errors_total{{guardrail_name="{name}",error_type="failed_closed",hook_type="pre_call"}} 1' in metrics


def test_a_kept_answer_passes_those_that_look_at_answers_again(client, provider):
    def asked():
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "keep this"}], extra_body={"guardrails": ["no-answer"]})
        return refused.value.response.headers

    before = len(provider.seen)
    assert "x-litellm-cache-key" not in asked() and len(provider.seen) == before + 1
    # Kept is what the model said: it is refused again, and nobody is asked.
    assert asked()["x-litellm-cache-key"] and len(provider.seen) == before + 1


def test_findings_stand_in_the_calls_row_and_no_client_can_pretend_them(guarded, client):
    raw = client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": f"I am {ADA}"}],
        extra_body={"guardrails": ["mask"], "metadata": {"applied_guardrails": ["forged"], "tags": ["t1"]}})
    told = information(guarded, raw.headers["x-litellm-call-id"])
    assert told["applied_guardrails"] == ["no-forbidden", "mask"]
    by_mode = {(it["guardrail_name"], it["guardrail_mode"]): it for it in told["guardrail_information"]}
    masked = by_mode[("mask", "pre_call")]
    assert masked["guardrail_status"] == "guardrail_intervened" and masked["guardrail_response"] == {"names": 1}
    assert by_mode[("no-forbidden", "pre_call")]["guardrail_status"] == "success"
    metrics = guarded.get("/metrics")[1].decode()
    assert 'sluice_guardrail_decisions_total{guardrail="mask",stage="pre",decision="edit"}' in metrics
    assert 'litellm_guardrail_requests_total{guardrail_name="mask",status="success",hook_type="pre_call"}' in metrics
    assert 'litellm_guardrail_latency_seconds_count{guardrail_name="mask",status="success",error_type="None",hook_type="pre_call"}' in metrics


def finding(guarded, client, name, **extra):
    raw = client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": "hi"}], extra_body={"guardrails": [{name: extra} if extra else name], "tags": ["t1"], "cache": {"no-cache": True}})
    return findings(guarded, raw, name)[0]


def test_a_guardrail_is_told_what_it_may_know_and_the_clients_word_beside_the_operators(guarded, client):
    told = finding(guarded, client, "tells", extra_body={"deed": "allow"})
    assert told["subject"] == {"tags": ["t1"]}
    assert told["config"] == {"deed": "tell", "guardrail": "deeds", "extra_body": {"deed": "allow"}}


def test_a_guardrail_keeps_what_it_counts_and_asks_elsewhere_with_a_key_that_it_does_not_see(guarded, client, provider):
    first = finding(guarded, client, "counts")["calls"]
    assert finding(guarded, client, "counts")["calls"] == first + 1
    assert finding(guarded, client, "judge")["status"] == 200
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "to be judged", "judge")
    assert refused.value.body["provider_specific_fields"]["code"] == "judged"


@pytest.mark.parametrize("name, kind, said", [
    ("undeclared-host", "permission", "undeclared.example"), ("ungranted-host", "permission", "declared.example"),
    ("metadata-address", "permission", "169.254.169.254"), ("unknown-secret", "authentication", "master_key")])
def test_what_a_guardrail_may_not_reach_it_does_not_and_the_log_says_so(guarded, client, name, kind, said):
    found = finding(guarded, client, name)
    assert found["kind"] == kind and said in found["message"]
    lines = [line for line in guarded.logged().splitlines() if "a plugin's request was not answered" in line]
    assert any(said in line for line in lines)


def test_guardrails_are_listed_without_their_secrets_and_one_can_be_asked_alone(guarded):
    status, listed, _ = guarded.get("/guardrails/list")
    listed = {it["guardrail_name"]: it for it in json.loads(listed)["guardrails"]}
    assert status == 200 and listed["mask"]["litellm_params"]["mode"] == ["pre_call", "post_call"] and listed["mask"]["plugin"] == "guards"
    assert "k-judge" not in json.dumps(listed)
    applied = {"guardrail_name": "mask", "text": f"I am {ADA}"}
    assert guarded.post("/guardrails/apply_guardrail", applied)[1]["response_text"] == "I am <NAME_1>"
    status, answer, _ = guarded.post("/apply_guardrail", {"guardrail_name": "no-secrets", "text": "a secret"})
    assert status == 400 and "no-secrets" in answer["error"]["message"]
    assert guarded.post("/apply_guardrail", {"guardrail_name": "gone", "text": "x"})[0] == 400
