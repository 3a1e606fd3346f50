//! Questions about a model that cost nothing: how many tokens a text has, what is known of the
//! model, which parameters it takes, what would be sent. `/utils/*`.

use serde_json::{Map, Value, json};

use super::ask::{Asked, Input};
use super::calculate::guessed;
use super::fault::{absent, bad, missing};
use super::{Answer, Reports};
use crate::auth::Caller;
use crate::domain::Fault;

/// `POST /utils/token_counter` `{model, messages | prompt | contents}`: an estimate, four bytes to
/// a token, as reservations are made with; the provider's own count is in `usage` of its answer.
pub(super) async fn tokens(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    Asked::of(&input.query, &["call_endpoint"])?;
    let known = ["model", "messages", "prompt", "contents", "tools", "system"];
    let asked = Asked::of(&input.body, &known)?;
    let model = asked.text("model")?.ok_or_else(|| missing("model"))?;
    let given = |name: &str| input.body.get(name).filter(|it| !it.is_null());
    let mut total = 0u64;
    for (name, wants) in [
        ("messages", "a list"),
        ("contents", "a list"),
        ("tools", "a list"),
        ("prompt", "a text or a list"),
        ("system", "a text or a list"),
    ] {
        let Some(value) = given(name) else { continue };
        let good = value.is_array() || (value.is_string() && wants != "a list");
        if !good {
            return Err(bad(name, format!("`{name}` must be {wants}")));
        }
        total = total.saturating_add(guessed(value, 0));
    }
    if ["messages", "contents", "prompt"]
        .iter()
        .all(|it| given(it).is_none())
    {
        return Err(missing("messages"));
    }
    let used = known_model(reports, caller, model)?.0;
    Ok(json!({
        "total_tokens": total,
        "request_model": model,
        "model_used": used,
        "tokenizer_type": "estimate",
        "count_source": "local",
    })
    .into())
}

/// `GET /utils/model_info?model=`: prices, limits and abilities.
pub(super) async fn info(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::of(&input.query, &["model"])?;
    let model = asked.text("model")?.ok_or_else(|| missing("model"))?;
    Ok(known_model(reports, caller, model)?.1.into())
}

/// `GET /utils/supported_openai_params?model=`.
pub(super) async fn params(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::of(&input.query, &["model"])?;
    let model = asked.text("model")?.ok_or_else(|| missing("model"))?;
    known_model(reports, caller, model)?;
    let params = reports.outside.params(model);
    Ok(json!({"supported_openai_params": params}).into())
}

/// `POST /utils/transform_request` `{call_type, request_body}`: what the model's provider would be
/// sent, by the first deployment that can. Nothing is sent.
pub(super) async fn transform(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    Asked::of(&input.query, &[])?;
    let asked = Asked::of(&input.body, &["call_type", "request_body"])?;
    let call_type = asked.text("call_type")?;
    let call_type = call_type.ok_or_else(|| missing("call_type"))?;
    let body = match input.body.get("request_body") {
        Some(Value::Object(body)) => body,
        None | Some(Value::Null) => return Err(missing("request_body")),
        Some(_) => return Err(bad("request_body", "`request_body` must be an object")),
    };
    let model = body.get("model").and_then(Value::as_str);
    known_model(reports, caller, model.ok_or_else(|| missing("model"))?)?;
    let sent = reports.outside.preview(call_type, body.clone()).await?;
    let headers = sent.headers.into_iter();
    let headers: Map<String, Value> = headers.map(|(name, it)| (name, it.into())).collect();
    let answers = sent.address.is_none();
    let why = answers.then_some("the provider's plugin answers without sending anything");
    Ok(json!({
        "raw_request_api_base": sent.address,
        "raw_request_body": sent.body,
        "raw_request_headers": headers,
        "error": why,
    })
    .into())
}

/// The provider's name of a model that the caller may use, and what is known of it.
fn known_model(reports: &Reports, caller: &Caller, model: &str) -> Result<(String, Value), Fault> {
    let found = reports.outside.model(caller, model)?;
    found.ok_or_else(|| absent("model", "model", model).with_status(400))
}
