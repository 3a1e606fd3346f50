//! Examples of guardrails and callbacks (`wit/hook-fixture.schema.json`), run natively, and
//! streams that are cut in every way.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;

use serde_json::Value;

use super::Played;
use crate::{
    Body, Callback, Decision, Error, FetchRequest, FetchResponse, Guardrail, Inspection, Payload,
    Piece, Refusal, Span, StreamGuardrail, StreamVerdict, Verdict, channel, fault, role,
};

/// A text that a user says.
pub fn span(text: &str) -> Span {
    Span {
        role: role::USER.to_owned(),
        channel: channel::TEXT.to_owned(),
        choice: 0,
        pointer: String::new(),
        text: text.to_owned(),
    }
}

/// A piece of the text of an answer.
pub fn piece(text: &str) -> Piece {
    Piece {
        choice: 0,
        channel: channel::TEXT.to_owned(),
        call: String::new(),
        text: text.to_owned(),
    }
}

/// What a guardrail is asked at a stage of a chat, with these settings.
pub fn inspection(stage: &str, config: &Value, spans: Vec<Span>) -> Inspection {
    Inspection {
        id: "test".to_owned(),
        stage: stage.to_owned(),
        operation: "chat".to_owned(),
        model: "m".to_owned(),
        config: config.to_string(),
        subject: "{}".to_owned(),
        spans,
        request: None,
        response: None,
        state: String::new(),
        files: Vec::new(),
    }
}

/// Feeds batches of pieces to a guardrail and gives what it lets through, or its refusal. The last
/// call has no pieces.
///
/// # Errors
/// The guardrail's own.
pub fn streamed<G: StreamGuardrail>(
    inspection: &Inspection,
    batches: Vec<Vec<Piece>>,
) -> Result<Result<Vec<Piece>, Refusal>, Error> {
    let mut state = G::open(inspection)?;
    let mut out = Vec::new();
    let end = batches.len();
    for (at, batch) in batches.into_iter().chain([Vec::new()]).enumerate() {
        match G::feed(state, batch, at == end)? {
            StreamVerdict::Pass(passed) => {
                state = passed.state;
                out.extend(passed.pieces);
            }
            StreamVerdict::Block(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Ok(out))
}

/// Streams a text whole, cut in two at every place, and letter by letter; gives what comes out, or
/// the code of the refusal.
///
/// # Errors
/// What differs between two ways to cut it, or the guardrail's own error.
pub fn streamed_at_every_cut<G: StreamGuardrail>(
    inspection: &Inspection,
    text: &Piece,
) -> Result<Result<String, String>, String> {
    let part = |of: &str| Piece {
        text: of.to_owned(),
        ..text.clone()
    };
    let whole = text.text.as_str();
    let places = whole.char_indices().map(|(at, _)| at).chain([whole.len()]);
    let mut ways: Vec<Vec<Vec<Piece>>> = places
        .map(|at| whole.split_at(at))
        .map(|(a, b)| vec![vec![part(a)], vec![part(b)]])
        .collect();
    let letters = whole
        .char_indices()
        .map(|(at, it)| &whole[at..at + it.len_utf8()]);
    ways.push(letters.clone().map(|it| vec![part(it)]).collect());
    ways.push(vec![letters.map(part).collect()]);
    let run = |way| match streamed::<G>(inspection, way) {
        Ok(Ok(pieces)) => Ok(Ok(pieces.into_iter().map(|it| it.text).collect::<String>())),
        Ok(Err(refusal)) => Ok(Err(refusal.code)),
        Err(error) => Err(error.message),
    };
    let first = run(vec![vec![text.clone()]])?;
    for way in ways {
        let other = run(way.clone())?;
        if other != first {
            return Err(format!(
                "{way:?} gives {other:?}, and whole it is {first:?}"
            ));
        }
    }
    Ok(first)
}

/// Runs every example of `describe`.
///
/// # Errors
/// There is none, or the first thing that is not as expected.
pub fn run_guardrail_examples<G: Guardrail>() -> Result<(), String> {
    examples(&G::describe())?
        .iter()
        .try_for_each(inspected::<G>)
}

/// Runs every `*.json` example of a folder.
///
/// # Errors
/// There is none, or the first thing that is not as expected.
pub fn run_guardrail_dir<G: Guardrail>(dir: impl AsRef<Path>) -> Result<(), String> {
    read_dir(dir.as_ref())?.iter().try_for_each(inspected::<G>)
}

/// Runs every example of `describe`.
///
/// # Errors
/// There is none, or the first thing that is not as expected.
pub fn run_callback_examples<C: Callback>() -> Result<(), String> {
    examples(&C::describe())?
        .iter()
        .try_for_each(delivered::<C>)
}

/// Runs every `*.json` example of a folder.
///
/// # Errors
/// There is none, or the first thing that is not as expected.
pub fn run_callback_dir<C: Callback>(dir: impl AsRef<Path>) -> Result<(), String> {
    read_dir(dir.as_ref())?.iter().try_for_each(delivered::<C>)
}

fn examples(document: &str) -> Result<Vec<Value>, String> {
    let document: Value = serde_json::from_str(document).map_err(|cause| cause.to_string())?;
    let all = document["examples"].as_array();
    let all = all.filter(|it| !it.is_empty());
    all.cloned()
        .ok_or_else(|| "there are no examples".to_owned())
}

fn read_dir(dir: &Path) -> Result<Vec<Value>, String> {
    let told = |cause: &dyn std::fmt::Display| format!("{}: {cause}", dir.display());
    let entries = std::fs::read_dir(dir).map_err(|cause| told(&cause))?;
    let mut paths: Vec<_> = entries.flatten().map(|it| it.path()).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "json"));
    paths.sort();
    if paths.is_empty() {
        return Err(told(&"there are no examples"));
    }
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|cause| told(&cause))?;
        serde_json::from_str(&text).map_err(|cause| format!("{}: {cause}", path.display()))
    };
    paths.iter().map(read).collect()
}

fn inspected<G: Guardrail>(example: &Value) -> Result<(), String> {
    let spans = example["spans"].as_array().into_iter().flatten();
    let spans: Vec<Span> = spans.map(span_of).collect();
    let stage = example["stage"].as_str().unwrap_or("pre");
    let document = |name: &str| example.get(name).map(Value::to_string);
    let json = |name| document(name).unwrap_or_else(|| "{}".to_owned());
    let mut asked = inspection(stage, &Value::Null, spans);
    asked.config = json("config");
    asked.subject = json("subject");
    asked.request = document("request");
    asked.response = document("response");
    text_into(&mut asked.state, &example["state"]);
    text_into(&mut asked.operation, &example["operation"]);
    play(example, || G::inspect(&asked))
        .and_then(|decided| compare(example, &asked, decided))
        .map_err(|what| named(example, &what))
}

fn delivered<C: Callback>(example: &Value) -> Result<(), String> {
    let records = example["records"].as_array().cloned().unwrap_or_default();
    play(example, || C::on_batch(&example["config"], &records))
        .and_then(|done| same("error", &example["expect"]["error"], &kind_of(&done)))
        .map_err(|what| named(example, &what))
}

fn named(example: &Value, what: &str) -> String {
    format!("{} fails: {what}", example["name"])
}

fn text_into(place: &mut String, value: &Value) {
    if let Some(text) = value.as_str() {
        text.clone_into(place);
    }
}

fn span_of(value: &Value) -> Span {
    let mut span = span(value["text"].as_str().unwrap_or_default());
    text_into(&mut span.role, &value["role"]);
    text_into(&mut span.channel, &value["channel"]);
    text_into(&mut span.pointer, &value["pointer"]);
    span.choice = value["choice"].as_u64().map_or(0, |it| it as u32);
    span
}

/// Answers what is fetched from the example; all of it must be fetched, in order.
fn play<T>(example: &Value, work: impl FnOnce() -> T) -> Result<T, String> {
    let left = example["fetches"].as_array().cloned().unwrap_or_default();
    let left = Rc::new(RefCell::new(VecDeque::from(left)));
    let wrong = Rc::new(RefCell::new(None));
    let (next, first_wrong) = (Rc::clone(&left), Rc::clone(&wrong));
    let played = Played::new(move |request| {
        let exchange = next.borrow_mut().pop_front();
        answer(exchange, request).map_err(|what| {
            first_wrong.borrow_mut().get_or_insert_with(|| what.clone());
            fault::internal(what)
        })
    });
    let done = played.run(work);
    if let Some(wrong) = wrong.borrow_mut().take() {
        return Err(wrong);
    }
    match left.borrow().front() {
        Some(_) => Err("it fetched less than expected".to_owned()),
        None => Ok(done),
    }
}

fn answer(exchange: Option<Value>, request: &FetchRequest) -> Result<FetchResponse, String> {
    let exchange = exchange.ok_or_else(|| format!("it fetches {} unexpectedly", request.url))?;
    let body = match &request.body {
        Body::Json(text) => serde_json::from_str(text).unwrap_or_default(),
        Body::Raw(Payload::Text(text)) => text.clone().into(),
        Body::Raw(Payload::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned().into(),
        _ => Value::Null,
    };
    same(
        "the method",
        &exchange["method"],
        &request.method.to_ascii_uppercase().into(),
    )?;
    same("the URL", &exchange["url"], &request.url.clone().into())?;
    same("the body", &exchange["body"], &body)?;
    let status = exchange["status"]
        .as_u64()
        .and_then(|it| it.try_into().ok());
    let text = match &exchange["reply"] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    Ok(FetchResponse::text_of(
        status.ok_or("the exchange has no status")?,
        text,
    ))
}

fn compare(
    example: &Value,
    asked: &Inspection,
    decided: Result<Decision, Error>,
) -> Result<(), String> {
    let expect = &example["expect"];
    let kind = kind_of(&decided);
    let decision = match decided {
        Ok(decision) => decision,
        Err(error) if expect["error"].is_null() => return Err(format!("it fails: {error:?}")),
        Err(_) => return same("error", &expect["error"], &kind),
    };
    same("error", &expect["error"], &kind)?;
    let mut texts: Vec<String> = asked.spans.iter().map(|it| it.text.clone()).collect();
    let (verdict, code) = match decision.verdict {
        Verdict::Allow => ("allow", Value::Null),
        Verdict::Block(refusal) => ("block", refusal.code.into()),
        Verdict::Replace(_) => ("replace", Value::Null),
        Verdict::Edit(edits) => {
            for edit in edits {
                let text = texts.get_mut(edit.span as usize);
                *text.ok_or("it edits a text that is not there")? = edit.text;
            }
            ("edit", Value::Null)
        }
    };
    let findings = decision.findings.as_deref().map(serde_json::from_str);
    let findings = findings
        .transpose()
        .map_err(|it| format!("findings: {it}"))?;
    same("verdict", &expect["verdict"], &verdict.into())?;
    same("code", &expect["code"], &code)?;
    same("texts", &expect["texts"], &texts.into())?;
    same(
        "findings",
        &expect["findings"],
        &findings.unwrap_or_default(),
    )
}

fn kind_of<T>(done: &Result<T, Error>) -> Value {
    match done {
        Ok(_) => Value::Null,
        Err(error) => error.kind.clone().into(),
    }
}

/// What is not given is not checked, except that nothing fails unless it is to.
fn same(what: &str, wanted: &Value, found: &Value) -> Result<(), String> {
    if (wanted.is_null() && what != "error") || wanted == found {
        return Ok(());
    }
    Err(format!("{what} is {found}, expected {wanted}"))
}
