//! A gateway's reports on a database of its own, with people, their keys and what they spent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::asked::rig::people;
pub(super) use crate::asked::rig::{holder, master, member, named, user};
use crate::auth::Caller;
use crate::domain::{
    CallBodies, CallError, CallId, CallStatus, CostLine, Entity, EntityKind, ErrorKind, Fault,
    SpendRow, Usage, Usd,
};
use crate::prices::{Cost, Source};
use crate::reports::{
    Counted, Input, OPERATIONS, Outside, Preview, ProviderBudget, Report, Reports,
};
use crate::store::tests::NOW;
pub(super) use crate::store::tests::both;
use crate::store::{KeyRow, Stamp, Store};

/// `NOW` is 2026-09-21 in UTC.
pub(super) const TODAY: &str = "2026-09-21";
pub(super) const DAY_MS: i64 = 86_400_000;

/// Knows the price of `gpt`, which is a dollar a token in, two out.
#[derive(Debug, Default)]
pub(in crate::reports) struct World {
    pub resets: AtomicUsize,
    /// No bodies are stored.
    pub keeps_none: AtomicBool,
}

impl Outside for World {
    fn now_ms(&self) -> i64 {
        NOW
    }

    fn price(&self, model: &str, usage: &Usage) -> Option<Usd> {
        let tokens = usage.input_tokens + 2 * usage.output_tokens;
        (model == "gpt").then(|| Usd::from_dollars(1.0).unwrap().saturating_mul(tokens))
    }

    /// Knows what a dollar was for.
    fn bill(&self, row: &SpendRow) -> Option<Cost> {
        let dollar = Usd::from_dollars(1.0).unwrap();
        (row.cost == Some(dollar)).then(|| Cost {
            source: Source::Table,
            input: dollar,
            output: Usd::ZERO,
            cache_read: Usd::ZERO,
            cache_write: Usd::ZERO,
            reasoning: Usd::ZERO,
            audio: Usd::ZERO,
            image: Usd::ZERO,
            tools: Usd::ZERO,
            original: dollar,
            discount: Usd::ZERO,
            margin: Usd::ZERO,
            margin_share: 0,
            total: dollar,
            unpriced: Vec::new(),
        })
    }

    fn model(&self, caller: &Caller, model: &str) -> Result<Option<(String, Value)>, Fault> {
        if model == "secret" && !caller.sees_all() {
            let fault = Fault::caller(ErrorKind::Permission, "not yours");
            return Err(fault.with_param("model").with_status(403));
        }
        let known = ["gpt", "secret"].contains(&model);
        Ok(known.then(|| (format!("openai/{model}"), json!({"mode": "chat"}))))
    }

    fn params(&self, _: &str) -> Vec<&'static str> {
        vec!["temperature", "tools"]
    }

    fn preview(
        &self,
        call_type: &str,
        body: Map<String, Value>,
    ) -> BoxFuture<'_, Result<Preview, Fault>> {
        let known = call_type == "completion";
        Box::pin(async move {
            if !known {
                return Err(crate::reports::fault::bad("call_type", "unknown"));
            }
            Ok(match body.contains_key("messages") {
                false => Preview::default(),
                true => Preview {
                    address: Some("https://api.example/v1/chat".to_owned()),
                    headers: vec![("accept".to_owned(), "text/plain".to_owned())],
                    body: Value::Object(body),
                },
            })
        })
    }

    fn count<'a>(
        &'a self,
        _: (&'a Caller, Option<CallId>),
        body: Map<String, Value>,
        asks: bool,
    ) -> BoxFuture<'a, Result<Counted, Fault>> {
        let provider = (asks && body.contains_key("messages")).then(|| "openai".to_owned());
        let failed = body.contains_key("tools").then(|| (429, "busy".to_owned()));
        Box::pin(async move {
            Ok(Counted {
                tokens: 7,
                model: provider.is_some().then(|| "openai/dated".to_owned()),
                provider,
                failed,
            })
        })
    }

    fn max_budget(&self) -> Option<Usd> {
        Usd::from_dollars(1_000.0)
    }

    fn spend_was_reset(&self) {
        self.resets.fetch_add(1, Ordering::Relaxed);
    }

    fn provider_budgets(&self) -> Vec<ProviderBudget> {
        let budget = |provider: &str, running| ProviderBudget {
            provider: provider.to_owned(),
            max: Usd::from_dollars(20.0).unwrap(),
            period: Some("1d".to_owned()),
            running,
        };
        let spent = Usd::from_dollars(1.5).unwrap();
        vec![
            budget("azure", Some((spent, Some(NOW)))),
            budget("openai", None),
        ]
    }

    fn keeps_bodies(&self) -> bool {
        !self.keeps_none.load(Ordering::Relaxed)
    }

    fn slow_ms(&self) -> i64 {
        2_000
    }
}

pub(in crate::reports) struct Rig {
    reports: Reports,
    pub(super) world: Arc<World>,
}

/// The hash of a key of the rig.
pub(super) fn hash(name: &str) -> String {
    crate::auth::hash_key(&format!("sk-{name}"))
        .as_str()
        .to_owned()
}

/// One call: who, what it cost, when.
pub(super) fn call(id: &str, key: &str, user: Option<&str>, team: Option<&str>) -> SpendRow {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let organization = team.map(|it| if it == "t3" { "o2" } else { "o1" });
    let mut payers = vec![
        Entity::new(EntityKind::Proxy, ""),
        Entity::new(EntityKind::Key, hash(key)),
    ];
    let all = [
        (EntityKind::User, user),
        (EntityKind::Team, team),
        (EntityKind::Organization, organization),
        (EntityKind::EndUser, Some("customer")),
        (EntityKind::Tag, Some("red")),
    ];
    payers.extend(
        all.iter()
            .filter_map(|(kind, id)| Some(Entity::new(*kind, (*id)?))),
    );
    let usage = Usage {
        input_tokens: 10,
        output_tokens: 5,
        cached_tokens: 4,
        cache_write_tokens: 2,
        ..Usage::default()
    };
    SpendRow {
        call_id: id.to_owned(),
        provider_id: Some(format!("chatcmpl-{id}")),
        operation: "chat".to_owned(),
        status: CallStatus::Success,
        started_ms: NOW,
        first_token_ms: Some(NOW + 100),
        ended_ms: NOW + 900,
        key_hash: hash(key),
        key_alias: Some(key.to_owned()),
        user_id: owned(user),
        team_id: owned(team),
        organization_id: owned(organization),
        end_user: Some("customer".to_owned()),
        tags: vec!["red".to_owned()],
        model_group: "fast".to_owned(),
        deployment: "d1".to_owned(),
        provider: "openai".to_owned(),
        model: "gpt".to_owned(),
        api_base: None,
        usage: usage.clone(),
        cost: None,
        lines: vec![CostLine {
            deployment: "d1".to_owned(),
            provider: "openai".to_owned(),
            model: "gpt".to_owned(),
            usage,
            cost: None,
            estimated: false,
            of_group: None,
        }],
        payers,
        price_version: "v1".to_owned(),
        cache_hit: false,
        session_id: Some("s1".to_owned()),
        client_ip: Some("10.0.0.1".to_owned()),
        user_agent: None,
        error: None,
        metadata: raw(r#"{"note":"mine","user_api_key":"forged"}"#),
        why: None,
    }
}

/// What every call of the rig sent and was sent.
fn bodies(row: &SpendRow) -> CallBodies {
    CallBodies {
        call_id: row.call_id.clone(),
        started_ms: row.started_ms,
        request: raw(r#"{"messages":[{"role":"user","content":"hi"}]}"#),
        response: raw(r#"{"choices":[]}"#),
    }
}

pub(super) fn costs(mut row: SpendRow, dollars: f64) -> SpendRow {
    row.cost = Usd::from_dollars(dollars);
    row.lines[0].cost = row.cost;
    row
}

fn raw(text: &str) -> Option<Box<RawValue>> {
    Some(RawValue::from_string(text.to_owned()).unwrap())
}

impl Rig {
    pub fn reports(&self) -> &Reports {
        &self.reports
    }

    /// The people of [`people`]. Each of `ann`, `bob`
    /// and `eve` has a key of that name in the team; `solo` belongs to nobody. Calls of today cost
    /// `ann` 1, `bob` 2, `eve` 4 and `solo` 8 dollars; one of `ann`'s 40 days ago cost 16; one of
    /// `solo` failed and has no known price.
    pub async fn new(store: &Store) -> Self {
        people(store).await;
        let mut change = store.change(NOW).await.unwrap();
        for (name, user, team) in [
            ("ann", Some("ann"), Some("t1")),
            ("bob", Some("bob"), Some("t1")),
            ("eve", Some("eve"), Some("t3")),
            ("solo", None, None),
        ] {
            let row = KeyRow {
                id: hash(name),
                name: "sk-...".to_owned(),
                alias: Some(name.to_owned()),
                user_id: user.map(str::to_owned),
                team_id: team.map(str::to_owned),
                stamp: Stamp::new(NOW, "setup"),
                ..Default::default()
            };
            change.insert(&row).await.unwrap();
        }
        change.commit().await.unwrap();
        let mut old = costs(call("c-old", "ann", Some("ann"), Some("t1")), 16.0);
        old.started_ms = NOW - 40 * DAY_MS;
        let mut failed = call("c-failed", "solo", None, None);
        failed.status = CallStatus::Failure;
        failed.started_ms = NOW + 1;
        failed.error = Some(CallError {
            status: 429,
            kind: "rate-limit".to_owned(),
            message: "slow down".to_owned(),
        });
        let calls = [
            costs(call("c-ann", "ann", Some("ann"), Some("t1")), 1.0),
            costs(call("c-bob", "bob", Some("bob"), Some("t1")), 2.0),
            costs(call("c-eve", "eve", Some("eve"), Some("t3")), 4.0),
            costs(call("c-solo", "solo", None, None), 8.0),
            old,
            failed,
        ];
        store.settle(&calls).await.unwrap();
        let bodies: Vec<CallBodies> = calls.iter().map(bodies).collect();
        store.keep_bodies(&bodies).await.unwrap();
        let world = Arc::new(World::default());
        Self {
            reports: Reports::new(store.clone(), world.clone()),
            world,
        }
    }

    /// Calls the operation that a path with its query means.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        caller: &Caller,
        body: Value,
    ) -> Result<Report, Fault> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = query.split('&').filter_map(|it| it.split_once('='));
        let query = query
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        self.ask(method, path, caller, query, body).await
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        caller: &Caller,
        query: Map<String, Value>,
        body: Value,
    ) -> Result<Report, Fault> {
        let exact = OPERATIONS.iter().find(|it| it.0 == method && it.1 == path);
        let (id, found) = match exact {
            Some(found) => (None, found),
            None => {
                let (folder, id) = path.rsplit_once('/').unwrap();
                let pattern = format!("{folder}/{{request_id}}");
                let found = OPERATIONS
                    .iter()
                    .find(|it| it.0 == method && it.1 == pattern);
                (
                    Some(id),
                    found.unwrap_or_else(|| panic!("no operation {method} {path}")),
                )
            }
        };
        let path = id.map(|it| ("request_id".to_owned(), it.into()));
        let input = Input {
            path: path.into_iter().collect(),
            query,
            body: body.as_object().cloned().unwrap_or_default(),
            ..Input::default()
        };
        (found.2)(&self.reports, caller, input).await
    }

    pub async fn get(&self, path: &str, caller: &Caller) -> Result<Value, Fault> {
        self.send(Method::GET, path, caller, Value::Null)
            .await
            .map(value)
    }

    /// As the operator, who is not refused.
    pub async fn see(&self, path: &str) -> Value {
        self.get(path, &master()).await.unwrap()
    }

    pub async fn post(&self, path: &str, caller: &Caller, body: Value) -> Result<Value, Fault> {
        self.send(Method::POST, path, caller, body).await.map(value)
    }
}

/// The JSON of an answer, or the text of a file.
pub fn value(report: Report) -> Value {
    match report {
        Report::Csv(text) => text.into(),
        json => serde_json::from_str(&json.into_text()).unwrap(),
    }
}

/// A field of each entry of a list, sorted.
pub(super) fn each(list: &Value, name: &str) -> Vec<String> {
    let mut all: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it[name].as_str().unwrap_or("null").to_owned())
        .collect();
    all.sort();
    all
}
