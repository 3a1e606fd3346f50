//! Models of others that speak OpenAI's chat: the client's own bytes, patched, and the answer
//! relayed.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound};

use crate::family::{Family, Model};
use crate::place::{self, Place};

type Patch = Vec<(String, Option<String>)>;

/// A chat at a model of `Raw`, `Open` or `Deployed`.
pub fn chat(call: &Call, model: Model<'_>, body: &Map<String, Value>) -> Result<Outbound, Error> {
    let place = Place::of(call)?;
    let mut patch = limit(body);
    let url = match model.family {
        Family::Raw(publisher) => {
            raw_model(&mut patch, publisher, model.name, body);
            let verb = if call.streaming {
                "streamRawPredict"
            } else {
                "rawPredict"
            };
            place.model("v1", publisher, model.name, verb)
        }
        Family::Deployed => {
            patch.extend(usage(call, body));
            place.endpoint("v1beta1", model.name, "/chat/completions")?
        }
        _ => {
            patch.push(("model".into(), Some(json!(model.name).to_string())));
            patch.extend(usage(call, body));
            place.endpoint("v1", "openapi", "/chat/completions")?
        }
    };
    let mut outbound = Outbound::post(url).patch(patch).canonical();
    outbound.auth = place::auth(call);
    Ok(outbound)
}

/// The model's name in the body has no version, Mistral calls a seed by another name, and usage
/// comes unasked.
fn raw_model(patch: &mut Patch, publisher: &str, name: &str, body: &Map<String, Value>) {
    let name = name.split('@').next().unwrap_or(name);
    patch.push(("model".into(), Some(json!(name).to_string())));
    if body.contains_key("stream_options") {
        patch.push(("stream_options".into(), None));
    }
    let seed = body.get("seed").filter(|_| publisher == "mistralai");
    if let Some(seed) = seed {
        patch.push(("random_seed".into(), Some(seed.to_string())));
        patch.push(("seed".into(), None));
    }
}

/// None of these servers knows the newer name of the limit.
fn limit(body: &Map<String, Value>) -> Patch {
    let Some(limit) = body.get("max_completion_tokens") else {
        return Vec::new();
    };
    let mut patch = vec![("max_completion_tokens".into(), None)];
    if !limit.is_null() {
        patch.push(("max_tokens".into(), Some(limit.to_string())));
    }
    patch
}

/// Usage is always asked for; the gateway keeps it from clients that did not.
fn usage(call: &Call, body: &Map<String, Value>) -> Option<(String, Option<String>)> {
    let options = body.get("stream_options").and_then(Value::as_object);
    let mut options = options.cloned().unwrap_or_default();
    options.insert("include_usage".into(), true.into());
    call.streaming.then(|| {
        (
            "stream_options".into(),
            Some(Value::from(options).to_string()),
        )
    })
}
