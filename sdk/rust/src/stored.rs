//! What is asked about a response that a provider keeps.

use serde_json::Value;

use crate::{Error, Outbound, fault};

impl Outbound {
    /// The request for one of the operations on responses that were made, as OpenAI has it:
    /// `responses.get`, `responses.delete`, `responses.cancel`, `responses.input_items`. `made_at`:
    /// where responses are made, `/responses` say, with the query that it needs. `body`: what the
    /// operation was called with.
    ///
    /// # Errors
    /// It is none of them, or names no response.
    pub fn stored_response(operation: &str, body: &Value, made_at: &str) -> Result<Self, Error> {
        let (method, rest) = match operation {
            "responses.get" => ("GET", ""),
            "responses.delete" => ("DELETE", ""),
            "responses.cancel" => ("POST", "/cancel"),
            "responses.input_items" => ("GET", "/input_items"),
            other => {
                let message = format!("there is no operation `{other}` on a stored response");
                return Err(fault::unsupported(message));
            }
        };
        let id = body.get("response_id").and_then(Value::as_str);
        let id = id.filter(|it| is_plain(it));
        let id =
            id.ok_or_else(|| fault::invalid_request("`response_id` is no id of a response"))?;
        let (path, query) = made_at.split_once('?').unwrap_or((made_at, ""));
        let mut pairs: Vec<String> = Vec::new();
        if !query.is_empty() {
            pairs.push(query.to_owned());
        }
        for name in ["after", "before", "limit", "order"] {
            let said = body.get(name).and_then(Value::as_str);
            pairs.extend(
                said.filter(|it| is_plain(it))
                    .map(|it| format!("{name}={it}")),
            );
        }
        let wanted = body.get("include").and_then(Value::as_array);
        let wanted = wanted.into_iter().flatten().filter_map(Value::as_str);
        pairs.extend(
            wanted
                .filter(|it| is_plain(it))
                .map(|it| format!("include[]={it}")),
        );
        let mut url = format!("{path}/{id}{rest}");
        if !pairs.is_empty() {
            url = format!("{url}?{}", pairs.join("&"));
        }
        Ok(Self::new(method, url))
    }
}

/// What may stand in a URL as it is, and leads nowhere else.
fn is_plain(text: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'=' | b'.');
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operation_has_its_method_and_path() {
        let body =
            json!({"response_id": "resp_1", "model": "m", "limit": "2", "include": ["a.b", "c"]});
        for (operation, method, url) in [
            ("responses.get", "GET", "/responses/resp_1"),
            ("responses.delete", "DELETE", "/responses/resp_1"),
            ("responses.cancel", "POST", "/responses/resp_1/cancel"),
            (
                "responses.input_items",
                "GET",
                "/responses/resp_1/input_items",
            ),
        ] {
            let sent = Outbound::stored_response(operation, &body, "/responses").unwrap();
            let query = "?limit=2&include[]=a.b&include[]=c";
            assert_eq!((&*sent.method, sent.url), (method, format!("{url}{query}")));
        }
        let bare = json!({"response_id": "resp_1"});
        let sent = Outbound::stored_response("responses.get", &bare, "/r?api-version=1").unwrap();
        assert_eq!(sent.url, "/r/resp_1?api-version=1");
    }

    #[test]
    fn what_would_lead_elsewhere_is_refused() {
        for id in [
            json!(".."),
            json!("a/b"),
            json!("a?b"),
            json!(""),
            json!(null),
        ] {
            let body = json!({ "response_id": id });
            let refused = Outbound::stored_response("responses.get", &body, "/responses");
            assert_eq!(refused.unwrap_err().kind, "invalid-request", "{body}");
        }
        let body = json!({"response_id": "resp_1", "after": "a&b=c"});
        let sent = Outbound::stored_response("responses.get", &body, "/responses").unwrap();
        assert_eq!(sent.url, "/responses/resp_1");
        let other = Outbound::stored_response("responses.list", &body, "/responses");
        assert_eq!(other.unwrap_err().kind, "unsupported");
    }
}
