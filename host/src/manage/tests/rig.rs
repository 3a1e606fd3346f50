//! A gateway's management on a database of its own, and people who call it.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::asked::rig::people;
pub(super) use crate::asked::rig::{holder, master, member, named, user};
use crate::auth::Caller;
use crate::domain::{Fault, Secret};
use crate::manage::{
    Changed, Clock, Input, Manage, Method, OPERATIONS, Operation, Settings, Touched,
};
use crate::store::tests::NOW;
pub(super) use crate::store::tests::both;
use crate::store::{AuditEntry, AuditFilter, SaltKey, Store};

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now_ms(&self) -> i64 {
        NOW
    }
}

#[derive(Debug, Default)]
pub(super) struct Heard(Mutex<Vec<Touched>>);

impl Changed for Heard {
    fn changed(&self, touched: &[Touched]) {
        self.0.lock().unwrap().extend_from_slice(touched);
    }
}

pub(super) struct Rig {
    pub manage: Manage,
    pub store: Store,
    heard: Arc<Heard>,
}

impl Rig {
    pub fn new(store: &Store) -> Self {
        let settings = Settings {
            store_models: true,
            ..Settings::default()
        };
        Self::with(store, settings)
    }

    pub fn with(store: &Store, settings: Settings) -> Self {
        let heard = Arc::new(Heard::default());
        let salt = SaltKey::new(&Secret::new("sk-salt"));
        Self {
            manage: Manage::new(
                store.clone(),
                settings,
                salt,
                heard.clone(),
                Arc::new(super::running::Running),
                Arc::new(Fixed),
            ),
            store: store.clone(),
            heard,
        }
    }

    /// With the people of [`people`].
    pub async fn people(store: &Store) -> Self {
        let rig = Self::new(store);
        people(store).await;
        rig
    }

    /// Sends a request as the door would: by the table of operations.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        caller: &Caller,
        parameters: Value,
    ) -> Result<Value, Fault> {
        let (route, query) = path.split_once('?').unwrap_or((path, ""));
        let (_, pattern, op) = operation(method, path);
        let query = query.split('&').filter_map(|it| it.split_once('='));
        let input = Input {
            path: Input::pairs(parts(pattern, route).unwrap()),
            query: Input::pairs(query),
            body: parameters.as_object().cloned().unwrap_or_default(),
            ..Input::default()
        };
        op(&self.manage, caller, input).await
    }

    pub async fn post(&self, path: &str, caller: &Caller, body: Value) -> Result<Value, Fault> {
        self.send(Method::Post, path, caller, body).await
    }

    pub async fn get(&self, path: &str, caller: &Caller) -> Result<Value, Fault> {
        self.send(Method::Get, path, caller, Value::Null).await
    }

    /// As the operator, who is not refused.
    pub async fn ok(&self, path: &str, body: Value) -> Value {
        self.post(path, &master(), body).await.unwrap()
    }

    pub async fn see(&self, path: &str) -> Value {
        self.get(path, &master()).await.unwrap()
    }

    /// The field that a request of the operator is refused for.
    pub async fn refused(&self, path: &str, body: Value) -> String {
        named(self.post(path, &master(), body).await)
    }

    /// Entities that the listener heard of since the last question.
    pub fn heard(&self) -> Vec<(&'static str, String)> {
        let all = std::mem::take(&mut *self.heard.0.lock().unwrap());
        all.into_iter().map(|it| (it.kind, it.id)).collect()
    }

    /// Everything that the database has.
    pub async fn everything(&self) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dump");
        self.store.dump(&file).await.unwrap();
        std::fs::read_to_string(file).unwrap()
    }

    pub async fn audit(&self) -> Vec<AuditEntry> {
        let log = self.store.audit_log(&AuditFilter::default(), 1_000).await;
        log.unwrap().into_iter().map(|(_, it)| it).collect()
    }
}

/// The operation that answers a request.
pub(super) fn operation(method: Method, path: &str) -> &'static Operation {
    let route = path.split_once('?').map_or(path, |it| it.0);
    OPERATIONS
        .iter()
        .find(|(known, pattern, _)| *known == method && parts(pattern, route).is_some())
        .unwrap_or_else(|| panic!("no operation {method:?} {path}"))
}

fn parts<'a>(pattern: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut found = Vec::new();
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(found),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                    Some(name) => found.push((name, given)),
                    None if wanted == given => {}
                    None => return None,
                }
            }
            _ => return None,
        }
    }
}
