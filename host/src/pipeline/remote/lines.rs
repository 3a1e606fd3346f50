//! The input of batches whose providers take no file of requests. The gateway keeps it, and the plugin
//! makes the batch's request of its lines, some at a time, so that neither holds all of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::files::at_line;
use super::{jsonl, text, unreadable};
use crate::dialect::envelope::push_quoted;
use crate::domain::{CallId, DeploymentId, ErrorKind, Fault};
use crate::pipeline::accounting::now_ms;
use crate::pipeline::answer::FileStream;
use crate::pipeline::attempt::{Attempt, Outcome};
use crate::pipeline::fleet::Line;
use crate::pipeline::prepare;
use crate::pipeline::request::{ClientRequest, Operation};
use crate::pipeline::run::Pipeline;
use crate::pipeline::uploads::{FileContent, Upload};
use crate::store::{RemoteObject, Store};
use crate::upstream::{Spooled, Spools, splice};

/// Lines that are kept, and translated, at once: so many bytes of them, if they are that short.
const PIECE: usize = 128 << 10;

/// Longest input that is kept, in bytes: it stands in the database.
const MOST: u64 = 128 << 20;

/// How long it is kept: as long as OpenAI keeps a batch's files.
pub const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);

/// The only lines that are translated, by their `url`.
const CHAT: &str = "/v1/chat/completions";

/// What a plugin makes of lines.
#[derive(Deserialize)]
struct Translated {
    /// The texts of all lines, one after the other, are what the batch is made of.
    text: String,
    state: String,
}

impl Pipeline {
    /// Whether the batches of a deployment are made of lines that the gateway keeps.
    pub(super) fn keeps_lines(&self, deployment: &DeploymentId) -> bool {
        let line = self.fleet().line(deployment);
        line.is_ok_and(|line| {
            let operations = &line.provider.describe.operations;
            operations.contains_key(Operation::BatchesLines.contract())
        })
    }

    /// Whether a file is such an input.
    pub(super) fn is_kept(&self, file: &RemoteObject) -> bool {
        let doc: Map<String, Value> = serde_json::from_str(&file.doc).unwrap_or_default();
        text(&doc, "purpose") == Some("batch")
            && self.keeps_lines(&DeploymentId::new(file.deployment.as_str()))
    }

    /// What the gateway itself knows of it.
    pub(super) fn known(&self, object: &RemoteObject, operation: Operation) -> Option<Bytes> {
        if object.kind != "file" || !self.is_kept(object) {
            return None;
        }
        Some(Bytes::from(match operation {
            Operation::FilesGet => object.doc.clone(),
            Operation::FilesDelete => {
                json!({"id": object.id, "object": "file", "deleted": true}).to_string()
            }
            _ => "{}".to_owned(),
        }))
    }

    /// Keeps the lines of a file.
    pub(super) async fn keep_lines(&self, id: &str, file: &Spooled) -> Result<(), Fault> {
        let store = self.accounting().store();
        let (mut cut, mut place) = (Cut::of(file), 0);
        while let Some(lines) = cut.next().await.map_err(|cause| jsonl::unread(&cause))? {
            let kept = store.keep_lines((id, place), &lines, now_ms()).await;
            kept.map_err(|cause| unreadable(&cause))?;
            place += 1;
        }
        Ok(())
    }

    /// The bytes of a file that is kept.
    pub(super) fn kept_lines(&self, id: &str) -> FileStream {
        Box::pin(pieces(self.accounting().store().clone(), id.to_owned()))
    }

    /// What a batch of a file is made of, and the state that its plugin needs later.
    pub(super) async fn translated(
        &self,
        (call, file): (&CallId, &RemoteObject),
        spools: &Spools,
    ) -> Result<(Upload, String), Fault> {
        let line = self.line_with(file)?;
        let mut spooling = spools.begin().await.map_err(|cause| unwritten(&cause))?;
        let (mut state, mut number, mut place) = (String::new(), 0, 0);
        let mut next = self.lines_at(file, place).await?;
        while let Some(lines) = next {
            place += 1;
            next = self.lines_at(file, place).await?;
            let ready = self.ready_lines(&line, &lines, &mut number).await?;
            let mut asked = format!(
                "{{\"lines\":[{ready}],\"last\":{},\"state\":",
                next.is_none()
            );
            push_quoted(&mut asked, &state);
            asked.push('}');
            let told = self.translate(call, file, &line, asked).await?;
            let written = spooling.write(told.text.as_bytes()).await;
            written.map_err(|cause| unwritten(&cause))?;
            state = told.state;
        }
        if place == 0 {
            let message = format!("the lines of the file `{}` are not kept any more", file.id);
            let fault = Fault::caller(ErrorKind::NotFound, message);
            return Err(fault.with_status(404).with_param("input_file_id"));
        }
        let spooled = spooling.finish().await.map_err(|cause| unwritten(&cause))?;
        let upload = Upload {
            field: "file".to_owned(),
            filename: "batch.json".to_owned(),
            content_type: "application/json".to_owned(),
            content: FileContent::Spooled(spooled),
        };
        Ok((upload, state))
    }

    pub(super) async fn lines_at(
        &self,
        file: &RemoteObject,
        place: i64,
    ) -> Result<Option<String>, Fault> {
        let found = self.accounting().store().lines_at(&file.id, place).await;
        found.map_err(|cause| unreadable(&cause))
    }

    /// Lines as JSON, with commas between; each with its number, and its chat as that of a single call
    /// would be prepared for this deployment.
    async fn ready_lines(
        &self,
        line: &Line,
        lines: &str,
        number: &mut u64,
    ) -> Result<String, Fault> {
        let drop_params = self.fleet().config.general.drop_params;
        let mut ready = String::with_capacity(lines.len());
        for text in lines.lines() {
            *number += 1;
            if !ready.is_empty() {
                ready.push(',');
            }
            let mut edits = vec![("line".to_owned(), Some(number.to_string()))];
            if jsonl::url_of(text).as_deref() == Some(CHAT) {
                let body = jsonl::body_of(text, *number)?;
                let chat = self.ready_chat(line, body, drop_params).await;
                let chat = chat.map_err(|fault| at_line(fault, *number))?;
                edits.push(("body".to_owned(), Some(chat)));
            }
            ready.push_str(&splice::patch(text, &edits)?);
        }
        Ok(ready)
    }

    async fn ready_chat(
        &self,
        line: &Line,
        body: &str,
        drop_params: bool,
    ) -> Result<String, Fault> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let request = ClientRequest::parse(Operation::Chat, body, None, Vec::new())?;
        prepare::one_of_many(self.upstream(), &request, line, drop_params).await
    }

    async fn translate(
        &self,
        call: &CallId,
        file: &RemoteObject,
        line: &Arc<Line>,
        asked: String,
    ) -> Result<Translated, Fault> {
        let (body, group) = (Bytes::from(asked), Some(file.model_group.as_str()));
        let mut request = ClientRequest::parse(Operation::BatchesLines, body, group, Vec::new())?;
        request.id = call.clone();
        let model = line.deployment.model.clone();
        let (upstream, line) = (self.upstream(), Arc::clone(line));
        let attempt = Attempt::new(upstream, &request, line, &model, (0, true), None);
        let (attempt, guest_body) = attempt.await?;
        let told = match attempt.run(guest_body).await.0? {
            Outcome::Whole { body, .. } => serde_json::from_slice(&body).ok(),
            _ => None,
        };
        told.ok_or_else(|| Fault::plugin("what the plugin makes of lines is no `text` and `state`"))
    }
}

/// What is told of an input that the gateway keeps, by the id that a provider would give it.
///
/// # Errors
/// It is too long.
pub fn document(call: &CallId, upload: &Upload) -> Result<Value, Fault> {
    let bytes = upload.content.length();
    if bytes > MOST {
        let message = format!(
            "the batches of this model are made of files of at most {} MiB: make several of it",
            MOST >> 20
        );
        let fault = Fault::caller(ErrorKind::InvalidRequest, message);
        return Err(fault.with_status(413).with_param("file"));
    }
    let now = now_ms() / 1000;
    let expires = now.saturating_add_unsigned(KEPT_FOR.as_secs());
    Ok(json!({
        "id": format!("lines-{}", call.as_str()), "object": "file", "bytes": bytes, "created_at": now,
        "expires_at": expires, "filename": upload.filename, "purpose": "batch", "status": "processed"
    }))
}

fn pieces(store: Store, id: String) -> impl Stream<Item = io::Result<Bytes>> + Send {
    async_stream::try_stream! {
        let mut place = 0;
        while let Some(lines) = store.lines_at(&id, place).await.map_err(io::Error::other)? {
            yield Bytes::from(lines);
            place += 1;
        }
    }
}

fn unwritten(cause: &io::Error) -> Fault {
    let message = "the gateway could not write the batch down; try again";
    Fault::ours(message, cause.to_string())
}

/// Cuts a file between its lines.
pub(super) struct Cut<'f> {
    file: &'f Spooled,
    offset: u64,
    left: Vec<u8>,
}

impl<'f> Cut<'f> {
    pub(super) const fn of(file: &'f Spooled) -> Self {
        Self {
            file,
            offset: 0,
            left: Vec::new(),
        }
    }

    /// Some whole lines; none at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let is_all = self.offset >= self.file.length();
            let end = match (is_all, self.left.len() < PIECE) {
                (true, _) => self.left.len(),
                (false, true) => 0,
                (false, false) => memchr::memrchr(b'\n', &self.left).map_or(0, |it| it + 1),
            };
            if end > 0 {
                let rest = self.left.split_off(end);
                let lines = String::from_utf8(std::mem::replace(&mut self.left, rest));
                return lines.map(Some).map_err(io::Error::other);
            }
            if is_all {
                return Ok(None);
            }
            let bytes = self.file.piece(self.offset).await?;
            self.offset += bytes.len() as u64;
            self.left.extend_from_slice(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn spooled(text: &str) -> Spooled {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().join("uploads"));
        let mut file = spools.begin().await.unwrap();
        file.write(text.as_bytes()).await.unwrap();
        file.finish().await.unwrap()
    }

    #[tokio::test]
    async fn a_file_is_cut_between_its_lines_only() {
        let long = format!("{{\"a\":\"{}\"}}\n", "é".repeat(PIECE));
        let text = format!("{}{long}{}", "{\"a\":1}\n".repeat(40_000), "{}\n".repeat(3));
        let file = spooled(&text).await;
        let (mut cut, mut pieces) = (Cut::of(&file), Vec::new());
        while let Some(piece) = cut.next().await.unwrap() {
            assert!(piece.ends_with('\n'));
            pieces.push(piece);
        }
        assert!(
            pieces.len() > 2 && pieces.concat() == text,
            "{}",
            pieces.len()
        );
        assert!(Cut::of(&spooled("").await).next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_input_that_is_too_long_to_keep_is_refused() {
        let upload = |content| Upload {
            field: "file".into(),
            filename: "in.jsonl".into(),
            content_type: String::new(),
            content,
        };
        let call = CallId::fresh(now_ms());
        let file = upload(FileContent::Spooled(spooled("{}\n").await));
        let told = document(&call, &file).unwrap();
        assert_eq!(
            (&told["bytes"], &told["filename"]),
            (&json!(3), &json!("in.jsonl"))
        );
        let lives = told["expires_at"].as_u64().unwrap() - told["created_at"].as_u64().unwrap();
        assert_eq!(lives, KEPT_FOR.as_secs());
        let most = usize::try_from(MOST).unwrap();
        let file = upload(FileContent::Held(Bytes::from(vec![0; most + 1])));
        assert_eq!(document(&call, &file).unwrap_err().status, Some(413));
    }
}
