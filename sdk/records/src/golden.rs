//! Holding what a callback sends against what it sent when somebody last looked at it.

use std::cell::Cell;
use std::path::Path;

use serde_json::{Map, Value, json};
use sluice_sdk::testing::Played;
use sluice_sdk::{Body, Callback, Error, FetchRequest, FetchResponse, Payload};

use crate::fixtures;

/// What came of a batch, and what was sent for it.
#[derive(Debug)]
pub struct Delivered {
    /// What the callback said.
    pub done: Result<(), Error>,
    /// The requests, oldest first.
    pub sent: Vec<FetchRequest>,
}

/// Hands a batch to a callback whose every request is answered alike.
pub fn delivered<C: Callback>(
    config: &Value,
    records: &[Value],
    reply: FetchResponse,
) -> Delivered {
    let played = Played::new(move |_| Ok(reply.clone()));
    let done = played.run(|| C::on_batch(config, records));
    let sent = played.sent();
    Delivered { done, sent }
}

/// The same with an answer for each request in turn; the last one stays.
pub fn answered<C: Callback>(
    config: &Value,
    records: &[Value],
    replies: Vec<Result<FetchResponse, Error>>,
) -> Delivered {
    let at = Cell::new(0);
    let played = Played::new(move |_| {
        let now = at.get().min(replies.len() - 1);
        at.set(at.get() + 1);
        replies[now].clone()
    });
    let done = played.run(|| C::on_batch(config, records));
    let sent = played.sent();
    Delivered { done, sent }
}

/// Sends every record of [`fixtures::ALL`] alone, and holds the requests against
/// `fixtures/sent.jsonl` of a plugin's folder, a line for each record. Where there is no such file
/// it is written.
///
/// # Panics
/// They differ, or the file was not there.
#[expect(clippy::panic, reason = "a test tells what is wrong by panicking")]
pub fn hold<C: Callback>(folder: &str, config: &Value, reply: &FetchResponse) {
    let mut lines = String::new();
    for (name, text) in fixtures::ALL {
        let one = [fixtures::read(text)];
        let delivered = delivered::<C>(config, &one, reply.clone());
        assert!(delivered.done.is_ok(), "{name}: {:?}", delivered.done);
        let requests: Vec<Value> = delivered.sent.iter().map(document).collect();
        let line = json!({"record": name, "config": config, "requests": requests});
        lines.push_str(&format!("{line}\n"));
    }
    let path = Path::new(folder).join("fixtures/sent.jsonl");
    let Ok(held) = std::fs::read_to_string(&path) else {
        let done = std::fs::create_dir_all(Path::new(folder).join("fixtures"))
            .and_then(|()| std::fs::write(&path, lines));
        panic!("{} was not there; written: {done:?}", path.display());
    };
    let read = |lines: &str| lines.lines().map(fixtures::read).collect::<Value>();
    let difference = sluice_fixture::difference(&read(&held), &read(&lines));
    assert!(
        difference.is_none(),
        "{} has another: {}; delete it to have it written anew",
        path.display(),
        difference.unwrap_or_default()
    );
}

/// A request as JSON. A body of lines is a list.
pub fn document(request: &FetchRequest) -> Value {
    let auth = request.auth.iter().map(|it| {
        let params = it.params.iter();
        let params: Map<String, Value> = params
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        json!({"scheme": it.scheme, "params": params})
    });
    json!({
        "method": request.method,
        "url": request.url,
        "headers": request.headers.iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
        "auth": auth.collect::<Vec<_>>(),
        "body": body(request)
    })
}

/// A body as JSON: lines of JSON are a list, other text is text.
pub fn body(request: &FetchRequest) -> Value {
    let text = match &request.body {
        Body::Json(text) | Body::Raw(Payload::Text(text)) => text,
        _ => return Value::Null,
    };
    if let Ok(whole) = serde_json::from_str(text) {
        return whole;
    }
    let lines: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
    lines.map_or_else(|_| text.clone().into(), Value::from)
}
