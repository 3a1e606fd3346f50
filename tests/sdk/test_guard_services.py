"""The imitations of `guard_services.py` refuse what the services would refuse."""

import json
import urllib.error
import urllib.request

import pytest

import guard_services as services_of

BEARER = {"authorization": "Bearer k"}
MODERATION = lambda: services_of.Moderation("k")
LAKERA = lambda: services_of.Lakera("k")
GENERIC = lambda: services_of.GenericApi("k")
AZURE = lambda: services_of.ContentSafety("k")
ASKED = {"texts": ["a"], "input_type": "request", "request_data": {}}
SHIELD = "/contentsafety/text:shieldPrompt?api-version=2024-09-01"
ANALYZE = "/contentsafety/text:analyze?api-version=2024-09-01"

GOOD = {
    "moderation": (MODERATION, "/v1/moderations", BEARER, {"model": "omni-moderation-latest", "input": ["a"]}),
    "presidio": (services_of.Presidio, "/analyze", {}, {"text": "a", "language": "en"}),
    "anonymizer": (services_of.Presidio, "/anonymize", {}, {"text": "abc", "analyzer_results": [{"start": 0, "end": 3, "score": 1.0, "entity_type": "X"}]}),
    "generic": (GENERIC, "/beta/litellm_basic_guardrail_api", {"x-api-key": "k"}, ASKED),
    "lakera": (LAKERA, "/v2/guard", BEARER, {"messages": [{"role": "user", "content": "a"}]}),
    "shield": (AZURE, SHIELD, {"ocp-apim-subscription-key": "k"}, {"userPrompt": "a", "documents": []}),
    "analyze": (AZURE, ANALYZE, {"ocp-apim-subscription-key": "k"}, {"text": "a", "outputType": "EightSeverityLevels"}),
}

BAD_BODIES = {
    "moderation": [{"input": "a"}, {"input": [1]}, {"input": ["a"], "texts": []}],
    "presidio": [{"text": "a"}, {"text": "a", "language": "xx"}, {"text": "a", "language": "en", "entity": "X"}],
    "anonymizer": [{"text": "abc", "analyzer_results": [{"start": 0, "end": 4, "score": 1.0, "entity_type": "X"}]}, {"text": "abc"}],
    "generic": [{**ASKED, "input_type": "input"}, {**ASKED, "text": "a"}, {**ASKED, "request_data": {"key": "x"}}, {"texts": ["a"]}],
    "lakera": [{"messages": []}, {"messages": [{"role": "function", "content": "a"}]}, {"messages": [{"role": "user", "content": [{"type": "text"}]}]}],
    "shield": [{"userPrompt": "a" * 10_001}, {"documents": ["a"] * 6}, {"prompt": "a"}],
    "analyze": [{"text": ""}, {"text": "a", "categories": ["Spam"]}, {"text": "a", "outputType": "TwoSeverityLevels"}],
}


def post(url, body, headers):
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", **headers}, method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


@pytest.mark.parametrize("name", GOOD)
def test_what_is_right_is_taken_and_what_is_not_is_refused(name):
    kind, path, headers, body = GOOD[name]
    with kind() as service:
        assert post(service.url + path, body, headers) == 200 and service.asked == [body]
        assert post(service.url + "/elsewhere", body, headers) == 404
        for bad in BAD_BODIES[name]:
            assert post(service.url + path, bad, headers) == service.malformed, bad
        assert service.asked == [body] and len(service.refused) == 1 + len(BAD_BODIES[name])


@pytest.mark.parametrize("name", [name for name, (_, _, headers, _) in GOOD.items() if headers])
def test_who_has_no_key_is_refused(name):
    kind, path, headers, body = GOOD[name]
    with kind() as service:
        assert post(service.url + path, body, {}) == 401
        assert post(service.url + path, body, dict.fromkeys(headers, "Bearer wrong")) == 401


def test_bedrock_refuses_what_is_not_signed_by_its_keys():
    with services_of.Bedrock("abc") as service:
        url = service.url + "/guardrail/abc/version/DRAFT/apply"
        body = {"source": "INPUT", "content": [{"text": {"text": "a"}}]}
        assert post(url, body, {}) == 403
        scope = "Credential=AKIATESTS/20260101/eu-west-1/bedrock/aws4_request"
        assert post(url, body, {"authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}", "x-amz-date": "20260101T000000Z"}) == 403
        assert post(service.url + "/guardrail/abc/apply", body, {}) == 404


def signed(service, url, body, keys, target=None):
    """As botocore signs it; sent elsewhere, the signature is not good."""
    asked = services_of.AWSRequest("POST", url, data=json.dumps(body).encode(), headers={"content-type": "application/json"})
    services_of.SigV4Auth(services_of.Credentials(*keys), "bedrock", service.region).add_auth(asked)
    headers = {name: value for name, value in asked.headers.items() if name.lower() != "content-type"}
    return post(target or url, body, headers)


def test_bedrock_takes_what_botocore_signs_and_nothing_that_was_changed():
    arn = "arn:aws:bedrock:eu-west-1:123456789012:guardrail/abc"
    body = {"source": "INPUT", "content": [{"text": {"text": "a"}}]}
    with services_of.Bedrock(arn) as service:
        url = f"{service.url}/guardrail/{arn.replace(':', '%3A').replace('/', '%2F')}/version/DRAFT/apply"
        assert signed(service, url, body, service.keys) == 200
        assert signed(service, url, body, ("AKIATESTS", "another")) == 403
        assert signed(service, url, body, service.keys, url.replace("DRAFT", "1")) == 403
        assert signed(service, url.replace("DRAFT", "1"), body, service.keys) == 404
        assert signed(service, url, {**body, "source": "BOTH"}, service.keys) == 400
