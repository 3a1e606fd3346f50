//! Values that open with LiteLLM's key, and are sealed with ours.

use base64::engine::general_purpose::URL_SAFE;

use super::sealed::{Check, inside_base, model};
use super::*;
use crate::config::Env;
use crate::domain::Secret;

fn salt(text: &str) -> SaltKey {
    SaltKey::new(&Secret::new(text))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

#[test]
fn texts_are_opened_and_what_is_none_stays() {
    let mut opening = Opening::default();
    let mut values = object(json!({
        "api_key": salt("theirs").seal("sk-live").unwrap(),
        "model": "openai/gpt-4o",
        "rpm": 5,
    }));
    opening.open(&salt("theirs"), &mut values, "").unwrap();
    assert_eq!(values["api_key"], "sk-live");
    assert_eq!(values["model"], "openai/gpt-4o");
    assert_eq!((opening.opened, opening.locked), (1, 0));
}

#[test]
fn a_value_that_does_not_open_is_named() {
    let mut opening = Opening::default();
    let mut values = object(json!({"api_key": salt("other").seal("sk-live").unwrap()}));
    let why = opening
        .open(&salt("theirs"), &mut values, "set it again")
        .unwrap_err();
    assert!(
        why.contains("`api_key`") && why.contains("set it again"),
        "{why}"
    );
    assert_eq!(opening.locked, 1);
}

#[test]
fn bases_of_the_own_network_are_known_by_their_look() {
    let host = |base: &str| inside_base(&object(json!({"api_base": base})));
    for base in [
        "http://10.0.0.5:8000/v1",
        "http://localhost:11434",
        "http://vllm:8000",
        "http://llm.models.svc",
        "http://[::1]/v1",
    ] {
        assert!(host(base).is_some(), "{base}");
    }
    for base in ["https://api.openai.com/v1", "https://8.8.8.8", "nonsense"] {
        assert_eq!(host(base), None, "{base}");
    }
}

#[test]
fn encrypted_values_are_known_by_their_form() {
    assert!(looks_sealed(&salt("a").seal("x").unwrap()));
    assert!(looks_sealed(&URL_SAFE.encode([0xfb; 41])));
    for plain in [
        "openai/gpt-4o",
        "us-east-1",
        "https://a.example/v1",
        "sk-1",
        "",
    ] {
        assert!(!looks_sealed(plain), "{plain}");
    }
}

#[test]
fn a_models_texts_are_sealed_with_our_key_and_its_numbers_are_plain() {
    let it = Model {
        model_id: "m1".to_owned(),
        model_name: "gpt-4o".to_owned(),
        litellm_params: object(json!({
            "model": "openai/gpt-4o", "api_key": "sk-live", "rpm": 5,
            "vertex_credentials": {"private_key": "k"}, "extra_headers": {"x": "y"},
            "nothing": null,
        })),
        model_info: object(json!({"mode": "chat"})),
        blocked: true,
        ..Model::default()
    };
    let item = model(it, &salt("ours"), 1).unwrap();
    let opened = salt("ours").open_all(&item.row.sealed).unwrap();
    assert_eq!(opened["api_key"].reveal(), "sk-live");
    assert_eq!(
        opened["vertex_credentials"].reveal(),
        r#"{"private_key":"k"}"#
    );
    let plain = json!({"rpm": 5, "extra_headers": {"x": "y"}});
    assert_eq!(Value::from(item.row.doc.params), plain);
    assert_eq!(item.row.doc.model_info["id"], "m1");
    assert!(item.row.blocked);
}

#[test]
fn a_teams_model_has_its_public_name_and_so_has_the_team() {
    let info = object(json!({"team_id": "t", "team_public_model_name": "fast"}));
    let it = Model {
        model_id: "m".to_owned(),
        model_name: "model_name_t_1".to_owned(),
        model_info: info,
        ..Model::default()
    };
    let item = model(it, &salt("ours"), 1).unwrap();
    assert_eq!(item.row.model_name, "fast");
    assert_eq!(item.row.team_id.as_deref(), Some("t"));
    let secrets = Secrets {
        models: Vec::new(),
        credentials: Vec::new(),
        settings: Vec::new(),
        sealed: BTreeMap::new(),
        public: BTreeMap::from([("model_name_t_1".to_owned(), "fast".to_owned())]),
    };
    let mut models = vec!["model_name_t_1".to_owned(), "other".to_owned()];
    let mut aliases = object(json!({"fast": "model_name_t_1", "a": "b"}));
    secrets.rename(&mut models, &mut aliases);
    assert_eq!(models, ["fast", "other"]);
    assert_eq!(Value::from(aliases), json!({"a": "b"}));
}

#[test]
fn a_model_that_the_gateway_could_not_start_with_is_named() {
    let mut it = Model {
        model_name: "m".to_owned(),
        litellm_params: object(json!({
            "model": "openai/gpt-4o", "litellm_credential_name": "c",
        })),
        ..Model::default()
    };
    let env = Env::default();
    let mut check = Check {
        config: None,
        env: &env,
        credentials: vec![json!({"credential_name": "c", "credential_values": {}})],
        before: Vec::new(),
        trusts_bases: false,
    };
    assert_eq!(check.usable(&it), Ok(()));
    check.credentials.clear();
    let why = check.usable(&it).unwrap_err();
    assert!(
        why.starts_with("`litellm_params.litellm_credential_name`"),
        "{why}"
    );
    it.litellm_params.clear();
    assert!(check.usable(&it).unwrap_err().contains("model"));
}
