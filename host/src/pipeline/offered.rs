//! What providers say they have: the models behind a pattern, as the provider itself lists them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use super::attempt::{Attempt, Outcome};
use super::fleet::{Fleet, Line};
use super::request::{ClientRequest, Operation};
use super::run::Pipeline;
use crate::config::Deployment;
use crate::domain::{DeploymentId, ErrorKind, Fault};

/// A list is believed for so long.
const FRESH: Duration = Duration::from_secs(300);
/// A provider that gave none is asked again after so long.
const FAILED: Duration = Duration::from_secs(30);
/// Nobody who lists models waits longer for one provider.
const PATIENCE: Duration = Duration::from_secs(5);

/// The lists of the last minutes, by deployment.
#[derive(Default)]
pub struct Offered(Mutex<HashMap<DeploymentId, Arc<Listing>>>);

struct Listing {
    since: Instant,
    /// Everybody who asks meanwhile waits for the one question. None: the provider gave no list.
    models: OnceCell<Option<Vec<String>>>,
}

impl Listing {
    fn is_stale(&self) -> bool {
        let believed = match self.models.get() {
            Some(None) => FAILED,
            Some(Some(_)) | None => FRESH,
        };
        self.since.elapsed() > believed
    }
}

impl Offered {
    fn of(&self, id: &DeploymentId) -> Arc<Listing> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|_, it| !it.is_stale());
        let listing = lists.entry(id.clone()).or_insert_with(|| {
            Arc::new(Listing {
                since: Instant::now(),
                models: OnceCell::new(),
            })
        });
        Arc::clone(listing)
    }
}

impl Pipeline {
    /// The models of each deployment behind a pattern, where `check_provider_endpoint` asks for that
    /// and the provider lists any.
    pub async fn models_offered(&self, fleet: &Fleet) -> HashMap<DeploymentId, Vec<String>> {
        if !fleet.config.general.check_provider_endpoint {
            return HashMap::new();
        }
        let behind = fleet.config.groups.deployments();
        let behind = behind.filter(|it| it.group.as_str().contains('*') && !it.info.blocked);
        let asked = behind.map(|deployment| async move {
            let listing = self.inner().offered.of(&deployment.id);
            let listed = listing
                .models
                .get_or_init(|| self.listed_by(fleet, deployment));
            let models = listed.await.clone()?;
            Some((deployment.id.clone(), models))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    async fn listed_by(&self, fleet: &Fleet, deployment: &Arc<Deployment>) -> Option<Vec<String>> {
        // Why a deployment cannot be used at all is said elsewhere.
        let line = fleet.line(&deployment.id).ok()?;
        let listed = match timeout(PATIENCE, self.ask_for_models(&line)).await {
            Ok(listed) => listed,
            Err(_) => {
                let message = format!("no answer within {} seconds", PATIENCE.as_secs());
                Err(Fault::upstream(ErrorKind::Timeout, message))
            }
        };
        let listed = listed.map_err(|mut fault| {
            line.target.redact(&mut fault);
            tracing::warn!(
                provider = %deployment.provider, deployment.id = %deployment.id, %fault,
                "the provider does not list its models; those that are known without it are listed"
            );
        });
        listed.ok()
    }

    /// The way of an attempt: the component says what to ask, and reads the answer.
    async fn ask_for_models(&self, line: &Arc<Line>) -> Result<Vec<String>, Fault> {
        let model = &line.deployment.model;
        let body = Bytes::from(json!({ "model": model }).to_string());
        let request = ClientRequest::parse(Operation::Models, body, None, Vec::new())?;
        let line = Arc::clone(line);
        let attempt = Attempt::new(self.upstream(), &request, line, model, (0, true), None);
        let (attempt, guest_body) = attempt.await?;
        match attempt.run(guest_body).await.0? {
            Outcome::Whole { body, .. } => read(&body),
            Outcome::Bytes(_) | Outcome::Stream(_) | Outcome::Sound(_) | Outcome::Live(_) => {
                Err(none("is no JSON"))
            }
        }
    }
}

/// The ids of a list as OpenAI has it.
fn read(body: &[u8]) -> Result<Vec<String>, Fault> {
    let document: Value = serde_json::from_slice(body).map_err(|_| none("is no JSON"))?;
    let data = document.get("data").and_then(Value::as_array);
    let data = data.ok_or_else(|| none("has no `data`"))?;
    let ids = data.iter().filter_map(|it| it.get("id")?.as_str());
    Ok(ids.map(str::to_owned).collect())
}

fn none(what: &str) -> Fault {
    Fault::upstream(
        ErrorKind::Upstream,
        format!("the provider's list of models {what}"),
    )
}
