//! Questions about a model that cost nothing: how many tokens a text has, what is known of the
//! model, which parameters it takes, what would be sent. `/utils/*`.

use serde_json::{Map, Value, json};

use super::ask::{Asked, Input};
use super::fault::{absent, bad, missing};
use super::{Answer, Reports};
use crate::auth::Caller;
use crate::domain::Fault;

/// `POST /utils/token_counter?call_endpoint=` `{model, messages | prompt | contents}`: the provider's own
/// count, where it has one and `call_endpoint` is not `false`; else OpenAI's tokenizer.
pub(super) async fn tokens(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let query = Asked::query(&input, &["call_endpoint"])?;
    let asks = match query
        .text("call_endpoint")?
        .map(str::to_lowercase)
        .as_deref()
    {
        None | Some("true" | "1") => true,
        Some("false" | "0") => false,
        Some(_) => {
            return Err(bad(
                "call_endpoint",
                "`call_endpoint` must be true or false",
            ));
        }
    };
    let known = ["model", "messages", "prompt", "contents", "tools", "system"];
    let asked = Asked::body(&input, &known)?;
    let model = asked
        .text("model")?
        .ok_or_else(|| missing("model"))?
        .to_owned();
    let forms = [
        asked.values("messages")?,
        asked.values("contents")?,
        asked.text_or_values("prompt")?,
    ];
    asked.values("tools")?;
    asked.text_or_values("system")?;
    match forms.iter().flatten().count() {
        1 => {}
        0 => return Err(missing("messages")),
        _ => {
            let text = "`messages`, `contents` and `prompt` are one each: name one of them";
            return Err(bad("messages", text));
        }
    }
    let used = known_model(reports, caller, &model)?.0;
    let body = input.body.clone();
    let who = (caller, input.call.clone());
    let counted = reports.outside.count(who, body, asks).await?;
    let tokenizer = match &counted.provider {
        Some(provider) => format!("{provider}_api"),
        None => "openai_tokenizer".to_owned(),
    };
    let source = if counted.provider.is_some() {
        "provider"
    } else {
        "local"
    };
    let (status, why) = counted.failed.unzip();
    Ok(json!({
        "total_tokens": counted.tokens,
        "request_model": model,
        "model_used": counted.model.unwrap_or(used),
        "tokenizer_type": tokenizer,
        "count_source": source,
        "original_response": null,
        "error": why.is_some(),
        "error_message": why,
        "status_code": status,
    })
    .into())
}

/// `GET /utils/model_info?model=`: prices, limits and abilities.
pub(super) async fn info(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &["model"])?;
    let model = asked.text("model")?.ok_or_else(|| missing("model"))?;
    Ok(known_model(reports, caller, model)?.1.into())
}

/// `GET /utils/supported_openai_params?model=`.
pub(super) async fn params(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &["model"])?;
    let model = asked.text("model")?.ok_or_else(|| missing("model"))?;
    known_model(reports, caller, model)?;
    let params = reports.outside.params(model);
    Ok(json!({"supported_openai_params": params}).into())
}

/// `POST /utils/transform_request` `{call_type, request_body}`: what the model's provider would be
/// sent, by the first deployment that can. Nothing is sent.
pub(super) async fn transform(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    Asked::query(&input, &[])?;
    let asked = Asked::body(&input, &["call_type", "request_body"])?;
    let call_type = asked.text("call_type")?;
    let call_type = call_type.ok_or_else(|| missing("call_type"))?;
    let body = asked.object("request_body")?;
    let body = body.ok_or_else(|| missing("request_body"))?;
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
