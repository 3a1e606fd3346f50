//! Edits are put back where their spans were found.

use proptest::prelude::*;
use serde_json::json;

use super::hidden::document;
use super::*;
use crate::span::Form;

fn edit(span: usize, text: &str) -> Edit {
    let text = text.to_owned();
    Edit { span, text }
}

/// The document with the text of its one span, or of that at a pointer, changed.
fn changed(operation: &str, body: &Value, pointer: &str, text: &str) -> Result<Value, ApplyError> {
    let mut body = body.clone();
    let spans = request(operation, &body);
    let span = spans.iter().position(|it| it.pointer == pointer).unwrap();
    apply(&mut body, &spans, &[edit(span, text)])?;
    Ok(body)
}

#[test]
fn arguments_stay_json() {
    let call = |arguments: &str| {
        json!({"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "function",
            "function": {"name": "f", "arguments": arguments}}]}]})
    };
    let place = "/messages/0/tool_calls/0/function/arguments";
    let body = call(r#"{"to":"<N>"}"#);
    let masked = changed("chat", &body, place, r#"{"to":"Ada \"C\""}"#);
    assert_eq!(masked, Ok(call(r#"{"to":"Ada \"C\""}"#)));
    let broken = changed("chat", &body, place, r#"{"to":"Ada "C""}"#);
    assert_eq!(broken, Err(ApplyError::NotJson(place.to_owned())));
    // What was cut off was no JSON before.
    let cut = changed("chat", &call(r#"{"to":"<N>"#), place, r#"{"to":"Ada"#);
    assert_eq!(cut, Ok(call(r#"{"to":"Ada"#)));
}

#[test]
fn strings_in_arguments_are_edited_as_json_writes_them() {
    let body = json!({"messages": [{"role": "assistant", "content": [
        {"type": "tool_use", "id": "t", "name": "f", "input": {"to": "<N>"}}]}]});
    let place = "/messages/0/content/0/input/to";
    let masked = changed("messages", &body, place, r#"Ada \"C\""#).unwrap();
    assert_eq!(masked.pointer(place).unwrap(), "Ada \"C\"");
    for text in ["Ada \"C\"", "a\",\"b", "a\nb"] {
        let broken = changed("messages", &body, place, text);
        assert_eq!(broken, Err(ApplyError::NotJson(place.to_owned())), "{text}");
    }
}

#[test]
fn a_signed_thought_is_not_changed_in_a_request_and_loses_its_signature_in_an_answer() {
    let block = json!({"type": "thinking", "thinking": "Ada?", "signature": "c2ln"});
    let body = json!({"messages": [{"role": "assistant", "content": [block]}]});
    let place = "/messages/0/content/0/thinking";
    assert_eq!(changed("messages", &body, place, "Ada?"), Ok(body.clone()));
    assert_eq!(
        changed("messages", &body, place, "<N>?"),
        Err(ApplyError::Signed(place.to_owned()))
    );
    let mut body = json!({"role": "assistant", "content": [block]});
    let spans = answer("messages", &body);
    apply(&mut body, &spans, &[edit(0, "<N>?")]).unwrap();
    assert_eq!(
        body["content"],
        json!([{"type": "thinking", "thinking": "<N>?"}])
    );
}

#[test]
fn the_tokens_of_an_edited_text_are_forgotten() {
    let choice = |text: &str| {
        json!({"index": 0, "message": {"role": "assistant", "content": text},
            "logprobs": {"content": [{"token": "Ada"}]}})
    };
    let mut body = json!({"choices": [choice("Ada"), choice("Bob")]});
    let spans = answer("chat", &body);
    apply(&mut body, &spans, &[edit(0, "<N>"), edit(1, "Bob")]).unwrap();
    assert_eq!(body["choices"][0]["logprobs"], Value::Null);
    assert_eq!(body["choices"][1], choice("Bob"));
}

#[test]
fn edits_that_do_not_fit_change_nothing() {
    let body =
        json!({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]});
    let spans = request("chat", &body);
    let mut tried = body.clone();
    let mut fails = |edits: &[Edit]| apply(&mut tried, &spans, edits).unwrap_err();
    assert_eq!(fails(&[edit(0, "x"), edit(2, "y")]), ApplyError::NoSpan(2));
    assert_eq!(fails(&[edit(0, "x"), edit(0, "y")]), ApplyError::Twice(0));
    assert_eq!(tried, body);
    let mut other = json!({"messages": [{"role": "user", "content": "c"}]});
    let moved = apply(&mut other, &spans, &[edit(0, "x")]);
    assert_eq!(
        moved,
        Err(ApplyError::Moved("/messages/0/content".to_owned()))
    );
}

#[test]
fn names_are_changed_and_take_no_others_place() {
    let body = json!({"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f",
        "input": {"ada@b.c": {"d@e.f": "x"}, "other": 1}}]}]});
    let spans = request("messages", &body);
    let texts: Vec<&str> = spans.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts, ["ada@b.c", "d@e.f", "x"]);
    let mut all = body.clone();
    apply(
        &mut all,
        &spans,
        &[edit(0, "<1>"), edit(1, "<2>"), edit(2, "y")],
    )
    .unwrap();
    let input = &all["messages"][0]["content"][0]["input"];
    assert_eq!(input.to_string(), r#"{"<1>":{"<2>":"y"},"other":1}"#);
    let taken = apply(&mut body.clone(), &spans, &[edit(0, "other")]);
    assert!(matches!(taken, Err(ApplyError::NameTaken(_))));
}

proptest! {
    #[test]
    fn the_same_text_leaves_the_document_as_it_is(body in document(), operation in "chat|responses|messages|generate-content|embeddings") {
        for spans in [request(&operation, &body), answer(&operation, &body)] {
            let edits: Vec<Edit> = spans.iter().enumerate().map(|(at, it)| edit(at, &it.text)).collect();
            let mut same = body.clone();
            prop_assert_eq!(apply(&mut same, &spans, &edits), Ok(()));
            prop_assert_eq!(&same, &body);
        }
    }

    #[test]
    fn every_edit_is_found_again(
        body in document(),
        operation in "chat|completions|responses|messages|generate-content|rerank",
        pick in any::<prop::sample::Index>(),
        is_answer in any::<bool>(),
    ) {
        let read = if is_answer { answer } else { request };
        let spans = read(&operation, &body);
        let at = pick.index(spans.len());
        let span = &spans[at];
        let text = if span.form == Form::Document { "\"new words\"" } else { "new words" };
        let mut edited = body.clone();
        match apply(&mut edited, &spans, &[edit(at, text)]) {
            Ok(()) => {
                let again = read(&operation, &edited);
                let (form, role, channel) = (span.form, span.role, span.channel);
                let found = again.iter().any(|it| it.text == text && it.channel == channel && it.role == role);
                // A kind or a role that was a text is another one now.
                let decides = ["/type", "/role", "/thought"].iter().any(|it| span.pointer.ends_with(it));
                prop_assert!(found || decides || form == Form::Name && again.iter().any(|it| it.text == text));
            }
            Err(why) => prop_assert!(matches!(why, ApplyError::Signed(_)), "{}", why),
        }
    }
}
