//! How many tokens a request has, for whoever asks the gateway itself: by the provider, or counted here.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::auth::{Caller, allow_model};
use crate::domain::{At, CallId, Fault};
use crate::http::{catalog, error};
use crate::pipeline::accounting::Source;
use crate::pipeline::{Answer, AnswerBody, ClientRequest, Operation, Pipeline};
use crate::reports::Counted;

/// Counts. `asks`: the provider, where it can count, in a call of the id that the client is told; what it
/// cannot is counted here, and so is what it fails to.
pub(super) async fn count(
    pipeline: &Pipeline,
    (caller, call): (&Caller, Option<CallId>),
    body: Map<String, Value>,
    asks: bool,
) -> Result<Counted, Fault> {
    // A text alone is no request that a provider counts.
    let asks = asks && !body.contains_key("prompt");
    let (operation, body) = asked(body);
    let body = Bytes::from(Value::Object(body).to_string());
    let parse = || {
        let mut request = ClientRequest::parse(operation, body.clone(), None, Vec::new())?;
        let fleet = pipeline.fleet();
        let model = request.controls.asked.clone();
        let allowed = allow_model(caller, &catalog(&fleet), &model)?
            .target
            .to_owned();
        request.controls.model = allowed;
        Ok::<_, Fault>(request)
    };
    let mut failed = None;
    if asks {
        let mut request = parse()?;
        if let Some(call) = call {
            request.id = call;
        }
        let answer = pipeline
            .run(caller, Box::new(request), Source::default())
            .await;
        match answer {
            Ok(answer) => return Ok(told(&answer)),
            // It was not let in: a limit, a budget.
            Err(failure) if failure.fault.at == At::Door => return Err(failure.fault),
            Err(failure) => {
                let status = error::status(&failure.fault).as_u16();
                failed = Some((status, failure.fault.message));
            }
        }
    }
    Ok(Counted {
        tokens: pipeline.count_here(&parse()?).await?,
        failed,
        ..Counted::default()
    })
}

/// The members that are counted, as a request of one of the dialects.
fn asked(mut body: Map<String, Value>) -> (Operation, Map<String, Value>) {
    body.retain(|_, value| !value.is_null());
    let system = body.shift_remove("system");
    if body.contains_key("contents") {
        if let Some(said) = system {
            let parts = match said {
                Value::String(text) => json!([{ "text": text }]),
                other => other,
            };
            body.insert("systemInstruction".to_owned(), json!({ "parts": parts }));
        }
        return (Operation::CountContents, body);
    }
    match (system, body.get_mut("messages")) {
        (Some(said), Some(Value::Array(messages))) => {
            messages.insert(0, json!({"role": "system", "content": said}));
        }
        (Some(said), _) => {
            body.insert("system".to_owned(), said);
        }
        (None, _) => {}
    }
    (Operation::CountChat, body)
}

fn told(answer: &Answer) -> Counted {
    let body: Map<String, Value> = match &answer.body {
        AnswerBody::Whole(body) => serde_json::from_slice(body).unwrap_or_default(),
        AnswerBody::Stream(_) | AnswerBody::Sound(_) | AnswerBody::File(_) => Map::new(),
    };
    let names = ["input_tokens", "totalTokens"];
    let tokens = names.iter().find_map(|name| body.get(*name)?.as_u64());
    let trail = &answer.trail;
    let provider = trail.provider().map(str::to_owned);
    let model = trail.upstream_model.as_deref().zip(provider.as_deref());
    Counted {
        tokens: tokens.unwrap_or_default(),
        model: model.map(|(model, provider)| format!("{provider}/{model}")),
        provider: provider.filter(|_| !trail.counted_here),
        failed: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_prompt_stands_where_the_dialect_has_it() {
        let of = |body: Value| asked(body.as_object().cloned().unwrap());
        let (operation, body) =
            of(json!({"model": "m", "system": "s", "messages": [{"role": "user"}], "tools": null}));
        assert_eq!(operation, Operation::CountChat);
        assert_eq!(
            Value::from(body),
            json!({"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user"}]})
        );
        let (operation, body) = of(json!({"model": "m", "system": "s", "contents": []}));
        assert_eq!(operation, Operation::CountContents);
        assert_eq!(body["systemInstruction"], json!({"parts": [{"text": "s"}]}));
    }
}
