//! Google's requests for embeddings. To the pipeline they are requests for embeddings like others; the
//! door has them read here, and has the answer written as Google's.

use bytes::Bytes;
use serde_json::{Map, Value};
use sluice_bridges::{Embed, Target};

use super::answer::{Answer, AnswerBody, Failure};
use super::bridge::{broken, failed, impossible};
use super::fleet::Line;
use super::request::{Controls, bad_body};
use crate::domain::Fault;
use crate::domain::json::Document;

/// The body of the request for embeddings.
pub fn asked(embed: Embed, body: Bytes) -> Result<Bytes, Fault> {
    // What is ambiguous is refused as everywhere, before anything of it is read.
    let body = Document::parse(body).map_err(|cause| bad_body(cause.to_string()))?;
    let body: Map<String, Value> =
        serde_json::from_str(body.text()).map_err(|cause| bad_body(cause.to_string()))?;
    let body = embed.request(&body).map_err(impossible)?;
    Ok(Bytes::from(Value::from(body).to_string()))
}

/// The answer, in Google's words.
pub fn back(embed: Embed, answer: Answer) -> Result<Answer, Failure> {
    let AnswerBody::Whole(body) = &answer.body else {
        return Ok(answer);
    };
    let written = serde_json::from_slice(body).map_err(broken);
    let written: Result<Value, Fault> =
        written.and_then(|it: Value| embed.answer(&it).map_err(|failure| failed(&failure)));
    match written {
        Ok(written) => Ok(Answer {
            body: AnswerBody::Whole(Bytes::from(written.to_string())),
            ..answer
        }),
        Err(fault) => Err(Failure {
            fault,
            trail: Box::new(answer.trail),
        }),
    }
}

/// Members that the deployment's provider cannot know: they are wishes, and left out there.
pub fn foreign<'c>(
    controls: &'c Controls,
    (line, model): (&Line, &str),
) -> impl Iterator<Item = &'static str> + use<'c> {
    let googles = Target::of(&line.provider.described_as, model).google;
    let soft = controls.soft.iter().copied();
    soft.filter(move |it| !googles && Embed::GOOGLE_ONLY.contains(it))
}
