//! The lines of a batch as guardrails see them: each as the request that it will be, and each line of
//! its results as the answer that it is.

use std::collections::BTreeMap;
use std::future::ready;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::files::at_line;
use super::lines::Cut;
use super::{Asking, jsonl};
use crate::auth::Caller;
use crate::domain::{CallId, Fault};
use crate::pipeline::answer::FileStream;
use crate::pipeline::fleet::Fleet;
use crate::pipeline::guards::{may_look, of_model};
use crate::pipeline::request::{ClientRequest, Operation};
use crate::pipeline::run::Pipeline;
use crate::store::RemoteObject;
use crate::upstream::{Spooled, Spools, splice};

/// Lines that are looked at side by side.
const AT_ONCE: usize = 8;

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
}

impl Lines {
    /// The file as they let it go on, its lines where they were.
    ///
    /// # Errors
    /// A guardrail refuses a line, or fails closed; or the disk does not give or take the file.
    pub async fn look(&self, file: &Spooled, spools: &Spools) -> Result<Spooled, Fault> {
        let begun = spools.begin().await;
        let mut looked = begun.map_err(|cause| jsonl::unread(&cause))?;
        let (mut cut, mut count) = (Cut::of(file), 0);
        while let Some(text) = cut.next().await.map_err(|cause| jsonl::unread(&cause))? {
            let lines = text.lines().map(|line| {
                count += 1;
                (jsonl::request_of(line).to_owned(), count)
            });
            let lines: Vec<(String, u64)> = lines.collect();
            let looks = lines
                .into_iter()
                .map(|(line, number)| self.line(line, number));
            let mut looks = stream::iter(looks).buffered(AT_ONCE);
            while let Some(line) = looks.next().await {
                let mut line = line?;
                line.push('\n');
                let written = looked.write(line.as_bytes()).await;
                written.map_err(|cause| jsonl::unread(&cause))?;
            }
        }
        let looked = looked.finish().await;
        looked.map_err(|cause| jsonl::unread(&cause))
    }

    async fn line(&self, line: String, number: u64) -> Result<String, Fault> {
        if line.is_empty() {
            return Ok(line);
        }
        let changed = Box::pin(self.changed(&line, number)).await;
        match changed.map_err(|it| at_line(it, number))? {
            Some(body) => splice::patch(&line, &[("body".into(), Some(body))]),
            None => Ok(line),
        }
    }

    /// The body of a line, if a guardrail changed it.
    async fn changed(&self, line: &str, number: u64) -> Result<Option<String>, Fault> {
        let body = jsonl::body_of(line, number)?;
        let known = jsonl::asks(line);
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        // What the model wants of it is the provider's to judge.
        let mut request = ClientRequest::parse(Operation::PassThrough, bytes, None, Vec::new())?;
        request.operation = known.unwrap_or(Operation::Chat);
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
        let changed = guarded.before(body.as_bytes()).await?;
        let goes = changed.as_deref().unwrap_or(body.as_bytes());
        guarded.beside(goes, ready(())).await?;
        let text = changed.map(|it| String::from_utf8(it.into()));
        text.transpose().map_err(|cause| {
            let text = "a guardrail made a request that cannot be sent";
            Fault::ours(text, cause.to_string())
        })
    }
}

impl Pipeline {
    /// Those who look at the lines of a file, whose models are known; None: there is nobody. `named`:
    /// a line names guardrails, and if they are not there that is said.
    pub(super) fn looks_at_lines(
        &self,
        asking: &Asking<'_>,
        (models, named): (&[(String, String)], bool),
    ) -> Option<Lines> {
        let fleet = self.fleet();
        let mut groups = models.iter();
        let looks = named
            || groups.any(|(_, group)| {
                let more = of_model(&fleet, group);
                may_look(&fleet, asking.caller, &more)
            });
        looks.then(|| Lines {
            pipeline: self.clone(),
            fleet,
            caller: asking.caller.clone(),
            id: asking.id.clone(),
            tags: asking.tags.clone(),
            groups: models.iter().cloned().collect(),
        })
    }

    /// A file for whoever asks for it: if it has results of a batch, they are looked at line by line
    /// by those who look at answers. One that is refused is an error in its line.
    pub(super) fn looked_results(
        &self,
        (caller, id): (&Caller, &CallId),
        file: &RemoteObject,
        bytes: FileStream,
    ) -> FileStream {
        let fleet = self.fleet();
        let more = of_model(&fleet, &file.model_group);
        if !has_results(file) || !may_look(&fleet, caller, &more) {
            return bytes;
        }
        let asked = Arc::new((
            self.clone(),
            caller.clone(),
            id.clone(),
            file.model_group.clone(),
        ));
        let looks = result_lines(bytes).map(move |line| {
            let asked = Arc::clone(&asked);
            async move {
                let (this, caller, id, group) = &*asked;
                Box::pin(this.looked_result((caller, id), group, line?)).await
            }
        });
        Box::pin(looks.buffered(AT_ONCE))
    }

    async fn looked_result(
        &self,
        by: (&Caller, &CallId),
        group: &str,
        line: Bytes,
    ) -> io::Result<Bytes> {
        let text = std::str::from_utf8(&line).unwrap_or_default();
        let Some((response, body)) = answered(text) else {
            return Ok(line);
        };
        let asked = (operation_of(body), group);
        let answer = Bytes::copy_from_slice(body.as_bytes());
        let response = match self.guard_again(by, asked, answer).await {
            Ok(told) if told == body.as_bytes() => return Ok(line),
            Ok(told) => {
                let told = String::from_utf8(told.into()).map_err(io::Error::other)?;
                splice::patch(response, &[("body".into(), Some(told))])
            }
            Err(fault) => Ok(self.refusal(&fault, by.1).to_string()),
        };
        let response = response.map_err(io::Error::other)?;
        let line = splice::patch(text.trim_end(), &[("response".into(), Some(response))]);
        let mut line = line.map_err(io::Error::other)?;
        line.push('\n');
        Ok(Bytes::from(line))
    }

    /// What stands in place of an answer that is not given.
    fn refusal(&self, fault: &Fault, id: &CallId) -> Value {
        let status = (self.inner().status_of)(fault);
        json!({
            "status_code": status,
            "request_id": id.as_str(),
            "body": {"error": {
                "message": fault.message,
                "type": fault.type_name,
                "param": fault.param,
                "code": status.to_string(),
            }},
        })
    }
}

/// Whether a file may hold results of a batch, by what is known of it.
fn has_results(file: &RemoteObject) -> bool {
    let told = serde_json::from_str::<Value>(&file.doc).ok();
    let purpose = told.as_ref().and_then(|it| it.get("purpose")?.as_str());
    purpose.is_none_or(|it| it == "batch_output")
}

/// A file, line by line.
fn result_lines(mut bytes: FileStream) -> impl Stream<Item = io::Result<Bytes>> + Send {
    async_stream::try_stream! {
        let (mut rest, mut seen) = (BytesMut::new(), 0);
        while let Some(piece) = bytes.next().await {
            rest.extend_from_slice(&piece?);
            while let Some(end) = memchr::memchr(b'\n', rest.get(seen..).unwrap_or_default()) {
                yield rest.split_to(seen + end + 1).freeze();
                seen = 0;
            }
            seen = rest.len();
            if seen > MAX_RESULT {
                let most = MAX_RESULT >> 20;
                let said = format!("a line is longer than the {most} MiB that can be looked at");
                Err(io::Error::other(said))?;
            }
        }
        if !rest.is_empty() {
            yield rest.freeze();
        }
    }
}

/// The response of a line of results, and the body in it.
fn answered(line: &str) -> Option<(&str, &str)> {
    #[derive(Deserialize)]
    struct Result<'l> {
        #[serde(borrow)]
        response: Option<&'l RawValue>,
    }
    #[derive(Deserialize)]
    struct Response<'l> {
        #[serde(borrow)]
        body: Option<&'l RawValue>,
    }
    let response = serde_json::from_str::<Result<'_>>(line)
        .ok()?
        .response?
        .get();
    let body = serde_json::from_str::<Response<'_>>(response).ok()?.body?;
    Some((response, body.get()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn results_are_cut_into_their_lines_wherever_pieces_end() {
        let text = "{\"a\":1}\n\n{\"b\":\"é\"}\n{\"c\":3}";
        for size in [1, 3, 100] {
            let pieces = text
                .as_bytes()
                .chunks(size)
                .map(Bytes::copy_from_slice)
                .map(Ok);
            let pieces: Vec<io::Result<Bytes>> = pieces.collect();
            let lines = result_lines(Box::pin(stream::iter(pieces)));
            let lines: Vec<Bytes> = lines.map(|it| it.unwrap()).collect().await;
            assert_eq!(
                lines,
                ["{\"a\":1}\n", "\n", "{\"b\":\"é\"}\n", "{\"c\":3}"],
                "{size}"
            );
        }
        let endless = vec![b'x'; MAX_RESULT + 1];
        let pieces = stream::iter([Ok(Bytes::from(endless))]);
        let mut lines = Box::pin(result_lines(Box::pin(pieces)));
        let refused = lines.next().await.unwrap().unwrap_err();
        assert!(refused.to_string().contains("64 MiB"), "{refused}");
    }

    #[test]
    fn an_answer_is_found_in_its_line() {
        let line = r#"{"custom_id":"1","response":{"status_code":200,"body":{"object":"list"}}}"#;
        let (response, body) = answered(line).unwrap();
        assert!(response.starts_with("{\"status_code\"") && body == r#"{"object":"list"}"#);
        assert_eq!(operation_of(body), Operation::Embeddings);
        for other in [
            "",
            "{}",
            "7",
            r#"{"response":null}"#,
            r#"{"response":{"body":null}}"#,
        ] {
            assert!(answered(other).is_none(), "{other}");
        }
    }
}
