"""Imitations of the services that the shipped guardrails ask, on loopback, as strict as those of `sinks.py`. What they
find is simple: addresses of mail, and the words `weapon` (blocked, an attack) and `rough` (half as bad)."""

import json
import re
import uuid
from datetime import UTC, datetime
from urllib.parse import unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sink_records import ANY, Wrong, is_type, may, need, texts
from sink_server import Answer, Sink, expect

MAIL = re.compile(r"[\w.]+@[\w.]+\w")
WEAPON = "weapon"
ROUGH = "rough"


class Asked(Sink):
    """A service that finds something in texts; `asked` has the bodies that it took."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def take(self, request):
        body = self.read(request)
        try:
            answer = self.judge(request, body)
        except Wrong as what:
            raise Answer(self.malformed, {"error": {"code": "InvalidRequest", "message": str(what)}}) from None
        self.asked.append(body)
        return 200, json.dumps(answer)

    malformed = 400

    def read(self, request):
        """The body, if the path and the credential are right."""
        raise NotImplementedError

    def judge(self, request, body):
        raise NotImplementedError


def proves(request, name, value):
    if request.headers.get(name) != value:
        raise Answer(401, {"error": {"code": "401", "message": "the credential is wrong"}})


def says(said, word):
    return any(word in text for text in said)


class Moderation(Asked):
    """`POST /moderations`: `src/openai/types/moderation*.py` of openai/openai-python."""

    TEXT_ONLY = ("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "sexual/minors")
    WITH_PICTURES = ("self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "violence", "violence/graphic")

    def __init__(self, key="sk-moderation"):
        super().__init__()
        self.key = key

    def read(self, request):
        expect(request, "POST", "/v1/moderations")
        proves(request, "authorization", f"Bearer {self.key}")
        return request.json()

    def judge(self, request, body):
        may(body, "body", {"input": (str, list), "model": str})
        need(body, "body", {"input": list})
        texts(body["input"], "body.input")
        return {"id": "modr-1", "model": body.get("model", "omni-moderation-latest"), "results": [*map(self.result, body["input"])]}

    def result(self, text):
        score = 0.92 if WEAPON in text else 0.5 if ROUGH in text else 0.001
        names = (*self.TEXT_ONLY, *self.WITH_PICTURES)
        return {
            "flagged": score > 0.9,
            "categories": {name: name == "violence" and score > 0.9 for name in names},
            "category_scores": {name: score if name == "violence" else 0.0001 for name in names},
            "category_applied_input_types": {name: ["text"] for name in names},
        }


class Presidio(Asked):
    """`POST /analyze` and `/anonymize`: `docs/api-docs/api-docs.yml` of microsoft/presidio. Both servers in one."""

    RESULT = {"start": int, "end": int, "score": float, "entity_type": str}

    def read(self, request):
        if request.path not in ("/analyze", "/anonymize"):
            expect(request, "POST", "/analyze")
        return request.json()

    def judge(self, request, body):
        return self.analyze(body) if request.path == "/analyze" else self.anonymize(body)

    def analyze(self, body):
        may(body, "body", {"text": str, "language": str, "correlation_id": str, "score_threshold": float, "entities": list,
                           "return_decision_process": bool, "ad_hoc_recognizers": list, "trace": bool})
        need(body, "body", {"text": str, "language": str})
        texts(body.get("entities", []), "body.entities")
        if body["language"] not in ("en", "es"):
            raise Wrong(f"no recognizer speaks {body['language']!r}")
        for recognizer in body.get("ad_hoc_recognizers", []):
            need(recognizer, "recognizer", {"name": str, "supported_language": str, "supported_entity": str})
        wanted = body.get("entities") or ["EMAIL_ADDRESS"]
        found = MAIL.finditer(body["text"]) if "EMAIL_ADDRESS" in wanted else ()
        return [{"entity_type": "EMAIL_ADDRESS", "start": it.start(), "end": it.end(), "score": 1.0, "analysis_explanation": None} for it in found]

    def anonymize(self, body):
        may(body, "body", {"text": str, "analyzer_results": list, "anonymizers": dict})
        need(body, "body", {"text": str, "analyzer_results": list})
        text, items = body["text"], []
        for it in sorted(body["analyzer_results"], key=lambda it: -it["start"]):
            need(it, "result", self.RESULT)
            may(it, "result", self.RESULT)
            if not 0 <= it["start"] < it["end"] <= len(body["text"]):
                raise Wrong("a result lies outside of the text")
            mask = f"[{it['entity_type']} by the anonymizer]"
            text = text[:it["start"]] + mask + text[it["end"]:]
            items.append({"operator": "replace", "entity_type": it["entity_type"], "start": it["start"], "end": it["start"] + len(mask), "text": mask})
        return {"text": text, "items": items}


class Bedrock(Asked):
    """`POST /guardrail/<id>/version/<version>/apply`: ApplyGuardrail in botocore's
    `data/bedrock-runtime/2023-09-30/service-2.json`; botocore itself says what the signature must be."""

    BLOCKED = "This is not talked about here."

    def __init__(self, identifier, version="DRAFT", region="eu-west-1", keys=("AKIATESTS", "bedrock-secret")):
        super().__init__()
        self.identifier, self.version, self.region, self.keys = identifier, version, region, keys

    def read(self, request):
        part = r"^/guardrail/([^/]+)/version/([^/]+)/apply$"
        found = re.match(part, request.path)
        if request.method != "POST" or not found:
            raise Answer(404, {"message": "UnknownOperationException"})
        self.is_signed(request)
        if [unquote(it) for it in found.groups()] != [self.identifier, self.version]:
            raise Answer(404, {"message": "The guardrail identifier or version provided in the request does not exist."})
        return request.json()

    def is_signed(self, request):
        found = re.match(r"^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/bedrock/aws4_request, ?"
                         r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$", request.headers.get("authorization", ""))
        if not found:
            raise Answer(403, {"message": "Missing Authentication Token"})
        key_id, day, region, names, signature = found.groups()
        stamp, signed = request.headers.get("x-amz-date", ""), names.split(";")
        when = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if not stamp.startswith(day) or abs((datetime.now(UTC) - when).total_seconds()) > 300:
            raise Answer(403, {"message": "Signature expired"})
        if (key_id, region) != (self.keys[0], self.region) or not {"host", "x-amz-date"} <= set(signed):
            raise Answer(403, {"message": "Credential should be scoped to a valid region."})
        headers = {name: request.headers[name] for name in signed}
        asked = AWSRequest(request.method, f"http://{request.headers['host']}{request.target}", data=request.body, headers=headers)
        asked.context["timestamp"] = stamp
        auth = SigV4Auth(Credentials(*self.keys), "bedrock", region)
        if auth.signature(auth.string_to_sign(asked, auth.canonical_request(asked)), asked) != signature:
            raise Answer(403, {"message": "The request signature we calculated does not match the signature you provided."})

    def judge(self, request, body):
        may(body, "body", {"source": str, "content": list, "outputScope": str})
        need(body, "body", {"source": str, "content": list})
        if body["source"] not in ("INPUT", "OUTPUT") or not body["content"]:
            raise Wrong("the source or the content is none")
        for block in body["content"]:
            need(block, "block", {"text": dict})
            may(block, "block", {"text": dict})
            need(block["text"], "block.text", {"text": str})
            may(block["text"], "block.text", {"text": str, "qualifiers": list})
        return self.verdict([block["text"]["text"] for block in body["content"]])

    def verdict(self, blocks):
        usage = {"topicPolicyUnits": 1, "contentPolicyUnits": 0, "wordPolicyUnits": 0, "sensitiveInformationPolicyUnits": 1,
                 "sensitiveInformationPolicyFreeUnits": 0, "contextualGroundingPolicyUnits": 0}
        intervened = lambda outputs, assessment: {
            "usage": usage, "action": "GUARDRAIL_INTERVENED", "outputs": [{"text": it} for it in outputs], "assessments": [assessment]}
        if says(blocks, WEAPON):
            topic = {"name": "Weapons", "type": "DENY", "action": "BLOCKED"}
            return intervened([self.BLOCKED], {"topicPolicy": {"topics": [topic]}})
        found = [it for block in blocks for it in MAIL.findall(block)]
        if found:
            entities = [{"match": it, "type": "EMAIL", "action": "ANONYMIZED"} for it in found]
            outputs = [MAIL.sub("{EMAIL}", block) for block in blocks]
            return intervened(outputs, {"sensitiveInformationPolicy": {"piiEntities": entities, "regexes": []}})
        return {"usage": usage, "action": "NONE", "outputs": [], "assessments": []}


class GenericApi(Asked):
    """`POST /beta/litellm_basic_guardrail_api`: `docs/adding_provider/generic_guardrail_api.md` of BerriAI/litellm-docs."""

    BODY = {"texts": list, "images": list, "tools": list, "tool_calls": list, "structured_messages": list, "request_data": dict,
            "request_headers": dict, "litellm_version": str, "input_type": str, "litellm_call_id": str, "litellm_trace_id": str,
            "additional_provider_specific_params": dict}
    CALLER = {f"user_api_key_{it}": str for it in ("hash", "alias", "user_id", "user_email", "team_id", "team_alias", "end_user_id", "org_id")}
    malformed = 422

    def __init__(self, key="k-generic"):
        super().__init__()
        self.key = key

    def read(self, request):
        expect(request, "POST", "/beta/litellm_basic_guardrail_api")
        proves(request, "x-api-key", self.key)
        return request.json()

    def judge(self, request, body):
        may(body, "body", self.BODY)
        need(body, "body", {"texts": list, "input_type": str, "request_data": dict})
        texts(body["texts"], "body.texts")
        may(body["request_data"], "body.request_data", self.CALLER)
        if body["input_type"] not in ("request", "response"):
            raise Wrong("body.input_type is none")
        for name in ("tools", "tool_calls"):
            for it in body.get(name) or []:
                need(it, name, {"type": str})
        for message in body.get("structured_messages") or []:
            need(message, "message", {"role": str, "content": ANY})
        if says(body["texts"], WEAPON):
            return {"action": "BLOCKED", "blocked_reason": "no weapons here"}
        new = [MAIL.sub("(mail)", text) for text in body["texts"]]
        return {"action": "NONE"} if new == body["texts"] else {"action": "GUARDRAIL_INTERVENED", "texts": new}


class Lakera(Asked):
    """`POST /v2/guard`: "Screen content for threats" of Lakera's API reference."""

    BODY = {"messages": list, "project_id": str, "payload": bool, "breakdown": bool, "metadata": dict, "dev_info": bool}
    ROLES = ("user", "assistant", "system", "tool", "developer")

    def __init__(self, key="k-lakera", projects=("project-1",)):
        super().__init__()
        self.key, self.projects = key, projects

    def read(self, request):
        expect(request, "POST", "/v2/guard")
        proves(request, "authorization", f"Bearer {self.key}")
        return request.json()

    def judge(self, request, body):
        may(body, "body", self.BODY)
        need(body, "body", {"messages": list})
        for message in body["messages"]:
            need(message, "message", {"role": str, "content": str})
            may(message, "message", {"role": str, "content": str})
            if message["role"] not in self.ROLES:
                raise Wrong(f"the role {message['role']!r} is unknown")
        if not body["messages"] or body.get("project_id", "project-1") not in self.projects:
            raise Wrong("there are no messages, or there is no such project")
        said = [it["content"] for it in body["messages"]]
        found = [("prompt_attack", at, None) for at, text in enumerate(said) if WEAPON in text]
        found += [("pii/email", at, it) for at, text in enumerate(said) for it in MAIL.finditer(text)]
        answer = {"flagged": bool(found), "metadata": {"request_uuid": str(uuid.uuid4())}}
        if body.get("payload"):
            answer["payload"] = [{"start": it.start(), "end": it.end(), "text": it.group(), "detector_type": kind, "labels": [], "message_id": at}
                                 for kind, at, it in found if it]
        if body.get("breakdown"):
            ids = {"project_id": "project-1", "policy_id": "policy-1"}
            answer["breakdown"] = [{**ids, "detector_id": f"detector-{kind}", "detector_type": kind, "detected": any(kind == it for it, _, _ in found)}
                                   for kind in ("prompt_attack", "pii/email", "moderated_content/hate")]
        return answer


class ContentSafety(Asked):
    """`POST /contentsafety/text:shieldPrompt` and `text:analyze`:
    `data-plane/ContentSafety/stable/2024-09-01/contentsafety.json` of Azure/azure-rest-api-specs."""

    CATEGORIES = ("Hate", "SelfHarm", "Sexual", "Violence")
    LONGEST = 10_000

    def __init__(self, key="k-azure"):
        super().__init__()
        self.key = key

    def read(self, request):
        if request.path not in ("/contentsafety/text:shieldPrompt", "/contentsafety/text:analyze"):
            expect(request, "POST", "/contentsafety/text:analyze")
        proves(request, "ocp-apim-subscription-key", self.key)
        if request.query.get("api-version") != "2024-09-01":
            raise Answer(404, {"error": {"code": "NotFound", "message": "the api-version is not served"}})
        return request.json()

    def judge(self, request, body):
        return self.shield(body) if request.path.endswith("shieldPrompt") else self.analyze(body)

    def shield(self, body):
        may(body, "body", {"userPrompt": str, "documents": list})
        documents = body.get("documents") or []
        texts(documents, "body.documents")
        if len(body.get("userPrompt") or "") > self.LONGEST or len(documents) > 5 or sum(map(len, documents)) > self.LONGEST:
            raise Wrong("it is too long")
        attack = lambda text: {"attackDetected": WEAPON in text}
        return {"userPromptAnalysis": attack(body.get("userPrompt") or ""), "documentsAnalysis": [*map(attack, documents)]}

    def analyze(self, body):
        may(body, "body", {"text": str, "categories": list, "blocklistNames": list, "haltOnBlocklistHit": bool, "outputType": str})
        need(body, "body", {"text": str})
        if not 1 <= len(body["text"]) <= self.LONGEST or set(body.get("categories", [])) - set(self.CATEGORIES):
            raise Wrong("the text is too long, or a category is none")
        texts(body.get("blocklistNames", []), "body.blocklistNames")
        if body.get("outputType", "FourSeverityLevels") not in ("FourSeverityLevels", "EightSeverityLevels"):
            raise Wrong("body.outputType is none")
        is_type(body.get("haltOnBlocklistHit", False), "body.haltOnBlocklistHit", bool)
        severity = 6 if WEAPON in body["text"] else 2 if ROUGH in body["text"] else 0
        wanted = body.get("categories") or self.CATEGORIES
        return {"blocklistsMatch": [], "categoriesAnalysis": [{"category": it, "severity": severity if it == "Violence" else 0} for it in wanted]}
