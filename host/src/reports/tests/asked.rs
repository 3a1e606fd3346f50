//! What every operation asks for, written down for the API document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::rig::{Rig, TODAY, both, master, value};
use crate::asked::noted;
use crate::reports::{ASKED, OPERATIONS, Report};
use crate::store::Store;

/// What an operation cannot be asked without: a query, or a body.
fn needs(path: &str) -> (&'static str, Value) {
    match path {
        "/spend/calculate" => (
            "",
            json!({"model": "gpt", "messages": [
            {"role": "user", "content": "hi"}]}),
        ),
        "/utils/token_counter" => ("", json!({"model": "gpt", "prompt": "hi"})),
        "/utils/transform_request" => (
            "",
            json!({"call_type": "completion",
            "request_body": {"model": "gpt", "messages": [{"role": "user", "content": "hi"}]}}),
        ),
        "/utils/model_info" | "/utils/supported_openai_params" => ("model=gpt", Value::Null),
        "/global/activity/exceptions" | "/global/activity/exceptions/deployment" => {
            ("model_group=gpt", Value::Null)
        }
        "/spend/logs/session/ui" => ("session_id=s", Value::Null),
        "/team/spend/by_user" => ("team_ids=t1", Value::Null),
        _ => ("", Value::Null),
    }
}

/// The first of the queries that an operation takes, with the dates of today or without.
async fn answered(rig: &Rig, method: &http::Method, path: &str) -> (Value, Report) {
    let (query, body) = needs(path);
    let dates = format!("start_date={TODAY}&end_date={TODAY}");
    let route = path.replace("{request_id}", "c-ann");
    let mut refusals = Vec::new();
    for query in [query.to_owned(), format!("{query}&{dates}")] {
        noted::clear();
        let asked = format!("{route}?{}", query.trim_start_matches('&'));
        match rig
            .send(method.clone(), &asked, &master(), body.clone())
            .await
        {
            Ok(report) => return (body, report),
            Err(fault) => refusals.push(fault.to_string()),
        }
    }
    panic!("{method} {path}: {refusals:?}");
}

both! {
    async fn what_every_operation_asks_for_is_written_down(store: &Store) {
        let rig = Rig::new(store).await;
        let mut seen = BTreeSet::new();
        for (method, path, _) in OPERATIONS {
            let (body, report) = answered(&rig, method, path).await;
            let answer = value(report);
            seen.extend(noted::rows(method.as_str(), path, &body, &answer));
        }
        noted::compare("host/src/reports/asked.tsv", ASKED, &seen);
    }
}
