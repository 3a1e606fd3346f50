//! One record of a call that never was, for whoever wants to know whether a callback works.

use serde_json::{Value, json};

use super::carry::Carrier;
use super::deal::OPERATOR;
use super::heard::{About, Came, Note};
use super::hub::Callbacks;
use super::lane::Tale as _;
use crate::config::{OWN_CALLBACKS, hint};
use crate::domain::{CallId, CallStatus, ErrorKind, Fault, SpendRow, Usage, Usd};
use crate::pipeline::accounting::now_ms;

/// As LiteLLM's test has them.
const MODEL: &str = "litellm-mock-response-model";
const END_USER: &str = "litellm:/health/services";

impl Callbacks {
    /// Hands a callback one record, now.
    ///
    /// # Errors
    /// There is no such callback, or it does not take the record, and why.
    pub async fn try_one(&self, carrier: &Carrier, name: &str) -> Result<(), Fault> {
        let sinks = self.inner.sinks.load_full();
        let all = sinks.as_ref().map_or(&[][..], |it| it.all());
        let Some(sink) = all.iter().find(|it| it.entry.name == name) else {
            let known = all.iter().map(|it| it.entry.name.as_str());
            let hint = hint(name, known.chain(OWN_CALLBACKS));
            let text = format!("`{name}` is in no list of callbacks{hint}");
            let fault = Fault::caller(ErrorKind::InvalidRequest, text);
            return Err(fault.with_param("service").with_status(400));
        };
        let ready = sink.ready.clone()?;
        let record = example().tell(ready.content).await;
        let taken = carrier.hand_over(&ready, OPERATOR, &[record]).await;
        taken.map_err(|failed| {
            let text = format!("`{name}` did not take a record: {}", failed.why);
            Fault::upstream(ErrorKind::Upstream, text).with_status(500)
        })
    }
}

/// A call that succeeded, and said nothing.
fn example() -> Note {
    let now = now_ms();
    let row = SpendRow {
        call_id: CallId::fresh(now).as_str().to_owned(),
        provider_id: None,
        operation: "chat".to_owned(),
        status: CallStatus::Success,
        started_ms: now,
        first_token_ms: None,
        ended_ms: now,
        key_hash: String::new(),
        key_alias: None,
        user_id: None,
        team_id: None,
        organization_id: None,
        end_user: Some(END_USER.to_owned()),
        tags: Vec::new(),
        model_group: MODEL.to_owned(),
        deployment: String::new(),
        provider: "openai".to_owned(),
        model: MODEL.to_owned(),
        api_base: None,
        usage: Usage::default(),
        cost: Some(Usd::ZERO),
        lines: Vec::new(),
        payers: Vec::new(),
        price_version: String::new(),
        cache_hit: false,
        session_id: None,
        client_ip: None,
        user_agent: None,
        error: None,
        metadata: None,
        why: None,
    };
    let about = About::of_row(&row);
    Note::spoken((row, Came::default()), about, said())
}

fn said() -> (Value, Value) {
    let request =
        json!({"model": MODEL, "messages": [{"role": "user", "content": "Hey, how's it going?"}]});
    let message = json!({"role": "assistant", "content": "This is a mock response"});
    let choice = json!({"index": 0, "finish_reason": "stop", "message": message});
    let response = json!({"object": "chat.completion", "model": MODEL, "choices": [choice]});
    (request, response)
}
