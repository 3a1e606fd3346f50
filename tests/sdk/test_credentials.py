"""How the gateway authenticates itself to clouds, through the running binary: token servers and
upstreams stand on loopback, and what arrives there is verified by other people's code."""

import base64
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from conftest import MASTER_KEY, Gateway
from test_upstream_tls import NEW_CERTIFICATE
from token_world import World, form, tls

GUESTS = pathlib.Path(os.environ["SLUICE_GUESTS"])
REGION = "eu-west-1"
KEYS = ("AKIDEXAMPLE0001", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = "IQoJb3JpZ2luX2VjEXAMPLE//session+token=="
SECRET = "cl13nt-s3cret/with:odd chars"
SIGNER = "jwt-signing-key-that-is-long-enough-for-hs256"
NOVA = "us.amazon.nova-pro-v1:0"


@pytest.fixture(scope="module")
def world():
    it = World()
    yield it
    it.close()


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def aws(world, name, **more):
    keys = dict(zip(("aws_access_key_id", "aws_secret_access_key"), KEYS, strict=True))
    return {"model": f"bedrock/{NOVA}", "api_base": f"{world.url}/up/{name}", "aws_region_name": REGION, **keys, **more}


def google(world, name, **more):
    return {"model": "vertex_ai/gemini-2.0-flash", "api_base": world.url, "vertex_project": name, "vertex_location": "us-central1", **more}


def oauth(world, name, **more):
    tokens = {"token_url": f"{world.url}/tokens/{name}/oauth", "client_id": "the-client", "client_secret": SECRET, "scope": "all-apis"}
    return {"model": "own/m", "api_base": f"{world.url}/up/{name}", **tokens, **more}


def azure(world, name, **more):
    return {"model": "azure/gpt-4o", "api_base": f"{world.url}/up/{name}", "api_version": "2024-10-21", **more}


def entra(world, name, **more):
    principal = {"tenant_id": "ten-ant", "client_id": "the-app", "client_secret": SECRET, "azure_authority_host": f"{world.url}/tokens/{name}"}
    return azure(world, name, **principal, **more)


def service_account(world, name, key):
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return {"type": "service_account", "project_id": "p-of-the-key", "private_key_id": "kid-7", "private_key": pem, "client_email": "it@p1.test", "token_uri": f"{world.url}/tokens/{name}/token"}


def deployments(world, folder, key):
    subject = folder / "subject.txt"
    subject.write_text("subject-token-of-the-workload\n")
    account = {name: json.dumps(service_account(world, name, key)) for name in ("google", "projectless")}
    federated = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{world.url}/tokens/workload/sts",
        "credential_source": {"file": str(subject)},
    }
    role = {"aws_role_name": "arn:aws:iam::123456789012:role/it"}
    web = {"aws_web_identity_token": f"oidc/file/{subject}", **role, "aws_sts_endpoint": f"{world.url}/tokens/web"}
    projectless = google(world, "projectless", vertex_credentials=account["projectless"])
    del projectless["vertex_project"]
    return {
        "keys": aws(world, "keys"),
        "session": aws(world, "session", aws_session_token=SESSION),
        "role": aws(world, "role", aws_session_token=SESSION, aws_external_id="ext-1", **role, aws_sts_endpoint=f"{world.url}/tokens/role"),
        "web": {**aws(world, "web"), **web},
        # Its region is in the environment.
        "mantle": {"model": "bedrock_mantle/openai.gpt-oss-120b", **{name: value for name, value in aws(world, "mantle").items() if name not in ("model", "aws_region_name")}},
        "oauth": oauth(world, "oauth", audience="https://api.test"),
        "short": oauth(world, "short"),
        "refused": oauth(world, "refused"),
        "down": oauth(world, "down"),
        "echo": oauth(world, "echo"),
        "ibm": {"model": "watsonx/ibm/granite", "api_base": f"{world.url}/up/ibm", "project_id": "p1", "api_key": SECRET, "iam_url": f"{world.url}/tokens/ibm/identity"},
        "google": google(world, "google", vertex_credentials=account["google"]),
        "projectless": projectless,
        "workload": google(world, "workload", vertex_credentials=json.dumps(federated)),
        "computeMetadata": google(world, "computeMetadata"),
        "entra": entra(world, "entra"),
        "metadata": azure(world, "metadata", client_id="which-one"),
        "written": azure(world, "written", azure_ad_token=f"oidc/file/{subject}"),
        "exchange": {"model": "case-exchange/m", "api_base": f"{world.url}/up/exchange", "api_key": "k-of-exchange"},
        "jwt": {"model": "case-signed/m", "api_base": f"{world.url}/up/jwt", "api_key": SIGNER, "access_key_id": "ak-of-jwt"},
    }


@pytest.fixture(scope="module")
def gateway(world, rsa_key, tmp_path_factory, data_dir):
    folder = tmp_path_factory.mktemp("credentials")
    (folder / "plugins").mkdir()
    shutil.copy(GUESTS / "sluice_guest_hard_cases.wasm", folder / "plugins")
    models = deployments(world, folder, rsa_key)
    config = {
        "model_list": [{"model_name": name, "litellm_params": {"num_retries": 0, **params}} for name, params in models.items()],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {"directory": str(folder / "plugins"), "providers": {"own": {"auth": {"scheme": "oauth2"}, "operations": ["chat"]}}},
    }
    environment = {"GCE_METADATA_HOST": world.host, "AZURE_POD_IDENTITY_AUTHORITY_HOST": world.url, "AWS_DEFAULT_REGION": REGION}
    it = Gateway(folder, config, environment)
    yield it
    assert it.stop() == 0


def ask(gateway, model, path="/v1/chat/completions"):
    return gateway.post(path, {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})


def answered(gateway, model):
    status, answer, _ = ask(gateway, model)
    assert status == 200, answer
    assert answer["choices"][0]["message"]["content"] == "hi"


def bearer(world, name):
    return world.called[name][-1].headers["authorization"].removeprefix("Bearer ")


def verify(sent, service, keys):
    """Whether botocore signs the same request with the same signature."""
    named = dict(re.findall(r"(\w+)=([^, ]+)", sent.headers["authorization"]))
    scope = named["Credential"].split("/")
    assert (scope[0], scope[2:]) == (keys[0], [REGION, service, "aws4_request"])
    signed = named["SignedHeaders"].split(";")
    assert {"host", "x-amz-date"} <= set(signed) and ("x-amz-security-token" in signed) == (len(keys) == 3)
    request = AWSRequest(sent.method, sent.url, data=sent.body, headers={name: sent.headers[name] for name in signed})
    request.context["timestamp"] = sent.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(*keys), service, REGION)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    assert auth.signature(text, request) == named["Signature"]


def unpacked(token, verified):
    """The header and the claims of a JWT whose signature is good."""
    head, claims, signature = (base64.urlsafe_b64decode(it + "==") for it in token.split("."))
    verified(signature, token.rpartition(".")[0].encode())
    return json.loads(head), json.loads(claims)


def of_account(key):
    return lambda signature, data: key.public_key().verify(signature, data, padding.PKCS1v15(), hashes.SHA256())


def of_secret(secret):
    def verified(signature, data):
        mac = hmac.HMAC(secret.encode(), hashes.SHA256())
        mac.update(data)
        mac.verify(signature)

    return verified


def test_keys_of_aws_sign_each_request(gateway, world):
    for name, keys in (("keys", KEYS), ("session", (*KEYS, SESSION))):
        answered(gateway, name)
        sent = world.called[name][-1]
        # The colon of the model's name is escaped in the path, and again in what is signed.
        assert urllib.parse.urlsplit(sent.url).path == f"/up/{name}/model/{urllib.parse.quote(NOVA, safe='')}/converse"
        verify(sent, "bedrock", keys)
        assert sent.headers.get("x-amz-security-token") == (SESSION if len(keys) == 3 else None)


def test_mantle_is_signed_for_its_own_service_in_the_environments_region(gateway, world):
    answered(gateway, "mantle")
    sent = world.called["mantle"][-1]
    assert urllib.parse.urlsplit(sent.url).path == "/up/mantle/chat/completions"
    verify(sent, "bedrock-mantle", KEYS)


def test_a_role_is_taken_on_and_its_keys_sign(gateway, world):
    answered(gateway, "role")
    (asked,) = world.asked["role"]
    verify(asked, "sts", (*KEYS, SESSION))
    fields = form(asked)
    assert (fields["Action"], fields["RoleArn"], fields["ExternalId"]) == ("AssumeRole", "arn:aws:iam::123456789012:role/it", "ext-1")
    (given,) = world.given["role"]
    turn = given.token.split(".")[2]
    verify(world.called["role"][-1], "bedrock", (f"ASIA{turn}", given.secret, given.token))


def test_a_file_of_web_identity_is_traded_for_a_role(gateway, world):
    answered(gateway, "web")
    (asked,) = world.asked["web"]
    fields = form(asked)
    assert (fields["Action"], fields["WebIdentityToken"]) == ("AssumeRoleWithWebIdentity", "subject-token-of-the-workload")
    assert "authorization" not in asked.headers
    (given,) = world.given["web"]
    verify(world.called["web"][-1], "bedrock", (f"ASIA{given.token.split('.')[2]}", given.secret, given.token))


def test_client_credentials_bring_a_token(gateway, world):
    answered(gateway, "oauth")
    (asked,) = world.asked["oauth"]
    assert form(asked) == {"grant_type": "client_credentials", "scope": "all-apis", "audience": "https://api.test"}
    quoted = urllib.parse.quote_plus(SECRET)
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(f"the-client:{quoted}".encode()).decode()
    sent = world.called["oauth"][-1]
    assert bearer(world, "oauth") == world.given["oauth"][-1].token
    assert not {"token_url", "scope", "audience", "client_id"} & set(json.loads(sent.body))


def test_a_key_of_ibm_is_traded_by_ibm_s_grant(gateway, world):
    answered(gateway, "ibm")
    (asked,) = world.asked["ibm"]
    assert form(asked) == {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": SECRET}
    assert bearer(world, "ibm") == world.given["ibm"][-1].token


def test_a_service_account_s_key_signs_what_is_traded(gateway, world, rsa_key):
    answered(gateway, "google")
    (asked,) = world.asked["google"]
    fields = form(asked)
    assert fields["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    head, claims = unpacked(fields["assertion"], of_account(rsa_key))
    assert (head["alg"], head["kid"]) == ("RS256", "kid-7")
    assert (claims["iss"], claims["aud"]) == ("it@p1.test", f"{world.url}/tokens/google/token")
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert abs(claims["iat"] - asked.at) < 5 and claims["exp"] - claims["iat"] == 3600
    assert bearer(world, "google") == world.given["google"][-1].token


def test_a_deployment_that_names_no_project_has_its_credential_s(gateway, world):
    answered(gateway, "projectless")
    assert bearer(world, "p-of-the-key") == world.given["projectless"][-1].token


def test_a_workload_s_own_token_is_traded_for_google_s(gateway, world):
    answered(gateway, "workload")
    (asked,) = world.asked["workload"]
    assert form(asked)["subject_token"] == "subject-token-of-the-workload"
    assert bearer(world, "workload") == world.given["workload"][-1].token


def test_the_machine_s_metadata_serves_where_nothing_is_set(gateway, world):
    answered(gateway, "computeMetadata")
    (asked,) = world.asked["computeMetadata"]
    assert asked.headers["metadata-flavor"] == "Google" and "/service-accounts/default/token" in asked.url
    assert bearer(world, "computeMetadata") == world.given["computeMetadata"][-1].token
    answered(gateway, "metadata")
    (asked,) = world.asked["metadata"]
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(asked.url).query)
    assert asked.headers["metadata"] == "true"
    assert (query["resource"], query["client_id"]) == (["https://cognitiveservices.azure.com"], ["which-one"])
    assert bearer(world, "metadata") == world.given["metadata"][-1].token


def test_a_service_principal_brings_a_token(gateway, world):
    answered(gateway, "entra")
    (asked,) = world.asked["entra"]
    fields = form(asked)
    assert asked.url.endswith("/ten-ant/oauth2/v2.0/token")
    assert (fields["client_id"], fields["client_secret"]) == ("the-app", SECRET)
    assert fields["scope"] == "https://cognitiveservices.azure.com/.default"
    assert bearer(world, "entra") == world.given["entra"][-1].token


def test_a_token_in_a_file_is_read(gateway, world):
    answered(gateway, "written")
    assert bearer(world, "written") == "subject-token-of-the-workload"


def test_the_gateway_signs_a_jwt_by_itself(gateway, world):
    answered(gateway, "jwt")
    head, claims = unpacked(bearer(world, "jwt"), of_secret(SIGNER))
    assert head["alg"] == "HS256" and claims["iss"] == "ak-of-jwt"
    assert claims["exp"] - claims["iat"] == 1800


@pytest.mark.parametrize("scheme", ["role", "web", "oauth", "ibm", "google", "workload", "computeMetadata", "entra", "metadata"])
def test_one_token_serves_many_calls(gateway, world, scheme):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: ask(gateway, scheme)[0], range(20)))
    assert statuses == [200] * 20
    assert len(world.asked[scheme]) == 1


def test_calls_that_come_together_ask_once(gateway, world):
    world.gate.clear()
    try:
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            calls = [pool.submit(ask, gateway, "short") for _ in range(20)]
            gateway.wait_for(lambda: b"sluice_in_flight_requests 20\n" in gateway.get("/metrics")[1])
            world.lives["short"] = 4
            world.gate.set()
            assert [it.result()[0] for it in calls] == [200] * 20
    finally:
        world.gate.set()
    assert len(world.asked["short"]) == 1
    statuses = set()

    def renewed():
        statuses.add(ask(gateway, "short")[0])
        return len(world.asked["short"]) == 2

    # It lives four seconds, and the next one is fetched while it still serves.
    gateway.wait_for(renewed)
    assert world.asked["short"][1].at < world.given["short"][0].expires
    assert statuses == {200}


def test_a_refusal_is_told_in_the_client_s_shape_and_without_the_secret(gateway, world):
    told = {"error": "invalid_client", "error_description": f"no such secret: {SECRET}"}
    world.refusals["refused"] = (401, told)
    status, answer, _ = ask(gateway, "refused")
    message = answer["error"]["message"]
    assert status == 401 and "invalid_client" in message and "correct the client id and secret" in message, answer
    status, answer, _ = ask(gateway, "refused", "/v1/messages")
    assert status == 401 and answer["type"] == "error" and "invalid_client" in answer["error"]["message"], answer
    assert not world.called["refused"], "a call without its token went out"
    # What has just been refused is not asked again at once.
    assert len(world.asked["refused"]) == 1
    world.refusals["down"] = (503, {"error": "temporarily_unavailable"})
    status, answer, _ = ask(gateway, "down")
    assert status >= 500 and "credential could not be fetched" in answer["error"]["message"], answer


def test_no_token_and_no_secret_is_shown_anywhere(gateway, world, rsa_key):
    status, answer, _ = ask(gateway, "echo")
    assert status == 401 and "not authorized: Bearer ***" in answer["error"]["message"], answer
    shown = [json.dumps(answer), gateway.logged()]
    for path in ("/model/info", "/v1/models", "/metrics", "/plugins", "/health/readiness", "/health"):
        status, body, _ = gateway.get(path)
        assert status == 200, path
        shown.append(body.decode())
    account = service_account(world, "x", rsa_key)["private_key"].splitlines()[1]
    hidden = [SECRET, SIGNER, KEYS[1], SESSION, account, "subject-token-of-the-workload"]
    for given in world.given.values():
        hidden += [it.token for it in given] + [it.secret for it in given]
    hidden += [it.headers["authorization"] for calls in world.called.values() for it in calls]
    assert len(hidden) > 20
    for text in shown:
        assert [it for it in hidden if it in text] == []


def test_a_plugin_without_the_grant_has_no_token_captured(gateway, world):
    status, answer, _ = ask(gateway, "exchange")
    assert status >= 400 and "`plugins.grants.hard-cases.capture: true`" in answer["error"]["message"], answer
    assert not world.called["exchange"]


def test_no_setting_is_taken_for_one_without_effect(gateway):
    assert "has no effect" not in gateway.logged()


def test_the_token_server_s_certificate_is_judged_as_the_deployment_s(tmp_path, data_dir):
    for command in NEW_CERTIFICATE:
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    world = World(tls(tmp_path))
    models = {"usual": {}, "own": {"ssl_verify": str(tmp_path / "ca.pem")}, "any": {"ssl_verify": False}}
    config = {
        "model_list": [{"model_name": name, "litellm_params": {"num_retries": 0, **oauth(world, "tls"), **own}} for name, own in models.items()],
        "general_settings": {"master_key": MASTER_KEY},
        "plugins": {"providers": {"own": {"auth": {"scheme": "oauth2"}, "operations": ["chat"]}}},
    }
    gateway = Gateway(tmp_path, config)
    try:
        status, answer, _ = ask(gateway, "usual")
        assert status >= 500 and "credential could not be fetched" in answer["error"]["message"]
        assert not world.asked["tls"]
        answered(gateway, "own")
        answered(gateway, "any")
        # What came over an unproven connection is not used by those who prove theirs.
        assert len(world.asked["tls"]) == 2
    finally:
        gateway.stop()
        world.close()
