//! The items of a conversation: as they are kept, as they are sent on, as they are listed.

use serde_json::{Map, Value, json};

use crate::domain::{ErrorKind, Fault};

/// Items to a page where nothing is said, and at most, as OpenAI has it.
const PAGE: usize = 20;
const LONGEST_PAGE: usize = 100;

/// A request's own input as items. What it names of the conversation before it is put in its place.
pub fn own(input: Option<Value>, earlier: &[Value]) -> Vec<Value> {
    match input {
        Some(Value::String(said)) => vec![json!({"type": "message", "role": "user",
            "content": [{"type": "input_text", "text": said}]})],
        Some(Value::Array(items)) => {
            let found = |item: Value| match text(&item, "type") {
                "item_reference" => {
                    let named = |it: &&Value| text(it, "id") == text(&item, "id");
                    earlier.iter().find(named).cloned().unwrap_or(item)
                }
                _ => item,
            };
            items.into_iter().map(found).collect()
        }
        _ => Vec::new(),
    }
}

/// Items as they are listed: each has an id, and messages have their content in a list. `id`: that of
/// their response.
pub fn listed(items: Vec<Value>, id: &str) -> Vec<Value> {
    let stem = id.strip_prefix("resp_").unwrap_or(id);
    let named = |(at, item): (usize, Value)| match item {
        Value::Object(item) => Value::Object(full(item, &format!("{stem}{at:04}"))),
        other => other,
    };
    items.into_iter().enumerate().map(named).collect()
}

fn full(mut item: Map<String, Value>, stem: &str) -> Map<String, Value> {
    if !item.contains_key("type") && item.contains_key("role") {
        item.insert("type".to_owned(), "message".into());
    }
    let kind = item.get("type").and_then(Value::as_str).unwrap_or_default();
    let prefix = match kind {
        "message" => "msg",
        "function_call" => "fc",
        "function_call_output" => "fco",
        "reasoning" => "rs",
        _ => "item",
    };
    let is_message = kind == "message";
    if !item.get("id").is_some_and(Value::is_string) {
        item.insert("id".to_owned(), format!("{prefix}_{stem}").into());
    }
    if is_message {
        let says = item.get("role").and_then(Value::as_str) == Some("assistant");
        if let Some(Value::String(said)) = item.get("content") {
            let part = match says {
                true => json!({"type": "output_text", "text": said, "annotations": []}),
                false => json!({"type": "input_text", "text": said}),
            };
            item.insert("content".to_owned(), Value::Array(vec![part]));
        }
        item.entry("status").or_insert_with(|| "completed".into());
    }
    item
}

/// Items as they are sent on. A provider knows nothing of the ids that they have here.
pub fn sent(items: &[Value]) -> Vec<Value> {
    let sent = |item: &Value| {
        let mut item = item.clone();
        let ours = matches!(
            text(&item, "type"),
            "message" | "function_call" | "function_call_output"
        );
        if let Some(members) = item.as_object_mut().filter(|_| ours) {
            members.shift_remove("id");
        }
        item
    };
    items.iter().map(sent).collect()
}

/// One page of items: `limit`, `order`, `after`, `before`.
///
/// # Errors
/// A parameter cannot be, or names no item.
pub fn page(mut items: Vec<Value>, query: &Map<String, Value>) -> Result<Value, Fault> {
    let said = |name: &str| query.get(name).and_then(Value::as_str);
    let limit = match said("limit") {
        None => PAGE,
        Some(text) => {
            let limit = text.parse::<usize>().ok();
            let limit = limit.filter(|it| (1..=LONGEST_PAGE).contains(it));
            limit.ok_or_else(|| wrong("limit", "is no number from 1 to 100"))?
        }
    };
    match said("order") {
        None | Some("desc") => items.reverse(),
        Some("asc") => {}
        Some(_) => return Err(wrong("order", "is neither `asc` nor `desc`")),
    }
    let place = |items: &[Value], name: &str| match said(name) {
        None => Ok(None),
        Some(id) => {
            let at = items.iter().position(|it| text(it, "id") == id);
            at.map(Some)
                .ok_or_else(|| wrong(name, "is no item of this response"))
        }
    };
    let begin = place(&items, "after")?.map_or(0, |at| at + 1);
    let end = place(&items, "before")?.unwrap_or(items.len());
    items.truncate(end);
    items.drain(..begin.min(items.len()));
    let has_more = items.len() > limit;
    items.truncate(limit);
    let id = |item: Option<&Value>| item.and_then(|it| it.get("id")).cloned();
    Ok(json!({
        "object": "list",
        "first_id": id(items.first()),
        "last_id": id(items.last()),
        "has_more": has_more,
        "data": items,
    }))
}

fn wrong(name: &str, what: &str) -> Fault {
    let fault = Fault::caller(ErrorKind::InvalidRequest, format!("`{name}` {what}"));
    fault.with_param(name)
}

fn text<'v>(item: &'v Value, name: &str) -> &'v str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(page: &Value) -> Vec<&str> {
        let data = page["data"].as_array().unwrap();
        data.iter().map(|it| it["id"].as_str().unwrap()).collect()
    }

    fn query(pairs: &[(&str, &str)]) -> Map<String, Value> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::from(*value));
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn every_item_is_listed_with_an_id_and_a_message_with_its_parts() {
        let own = own(Some("hi".into()), &[]);
        let said = json!({"role": "assistant", "content": "yes"});
        let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c"});
        let items = listed([own, vec![said, call.clone()]].concat(), "resp_ab");
        assert_eq!(items[0]["id"], "msg_ab0000");
        assert_eq!(
            items[0]["content"][0],
            json!({"type": "input_text", "text": "hi"})
        );
        assert_eq!(items[1]["content"][0]["type"], "output_text");
        assert_eq!((&items[1]["type"], &items[2]), (&json!("message"), &call));
    }

    #[test]
    fn what_is_named_of_the_conversation_is_put_in_its_place_and_sent_on_without_our_ids() {
        let earlier = [json!({"type": "message", "id": "msg_1", "role": "user", "content": "x"})];
        let named = json!([{"type": "item_reference", "id": "msg_1"}, {"type": "item_reference", "id": "msg_2"}]);
        let own = own(Some(named), &earlier);
        assert_eq!((&own[0], &own[1]["id"]), (&earlier[0], &json!("msg_2")));
        assert_eq!(
            sent(&own)[0],
            json!({"type": "message", "role": "user", "content": "x"})
        );
        assert_eq!(sent(&own)[1], own[1]);
    }

    #[test]
    fn pages_follow_each_other_in_both_orders() {
        let items = || -> Vec<Value> { (1..=5).map(|it| json!({"id": it.to_string()})).collect() };
        let of = |pairs: &[(&str, &str)]| page(items(), &query(pairs)).unwrap();
        let newest = of(&[]);
        assert_eq!(
            (ids(&newest), &newest["has_more"]),
            (vec!["5", "4", "3", "2", "1"], &json!(false))
        );
        let first = of(&[("order", "asc"), ("limit", "2")]);
        assert_eq!(
            (ids(&first), &first["has_more"]),
            (vec!["1", "2"], &json!(true))
        );
        assert_eq!(
            (&first["first_id"], &first["last_id"]),
            (&json!("1"), &json!("2"))
        );
        let next = of(&[("order", "asc"), ("limit", "2"), ("after", "2")]);
        assert_eq!(ids(&next), ["3", "4"]);
        let between = of(&[("after", "5"), ("before", "2")]);
        assert_eq!(
            (ids(&between), &between["has_more"]),
            (vec!["4", "3"], &json!(false))
        );
        assert_eq!(of(&[("after", "1")])["data"], json!([]));
        let crossed = of(&[("after", "3"), ("before", "4"), ("limit", "1")]);
        assert_eq!(crossed["data"], json!([]));
    }

    #[test]
    fn a_page_that_cannot_be_is_refused_by_its_parameter() {
        for (name, value) in [
            ("limit", "0"),
            ("limit", "101"),
            ("limit", "many"),
            ("order", "up"),
            ("after", "9"),
            ("before", "9"),
        ] {
            let fault = page(vec![json!({"id": "1"})], &query(&[(name, value)])).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(name), "{value}");
        }
    }
}
