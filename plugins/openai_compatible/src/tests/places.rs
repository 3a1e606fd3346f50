//! Where requests go, and with which credential.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Auth, Body, Call, Error, Outbound, Step};

use super::super::*;

/// What is asked of which deployment.
struct Asked {
    provider: &'static str,
    operation: &'static str,
    model: &'static str,
    base: Option<&'static str>,
    config: Value,
    secrets: &'static [&'static str],
    body: Value,
}

fn of(provider: &'static str, operation: &'static str) -> Asked {
    Asked {
        provider,
        operation,
        model: "m",
        base: None,
        config: json!({}),
        secrets: &["api_key"],
        body: json!({"model": "m", "messages": []}),
    }
}

impl Asked {
    fn sent(&self) -> Result<Outbound, Error> {
        let context = match self.base {
            Some(base) => json!({"attempt": 0, "deadline_ms": 0, "base_url": base}),
            None => json!({"attempt": 0, "deadline_ms": 0}),
        };
        let call = Call {
            id: "c".into(),
            operation: self.operation.into(),
            provider: self.provider.into(),
            model: self.model.into(),
            streaming: false,
            config: self.config.to_string(),
            secrets: self.secrets.iter().map(|it| (*it).to_owned()).collect(),
            params: Vec::new(),
            headers: Vec::new(),
            files: Vec::new(),
            context: context.to_string(),
        };
        match OpenAiCompatible::start(&call, &self.body.to_string())? {
            Step::Send(outbound) => Ok(outbound),
            _ => panic!("nothing is sent"),
        }
    }

    fn url(&self) -> String {
        self.sent().unwrap().url
    }

    fn auth(&self) -> Option<Auth> {
        self.sent().unwrap().auth.into_iter().next()
    }
}

fn param<'a>(auth: &'a Auth, name: &str) -> &'a str {
    let found = auth.params.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

const WORKSPACE: Option<&str> = Some("https://dbc-1.cloud.databricks.com/serving-endpoints");

#[test]
fn databricks_takes_client_credentials_where_it_has_no_key() {
    let mut asked = of("databricks", "chat");
    asked.base = WORKSPACE;
    assert_eq!(asked.auth(), None, "the usual way is the key");
    asked.secrets = &["client_secret"];
    let auth = asked.auth().unwrap();
    assert_eq!(auth.scheme, "oauth2");
    let server = "https://dbc-1.cloud.databricks.com/oidc/v1/token";
    assert_eq!(param(&auth, "token-url"), server);
    assert_eq!(param(&auth, "scope"), "all-apis");
    // A key of the environment does not win over the deployment's own client.
    asked.secrets = &["api_key", "client_secret"];
    assert_eq!(asked.auth(), None);
    asked.config = json!({"client_id": "c"});
    assert_eq!(asked.auth().unwrap().scheme, "oauth2");
}

#[test]
fn databricks_serves_models_of_the_catalog_by_its_gateway() {
    let mut asked = of("databricks", "chat");
    asked.base = WORKSPACE;
    for (model, url) in [
        (
            "main.ai.my-model",
            "https://dbc-1.cloud.databricks.com/ai-gateway/mlflow/v1/chat/completions",
        ),
        ("databricks-gpt-5.1", "/chat/completions"),
        ("databricks-llama-3.3.1", "/chat/completions"),
        ("my-endpoint", "/chat/completions"),
    ] {
        asked.model = model;
        assert_eq!(asked.url(), url, "{model}");
    }
}

#[test]
fn snowflake_is_found_by_the_name_of_its_account() {
    let mut asked = of("snowflake", "chat");
    let error = asked.sent().unwrap_err();
    assert!(error.message.contains("`account_id`"), "{error:?}");
    asked.config = json!({"account_id": "myorg-acct"});
    let host = "https://myorg-acct.snowflakecomputing.com/api/v2";
    assert_eq!(asked.url(), format!("{host}/cortex/v1/chat/completions"));
    asked.base = Some("https://a.snowflakecomputing.com/api/v2/");
    assert_eq!(asked.url(), "/cortex/v1/chat/completions");
}

#[test]
fn the_name_of_an_account_cannot_lead_to_another_host() {
    for account in [
        "evil.example/",
        "evil.example#",
        "a@evil.example",
        "a:1",
        "",
    ] {
        let mut asked = of("snowflake", "chat");
        asked.config = json!({ "account_id": account });
        assert!(asked.sent().is_err(), "{account}");
    }
}

#[test]
fn snowflakes_key_pair_signs_for_account_and_user() {
    let mut asked = of("snowflake", "chat");
    asked.secrets = &["snowflake_private_key"];
    asked.config = json!({"account_id": "xy12345.us-east-1"});
    let error = asked.sent().unwrap_err();
    assert!(error.message.contains("`snowflake_user`"), "{error:?}");
    asked.config = json!({"account_id": "xy12345.us-east-1", "snowflake_user": "bob",
        "snowflake_key_fingerprint": "SHA256:aB+/="});
    let auth = asked.auth().unwrap();
    assert_eq!(
        (auth.scheme.as_str(), param(&auth, "alg")),
        ("jwt", "RS256")
    );
    assert_eq!(param(&auth, "key-secret"), "snowflake_private_key");
    let claims: Value = serde_json::from_str(param(&auth, "claims")).unwrap();
    assert_eq!(
        claims,
        json!({"iss": "XY12345.BOB.SHA256:aB+/=", "sub": "XY12345.BOB"})
    );
    asked.secrets = &["api_key", "snowflake_private_key"];
    assert_eq!(asked.auth(), None);
}

#[test]
fn cloudflares_native_base_is_taken_for_its_compatible_one() {
    let account = "https://api.cloudflare.com/client/v4/accounts/acc/ai";
    let mut asked = of("cloudflare", "chat");
    asked.model = "@cf/meta/llama";
    for (base, url) in [
        (
            format!("{account}/run/"),
            format!("{account}/v1/chat/completions"),
        ),
        (
            format!("{account}/run"),
            format!("{account}/v1/chat/completions"),
        ),
        (format!("{account}/v1"), "/chat/completions".to_owned()),
        (
            "https://api.cloudflare.com/client/v4".to_owned(),
            "/accounts/acc/ai/v1/chat/completions".to_owned(),
        ),
    ] {
        asked.base = Some(base.leak());
        asked.config = json!({"account_id": "acc"});
        assert_eq!(asked.url(), url);
    }
    asked.operation = "embeddings";
    assert_eq!(asked.url(), "/accounts/acc/ai/v1/embeddings");
}

#[test]
fn mantle_is_found_by_its_region_and_each_model_under_its_path() {
    let mut asked = of("bedrock_mantle", "responses");
    let url = "https://bedrock-mantle.us-east-1.api.aws/v1/responses";
    assert_eq!(asked.url(), url);
    let there = "https://bedrock-mantle.eu-west-1.api.aws";
    asked.config = json!({"aws_region_name": "eu-west-1"});
    for (model, operation, path) in [
        ("openai.gpt-oss-20b", "responses", "/v1/responses"),
        ("openai.gpt-5.6-luna", "responses", "/openai/v1/responses"),
        ("xai.grok-4.6", "chat", "/openai/v1/chat/completions"),
        ("qwen.qwen3-32b", "chat", "/v1/chat/completions"),
        (
            "anthropic.claude-opus-5-5",
            "messages",
            "/anthropic/v1/messages",
        ),
        ("openai.gpt-5.5", "models", "/v1/models"),
    ] {
        (asked.model, asked.operation) = (model, operation);
        asked.base = None;
        assert_eq!(asked.url(), format!("{there}{path}"), "{model}");
        // Whatever of the addresses of Mantle the operator names.
        for base in ["", "/v1", "/openai/v1"] {
            asked.base = Some(format!("{there}{base}").leak());
            let url = asked.url();
            let whole = match url.starts_with('/') {
                true => format!("{there}{base}{url}"),
                false => url,
            };
            assert_eq!(whole, format!("{there}{path}"), "{model} at {base}");
        }
    }
}

#[test]
fn mantle_takes_its_key_or_a_signature_for_its_own_service_and_region() {
    let mut asked = of("bedrock_mantle", "chat");
    asked.config = json!({"aws_region_name": "eu-west-1"});
    let auth = asked.auth().unwrap();
    assert_eq!(
        (&*auth.scheme, param(&auth, "secret")),
        ("bearer", "api_key")
    );
    asked.secrets = &["aws_access_key_id", "aws_secret_access_key"];
    let mut signed = |base, config: Value| {
        (asked.base, asked.config) = (base, config);
        let auth = asked.auth().unwrap();
        assert_eq!(auth.scheme, "sigv4");
        assert_eq!(param(&auth, "service"), "bedrock-mantle");
        param(&auth, "region").to_owned()
    };
    let region = json!({"aws_region_name": "eu-west-1"});
    assert_eq!(signed(None, region.clone()), "eu-west-1");
    assert_eq!(signed(None, json!({})), "us-east-1");
    // A signature for another region than the host's is refused there.
    let elsewhere = Some("https://bedrock-mantle.ap-south-1.api.aws/v1");
    assert_eq!(signed(elsewhere, region.clone()), "ap-south-1");
    // Nor has an endpoint in a private network another one than its name says.
    for private in [
        "https://vpce-0a1b.bedrock-mantle.ap-south-1.vpce.amazonaws.com/v1",
        "https://vpce-0a1b-ap-south-1a.bedrock-mantle.ap-south-1.vpce.amazonaws.com:443/openai/v1",
    ] {
        assert_eq!(signed(Some(private), region.clone()), "ap-south-1");
    }
    for proxy in [
        "https://proxy.test/v1",
        "https://bedrock-mantle.proxy.test/v1",
        "https://proxy.test/bedrock-mantle.ap-south-1.api.aws/v1",
    ] {
        assert_eq!(signed(Some(proxy), region.clone()), "eu-west-1", "{proxy}");
    }
    let rows = crate::row::Row::all().unwrap();
    let rows = rows.iter().filter(|it| it.signed.is_some());
    let names: Vec<&str> = rows.map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["bedrock_mantle"], "the others have keys alone");
}

#[test]
fn copilot_is_told_whose_turn_it_is_and_that_there_are_images() {
    let headers = |messages: Value| {
        let mut asked = of("github_copilot", "chat");
        asked.body = json!({"model": "m", "messages": messages});
        let sent = asked.sent().unwrap();
        let value = |name: &str| {
            let found = sent.headers.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        (value("x-initiator"), value("copilot-vision-request"))
    };
    let user = json!({"role": "user", "content": "hi"});
    assert_eq!(headers(json!([user])), ("user".into(), String::new()));
    let tool = json!({"role": "tool", "tool_call_id": "1", "content": "x"});
    assert_eq!(
        headers(json!([user, tool])),
        ("agent".into(), String::new())
    );
    let image =
        json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]});
    assert_eq!(headers(json!([image])), ("user".into(), "true".into()));
}

#[test]
fn deepseeks_responses_stand_beside_its_beta_address() {
    let url = |operation, base| {
        let asked = Asked {
            base,
            ..of("deepseek", operation)
        };
        asked.url()
    };
    let beta = Some("https://api.deepseek.com/beta");
    let there = "https://api.deepseek.com/responses";
    assert_eq!(url("responses", None), there);
    assert_eq!(url("responses", beta), there);
    assert_eq!(url("responses", Some("https://own.test/v1")), "/responses");
    assert_eq!(url("chat", beta), "/chat/completions");
}

#[test]
fn cloudflares_own_dialect_is_found_from_every_base() {
    let account = "https://api.cloudflare.com/client/v4/accounts/b";
    let gateway = "https://gateway.ai.cloudflare.com/v1/b/g/workers-ai";
    for (base, want) in [
        (None, "/accounts/a/ai/run/@cf/m".to_owned()),
        (
            Some(format!("{account}/ai/v1")),
            format!("{account}/ai/run/@cf/m"),
        ),
        (
            Some(format!("{account}/ai/run")),
            format!("{account}/ai/run/@cf/m"),
        ),
        (Some(account.to_owned()), "/ai/run/@cf/m".to_owned()),
        (Some(format!("{gateway}/v1")), format!("{gateway}/@cf/m")),
        (Some(gateway.to_owned()), format!("{gateway}/@cf/m")),
    ] {
        let asked = Asked {
            model: "run/@cf/m",
            base: base.map(|it| &*it.leak()),
            config: json!({"account_id": "a"}),
            ..of("cloudflare", "chat")
        };
        assert_eq!(asked.url(), want);
    }
}

#[test]
fn predibase_is_asked_at_the_deployment_for_the_adapter() {
    let mut asked = of("predibase", "chat");
    asked.model = "llama-3-8b";
    let error = asked.sent().unwrap_err();
    assert!(error.message.contains("`predibase_tenant_id`"), "{error:?}");
    asked.config = json!({"tenant_id": "t"});
    let model = |asked: &Asked| match asked.sent().unwrap().body {
        Body::Patch(members) => members.into_iter().find(|it| it.0 == "model").unwrap().1,
        other => panic!("{other:?}"),
    };
    let url = "/t/deployments/v2/llms/llama-3-8b/v1/chat/completions";
    assert_eq!(
        (asked.url().as_str(), model(&asked)),
        (url, Some(r#""""#.into()))
    );
    asked.base = Some("https://own.test");
    asked.model = "llama-3-8b/mine/2";
    assert_eq!(
        (asked.url().as_str(), model(&asked)),
        (url, Some(r#""mine/2""#.into()))
    );
    asked.body["adapter_id"] = json!("other");
    assert_eq!(model(&asked), Some(r#""other""#.into()));
}

#[test]
fn oci_is_found_by_its_region_and_gdc_by_its_project() {
    let mut asked = of("oci", "chat");
    assert!(asked.sent().unwrap_err().message.contains("`oci_region`"));
    asked.config = json!({"oci_region": "us-chicago-1"});
    let host = "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com";
    assert_eq!(
        asked.url(),
        format!("{host}/20231130/actions/v1/chat/completions")
    );
    let mut asked = of("gdc", "chat");
    asked.base = Some("https://gdc.test");
    asked.config = json!({"vertex_project": "p", "vertex_location": "l"});
    let sent = asked.sent().unwrap();
    assert_eq!(sent.url, "/v1/projects/p/locations/l/chat/completions");
    assert_eq!(
        sent.headers,
        [("x-goog-user-project".into(), "projects/p".into())]
    );
    asked.base = Some("https://gdc.test/v1/projects/p/locations/l/chat/completions");
    assert_eq!(
        asked.url(),
        "https://gdc.test/v1/projects/p/locations/l/chat/completions"
    );
}
