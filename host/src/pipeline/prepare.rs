//! The canonical body of one attempt: the client's bytes with the gateway's edits, and the part
//! of them that the plugin is handed.

use std::sync::Arc;

use memchr::memmem;

use super::embedded;
use super::fleet::Line;
use super::nested;
use super::params::{Judged, Leniency, ParamRules};
use super::request::{ClientRequest, OURS, Operation};
use super::types;
use crate::dialect::envelope::push_quoted;
use crate::domain::json::Document;
use crate::domain::{ErrorKind, Fault};
use crate::plugins::describe::{BodyWish, Media, OperationDescribe};
use crate::upstream::splice::{self, Edit};
use crate::upstream::{CallBodies, Upstream, inline};

/// A member whose text is longer than this comes to a `head` plugin as an empty value.
const HEAD_MEMBER: usize = 1024;

/// A body that is ready for the plugin and for sending.
pub struct Prepared {
    pub bodies: CallBodies,
    /// What `start` is handed.
    pub guest_body: String,
    /// Members that the client wrote and the provider is not told.
    pub dropped: Vec<String>,
}

/// Prepares the body for one deployment, or refuses parameters that its provider does not take.
pub async fn prepare(
    upstream: &Upstream,
    request: &ClientRequest,
    line: &Line,
    model: &str,
    operation: &OperationDescribe,
    drop_params: bool,
) -> Result<Prepared, Fault> {
    let (edits, dropped) = edits(request, line, model, operation, drop_params)?;
    if operation.body == BodyWish::Head {
        let guest_body = head(&request.body, &edits);
        let mut bodies = CallBodies::new(Arc::clone(&request.body), edits);
        bodies.files = request.files.kept();
        return Ok(Prepared {
            bodies,
            guest_body,
            dropped,
        });
    }
    let mut full = splice::patch_document(&request.body, &edits);
    let is_chat = matches!(request.operation, Operation::Chat | Operation::CountChat);
    if line.provider.describe.media == Media::Inline && is_chat {
        full = with_media(upstream, full, line).await?;
    }
    let mut bodies = CallBodies::new(Arc::clone(&request.body), edits);
    bodies.files = request.files.kept();
    let guest_body = bodies.media.extract(full);
    Ok(Prepared {
        bodies,
        guest_body,
        dropped,
    })
}

/// The body of a chat that goes with others, as it would be prepared for a call of its own.
///
/// # Errors
/// The provider does not take it.
pub async fn one_of_many(
    upstream: &Upstream,
    request: &ClientRequest,
    line: &Line,
    drop_params: bool,
) -> Result<String, Fault> {
    let describe = &line.provider.describe;
    let operation = describe.operations.get(request.operation.contract());
    let operation = operation.ok_or_else(|| {
        let message = format!("provider `{}` has no chat", line.provider.name);
        Fault::upstream(ErrorKind::Unsupported, message)
    })?;
    let model = &request.controls.model;
    let (edits, _) = edits(request, line, model, operation, drop_params)?;
    let full = splice::patch_document(&request.body, &edits);
    match describe.media {
        Media::Inline => with_media(upstream, full, line).await,
        Media::Url => Ok(full),
    }
}

/// With what its addresses lead to, for a provider that takes bytes only.
async fn with_media(upstream: &Upstream, full: String, line: &Line) -> Result<String, Fault> {
    let own_host = line.target.base_url.as_ref().and_then(|it| it.host_str());
    let inlined = inline(upstream, full, line.target.allow_private, own_host);
    Box::pin(inlined).await
}

/// The edits, and what of the client's request they leave out.
fn edits(
    request: &ClientRequest,
    line: &Line,
    model: &str,
    operation: &OperationDescribe,
    drop_params: bool,
) -> Result<(Vec<Edit>, Vec<String>), Fault> {
    let controls = &request.controls;
    let deployment = &line.deployment;
    if request.operation.is_remote() {
        for (name, raw) in request.body.entries() {
            types::check(request.operation, name, raw)?;
        }
        return Ok((Vec::new(), Vec::new()));
    }
    let mut quoted = String::with_capacity(model.len() + 2);
    push_quoted(&mut quoted, model);
    let mut edits: Vec<Edit> = vec![("model".into(), Some(quoted))];
    let openai = request.operation.is_openai();
    for name in request.body.names() {
        // LiteLLM's `metadata` is the gateway's; that of other dialects is the provider's.
        if OURS.contains(&name) || (openai && name == "metadata") {
            edits.push((name.to_owned(), None));
        }
    }
    let (unsupported, ignored) = operation.lists_for(model);
    let rules = ParamRules {
        allowed: operation.allowed_for(model),
        unsupported,
        ignored: ignored.clone(),
    };
    let asked = |name: &str| request.body.names().any(|it| it == name);
    let defaults = line.body_defaults.iter();
    let defaults = defaults.map(|(name, value)| (name.as_str(), value.as_str()));
    let defaults = defaults.filter(|(name, _)| !asked(name));
    let additional: Vec<String> = controls
        .additional_drop_params
        .iter()
        .chain(&deployment.additional_drop_params)
        .cloned()
        .chain(embedded::foreign(controls, (line, model)).map(str::to_owned))
        .collect();
    let allow: Vec<String> = controls
        .allowed_openai_params
        .iter()
        .chain(&deployment.allowed_openai_params)
        .cloned()
        .collect();
    let leniency = Leniency {
        drop_params: controls
            .drop_params
            .or(deployment.drop_params)
            .unwrap_or(drop_params),
        additional_drop: &additional,
        allow: &allow,
        soft: &controls.soft,
    };
    let members = request.body.entries().chain(defaults);
    let Judged { out, dropped } = rules.judge(members, leniency, (&line.provider.name, model))?;
    // Defaults are the operator's.
    let dropped = dropped.into_iter().filter(|it| asked(it));
    let dropped = dropped.map(str::to_owned).collect();
    for (name, raw) in request
        .body
        .entries()
        .filter(|(name, _)| !out.contains(name))
    {
        types::check(request.operation, name, raw)?;
    }
    edits.extend(set_defaults(request, line, &out));
    edits.extend(out.into_iter().map(|name| (name.to_owned(), None)));
    if request.operation.is_audio() && !operation.stream {
        // A provider that answers whole is not asked for a stream.
        edits.push((request.operation.stream_member().to_owned(), None));
    }
    edits.extend(
        deployment
            .extra_body
            .iter()
            .map(|(name, value)| (name.clone(), Some(value.to_string()))),
    );
    let paths = additional.iter().map(String::as_str);
    let ignored: Vec<&str> = written(request, ignored).collect();
    drop_nested(request, paths.chain(ignored), &mut edits);
    Ok((edits, dropped))
}

/// The paths that may lead to something: the last name stands in the member that the path begins with.
/// Most requests have nothing to take out, and are not read for it.
fn written<'p>(request: &ClientRequest, paths: Vec<&'p str>) -> impl Iterator<Item = &'p str> {
    let mut known: Vec<((&str, &str), bool)> = Vec::new();
    let mut is_written = move |path: &&'p str| {
        let ends = nested::member(path).zip(path.rsplit(['.', ']']).next());
        let Some((member, name)) = ends else {
            return false;
        };
        if let Some((_, written)) = known.iter().find(|it| it.0 == (member, name)) {
            return *written;
        }
        let mut entries = request.body.entries();
        let raw = entries.find(|it| it.0 == member).map_or("", |it| it.1);
        let quoted = format!("\"{name}\"");
        let written = memmem::find(raw.as_bytes(), quoted.as_bytes()).is_some();
        known.push(((member, name), written));
        written
    };
    paths.into_iter().filter(move |path| is_written(path))
}

/// Takes out what lies inside members, where `additional_drop_params` or what the plugin says is
/// ignored has paths.
fn drop_nested<'p>(
    request: &ClientRequest,
    paths: impl Iterator<Item = &'p str>,
    edits: &mut Vec<Edit>,
) {
    for path in paths {
        let Some(name) = nested::member(path) else {
            continue;
        };
        let edited = edits.iter().rev().find(|(edited, _)| edited == name);
        let raw = match edited {
            Some((_, value)) => value.clone(),
            None => {
                let mut entries = request.body.entries();
                entries
                    .find(|(known, _)| *known == name)
                    .map(|(_, raw)| raw.to_owned())
            }
        };
        if let Some(value) = raw.and_then(|raw| nested::without(path, &raw)) {
            edits.push((name.to_owned(), Some(value)));
        }
    }
}

fn set_defaults<'a>(request: &'a ClientRequest, line: &'a Line, out: &'a [&str]) -> Vec<Edit> {
    let wanted =
        |name: &String| !request.body.names().any(|it| it == name) && !out.contains(&name.as_str());
    let defaults = line.body_defaults.iter().filter(|(name, _)| wanted(name));
    defaults
        .map(|(name, value)| (name.clone(), Some(value.clone())))
        .collect()
}

/// The body with every long member emptied.
fn head(body: &Document, edits: &[Edit]) -> String {
    let mut emptied: Vec<Edit> = Vec::new();
    for (name, raw) in body.entries() {
        if raw.len() > HEAD_MEMBER {
            let empty = match raw.as_bytes().first() {
                Some(b'{') => "{}",
                Some(b'[') => "[]",
                _ => "\"\"",
            };
            emptied.push((name.to_owned(), Some(empty.to_owned())));
        }
    }
    emptied.extend(edits.iter().cloned());
    splice::patch_document(body, &emptied)
}
