//! Where a chat goes, whole and streamed, with which credential and which headers, is a table
//! (`fixtures/wire/routes.tsv`), and where recordings of a provider are, that is where they went.

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Auth, Outbound};

use crate::wire::{SAMPLES, call, sent};
use crate::{components, recordings, text};

const ROUTES: &str = include_str!("../fixtures/wire/routes.tsv");

/// Providers that are asked at another address than the recorded one, and why.
const ELSEWHERE: [(&str, &str); 1] = [(
    "deepseek",
    "the beta address has strict tools and completion of a prefix",
)];

/// Every row of the table.
#[test]
fn each_request_goes_where_the_provider_answers_it() {
    let components = components::all();
    let mut routes = String::new();
    for line in SAMPLES.lines() {
        let sample: Value = serde_json::from_str(line).unwrap();
        let (provider, model) = (text(&sample, "provider"), text(&sample, "model"));
        let Some(component) = components.iter().find(|it| it.provider(provider).is_some()) else {
            continue;
        };
        let known = component.provider(provider).unwrap();
        for streaming in [false, true] {
            let call = call(provider, model, streaming);
            let message = json!([{"role": "user", "content": "x"}]);
            let body = json!({"model": model, "messages": message, "stream": streaming});
            let Ok((outbound, _)) = sent(component, &call, &body) else {
                continue;
            };
            let auth = outbound
                .auth
                .first()
                .map_or_else(|| known["auth"].clone(), auth);
            let base = text(known, "base_url");
            let headers: Vec<String> = outbound
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            let kind = if streaming { "stream" } else { "whole" };
            let Outbound { method, url, .. } = &outbound;
            let headers = headers.join("; ");
            routes += &format!(
                "{provider}\t{model}\t{kind}\t{method}\t{base}\t{url}\t{}\t{headers}\n",
                shown_auth(&auth)
            );
        }
    }
    let wrong = routes
        .lines()
        .filter(|it| !ROUTES.lines().any(|known| known == *it));
    let gone = ROUTES
        .lines()
        .filter(|it| !routes.lines().any(|known| known == *it));
    let wrong: Vec<&str> = wrong.chain(gone).collect();
    assert!(
        wrong.is_empty(),
        "not in the table, or only there:\n{}",
        wrong.join("\n")
    );
}

fn auth(auth: &Auth) -> Value {
    let params = auth.params.iter().cloned();
    let params = params.map(|(name, value)| (name, value.into()));
    let mut shown: Map<String, Value> = params.collect();
    shown.insert("scheme".into(), auth.scheme.clone().into());
    shown.into()
}

fn shown_auth(auth: &Value) -> String {
    let name = text(auth, "name");
    let scheme = text(auth, "scheme");
    if name.is_empty() {
        scheme.to_owned()
    } else {
        format!("{scheme} {name}")
    }
}

#[test]
fn recorded_requests_went_to_the_address_in_the_table() {
    let recordings = recordings::all();
    let (mut seen, mut wrong) = (0, Vec::new());
    for row in ROUTES.lines().filter(|it| it.contains("\twhole\t")) {
        let cells: Vec<&str> = row.split('\t').collect();
        let (provider, model, base) = (cells[0], cells[1], cells[4]);
        let path = cells[5].split('?').next().unwrap();
        let recorded = match provider {
            "cohere_chat" => "cohere",
            "ollama_chat" => "ollama",
            "ai21_chat" => "ai21",
            other => other,
        };
        let chats = recordings.iter().filter(|it| {
            it.provider == recorded && it.endpoint == "chat" && it.url.starts_with("http")
        });
        let address = |it: &recordings::Recording| {
            let named = it.url.replace(&format!("/{}:", it.model), "/{model}:");
            named
                .replace("/accounts/ACCOUNT/", "/accounts/a/")
                .replace("http://127.0.0.1", "http://localhost")
        };
        let went: Vec<String> = chats.map(address).collect();
        if base.is_empty() || went.is_empty() {
            continue;
        }
        let asked = format!("{base}{path}").replace(&format!("/{model}:"), "/{model}:");
        let known = ELSEWHERE.iter().any(|it| it.0 == provider);
        if went.contains(&asked) == known {
            wrong.push(format!(
                "{provider}: {asked} is {}asked",
                if known { "" } else { "not " }
            ));
        }
        seen += 1;
    }
    assert!(seen > 12, "{seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
