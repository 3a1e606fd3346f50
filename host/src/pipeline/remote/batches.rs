//! Batches: made of an uploaded file, shown and cancelled at the deployment that has it.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::charge::has_ended;
use super::{Allow, Asking, Kind, document, no_document, object, text, unreadable, with};
use crate::domain::{DeploymentId, ErrorKind, Fault};
use crate::pipeline::answer::{Answer, Failure};
use crate::pipeline::request::{ClientRequest, OURS, Operation};
use crate::pipeline::run::{Pipeline, served};
use crate::pipeline::uploads::{Spools, Uploads};
use crate::store::RemoteObject;

/// Members of a batch that name files.
const FILES: [&str; 3] = ["input_file_id", "output_file_id", "error_file_id"];

impl Pipeline {
    /// Makes a batch of a file, where the file is.
    ///
    /// # Errors
    /// The file is not the caller's or no input of a batch, or the upstream refuses it.
    pub async fn create_batch(
        &self,
        asking: Asking<'_>,
        body: Bytes,
        (allow, spools): (Allow<'_>, &Spools),
    ) -> Result<Answer, Failure> {
        const OPERATION: Operation = Operation::BatchesCreate;
        let ready = self.ready_batch(&asking, body, (allow, spools)).await;
        let ready = ready.map_err(|fault| asking.refused(OPERATION.as_str(), fault))?;
        let (request, file) = (ready.request, ready.file);
        let answer = self
            .run(asking.caller, Box::new(request), asking.source)
            .await?;
        let told = document(&answer).ok_or_else(|| no_document(&answer.trail))?;
        let remote = text(&told, "id").ok_or_else(|| no_document(&answer.trail))?;
        let at = (file.model_group.as_str(), file.deployment.as_str());
        let mut kept = object((Kind::Batch, file.owner.clone()), at, remote, &ready.said);
        let shown = shown(&kept, told.clone());
        kept.doc = Value::Object(shown.clone()).to_string();
        kept.account = Some(ready.account);
        kept.state = ready.state;
        if let Err(cause) = self.accounting().store().keep_remote(&kept).await {
            tracing::error!(
                call.id = %answer.trail.call_id, deployment.id = at.1, batch = kept.remote_id, %cause,
                "a batch was made that the database does not know of: cancel it at the provider"
            );
            return Err(Failure {
                fault: unreadable(&cause),
                trail: Box::new(answer.trail),
            });
        }
        Ok(with(answer, shown))
    }

    async fn ready_batch(
        &self,
        asking: &Asking<'_>,
        body: Bytes,
        (allow, spools): (Allow<'_>, &Spools),
    ) -> Result<Ready, Fault> {
        let body: Map<String, Value> = serde_json::from_slice(&body).map_err(|cause| {
            let message = format!("the request's body is no JSON object: {cause}");
            Fault::caller(ErrorKind::InvalidRequest, message).with_param("request_body")
        })?;
        let id = text(&body, "input_file_id").ok_or_else(|| {
            let message = "the required member `input_file_id` is missing";
            Fault::caller(ErrorKind::InvalidRequest, message).with_param("input_file_id")
        })?;
        let file = self.remote(asking, (Kind::File, id), true).await;
        let file = file.map_err(|it| it.with_param("input_file_id"))?;
        let doc: Map<String, Value> = serde_json::from_str(&file.doc).unwrap_or_default();
        // Only these were looked at, and had their models named.
        if text(&doc, "purpose") != Some("batch") {
            let message = format!("the file `{id}` was not uploaded with the purpose `batch`");
            let fault = Fault::caller(ErrorKind::InvalidRequest, message);
            return Err(fault.with_param("input_file_id"));
        }
        allow(&file.model_group)?;
        self.is_there(&file)?;
        let members = body
            .into_iter()
            .filter(|(name, _)| !OURS.contains(&name.as_str()))
            .filter(|(name, _)| !matches!(name.as_str(), "model" | "custom_llm_provider"));
        let said: Map<String, Value> = members.collect();
        let mut body = said.clone();
        body.insert("input_file_id".to_owned(), file.remote_id.clone().into());
        let body = Bytes::from(Value::Object(body).to_string());
        let group = Some(file.model_group.as_str());
        let mut request = ClientRequest::parse(Operation::BatchesCreate, body, group, Vec::new())?;
        request.id = asking.id.clone();
        request.controls.pinned = Some(DeploymentId::new(file.deployment.as_str()));
        request.controls.disable_fallbacks = true;
        let (fleet, prices) = (self.fleet(), self.accounting().prices());
        let served = served(&fleet, &prices, &file.model_group);
        request.controls.tag(asking.tags.iter().cloned());
        let books = self.accounting();
        let account = books.account_of(asking.caller, &request, &served, &asking.source);
        let account = account.await?;
        let mut state = None;
        if self.is_kept(&file) {
            let translating = self.translated((&asking.id, &file), spools);
            // It is large, and so is the call that follows it.
            let (lines, its) = Box::pin(translating).await?;
            request.files = Uploads::new(vec![lines]);
            request.params.push(("state".to_owned(), its.clone()));
            state = Some(its);
        }
        Ok(Ready {
            request,
            file,
            account,
            said,
            state,
        })
    }

    /// Shows a batch. One that has ended is charged soon after.
    ///
    /// # Errors
    /// It is not the caller's, or the upstream does not show it.
    pub async fn get_batch(&self, asking: Asking<'_>, id: &str) -> Result<Answer, Failure> {
        self.batch(asking, (id, Operation::BatchesGet), false).await
    }

    /// Cancels a batch. What it did until then is charged.
    ///
    /// # Errors
    /// It is not the caller's, or the upstream does not cancel it.
    pub async fn cancel_batch(&self, asking: Asking<'_>, id: &str) -> Result<Answer, Failure> {
        self.batch(asking, (id, Operation::BatchesCancel), true)
            .await
    }

    async fn batch(
        &self,
        asking: Asking<'_>,
        (id, operation): (&str, Operation),
        changes: bool,
    ) -> Result<Answer, Failure> {
        let found = self.remote(&asking, (Kind::Batch, id), changes).await;
        let found = found.map_err(|fault| asking.refused(operation.as_str(), fault))?;
        let answer = self.ask_of(asking, &found, operation).await?;
        let told = document(&answer).ok_or_else(|| no_document(&answer.trail))?;
        let shown = self.seen(&found, told, true).await;
        let shown = shown.map_err(|fault| Failure {
            fault,
            trail: Box::new(answer.trail.clone()),
        })?;
        Ok(with(answer, shown))
    }

    /// What a batch has become is remembered, and its files are the owner's. `hurries`: if it has
    /// ended just now, somebody is to charge it.
    pub(super) async fn seen(
        &self,
        batch: &RemoteObject,
        told: Map<String, Value>,
        hurries: bool,
    ) -> Result<Map<String, Value>, Fault> {
        let store = self.accounting().store();
        for name in ["output_file_id", "error_file_id"] {
            let Some(remote) = text(&told, name) else {
                continue;
            };
            let owner = (Kind::File, batch.owner.clone());
            let at = (batch.model_group.as_str(), batch.deployment.as_str());
            let mut file = object(owner, at, remote, &Map::new());
            file.doc = output(&file, &told).to_string();
            file.state.clone_from(&batch.state);
            let kept = store.keep_remote(&file).await;
            kept.map_err(|cause| unreadable(&cause))?;
        }
        let ended = has_ended(&told);
        let before: Map<String, Value> = serde_json::from_str(&batch.doc).unwrap_or_default();
        let shown = shown(batch, told);
        let doc = Value::Object(shown.clone()).to_string();
        if doc != batch.doc {
            let ends_now = hurries && ended && !has_ended(&before) && batch.account.is_some();
            let remembered = match ends_now {
                true => store.hurry_remote(&batch.id, &doc).await,
                false => store.tell_remote(&batch.id, &doc).await,
            };
            remembered.map_err(|cause| unreadable(&cause))?;
            if ends_now {
                self.batch_ended().notify_one();
            }
        }
        Ok(shown)
    }
}

/// A batch that can be made.
struct Ready {
    request: ClientRequest,
    /// What it is made of.
    file: RemoteObject,
    /// Whom it is charged to.
    account: String,
    /// What the client said of it.
    said: Map<String, Value>,
    /// What its plugin has to know when the results come.
    state: Option<String>,
}

/// Members of a batch that its client said, and that not every provider repeats.
const SAID: [&str; 4] = ["input_file_id", "endpoint", "completion_window", "metadata"];

/// A batch as its owner sees it: every id is ours, and what was said of it when it was made stands in
/// it, whether or not the provider repeats that.
fn shown(batch: &RemoteObject, mut told: Map<String, Value>) -> Map<String, Value> {
    told.insert("id".to_owned(), batch.id.clone().into());
    for name in FILES {
        if let Some(remote) = text(&told, name) {
            let id = Kind::File.id(&batch.deployment, remote);
            told.insert(name.to_owned(), id.into());
        }
    }
    let said: Map<String, Value> = serde_json::from_str(&batch.doc).unwrap_or_default();
    for (name, value) in said {
        if SAID.contains(&&*name) && told.get(&name).is_none_or(Value::is_null) {
            told.insert(name, value);
        }
    }
    told
}

/// A file that a batch has written, until somebody asks for more.
fn output(file: &RemoteObject, batch: &Map<String, Value>) -> Value {
    let at = batch.get("completed_at").filter(|it| it.is_number());
    let at = at
        .cloned()
        .unwrap_or_else(|| (file.created_ms / 1000).into());
    serde_json::json!({"id": file.id, "object": "file", "bytes": 0, "created_at": at,
        "filename": format!("{}.jsonl", file.id), "purpose": "batch_output", "status": "processed"})
}
