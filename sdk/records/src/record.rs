//! One record.

use serde_json::{Map, Value};

use sluice_sdk::write_json;

use crate::{Moment, ids, shrink};

/// The members of a record that may be long.
const LONG: [&str; 5] = [
    "/messages",
    "/response",
    "/error_str",
    "/model_parameters",
    "/metadata",
];

/// An object without its own members that are null: services take a member that is not there where
/// they refuse one that is null. What users wrote, deeper in it, stays as it is.
pub fn without_nulls(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.retain(|_, value| !value.is_null());
    }
    object
}

/// A record of a finished request. A member that is missing, null or of another type than it should
/// be counts as not there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record<'r> {
    members: &'r Map<String, Value>,
}

static NOTHING: Value = Value::Null;

impl<'r> Record<'r> {
    /// What a callback was handed, if it is an object.
    pub fn of(document: &'r Value) -> Option<Self> {
        let members = document.as_object()?;
        Some(Self { members })
    }

    /// A member; null if it is not there.
    pub fn get(&self, name: &str) -> &'r Value {
        self.members.get(name).unwrap_or(&NOTHING)
    }

    /// The whole record as JSON of at most so many bytes: what is long in it is cut if need be.
    pub fn written(&self, most: usize) -> String {
        let text = write_json(self.members);
        if text.len() <= most {
            return text;
        }
        let mut document = Value::Object(self.members.clone());
        shrink(&mut document, &LONG, most);
        document.to_string()
    }

    /// A member that is text; empty if it is not there.
    pub fn text(&self, name: &str) -> &'r str {
        self.get(name).as_str().unwrap_or_default()
    }

    /// A member that is a count; 0 if it is not there.
    pub fn count(&self, name: &str) -> u64 {
        count(self.get(name))
    }

    /// A member that is an amount of dollars; 0 if it is not there.
    pub fn dollars(&self, name: &str) -> f64 {
        self.get(name)
            .as_f64()
            .filter(|it| *it >= 0.0)
            .unwrap_or(0.0)
    }

    /// Something of `metadata`: the key, its team, its user.
    pub fn metadata(&self, name: &str) -> &'r Value {
        self.get("metadata").get(name).unwrap_or(&NOTHING)
    }

    /// The same, if it is text; empty if it is not there.
    pub fn metadata_text(&self, name: &str) -> &'r str {
        self.metadata(name).as_str().unwrap_or_default()
    }

    /// Something of the metadata that the client sent with its request.
    pub fn asked(&self, name: &str) -> &'r Value {
        let asked = self.metadata("requester_metadata").get(name);
        asked.unwrap_or(&NOTHING)
    }

    /// The same, if it is text or a number; none if it is empty.
    pub fn asked_text(&self, name: &str) -> Option<String> {
        match self.asked(name) {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Whether the request failed.
    pub fn is_failure(&self) -> bool {
        self.text("status") == "failure"
    }

    /// When it began. A record without a time began when it ended, or in 1970.
    pub fn started(&self) -> Moment {
        let found = self.moment("startTime").or_else(|| self.moment("endTime"));
        found.unwrap_or_else(|| Moment::of_millis(0))
    }

    /// When it ended; not before it began.
    pub fn ended(&self) -> Moment {
        let started = self.started();
        self.moment("endTime").unwrap_or(started).max(started)
    }

    /// When the first of a streamed answer came; none of an answer that came whole.
    pub fn first_came(&self) -> Option<Moment> {
        let first = self.moment("completionStartTime");
        first.filter(|it| *it > self.started() && *it < self.ended())
    }

    fn moment(&self, name: &str) -> Option<Moment> {
        Moment::of_seconds(self.get(name).as_f64()?)
    }

    /// The request's tags.
    pub fn tags(&self) -> Vec<String> {
        let tags = self.get("request_tags").as_array();
        let texts = tags.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// The end user, as the request or else the key names one; empty if there is none.
    pub fn end_user(&self) -> &'r str {
        match self.text("end_user") {
            "" => self.metadata_text("user_api_key_end_user_id"),
            named => named,
        }
    }

    /// The conversation that it belongs to, if any.
    pub fn session(&self) -> Option<String> {
        let own = Some(self.text("session_id")).filter(|it| !it.is_empty());
        own.map(str::to_owned)
            .or_else(|| self.asked_text("session_id"))
    }

    /// The gateway's name of the call; where there is none, the record's own.
    pub fn call_id(&self) -> &'r str {
        let names = ["litellm_call_id", "call_id", "id"];
        let mut texts = names.iter().map(|it| self.text(it));
        texts.find(|it| !it.is_empty()).unwrap_or_default()
    }

    /// What tells this record apart from all others, the same each time it is handed over: 32
    /// hexadecimal digits. The attempts of a call share its name, so that what differs between them
    /// is in it too.
    pub fn name(&self) -> String {
        let start = self.started().iso();
        let parts = [self.call_id(), self.text("id"), self.text("status"), &start];
        ids::digits(&parts)
    }

    /// A UUID of what is made of this record, with the record's time in it.
    pub fn uuid_at(&self, of: &str) -> String {
        ids::uuid_at(self.started().millis(), &[&self.name(), of])
    }

    /// The `usage` object of the answer, with the counts that have no member of their own.
    pub fn usage(&self) -> &'r Value {
        let kept = [self.metadata("usage_object"), self.hidden("usage_object")];
        let own = self.get("response").get("usage");
        let mut found = kept.into_iter().chain(own);
        found.find(|it| it.is_object()).unwrap_or(&NOTHING)
    }

    fn hidden(&self, name: &str) -> &'r Value {
        self.get("hidden_params").get(name).unwrap_or(&NOTHING)
    }

    /// Tokens that were read from the provider's cache, and that were written to it.
    pub fn cache_tokens(&self) -> (u64, u64) {
        let usage = self.usage();
        let first = |pointers: &[&str]| {
            let counts = pointers.iter().filter_map(|it| usage.pointer(it));
            counts.map(count).find(|it| *it > 0).unwrap_or(0)
        };
        let read = first(&[
            "/prompt_tokens_details/cached_tokens",
            "/cache_read_input_tokens",
        ]);
        let written = first(&[
            "/prompt_tokens_details/cache_write_tokens",
            "/prompt_tokens_details/cache_creation_tokens",
            "/cache_creation_input_tokens",
        ]);
        (read, written)
    }

    /// What the model said: the first choice's message or text, the output of a response, the
    /// content of a message; else the whole answer. Vectors are left out.
    pub fn output(&self) -> Value {
        let response = self.get("response");
        if self.text("call_type").contains("embedding") {
            return Value::Null;
        }
        let places = ["/choices/0/message", "/choices/0/text", "/output", "/text"];
        let mut found = places.iter().filter_map(|it| response.pointer(it));
        found.next().unwrap_or(response).clone()
    }

    /// What went wrong, in a sentence; none if nothing did.
    pub fn error(&self) -> Option<String> {
        if !self.is_failure() {
            return None;
        }
        let told = self.get("error_information").get("error_message");
        let told = told.and_then(Value::as_str).filter(|it| !it.is_empty());
        let text = match self.text("error_str") {
            "" => told.unwrap_or("the request failed"),
            text => text,
        };
        Some(text.to_owned())
    }

    /// A text of `error_information`: `error_class`, `error_code`; empty if it is not there.
    pub fn error_detail(&self, name: &str) -> String {
        match self.get("error_information").get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }
}

/// A count, also where it is written with a fraction of nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn count(value: &Value) -> u64 {
    let whole = value.as_u64();
    let rounded = value.as_f64().filter(|it| (0.0..1e15).contains(it));
    whole
        .or_else(|| rounded.map(|it| it.round() as u64))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures;

    fn record(value: &Value) -> Record<'_> {
        Record::of(value).unwrap()
    }

    fn fixture(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_an_objects_own_nulls_go() {
        let document = without_nulls(json!({"a": null, "b": {"c": null}, "d": [null, 1]}));
        assert_eq!(document, json!({"b": {"c": null}, "d": [null, 1]}));
    }

    #[test]
    fn a_record_is_written_whole_or_cut_below_a_size() {
        let mut long = fixture(fixtures::SUCCESS);
        let whole = record(&long).written(10_000);
        assert_eq!(serde_json::from_str::<Value>(&whole).unwrap(), long);
        long["messages"] = "x".repeat(20_000).into();
        let cut = record(&long).written(10_000);
        let read: Value = serde_json::from_str(&cut).unwrap();
        assert!(cut.len() <= 10_000 && read["response"] == long["response"]);
    }

    #[test]
    fn what_is_no_object_is_no_record() {
        assert!(Record::of(&json!([1])).is_none());
        assert!(Record::of(&json!({})).is_some());
    }

    #[test]
    fn members_of_another_type_count_as_not_there() {
        let odd = json!({
            "id": 7, "startTime": "yesterday", "prompt_tokens": "many", "response_cost": -1,
            "metadata": [], "request_tags": {"a": 1}, "response": "text", "usage": 3
        });
        let odd = record(&odd);
        assert_eq!((odd.text("id"), odd.count("prompt_tokens")), ("", 0));
        assert_eq!(odd.started().iso(), "1970-01-01T00:00:00.000000Z");
        assert!(odd.tags().is_empty() && odd.dollars("response_cost") == 0.0);
        assert_eq!(odd.metadata_text("user_api_key_alias"), "");
        assert_eq!((odd.cache_tokens(), odd.output()), ((0, 0), json!("text")));
    }

    #[test]
    fn the_attempts_of_one_call_are_told_apart_and_a_repeated_record_is_not() {
        let first = json!({"litellm_call_id": "c", "status": "failure", "startTime": 1.0});
        let second = json!({"litellm_call_id": "c", "status": "success", "startTime": 2.0});
        let (first, again, second) = (record(&first), first.clone(), record(&second));
        assert_ne!(first.name(), second.name());
        assert_eq!(first.name(), record(&again).name());
        assert_ne!(first.uuid_at("run"), first.uuid_at("trace"));
    }

    #[test]
    fn the_tokens_of_a_cache_are_found_in_either_dialect() {
        assert_eq!(record(&fixture(fixtures::SUCCESS)).cache_tokens(), (5, 0));
        let anthropic = json!({"metadata": {"usage_object":
            {"cache_read_input_tokens": 3, "cache_creation_input_tokens": 9}}});
        assert_eq!(record(&anthropic).cache_tokens(), (3, 9));
    }

    #[test]
    fn what_was_said_is_the_message_and_vectors_are_left_out() {
        let said = record(&fixture(fixtures::TOOLS)).output();
        assert_eq!(said["tool_calls"][0]["function"]["name"], "weather");
        assert_eq!(record(&fixture(fixtures::EMBEDDINGS)).output(), Value::Null);
    }

    #[test]
    fn an_error_is_a_sentence_of_failures_only() {
        assert!(record(&fixture(fixtures::SUCCESS)).error().is_none());
        let failure = fixture(fixtures::FAILURE);
        let failure = record(&failure);
        assert!(failure.error().unwrap().contains("Rate limit reached"));
        assert_eq!(failure.error_detail("error_class"), "RateLimitError");
        assert!(record(&json!({"status": "failure"})).error().is_some());
    }
}
