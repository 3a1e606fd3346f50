"""The imitations of `sinks.py` take what the shipped callbacks send, as their own tests hold it
(`plugins/*/fixtures/sent.jsonl`), and refuse what the vendors would refuse."""

import base64
import copy
import hashlib
import json
import pathlib
import urllib.error
import urllib.request
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from sink_records import Wrong, check_record
from sink_server import Request
from sinks import S3, ClickHouse, Datadog, Langfuse, LangSmith, Slack, Webhook, sign

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDS = {it.stem: json.loads(it.read_text()) for it in (ROOT / "sdk/records/fixtures").glob("*.json")}


def sent(plugin):
    """Requests by the record that they were made of."""
    lines = (ROOT / "plugins" / plugin / "fixtures/sent.jsonl").read_text().splitlines()
    return {it["record"]: it["requests"] for it in map(json.loads, lines)}


def basic(user, password):
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def written(request):
    """The body, as the gateway would send it."""
    kinds = dict(request["headers"])
    if kinds.get("content-type") == "application/x-ndjson":
        body = request["body"] if isinstance(request["body"], list) else [request["body"]]
        return "\n".join(map(json.dumps, body)).encode()
    return json.dumps(request["body"]).encode()


def post(url, body, headers=None, method="POST"):
    given = {"content-type": "application/json"} | (headers or {})
    asked = urllib.request.Request(url, body, given, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def send(sink, request, headers=None, base=None):
    """A request of a callback, with the credential that the gateway would add."""
    parts = urlsplit(request["url"])
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    given = {name: value for name, value in request["headers"]} | (headers or {})
    return post((base or sink.url) + target, written(request), given, request["method"])


LOGINS = {
    "langfuse": (Langfuse, {}, basic("pk-lf-tests", "sk-lf-tests"), 207),
    "langsmith": (LangSmith, {}, {"x-api-key": "lsv2-tests"}, 202),
    "datadog": (Datadog, {}, {"DD-API-KEY": "dd-tests"}, 202),
    "clickhouse": (ClickHouse, {"user": "writer", "password": "pw", "table": "llm.spend_logs"}, {"x-clickhouse-key": "pw"}, 200),
    "generic_api": (Webhook, {"headers": {"X-Token": "t"}}, {"x-token": "t"}, 200),
}


@pytest.mark.parametrize("plugin", LOGINS)
def test_what_a_callback_sends_is_taken_and_nothing_without_its_login(plugin):
    kind, options, login, usual = LOGINS[plugin]
    with kind(**options) as sink:
        for record, requests in sent(plugin).items():
            for request in requests:
                status, body = send(sink, request, login)
                assert (status, sink.refused) == (usual, []), (record, body)
        assert len(sink.got) == len(RECORDS)
        assert send(sink, sent(plugin)["success"][0])[0] in (401, 403)
        assert len(sink.refused) == 1


def test_langfuse_has_a_trace_and_a_generation_of_each_record_and_knows_an_event_again():
    with Langfuse() as sink:
        for requests in [*sent("langfuse").values()] * 2:
            send(sink, requests[0], LOGINS["langfuse"][2])
        kinds = [it["type"] for it in sink.events.values()]
        assert kinds.count("generation-create") == len(RECORDS) == kinds.count("trace-create")
        assert len(sink.events) == 2 * len(RECORDS) + 1, "a guardrail looked once"


def langfuse_event(change):
    batch = copy.deepcopy(sent("langfuse")["success"][0]["body"])
    change(batch["batch"][1])
    return batch


@pytest.mark.parametrize("change", [
    lambda it: it.pop("timestamp"),
    lambda it: it.update(type="generation-made"),
    lambda it: it["body"].update(startTime="yesterday"),
    lambda it: it["body"].update(model=7),
    lambda it: it["body"].update(prompt="x"),
    lambda it: it["body"].pop("id"),
    lambda it: it["body"].update(level="error"),
    lambda it: it["body"].update(promptName="a"),
    lambda it: it["body"]["usageDetails"].update(input=1.5),
    lambda it: it["body"]["costDetails"].update(total=-1),
    lambda it: it["body"]["modelParameters"].update(a={"b": {}}),
])
def test_langfuse_refuses_one_event_and_takes_the_others(change):
    with Langfuse() as sink:
        status, body = post(sink.url + "/api/public/ingestion", json.dumps(langfuse_event(change)).encode(), LOGINS["langfuse"][2])
        body = json.loads(body)
        assert (status, len(body["successes"]), len(body["errors"])) == (207, 1, 1)
        assert body["errors"][0]["status"] == 400 and sink.refused


@pytest.mark.parametrize("change", [
    lambda it: it.update(id="run-1"),
    lambda it: it.pop("dotted_order"),
    lambda it: it.update(dotted_order=it["dotted_order"][:-1] + "0"),
    lambda it: it.update(parent_run_id="11111111-1111-4111-8111-111111111111"),
    lambda it: it.update(run_type="model"),
    lambda it: it.update(inputs=[]),
    lambda it: it.update(error=["no"]),
    lambda it: it.update(project_name="p"),
    lambda it: it["outputs"]["usage_metadata"].update(prompt_tokens=1),
    lambda it: it["outputs"]["usage_metadata"].pop("total_tokens"),
])
def test_langsmith_refuses_a_run_that_is_none(change):
    batch = copy.deepcopy(sent("langsmith")["success"][0]["body"])
    change(batch["post"][0])
    with LangSmith() as sink:
        status, _ = post(sink.url + "/runs/batch", json.dumps(batch).encode(), LOGINS["langsmith"][2])
        assert status == 422 and not sink.runs


def test_langsmith_says_that_it_has_a_run_already():
    with LangSmith() as sink:
        request = sent("langsmith")["success"][0]
        assert [send(sink, request, LOGINS["langsmith"][2])[0] for _ in range(2)] == [202, 409]


@pytest.mark.parametrize("change, wanted", [
    (lambda it: it[0].pop("message"), 400),
    (lambda it: it[0].update(status="fine"), 400),
    (lambda it: it[0].update(ddtags="env"), 400),
    (lambda it: it[0].update(attempt=1), 400),
    (lambda it: it[0].update(message="no json"), 400),
    (lambda it: it[0].update(message="x" * 1_000_000), 400),
    (lambda it: it.extend(it * 1000), 413),
])
def test_datadog_refuses_a_line_that_is_none_or_too_many(change, wanted):
    lines = copy.deepcopy(sent("datadog")["success"][0]["body"])
    change(lines)
    with Datadog() as sink:
        status, _ = post(sink.url + "/api/v2/logs", json.dumps(lines).encode(), LOGINS["datadog"][2])
        assert status == wanted and not sink.lines


@pytest.mark.parametrize("change", [
    lambda it: it.pop("team_id"),
    lambda it: it.update(prompt_tokens=-1),
    lambda it: it.update(spend="much"),
    lambda it: it.update(start_time="27.11.2025"),
    lambda it: it.update(request_tags=[1]),
    lambda it: it.update(messages=[]),
    lambda it: it.update(another=1),
])
def test_clickhouse_refuses_a_row_that_does_not_fit_and_no_row_is_there_twice(change):
    kind, options, login, _ = LOGINS["clickhouse"]
    request = sent("clickhouse")["success"][0]
    bad = copy.deepcopy(request)
    change(bad["body"])
    with kind(**options) as sink:
        status, body = send(sink, bad, login)
        assert (status, body[:9]) == (400, "Code: 53.")
        for _ in range(2):
            assert send(sink, request, login)[0] == 200
        other = dict(request, url=request["url"][:-1] + "x")
        assert send(sink, other, login)[0] == 200 and len(sink.rows) == 1
        unknown = dict(request, url=request["url"].replace("spend_logs", "nothing"))
        assert send(sink, unknown, login)[0] == 404


@pytest.mark.parametrize("text, wanted", [("", 400), ("<!channel>", 400), ("a & b", 400), ("x" * 4001, 400), ("a &amp; b", 200)])
def test_slack_takes_text_that_calls_nobody(text, wanted):
    with Slack() as sink:
        assert post(sink.webhook, json.dumps({"text": text}).encode())[0] == wanted
        assert post(sink.url + "/services/other", b"{}")[0] == 404
        assert post(sink.webhook, b'{"txt": "a"}')[0] == 400


def test_slack_takes_what_the_callback_sends():
    with Slack() as sink:
        for requests in sent("slack").values():
            for request in requests:
                assert send(sink, request, base=sink.webhook)[0] == 200
        assert len(sink.texts) == 2


def signed(sink, path, body, secret="s3-secret"):
    now = datetime.now(UTC)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {"host": urlsplit(sink.url).netloc, "x-amz-date": stamp, "content-type": "application/json",
               "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
    names = sorted(headers)
    signature = sign(Request("PUT", path, headers, body), names, (secret, day, sink.region), stamp)
    scope = f"AKIATESTS/{day}/{sink.region}/s3/aws4_request"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return headers


def put(sink, path, body, secret="s3-secret", sent_body=None):
    return post(sink.url + path, body if sent_body is None else sent_body, signed(sink, path, body, secret), "PUT")


def test_s3_takes_a_signed_object_and_nothing_that_was_changed_on_its_way():
    with S3() as sink:
        for requests in sent("s3").values():
            path = "/logs" + urlsplit(requests[0]["url"]).path
            assert put(sink, path, written(requests[0]))[0] == 200
        assert len(sink.objects) == len(RECORDS)
        assert all(it.startswith("llm/Search/2025-11-27/time-") for it in sink.objects)
        body = json.dumps(RECORDS["success"]).encode()
        assert "SignatureDoesNotMatch" in put(sink, "/logs/a.json", body, "wrong")[1]
        assert "XAmzContentSHA256Mismatch" in put(sink, "/logs/a.json", body, sent_body=b"{}")[1]
        assert "NoSuchBucket" in put(sink, "/other/a.json", body)[1]
        assert "AccessDenied" in post(sink.url + "/logs/a.json", body, method="PUT")[1]
        assert put(sink, "/logs/a.json", b"{}")[0] == 400
        assert len(sink.objects) == len(RECORDS)


def test_the_signature_is_that_of_amazons_own_example():
    """"PUT Object" of the API reference: examplebucket, test$file.text, Welcome to Amazon S3."""
    body = b"Welcome to Amazon S3."
    headers = {"date": "Fri, 24 May 2013 00:00:00 GMT", "host": "examplebucket.s3.amazonaws.com",
               "x-amz-content-sha256": hashlib.sha256(body).hexdigest(), "x-amz-date": "20130524T000000Z",
               "x-amz-storage-class": "REDUCED_REDUNDANCY"}
    request = Request("PUT", "/test%24file.text", headers, body)
    scope = ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1")
    wanted = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    assert sign(request, sorted(headers), scope, "20130524T000000Z") == wanted


@pytest.mark.parametrize("change", [
    lambda it: it.pop("metadata"),
    lambda it: it.update(status="ok"),
    lambda it: it.update(prompt_tokens="21"),
    lambda it: it.update(response_cost=True),
    lambda it: it.update(endTime=1.0),
    lambda it: it["metadata"].pop("user_api_key_hash"),
    lambda it: it.update(status="failure"),
])
def test_a_record_that_is_none_is_refused_wherever_records_go(change):
    record = copy.deepcopy(RECORDS["success"])
    change(record)
    with pytest.raises(Wrong):
        check_record(record)
    with Webhook() as sink:
        assert post(sink.url, json.dumps([record]).encode())[0] == 400
        assert post(sink.url, json.dumps(RECORDS["success"]).encode())[0] == 200
        assert len(sink.records) == 1


def test_a_webhook_takes_arrays_lines_and_single_records_and_a_repeated_one_once():
    everything = list(RECORDS.values())
    lines = "\n".join(map(json.dumps, everything)).encode()
    with Webhook() as sink:
        for key in ("a", "a", "b"):
            headers = {"idempotency-key": key, "content-type": "application/x-ndjson"}
            assert post(sink.url, lines, headers)[0] == 200
        assert sink.records == everything * 2
        assert post(sink.url, lines)[0] == 400, "lines are no JSON document"


def test_an_imitation_fails_when_it_is_told_to():
    with Webhook() as sink:
        sink.fail(429, "slow", {"Retry-After": "1"})
        body = json.dumps(RECORDS["success"]).encode()
        assert [post(sink.url, body)[0] for _ in range(2)] == [429, 200]
        assert len(sink.got) == 2 and len(sink.records) == 1
