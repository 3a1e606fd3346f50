"""Every detector of `pii` and `hide-secrets` through the running gateway: masked for the model and put back, hidden for
good, blocked, tagged; and what only looks like one passes. Numbers are made up and have right check digits."""

import openai
import pytest

from conftest import MASTER_KEY, Gateway
from guarding import Provider, ask, guard

SENTENCE = "It is ({}), so."
LONG = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"
# Put together here, so that no scanner takes this file for a leak.
of = "".join
BEGIN = of(["-----BEGIN ", "RSA PRIVATE KEY-----"])

# By entity: the word of its mask, one, what is none, and where both stand.
PERSONAL = {
    "EMAIL_ADDRESS": ("EMAIL", "ada.lovelace+math@mail.example.co.uk", "ada@localhost", SENTENCE),
    "PHONE_NUMBER": ("PHONE", "+86 138 0013 8000", "12800138000", SENTENCE),
    "CREDIT_CARD": ("CARD", "5555-5555-5555-4444", "4111111111111112", SENTENCE),
    "IBAN_CODE": ("IBAN", "GB82 WEST 1234 5698 7654 32", "DE89370400440532013001", SENTENCE),
    "IP_ADDRESS": ("IP", "2001:db8::8a2e:370:7334", "256.1.1.1", SENTENCE),
    "US_SSN": ("US_SSN", "536-22-1234", "666-22-1234", SENTENCE),
    "UK_NINO": ("UK_NINO", "AB 12 34 56 C", "DA123456C", SENTENCE),
    "DE_TAX_ID": ("DE_TAX_ID", "14 329 185 102", "14 329 185 103", SENTENCE),
    "FR_NIR": ("FR_NIR", "1 42 07 13 277 721 68", "142071327772169", SENTENCE),
    "ES_NIF": ("ES_NIF", "Y5747483G", "44130038G", SENTENCE),
    "IT_FISCAL_CODE": ("IT_FISCAL_CODE", "RSSMRA85T10A562S", "RSSMRA85T10A562T", SENTENCE),
    "NL_BSN": ("NL_BSN", "699218706", "699218707", "BSN {}"),
    "PL_PESEL": ("PL_PESEL", "68051588490", "22010678432", SENTENCE),
    "BR_CPF": ("BR_CPF", "517.383.124-37", "517.383.124-38", SENTENCE),
    "IN_AADHAAR": ("IN_AADHAAR", "3752 2925 4107", "3752 2925 4108", SENTENCE),
    "CN_RESIDENT_ID": ("CN_RESIDENT_ID", "11010519491231002X", "11010519491231003X", "我的{}谢谢"),
    "PASSPORT_MRZ": ("PASSPORT", "L898902C36UTO7408122F1204159ZE184226B<<<<<10", "L898902C37UTO7408122F1204159ZE184226B<<<<<10", SENTENCE),
}
SECRETS = {
    "PRIVATE_KEY": (f"{BEGIN}\nMIIEpAIBAAKCAQEA\nabc+/=\n{BEGIN.replace('BEGIN', 'END')}", "a PRIVATE KEY", SENTENCE),
    "JWT": (of(["eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxIn0.", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"]), "eyJhbGciOiJIUzI1NiJ9.abc.def", SENTENCE),
    "AWS_ACCESS_KEY": (of(["AKIA", "IOSFODNN7EXAMPLE"]), "AKIAIOSFODNN7EXAMPL", SENTENCE),
    "GITHUB_TOKEN": (of(["ghp", "_", LONG[:36]]), "ghp_short", SENTENCE),
    "GITLAB_TOKEN": (of(["glpat", "-", LONG[:20]]), "glpat-short", SENTENCE),
    "OPENAI_API_KEY": (of(["sk", "-proj-", LONG, "_", LONG]), "sk-short1", SENTENCE),
    "ANTHROPIC_API_KEY": (of(["sk", "-ant-api03-", LONG, "-", LONG, "AA"]), "sk-ant-short1", SENTENCE),
    "GOOGLE_API_KEY": (of(["AI", "za", LONG[:35]]), "AIzaShort1", SENTENCE),
    "SLACK_TOKEN": (of(["xo", "xb-123456789012-1234567890123-", LONG[:24]]), "xoxb-short1", SENTENCE),
    "STRIPE_KEY": (of(["sk", "_live_", LONG[:24]]), "sk_live_x1", SENTENCE),
    "SERVICE_TOKEN": (of(["h", "f_", LONG[:34]]), "hf_short1", SENTENCE),
    "URL_PASSWORD": ("pa55w0rd", "${PW}", "postgres://ada:{}@db.example/x"),
    "GENERIC_SECRET": ("s3cr3t-value", "null", "export DB_PASSWORD={}"),
}
ALL = [*PERSONAL, *SECRETS]


def one(entity):
    """The value, and the text that it stands in."""
    value, _, where = PERSONAL[entity][1:] if entity in PERSONAL else SECRETS[entity]
    return value, where.replace("{}", value)


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, data_dir, provider):
    alone = [guard(name, "pii", ["pre_call", "post_call"], entities=[name]) for name in PERSONAL]
    alone += [guard(name, "hide-secrets", ["pre_call", "post_call"], entities=[name]) for name in SECRETS]
    running = Gateway(tmp_path_factory.mktemp("detectors"), {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "openai/m", "api_base": provider.url, "api_key": "k-secret", "num_retries": 0}}],
        "guardrails": [*alone, *(guard(action, "pii", "pre_call", entities=dict.fromkeys(ALL, action)) for action in ("block", "tag"))],
        "general_settings": {"master_key": MASTER_KEY},
    })
    yield running
    assert running.stop() == 0
    log = running.logged()
    assert not [name for name in ALL if one(name)[0] in log]


@pytest.fixture(scope="module")
def client(gateway):
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=MASTER_KEY, max_retries=0)


@pytest.mark.parametrize("entity", PERSONAL)
def test_it_is_masked_for_the_model_and_put_back_and_what_only_looks_like_it_passes(client, provider, entity):
    label, _, miss, where = PERSONAL[entity]
    _, text = one(entity)
    assert ask(client, text, entity).choices[0].message.content == f"You said: {text}"
    assert provider.told() == where.replace("{}", f"<{label}_1>")
    ask(client, where.replace("{}", miss), entity)
    assert provider.told() == where.replace("{}", miss)


@pytest.mark.parametrize("entity", SECRETS)
def test_a_secret_is_hidden_for_good_and_what_only_looks_like_one_passes(client, provider, entity):
    _, miss, where = SECRETS[entity]
    _, text = one(entity)
    hidden = where.replace("{}", "[REDACTED]")
    assert ask(client, text, entity).choices[0].message.content == f"You said: {hidden}"
    assert provider.told() == hidden
    ask(client, where.replace("{}", miss), entity)
    assert provider.told() == where.replace("{}", miss)


@pytest.mark.parametrize("entity", ALL)
def test_it_is_blocked_and_not_repeated_where_the_operator_says_so(client, provider, entity):
    value, text = one(entity)
    before = len(provider.seen)
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, text, "block")
    code = "pii" if entity in PERSONAL else "secret"
    assert caught.value.body["provider_specific_fields"] == {"guardrail_name": "block", "code": code}
    assert value not in caught.value.body["message"] and len(provider.seen) == before


@pytest.mark.parametrize("entity", ALL)
def test_it_is_tagged_by_its_name_and_stays_where_the_operator_says_so(gateway, entity):
    value, text = one(entity)
    status, answer, _ = gateway.post("/guardrails/apply_guardrail", {"guardrail_name": "tag", "text": text})
    assert status == 200 and answer["response_text"] == text, answer
    (noted,) = answer["guardrail_information"]
    assert noted["guardrail_response"]["entities"] == {entity: 1} and value not in str(noted)
