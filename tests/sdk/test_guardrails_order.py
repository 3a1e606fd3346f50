"""The order in which guardrails of one mode look: the config's, whoever names them, seen by what each of them rewrites."""

import itertools
import os
import pathlib
import shutil

import openai
import pytest

from conftest import MASTER_KEY, Gateway
from guarding import Provider, guard, information

GUEST = pathlib.Path(os.environ["SLUICE_GUESTS"]) / "sluice_guest_guards.wasm"
# As the config has them; no alphabet and no request below has them so.
ORDER = ["mike", "zulu", "alpha"]
ORDERS = list(itertools.permutations(ORDER))


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_dir, provider):
    """Each guardrail writes its name behind the text that it sees; those with `late-` look at the answer."""
    folder = tmp_path_factory.mktemp("ordered")
    (folder / "dropped").mkdir()
    shutil.copy(GUEST, folder / "dropped" / "guards.wasm")
    signs = lambda name, mode: guard(name, "deeds", mode, deed="sign", word=name)
    base = {"model": "openai/m", "api_base": provider.url, "api_key": "k-secret", "num_retries": 0}
    gateway = Gateway(folder, {
        "model_list": [{"model_name": "m", "litellm_params": base}, *({"model_name": f"of-{name}", "litellm_params": {**base, "guardrails": [name]}} for name in ORDER)],
        "guardrails": [signs(name, "pre_call") for name in ORDER] + [signs(f"late-{name}", "post_call") for name in ORDER],
        "plugins": {"directory": str(folder / "dropped"), "ungranted": {"guards": "warn"}},
        "general_settings": {"master_key": MASTER_KEY},
    })
    yield gateway
    assert gateway.stop() == 0


def made(house, path, **fields):
    status, answer, _ = house.post(path, fields)
    assert status == 200, answer
    return answer


def asked(house, key, named, model="m"):
    """The answer's text, who looked by the header, and who noted what in which order."""
    client = openai.OpenAI(base_url=house.url + "/v1", api_key=key, max_retries=0)
    raw = client.chat.completions.with_raw_response.create(model=model, messages=[{"role": "user", "content": "hi"}], extra_body={"guardrails": list(named)})
    noted = information(house, raw.headers["x-litellm-call-id"])["guardrail_information"]
    noted = [(it["guardrail_name"], it["guardrail_response"]["saw"]) for it in noted]
    return raw.parse().choices[0].message.content, raw.headers["x-litellm-applied-guardrails"], noted


def seen(names, text):
    """What each of them is to see: the text as the one before it has left it."""
    return [(name, [" ".join([text, *names[:at]])]) for at, name in enumerate(names)]


@pytest.mark.parametrize("named", ORDERS)
def test_a_request_that_names_them_in_any_order_is_rewritten_in_the_configs(house, provider, named):
    said, applied, noted = asked(house, MASTER_KEY, named)
    assert provider.told() == "hi mike zulu alpha" and said == "You said: hi mike zulu alpha"
    assert applied == "mike,zulu,alpha" and noted == seen(ORDER, "hi")


@pytest.mark.parametrize("named", ORDERS)
def test_an_answer_is_rewritten_in_the_configs_order_too(house, provider, named):
    late = [f"late-{name}" for name in ORDER]
    said, applied, noted = asked(house, MASTER_KEY, [f"late-{name}" for name in named])
    assert provider.told() == "hi" and said == "You said: hi late-mike late-zulu late-alpha"
    assert applied == ",".join(late) and noted == seen(late, "You said: hi")


@pytest.mark.parametrize("of_key, of_team, of_request", ORDERS)
def test_where_key_team_and_request_name_one_each_it_is_the_configs_order(house, provider, of_key, of_team, of_request):
    team = made(house, "/team/new", guardrails=[of_team])["team_id"]
    key = made(house, "/key/generate", guardrails=[of_key], team_id=team)["key"]
    said, applied, noted = asked(house, key, [of_request])
    assert provider.told() == "hi mike zulu alpha" and said == "You said: hi mike zulu alpha"
    assert applied == "mike,zulu,alpha" and noted == seen(ORDER, "hi")


@pytest.mark.parametrize("of_key, of_model, of_request", ORDERS)
def test_a_models_guardrail_has_its_place_too_and_one_that_two_name_looks_once(house, provider, of_key, of_model, of_request):
    key = made(house, "/key/generate", guardrails=[of_key])["key"]
    _, applied, noted = asked(house, key, [of_request, of_key], model=f"of-{of_model}")
    assert provider.told() == "hi mike zulu alpha"
    assert applied == "mike,zulu,alpha" and noted == seen(ORDER, "hi")
