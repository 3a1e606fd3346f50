//! The lines of a batch as guardrails see them: each as the request that it will be, and each line of
//! its results as the answer that it is.

use std::collections::BTreeMap;
use std::future::ready;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::runtime::Handle;

use super::files::at_line;
use super::{Asking, jsonl};
use crate::auth::Caller;
use crate::domain::{CallId, Fault};
use crate::pipeline::answer::FileStream;
use crate::pipeline::fleet::Fleet;
use crate::pipeline::guards::of_model;
use crate::pipeline::request::{ClientRequest, Operation};
use crate::pipeline::run::Pipeline;
use crate::upstream::splice;

/// Where lines go, as providers write it, with what is asked there.
const PLACES: [(&str, Operation); 4] = [
    ("/v1/chat/completions", Operation::Chat),
    ("/v1/completions", Operation::Completions),
    ("/v1/embeddings", Operation::Embeddings),
    ("/v1/responses", Operation::Responses),
];

/// What an answer calls itself, with what was asked for it.
const ANSWERS: [(&str, Operation); 4] = [
    ("chat.completion", Operation::Chat),
    ("text_completion", Operation::Completions),
    ("list", Operation::Embeddings),
    ("response", Operation::Responses),
];

/// Longest line of results that can be looked at, in bytes.
const MAX_RESULT: usize = 64 << 20;

/// Those who look at the lines of a file before it goes anywhere.
pub struct Lines {
    pipeline: Pipeline,
    fleet: Arc<Fleet>,
    caller: Caller,
    id: CallId,
    tags: Vec<String>,
    /// The model group that a line means by a name.
    groups: BTreeMap<String, String>,
    runtime: Handle,
}

impl Lines {
    /// The line as its guardrails let it go on. Waits for them, so it is for threads that may wait.
    ///
    /// # Errors
    /// A guardrail refuses the line, or fails closed.
    pub fn look(&self, line: String, number: u64) -> Result<String, Fault> {
        let looked = self.runtime.block_on(self.changed(&line, number));
        match looked.map_err(|it| at_line(it, number))? {
            Some(body) => splice::patch(&line, &[("body".into(), Some(body))]),
            None => Ok(line),
        }
    }

    /// The body of a line, if a guardrail changed it.
    async fn changed(&self, line: &str, number: u64) -> Result<Option<String>, Fault> {
        let body = jsonl::body_of(line, number)?;
        let url = jsonl::url_of(line).unwrap_or_default();
        let known = PLACES.iter().find(|(place, _)| *place == url);
        let operation = known.map_or(Operation::Chat, |(_, operation)| *operation);
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let mut request = ClientRequest::parse(operation, bytes, None, Vec::new())?;
        request.id = self.id.clone();
        request.controls.tag(self.tags.iter().cloned());
        let group = self.groups.get(&request.controls.model);
        let more = group.map(|it| of_model(&self.fleet, it));
        let by = (&self.caller, &request);
        let guarded = self
            .pipeline
            .guarded(&self.fleet, by, more.unwrap_or_default())?;
        let Some(mut guarded) = guarded else {
            return Ok(None);
        };
        if known.is_none() {
            guarded.unseen("it is not known what a line for this `url` says")?;
            return Ok(None);
        }
        let changed = Box::pin(guarded.before(body.as_bytes())).await?;
        let goes = changed.as_deref().unwrap_or(body.as_bytes());
        Box::pin(guarded.beside(goes, ready(()))).await?;
        let text = changed.map(|it| String::from_utf8(it.into()));
        text.transpose().map_err(|cause| {
            let text = "a guardrail made a request that cannot be sent";
            Fault::ours(text, cause.to_string())
        })
    }
}

#[derive(Deserialize)]
struct ResultLine<'l> {
    #[serde(borrow)]
    response: Option<Responded<'l>>,
}

#[derive(Deserialize)]
struct Responded<'l> {
    #[serde(borrow)]
    body: Option<&'l RawValue>,
}

impl Pipeline {
    /// Those who look at the lines of a file, whose models are known; None: there is nobody.
    pub(super) fn looks_at_lines(
        &self,
        asking: &Asking<'_>,
        models: &[(String, String)],
    ) -> Option<Lines> {
        let fleet = self.fleet();
        (!fleet.guards.all().is_empty()).then(|| Lines {
            pipeline: self.clone(),
            fleet,
            caller: asking.caller.clone(),
            id: asking.id.clone(),
            tags: asking.tags.clone(),
            groups: models.iter().cloned().collect(),
            runtime: Handle::current(),
        })
    }

    /// A file for whoever asks for it: if it has results of a batch, they are looked at line by line
    /// by those who look at answers. One that is refused is an error in its line.
    pub(super) fn looked_results(
        &self,
        (caller, id): (&Caller, &CallId),
        group: &str,
        mut bytes: FileStream,
    ) -> FileStream {
        if self.fleet().guards.all().is_empty() {
            return bytes;
        }
        let (this, caller, id) = (self.clone(), caller.clone(), id.clone());
        let group = group.to_owned();
        Box::pin(async_stream::try_stream! {
            let mut rest = BytesMut::new();
            while let Some(piece) = bytes.next().await {
                rest.extend_from_slice(&piece?);
                while let Some(end) = memchr::memchr(b'\n', &rest) {
                    let line = rest.split_to(end + 1).freeze();
                    yield this.looked_result((&caller, &id), &group, line).await?;
                }
                if rest.len() > MAX_RESULT {
                    let most = MAX_RESULT >> 20;
                    let said = format!("a line is longer than the {most} MiB that can be looked at");
                    Err(io::Error::other(said))?;
                }
            }
            if !rest.is_empty() {
                yield this.looked_result((&caller, &id), &group, rest.freeze()).await?;
            }
        })
    }

    async fn looked_result(
        &self,
        by: (&Caller, &CallId),
        group: &str,
        line: Bytes,
    ) -> io::Result<Bytes> {
        let text = std::str::from_utf8(&line).unwrap_or_default();
        let Ok(ResultLine {
            response: Some(Responded { body: Some(body) }),
        }) = serde_json::from_str(text)
        else {
            return Ok(line);
        };
        let body = body.get();
        let asked = (operation_of(body), group);
        let answer = Bytes::copy_from_slice(body.as_bytes());
        let response = match Box::pin(self.guard_again(by, asked, answer)).await {
            Ok(told) if told == body.as_bytes() => return Ok(line),
            Ok(told) => {
                let told = String::from_utf8(told.into()).map_err(io::Error::other)?;
                let response = serde_json::from_str::<Whole<'_>>(text)?.response.get();
                splice::patch(response, &[("body".into(), Some(told))]).map_err(io::Error::other)?
            }
            Err(fault) => {
                let status = (self.inner().status_of)(&fault);
                json!({
                    "status_code": status,
                    "request_id": by.1.as_str(),
                    "body": {"error": {
                        "message": fault.message,
                        "type": fault.type_name,
                        "param": fault.param,
                        "code": status.to_string(),
                    }},
                })
                .to_string()
            }
        };
        let mut line = splice::patch(text.trim_end(), &[("response".into(), Some(response))])
            .map_err(io::Error::other)?;
        line.push('\n');
        Ok(Bytes::from(line))
    }
}

#[derive(Deserialize)]
struct Whole<'l> {
    #[serde(borrow)]
    response: &'l RawValue,
}

/// What an answer is an answer to, by its own word.
fn operation_of(body: &str) -> Operation {
    #[derive(Deserialize)]
    struct Named {
        object: Option<String>,
    }
    let named = serde_json::from_str::<Named>(body).ok();
    let object = named.and_then(|it| it.object).unwrap_or_default();
    let known = ANSWERS.iter().find(|(name, _)| *name == object);
    known.map_or(Operation::Chat, |(_, operation)| *operation)
}
