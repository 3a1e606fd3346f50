"""Tokens of an identity provider, signed with its keys, in place of the gateway's own."""

import base64
import json
import subprocess
import time

from conftest import MASTER_KEY, Gateway
from raw import RawUpstream, whole


def signed(folder, claims):
    """A token of an identity provider, and the provider's keys."""
    private = folder / "idp.pem"
    if not private.exists():
        subprocess.run(["openssl", "genrsa", "-out", private, "2048"], check=True, capture_output=True)
    modulus = subprocess.run(["openssl", "rsa", "-in", private, "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    jwk = {"kty": "RSA", "kid": "one", "alg": "RS256", "use": "sig", "e": "AQAB", "n": encode(bytes.fromhex(modulus.strip().removeprefix("Modulus=")))}
    head_and_claims = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "one"}, claims))
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", private], input=head_and_claims.encode(), check=True, capture_output=True).stdout
    return f"{head_and_claims}.{encode(signature)}", {"keys": [jwk]}


def test_a_token_of_an_identity_provider_opens_for_its_user(tmp_path, data_dir):
    upstream = RawUpstream()
    claims = {"sub": "ann", "aud": "gateway", "exp": int(time.time()) + 600}
    token, keys = signed(tmp_path, claims)
    environment = {"JWT_PUBLIC_KEY_URL": upstream.script("keys", whole(keys)), "JWT_AUDIENCE": "gateway"}
    general = {"master_key": MASTER_KEY, "enable_jwt_auth": True, "litellm_jwtauth": {"user_id_jwt_field": "sub", "user_id_upsert": True}}
    gateway = Gateway(tmp_path, {"model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}], "general_settings": general}, environment)
    chat = {"model": "demo", "messages": [{"role": "user", "content": "hi"}]}
    try:
        status, answered, _ = gateway.post("/v1/chat/completions", chat, token)
        assert status == 200, answered
        assert gateway.get("/user/info?user_id=ann")[0] == 200
        late, _ = signed(tmp_path, {**claims, "exp": int(time.time()) - 600})
        other, _ = signed(tmp_path, {**claims, "aud": "somebody"})
        for wrong in (late, other, token[:-4] + "AAAA"):
            assert gateway.post("/v1/chat/completions", chat, wrong)[0] == 401
    finally:
        gateway.stop()


def test_a_tokens_team_is_found_by_its_alias_or_made(tmp_path, data_dir):
    upstream = RawUpstream()
    claims = {"sub": "ann", "aud": "gateway", "exp": int(time.time()) + 600}
    keys = signed(tmp_path, claims)[1]
    environment = {"JWT_PUBLIC_KEY_URL": upstream.script("keys", whole(keys)), "JWT_AUDIENCE": "gateway"}
    fields = {"user_id_jwt_field": "sub", "user_id_upsert": True, "team_id_jwt_field": "team", "team_alias_jwt_field": "crew", "team_id_upsert": True}
    general = {"master_key": MASTER_KEY, "enable_jwt_auth": True, "litellm_jwtauth": fields}
    models = [{"model_name": "demo", "litellm_params": {"model": "echo/demo", "input_cost_per_token": 0, "output_cost_per_token": 0}}]
    defaults = {"default_team_params": {"max_budget": 5, "models": ["other"]}}
    gateway = Gateway(tmp_path, {"model_list": models, "general_settings": general, "litellm_settings": defaults}, environment)

    def ask(**more):
        chat = {"model": "demo", "messages": [{"role": "user", "content": "hi"}]}
        return gateway.post("/v1/chat/completions", chat, signed(tmp_path, {**claims, **more})[0])

    try:
        status, refused, _ = ask(crew="Platform")
        assert status == 404 and "alias 'Platform' doesn't exist" in refused["error"]["message"], refused
        team = gateway.post("/team/new", {"team_alias": "Platform", "models": ["demo"]})[1]["team_id"]
        assert ask(crew="Platform")[0] == 200
        gateway.post("/team/new", {"team_alias": "Platform"})
        status, refused, _ = ask(crew="Platform")
        assert status == 400 and "team_id_jwt_field" in refused["error"]["message"], refused
        assert ask(crew="Platform", team=team)[0] == 200
        # A new team has what the operator's defaults give it, and this model is not among it.
        assert ask(team="made")[0] == 403
        made = json.loads(gateway.get("/team/info?team_id=made")[1])["team_info"]
        assert (made["max_budget"], made["models"]) == (5, ["other"])
        assert "has no effect" not in gateway.logged()
    finally:
        gateway.stop()
