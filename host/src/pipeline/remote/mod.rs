//! Files and batches that lie at providers. Clients know them by ids of ours, which are bound to
//! their owner and to the deployment whose provider has them; the store keeps them, so any replica
//! serves them. What a batch costs is charged when its results are there.

mod batches;
mod charge;
mod files;
mod jsonl;
mod lines;
mod list;
mod looked;
mod place;
mod poll;
mod results;
mod unsaid;

use bytes::Bytes;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::accounting::{Source, now_ms};
use super::answer::{Answer, AnswerBody, Failure, Trail};
use super::owner::owner;
use super::request::{ClientRequest, Operation};
use super::run::Pipeline;
use crate::auth::Caller;
use crate::domain::{CallId, DeploymentId, ErrorKind, Fault};
use crate::store::{RemoteObject, StoreError};

pub use files::NewFile;
pub use list::Wanted;

/// What clients have there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Batch,
}

impl Kind {
    /// As the store has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Batch => "batch",
        }
    }

    /// Our id of what a deployment's provider calls `remote`. Every replica finds the same.
    fn id(self, deployment: &str, remote: &str) -> String {
        let mut hasher = Sha256::new();
        for part in [self.as_str(), deployment, remote] {
            // With its length, so that no two sequences of parts read alike.
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let digest = hasher.finalize();
        let hex: String = digest
            .iter()
            .take(20)
            .map(|it| format!("{it:02x}"))
            .collect();
        match self {
            Self::File => format!("file-{hex}"),
            Self::Batch => format!("batch_{hex}"),
        }
    }
}

/// Who asks, in which call, from where.
pub struct Asking<'c> {
    pub id: CallId,
    pub caller: &'c Caller,
    pub source: Source,
    /// Tags that the request itself has.
    pub tags: Vec<String>,
}

/// Says whether the caller may use a model, and which group it means by it.
pub type Allow<'a> = &'a (dyn Fn(&str) -> Result<String, Fault> + Send + Sync);

impl Asking<'_> {
    /// Whose what they make is.
    fn owner(&self) -> Result<String, Fault> {
        owner(self.caller).ok_or_else(|| {
            let message =
                "files and batches belong to a user, a team or a key, and this call has none";
            Fault::caller(ErrorKind::Permission, message)
        })
    }

    /// The failure of a call that nobody was asked for.
    fn refused(&self, operation: &'static str, fault: Fault) -> Failure {
        tracing::info!(call.id = %self.id, operation, fault = %fault, "a request was refused");
        let trail = Trail::new(self.id.clone(), operation, String::new(), false);
        Failure {
            fault,
            trail: Box::new(trail),
        }
    }
}

impl Pipeline {
    /// What lies there by our id, if the caller may know of it.
    ///
    /// # Errors
    /// It is not there, or somebody else's: the caller is told the same.
    async fn remote(
        &self,
        asking: &Asking<'_>,
        (kind, id): (Kind, &str),
        changes: bool,
    ) -> Result<RemoteObject, Fault> {
        let found = self.accounting().store().remote(kind.as_str(), id).await;
        let found = found.map_err(|cause| unreadable(&cause))?;
        let caller = asking.caller;
        let sees = caller.is_admin() || (caller.sees_all() && !changes);
        let owner = asking.owner();
        let own = |it: &RemoteObject| sees || owner.as_ref().is_ok_and(|owner| *owner == it.owner);
        found.filter(own).ok_or_else(|| {
            let message = format!("there is no {} `{id}`", kind.as_str());
            let fault = Fault::caller(ErrorKind::NotFound, message);
            fault.with_status(404).with_param("id")
        })
    }

    /// Asks the deployment that has it.
    async fn ask_of(
        &self,
        asking: Asking<'_>,
        object: &RemoteObject,
        operation: Operation,
    ) -> Result<Answer, Failure> {
        let request = request_of(object, operation);
        let request = request.and_then(|it| self.is_there(object).map(|()| it));
        match request {
            Ok(mut request) => {
                request.id = asking.id;
                request.controls.known = self.known(object, operation);
                request.controls.tag(asking.tags);
                self.run(asking.caller, Box::new(request), asking.source)
                    .await
            }
            Err(fault) => Err(asking.refused(operation.as_str(), fault)),
        }
    }

    /// Whether the deployment is still there.
    fn is_there(&self, object: &RemoteObject) -> Result<(), Fault> {
        let fleet = self.fleet();
        let found = fleet.config.groups.find(&object.model_group);
        let is_it = |it: &DeploymentId| it.as_str() == object.deployment;
        let there = found.is_some_and(|it| it.deployments.iter().any(|it| is_it(&it.id)));
        there.then_some(()).ok_or_else(|| {
            let message = format!(
                "the deployment of `{}` that has this {} is not in the config any more",
                object.model_group, object.kind
            );
            Fault::operator(ErrorKind::NotFound, message)
        })
    }
}

/// What asks a deployment for something that lies there.
fn request_of(object: &RemoteObject, operation: Operation) -> Result<ClientRequest, Fault> {
    let body = Bytes::from_static(b"{}");
    let group = Some(object.model_group.as_str());
    let mut request = ClientRequest::parse(operation, body, group, Vec::new())?;
    request.params = vec![("id".to_owned(), object.remote_id.clone())];
    let state = object.state.iter();
    request
        .params
        .extend(state.map(|it| ("state".to_owned(), it.clone())));
    request.controls.pinned = Some(DeploymentId::new(object.deployment.as_str()));
    request.controls.disable_fallbacks = true;
    Ok(request)
}

/// The document of a whole answer.
fn document(answer: &Answer) -> Option<Map<String, Value>> {
    match &answer.body {
        AnswerBody::Whole(body) => serde_json::from_slice(body).ok(),
        AnswerBody::Stream(_) | AnswerBody::Sound(_) | AnswerBody::File(_) => None,
    }
}

/// The answer with another document.
fn with(mut answer: Answer, document: Map<String, Value>) -> Answer {
    answer.body = AnswerBody::Whole(Bytes::from(Value::Object(document).to_string()));
    answer
}

/// An answer that is no document is no answer.
fn no_document(trail: &Trail) -> Failure {
    let message = "the upstream's answer has no `id`";
    Failure {
        fault: Fault::upstream(ErrorKind::Upstream, message),
        trail: Box::new(trail.clone()),
    }
}

fn unreadable(cause: &StoreError) -> Fault {
    let message = "the database does not answer; try again in a moment";
    Fault::ours(message, cause.to_string())
}

/// A text member of a document.
fn text<'d>(document: &'d Map<String, Value>, name: &str) -> Option<&'d str> {
    document.get(name).and_then(Value::as_str)
}

/// Something that a deployment's provider has been given.
fn object(
    (kind, owner): (Kind, String),
    (group, deployment): (&str, &str),
    remote_id: &str,
    doc: &Map<String, Value>,
) -> RemoteObject {
    RemoteObject {
        id: kind.id(deployment, remote_id),
        kind: kind.as_str().to_owned(),
        owner,
        model_group: group.to_owned(),
        deployment: deployment.to_owned(),
        remote_id: remote_id.to_owned(),
        created_ms: now_ms(),
        doc: Value::Object(doc.clone()).to_string(),
        account: None,
        state: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_everywhere_and_of_one_thing() {
        let id = Kind::File.id("d", "file-1");
        assert_eq!(id, Kind::File.id("d", "file-1"));
        assert!(id.starts_with("file-") && id.len() == 45);
        assert_ne!(id, Kind::File.id("e", "file-1"));
        assert_ne!(id, Kind::File.id("d", "file-2"));
        assert_ne!(Kind::File.id("d", "f\0x"), Kind::File.id("d\0f", "x"));
        assert!(Kind::Batch.id("d", "b").starts_with("batch_"));
    }
}
