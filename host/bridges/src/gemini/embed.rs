//! `embedContent` and `batchEmbedContents` as a request for embeddings, and its answer back.

use serde_json::{Map, Value, json};

use super::{member, within, word};
use crate::failure::Failure;
use crate::object::{items, list, set_given};
use crate::refusal::Refusal;

/// Which of the two a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embed {
    One,
    Batch,
}

impl Embed {
    /// Members of the request for embeddings that Google's models alone know.
    pub const GOOGLE_ONLY: [&'static str; 2] = ["task_type", "title"];

    /// The canonical request. Members that are not Google's go on as they are.
    pub fn request(self, body: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        let whole = Value::from(body.clone());
        let requests = match self {
            Self::One => std::slice::from_ref(&whole),
            Self::Batch => items(member(body, "requests")),
        };
        if requests.is_empty() {
            let message = "`requests` is not a list of requests";
            return Err(Refusal::invalid("requests", message));
        }
        let place = |at: usize, name: &str| match self {
            Self::One => name.to_owned(),
            Self::Batch => format!("requests[{at}].{name}"),
        };
        let mut input: Vec<Value> = Vec::with_capacity(requests.len());
        for (at, request) in requests.iter().enumerate() {
            input.push(text(request, &place(at, "content"))?.into());
        }
        let mut out = body.clone();
        out.retain(|name, _| !OWN.contains(&super::camel(name).as_str()));
        out.insert("input".into(), input.into());
        for (name, ours) in MEMBERS {
            let wish = |it: &Value| within(it, name).cloned();
            let first = requests.first().and_then(wish);
            let other = requests.iter().position(|it| wish(it) != first);
            match (first, other) {
                (Some(value), None) => {
                    out.insert(ours.to_owned(), value);
                }
                // It is a document's own, and helps to place it; without it there is a vector too.
                (_, Some(_)) if name == "title" => {}
                (_, Some(at)) => {
                    let param = place(at, name);
                    let message = format!(
                        "`{param}` must be what it is in the other requests: they go on as one"
                    );
                    return Err(Refusal::invalid(&param, message));
                }
                (None, None) => {}
            }
        }
        Ok(out)
    }

    /// The answer in Google's words.
    pub fn answer(self, answer: &Value) -> Result<Value, Failure> {
        let mut data: Vec<&Value> = list(answer, "data").iter().collect();
        data.sort_by_key(|it| it.get("index").and_then(Value::as_u64));
        let mut vectors: Vec<Value> = Vec::with_capacity(data.len());
        for it in data {
            let values = it.get("embedding").filter(|it| it.is_array());
            let values = values.ok_or_else(|| {
                Failure::upstream("the provider's vectors are no lists of numbers")
            })?;
            vectors.push(json!({"values": values}));
        }
        let mut out = match (self, vectors.pop()) {
            (Self::One, Some(only)) if vectors.is_empty() => json!({"embedding": only}),
            (Self::Batch, Some(last)) => {
                vectors.push(last);
                json!({"embeddings": vectors})
            }
            _ => {
                return Err(Failure::upstream(
                    "the provider gave another number of vectors",
                ));
            }
        };
        if let Some(tokens) = answer.pointer("/usage/prompt_tokens") {
            let mut usage = json!({});
            set_given(&mut usage, "promptTokenCount", Some(tokens));
            set_given(&mut out, "usageMetadata", Some(&usage));
        }
        Ok(out)
    }
}

/// Google's name of a member, and that of the request for embeddings.
const MEMBERS: [(&str, &str); 3] = [
    ("outputDimensionality", "dimensions"),
    ("taskType", "task_type"),
    ("title", "title"),
];

/// Members that are read, and do not go on under their own name. The model stands in the path.
const OWN: [&str; 6] = [
    "content",
    "requests",
    "model",
    "outputDimensionality",
    "taskType",
    "title",
];

/// What of a content is to be embedded: one text.
fn text(request: &Value, place: &str) -> Result<String, Refusal> {
    let content = within(request, "content");
    let parts = items(content.and_then(|it| within(it, "parts")));
    if parts.is_empty() {
        let message = format!("`{place}` has no `parts`");
        return Err(Refusal::invalid(place, message));
    }
    let other = parts.iter().position(|it| within(it, "text").is_none());
    if let Some(at) = other {
        let place = format!("{place}.parts[{at}]");
        let message = format!("`{place}` is no text, and only texts are embedded here");
        return Err(Refusal::invalid(&place, message));
    }
    let texts: Vec<&str> = parts.iter().map(|it| word(it, "text")).collect();
    Ok(texts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(embed: Embed, body: Value) -> Result<Value, Refusal> {
        let Value::Object(body) = body else { panic!() };
        embed.request(&body).map(Value::from)
    }

    fn one(text: &str) -> Value {
        json!({"model": "models/m", "content": {"parts": [{"text": text}]}, "taskType": "CLUSTERING",
            "outputDimensionality": 8})
    }

    #[test]
    fn a_batch_is_one_request_with_what_all_of_them_wish() {
        let body = json!({"requests": [one("a"), one("b")], "user": "u"});
        let want =
            json!({"input": ["a", "b"], "dimensions": 8, "task_type": "CLUSTERING", "user": "u"});
        assert_eq!(asked(Embed::Batch, body).unwrap(), want);
        let body = json!({"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "task_type": "X", "title": "t"});
        let want = json!({"input": ["a\nb"], "task_type": "X", "title": "t"});
        assert_eq!(asked(Embed::One, body).unwrap(), want);
    }

    #[test]
    fn titles_that_differ_are_left_out_and_tasks_that_differ_are_refused_by_name() {
        let mut titled = [one("a"), one("b")];
        titled[1]["title"] = "t".into();
        let body = asked(Embed::Batch, json!({"requests": titled})).unwrap();
        assert_eq!(body.get("title"), None);
        let mut mixed = [one("a"), one("b"), one("c")];
        mixed[2]["taskType"] = "RETRIEVAL_QUERY".into();
        let refused = asked(Embed::Batch, json!({"requests": mixed})).unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("requests[2].taskType"));
    }

    #[test]
    fn what_is_no_text_is_refused_by_name() {
        let image = json!({"inlineData": {"mimeType": "image/png", "data": "AA=="}});
        for (embed, body, param) in [
            (Embed::Batch, json!({}), "requests"),
            (Embed::Batch, json!({"requests": []}), "requests"),
            (
                Embed::Batch,
                json!({"requests": [7]}),
                "requests[0].content",
            ),
            (Embed::One, json!({"content": {"parts": []}}), "content"),
            (
                Embed::One,
                json!({"content": {"parts": [image]}}),
                "content.parts[0]",
            ),
        ] {
            let refused = asked(embed, body).unwrap_err();
            assert_eq!(refused.param.as_deref(), Some(param), "{}", refused.message);
        }
    }

    #[test]
    fn vectors_come_back_in_the_order_of_their_texts() {
        let answer = json!({"data": [{"index": 1, "embedding": [3.0]}, {"index": 0, "embedding": [1.0, 2.0]}],
            "usage": {"prompt_tokens": 5}});
        let want = json!({"embeddings": [{"values": [1.0, 2.0]}, {"values": [3.0]}],
            "usageMetadata": {"promptTokenCount": 5}});
        assert_eq!(Embed::Batch.answer(&answer).unwrap(), want);
        assert!(Embed::One.answer(&answer).is_err());
        let only = json!({"data": [{"embedding": [1]}]});
        assert_eq!(
            Embed::One.answer(&only).unwrap(),
            json!({"embedding": {"values": [1]}})
        );
        let coded = json!({"data": [{"embedding": "AAAA"}]});
        assert!(Embed::One.answer(&coded).is_err());
    }
}
