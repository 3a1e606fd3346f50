"""Imitations of the services that the shipped callbacks send to, on loopback. Each is strict: it takes what the
vendor's published description allows, refuses everything else as the vendor would, and keeps what came.

`sink.refused` says what was refused and why; `sink.fail(status, ...)` has the next request answered so."""

import base64
import hashlib
import hmac
import json
import re
import uuid
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from sink_records import ANY, Wrong, check_record, is_type, may, need, texts
from sink_server import Answer, Sink, date_time, expect


class Langfuse(Sink):
    """`POST /api/public/ingestion`: `fern/apis/server/definition/ingestion.yml` and
    `packages/shared/src/server/ingestion/types.ts` of langfuse/langfuse."""

    OBSERVATION = {
        "id": str, "traceId": str, "name": str, "startTime": str, "endTime": str, "metadata": ANY, "input": ANY,
        "output": ANY, "level": str, "statusMessage": str, "parentObservationId": str, "version": str, "environment": str,
    }
    BODIES = {
        "trace-create": {
            "id": str, "timestamp": str, "name": str, "userId": str, "sessionId": str, "input": ANY, "output": ANY,
            "release": str, "version": str, "metadata": ANY, "tags": list, "public": bool, "environment": str,
        },
        "span-create": OBSERVATION,
        "event-create": OBSERVATION,
        "generation-create": OBSERVATION | {
            "completionStartTime": str, "model": str, "modelParameters": dict, "usage": dict, "usageDetails": dict,
            "costDetails": dict, "promptName": str, "promptVersion": int,
        },
    }

    def __init__(self, public="pk-lf-tests", secret="sk-lf-tests"):
        super().__init__()
        self.login = "Basic " + base64.b64encode(f"{public}:{secret}".encode()).decode()
        self.events, self.bodies = {}, {}

    def take(self, request):
        expect(request, "POST", "/api/public/ingestion")
        if request.headers.get("authorization") != self.login:
            raise Answer(401, {"error": "UnauthorizedError", "message": "Invalid credentials"})
        if len(request.body) > 3_500_000:
            raise Answer(413, "Body exceeded 3.5mb limit")
        batch = request.json().get("batch")
        if not isinstance(batch, list):
            raise Answer(400, {"message": "Invalid request data", "errors": ["batch"]})
        taken, errors = [], []
        for event in batch:
            name = event.get("id") if isinstance(event, dict) else None
            try:
                self.check(event)
            except Wrong as what:
                errors.append({"id": str(name), "status": 400, "message": "Invalid request data", "error": str(what)})
                self.refused.append(str(what))
                continue
            taken.append({"id": name, "status": 201})
            # An event that came before is known by its id, and changes nothing.
            if self.events.setdefault(name, event) is event:
                self.bodies.setdefault(event["body"]["id"], {}).update(event["body"])
        return 207, json.dumps({"successes": taken, "errors": errors})

    def check(self, event):
        need(event, "event", {"id": str, "timestamp": str, "type": str, "body": dict})
        may(event, "event", {"id": str, "timestamp": str, "type": str, "body": dict, "metadata": ANY})
        date_time(event["timestamp"], "event.timestamp")
        body, at = event["body"], event["type"]
        if at not in self.BODIES:
            raise Wrong(f"the event type {at!r} is unknown")
        may(body, at, self.BODIES[at])
        for name in ("id", "traceId", "sessionId"):
            if name in body and not 1 <= len(body[name]) <= 800:
                raise Wrong(f"{at}.{name} is empty or too long")
        need(body, at, {"id": str})
        for name in ("timestamp", "startTime", "endTime", "completionStartTime"):
            if body.get(name) is not None:
                date_time(body[name], f"{at}.{name}")
        if len(body.get("name") or "") > 1000:
            raise Wrong(f"{at}.name is too long")
        if not re.match(r"^(?!langfuse)[a-z0-9-_]{1,40}$", body.get("environment") or "default"):
            raise Wrong(f"{at}.environment is none")
        if body.get("level", "DEFAULT") not in ("DEBUG", "DEFAULT", "WARNING", "ERROR"):
            raise Wrong(f"{at}.level is none")
        texts(body.get("tags") or [], f"{at}.tags")
        for name, value in (body.get("modelParameters") or {}).items():
            parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
            if not all(isinstance(it, str) for it in parts):
                raise Wrong(f"{at}.modelParameters.{name} is of a type that is not taken")
        for name, least in (("usageDetails", int), ("costDetails", float)):
            for part, value in (body.get(name) or {}).items():
                is_type(value, f"{at}.{name}.{part}", (least, None))
                if value is not None and value < 0:
                    raise Wrong(f"{at}.{name}.{part} is below zero")
        if bool(body.get("promptName")) != bool(body.get("promptVersion")):
            raise Wrong(f"{at} has a prompt's name without its version")


class LangSmith(Sink):
    """`POST /runs/batch`: `openapi/openapi.yaml` (RunCreateSchema) and `python/langsmith/client.py` of
    langchain-ai/langsmith-sdk."""

    RUN = {
        "id": str, "trace_id": str, "dotted_order": str, "parent_run_id": str, "name": str, "run_type": str,
        "start_time": str, "end_time": str, "inputs": dict, "outputs": dict, "error": str, "events": list, "extra": dict,
        "tags": list, "session_name": str, "session_id": str, "reference_example_id": str, "serialized": dict,
    }
    USAGE = {
        "input_tokens": int, "output_tokens": int, "total_tokens": int, "input_token_details": dict,
        "output_token_details": dict, "input_cost": float, "output_cost": float, "total_cost": float,
    }
    KINDS = {"tool", "chain", "llm", "retriever", "embedding", "prompt", "parser"}
    STEP = re.compile(r"^\d{8}T\d{12}Z([0-9a-f-]{36})$")
    usual = (202, "{}")

    def __init__(self, key="lsv2-tests"):
        super().__init__()
        self.key, self.runs = key, {}

    def take(self, request):
        expect(request, "POST", "/runs/batch")
        if request.headers.get("x-api-key") != self.key:
            raise Answer(401, {"detail": "Invalid token"})
        if len(request.body) > 20_971_520:
            raise Answer(413, "Payload too large")
        body = request.json()
        try:
            may(body, "batch", {"post": list, "patch": list})
            runs = body.get("post") or []
            if not runs or len(runs) > 100:
                raise Wrong("batch.post has none or more than 100 runs")
            for run in runs:
                self.check(run)
        except Wrong as what:
            raise Answer(422, {"detail": str(what)}) from None
        if any(run["id"] in self.runs for run in runs):
            raise Answer(409, {"detail": "Run already exists"})
        self.runs.update({run["id"]: run for run in runs})

    def check(self, run):
        may(run, "run", self.RUN)
        need(run, "run", {"id": str, "trace_id": str, "dotted_order": str, "name": str, "run_type": str,
                          "start_time": str, "inputs": dict})
        for name in ("id", "trace_id", "parent_run_id"):
            if name in run:
                self.is_uuid(run[name], f"run.{name}")
        for name in ("start_time", "end_time"):
            date_time(run.get(name, run["start_time"]), f"run.{name}")
        if run["run_type"] not in self.KINDS:
            raise Wrong("run.run_type is none")
        texts(run.get("tags", []), "run.tags")
        steps = [self.STEP.match(it) for it in run["dotted_order"].split(".")]
        if not all(steps):
            raise Wrong("run.dotted_order has a part that is no time with a run's id")
        ids = [it.group(1) for it in steps]
        if (ids[0], ids[-1]) != (run["trace_id"], run["id"]):
            raise Wrong("run.dotted_order does not lead from the trace to the run")
        if (ids[-2] if len(ids) > 1 else None) != run.get("parent_run_id"):
            raise Wrong("run.dotted_order has another parent than the run")
        if "usage_metadata" in run.get("outputs", {}):
            usage = run["outputs"]["usage_metadata"]
            may(usage, "run.outputs.usage_metadata", self.USAGE)
            need(usage, "run.outputs.usage_metadata", {"input_tokens": int, "output_tokens": int, "total_tokens": int})

    @staticmethod
    def is_uuid(text, at):
        try:
            uuid.UUID(text)
        except ValueError:
            raise Wrong(f"{at} is no UUID") from None


class Datadog(Sink):
    """`POST /api/v2/logs`: "Send logs" of Datadog's API reference, `HTTPLogItem` of its client libraries. A line that
    Datadog would cut is refused here: what is cut is no JSON any more."""

    usual = (202, "{}")

    def __init__(self, key="dd-tests"):
        super().__init__()
        self.key, self.lines = key, []

    def take(self, request):
        expect(request, "POST", "/api/v2/logs")
        if "dd-api-key" not in request.headers:
            raise Answer(401, {"errors": [{"detail": "Missing API key"}]})
        if request.headers["dd-api-key"] != self.key:
            raise Answer(403, {"errors": [{"detail": "Forbidden"}]})
        if len(request.body) > 5_000_000:
            raise Answer(413, {"errors": [{"detail": "Payload too large"}]})
        lines = request.json()
        if not isinstance(lines, list) or len(lines) > 1000:
            raise Answer(413, {"errors": [{"detail": "no list, or more than 1000 lines"}]})
        try:
            for line in lines:
                self.check(line)
        except Wrong as what:
            raise Answer(400, {"errors": [{"detail": str(what)}]}) from None
        self.lines.extend(lines)

    @staticmethod
    def check(line):
        need(line, "line", {"message": str})
        for name, value in line.items():
            is_type(value, f"line.{name}", str)
        if len(json.dumps(line, ensure_ascii=False).encode()) > 1_000_000:
            raise Wrong("the line is longer than a megabyte")
        if not all(":" in tag for tag in line.get("ddtags", "a:b").split(",")):
            raise Wrong("line.ddtags has a tag without a colon")
        if line.get("status", "info") not in ("emerg", "alert", "critical", "error", "warning", "notice", "info", "debug"):
            raise Wrong("line.status is none")
        try:
            check_record(json.loads(line["message"]), "line.message")
        except ValueError:
            raise Wrong("line.message is no JSON") from None


class S3(Sink):
    """`PUT /<bucket>/<key>` in path style, signed by AWS Signature Version 4 as "Signature Calculations for the
    Authorization Header" of the API reference of Amazon S3 has it."""

    def __init__(self, bucket="logs", key_id="AKIATESTS", secret="s3-secret", region="eu-central-1"):
        super().__init__()
        self.bucket, self.key_id, self.secret, self.region = bucket, key_id, secret, region
        self.objects = {}

    def refuse(self, status, code):
        raise Answer(status, f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>')

    def take(self, request):
        if request.method != "PUT":
            self.refuse(405, "MethodNotAllowed")
        self.is_signed(request)
        bucket, _, key = unquote(request.path).lstrip("/").partition("/")
        if bucket != self.bucket:
            self.refuse(404, "NoSuchBucket")
        if not key or len(key.encode()) > 1024 or ".." in key.split("/"):
            self.refuse(400, "KeyTooLongError")
        if not request.headers.get("content-type"):
            self.refuse(400, "InvalidRequest")
        records = [json.loads(request.body)] if key.endswith(".json") else request.lines()
        try:
            for record in records:
                check_record(record)
        except Wrong as what:
            raise Answer(400, f"<Error><Code>InvalidRequest</Code><Message>{what}</Message></Error>") from None
        self.objects[key] = request

    def is_signed(self, request):
        found = re.match(r"^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
                         r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$", request.headers.get("authorization", ""))
        if not found:
            self.refuse(403, "AccessDenied")
        key_id, day, region, names, signature = found.groups()
        if key_id != self.key_id:
            self.refuse(403, "InvalidAccessKeyId")
        if region != self.region:
            self.refuse(400, "AuthorizationHeaderMalformed")
        digest, stamp = request.headers.get("x-amz-content-sha256", ""), request.headers.get("x-amz-date", "")
        if digest != hashlib.sha256(request.body).hexdigest():
            self.refuse(400, "XAmzContentSHA256Mismatch")
        when = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if not stamp.startswith(day) or abs((datetime.now(UTC) - when).total_seconds()) > 900:
            self.refuse(403, "RequestTimeTooSkewed")
        signed = names.split(";")
        must = [it for it in request.headers if it.startswith("x-amz-")] + ["host"]
        if any(it not in signed for it in must):
            self.refuse(403, "AccessDenied")
        if signature != sign(request, signed, (self.secret, day, self.region), stamp):
            self.refuse(403, "SignatureDoesNotMatch")


def sign(request, names, scope, stamp):
    """The signature of a request with these headers."""
    secret, day, region = scope
    headers = "".join(f"{it}:{' '.join(request.headers[it].split())}\n" for it in names)
    path = quote(unquote(request.path), safe="/-_.~")
    digest = request.headers["x-amz-content-sha256"]
    canonical = "\n".join([request.method, path, request.raw_query, headers, ";".join(names), digest])
    area = f"{day}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, area, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Slack(Sink):
    """An incoming webhook: `slack_sdk/webhook/client.py` of slackapi/python-slack-sdk; text as "Formatting text for app
    surfaces" has it."""

    usual = (200, "ok")

    def __init__(self, path="/services/T000/B000/tests"):
        super().__init__()
        self.path, self.texts = path, []
        self.webhook = self.url + path

    def take(self, request):
        if request.method != "POST" or request.path != self.path:
            raise Answer(404, "no_service")
        message = request.json()
        try:
            may(message, "message", {"text": str, "blocks": list, "attachments": list, "response_type": str})
        except Wrong:
            raise Answer(400, "invalid_payload") from None
        text = message.get("text") or ""
        if not text:
            raise Answer(400, "no_text")
        # What is not escaped would call somebody, or be a link.
        if len(text) > 4000 or "<" in text or re.search(r"&(?!amp;|lt;|gt;)", text):
            raise Answer(400, "invalid_payload")
        self.texts.append(text)


class ClickHouse(Sink):
    """The HTTP interface (`docs/en/interfaces/http.md` of ClickHouse/ClickHouse) before the table `spend_logs` of
    docs/callbacks-shipped.md, of which rows with one primary key are one."""

    SETTINGS = {"async_insert", "wait_for_async_insert", "input_format_skip_unknown_fields", "date_time_input_format",
                "insert_deduplication_token"}
    TEXTS = ("request_id response_id call_type api_key key_alias team_id team_alias organization_id user end_user model "
             "model_group model_id custom_llm_provider api_base status error_str session_id trace_id span_id metadata "
             "messages response").split()
    COUNTS = "prompt_tokens completion_tokens total_tokens cache_read_tokens cache_write_tokens".split()
    TIMES = ["start_time", "end_time", "completion_start_time"]
    OTHERS = {"spend": float, "cache_hit": bool, "request_tags": list}

    def __init__(self, user="default", password="", table="default.spend_logs"):
        super().__init__()
        self.user, self.password, self.table = user, password, table
        self.rows, self.tokens = {}, set()

    def refuse(self, status, code, name):
        text = f"Code: {code}. DB::Exception: {name}. ({name})"
        raise Answer(status, text, {"X-ClickHouse-Exception-Code": str(code)})

    def take(self, request):
        expect(request, "POST", "/")
        login = (request.headers.get("x-clickhouse-user", "default"), request.headers.get("x-clickhouse-key", ""))
        if login != (self.user, self.password):
            self.refuse(403, 516, "AUTHENTICATION_FAILED")
        if unknown := set(request.query) - self.SETTINGS - {"query"}:
            self.refuse(404, 115, f"UNKNOWN_SETTING {unknown}")
        query = re.match(r"^INSERT INTO (\w+\.\w+) FORMAT JSONEachRow$", request.query.get("query", ""))
        if not query:
            self.refuse(400, 62, "SYNTAX_ERROR")
        if query.group(1) != self.table:
            self.refuse(404, 60, "UNKNOWN_TABLE")
        rows = request.lines()
        for row in rows:
            try:
                self.check(row)
            except Wrong as what:
                self.refuse(400, 53, f"TYPE_MISMATCH {what}")
        token = request.query.get("insert_deduplication_token")
        if token not in self.tokens:
            self.tokens.add(token)
            for row in rows:
                self.rows[row["team_id"], row["start_time"][:19], row["request_id"]] = row

    def check(self, row):
        types = dict.fromkeys(self.TEXTS, str) | dict.fromkeys(self.COUNTS, int) | self.OTHERS
        need(row, "row", types)
        may(row, "row", types | dict.fromkeys(self.TIMES, str))
        texts(row["request_tags"], "row.request_tags")
        for name in self.COUNTS:
            if not 0 <= row[name] < 2**32:
                raise Wrong(f"row.{name} is no UInt32")
        for name in self.TIMES:
            if name != "completion_start_time" or row.get(name) is not None:
                date_time(row[name], f"row.{name}")
        for name in ("messages", "metadata", "response"):
            if row[name][:1] in ("{", "["):
                json.loads(row[name])


class Webhook(Sink):
    """Any address, for LiteLLM's `generic_api`: an array, lines, or one record."""

    def __init__(self, headers=None):
        super().__init__()
        self.headers, self.records, self.keys = headers or {}, [], set()

    def take(self, request):
        for name, value in self.headers.items():
            if request.headers.get(name.lower()) != value:
                raise Answer(401, f"{name} is not what it should be")
        if request.method != "POST":
            raise Answer(405)
        is_lines = request.headers.get("content-type") == "application/x-ndjson"
        body = request.lines() if is_lines else request.json()
        records = body if isinstance(body, list) else [body]
        try:
            for record in records:
                check_record(record)
        except Wrong as what:
            raise Answer(400, str(what)) from None
        key = request.headers.get("idempotency-key")
        if key is None or key not in self.keys:
            self.records.extend(records)
            self.keys.add(key)
