//! A request that goes on from a response: with the conversation before it, or to who has it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::super::request::ClientRequest;
use super::super::run::Pipeline;
use super::items;
use crate::auth::Caller;
use crate::domain::json::Document;
use crate::domain::{ErrorKind, Fault, ResponsePlace, StoredResponse};
use crate::upstream::splice;

/// The response that a request goes on from, which went through chat.
#[derive(Debug)]
pub struct Previous {
    pub id: String,
    /// The conversation up to the request's own input: as many items as its `input` begins with.
    pub items: Vec<Value>,
}

impl Pipeline {
    /// The request as it goes on from its `previous_response_id`, if it has one. The conversation is
    /// put before its input, so that limits, budgets and every provider see all of it.
    ///
    /// # Errors
    /// There is no such response, or it is somebody else's.
    pub async fn go_on(
        &self,
        caller: &Caller,
        mut request: Box<ClientRequest>,
    ) -> Result<Box<ClientRequest>, Fault> {
        if !request.operation.goes_on() {
            return Ok(request);
        }
        let Some(id) = request.text_member("previous_response_id") else {
            return Ok(request);
        };
        let accounting = self.accounting();
        let Some(found) = accounting.find_response(caller, &id, false).await? else {
            if accounting.has_open_responses() {
                return Ok(request);
            }
            return Err(unknown(&id));
        };
        match &found.place {
            ResponsePlace::There { deployment, .. } => {
                request.controls.answered_by = Some(deployment.clone());
                request.controls.disable_fallbacks = true;
            }
            ResponsePlace::Here { .. } => {
                let items = conversation(&found).ok_or_else(|| unreadable(&id))?;
                request = continued(request, Previous { id, items })?;
            }
        }
        Ok(request)
    }
}

/// What OpenAI answers where it keeps no such response.
fn unknown(id: &str) -> Fault {
    let message = format!("Previous response with id '{id}' not found.");
    Fault::caller(ErrorKind::InvalidRequest, message)
        .with_param("previous_response_id")
        .with_code("previous_response_not_found")
}

fn unreadable(id: &str) -> Fault {
    Fault::ours(
        "the response cannot be gone on from",
        format!("what is kept of {id} is not the JSON it should be"),
    )
}

/// Everything that was said up to the end of a response.
fn conversation(response: &StoredResponse) -> Option<Vec<Value>> {
    let ResponsePlace::Here { input, response } = &response.place else {
        return None;
    };
    let mut items: Vec<Value> = serde_json::from_str(input).ok()?;
    let mut response: Value = serde_json::from_str(response).ok()?;
    if let Some(Value::Array(output)) = response.get_mut("output").map(Value::take) {
        items.extend(output);
    }
    Some(items)
}

fn continued(
    mut request: Box<ClientRequest>,
    previous: Previous,
) -> Result<Box<ClientRequest>, Fault> {
    let input = {
        let mut entries = request.body.entries();
        let found = entries.find(|(name, _)| *name == "input");
        found.and_then(|(_, raw)| serde_json::from_str::<Value>(raw).ok())
    };
    if !matches!(input, Some(Value::String(_) | Value::Array(_))) {
        let fault = Fault::caller(
            ErrorKind::InvalidRequest,
            "`input` is neither a text nor a list",
        );
        return Err(fault.with_param("input"));
    }
    let mut all = previous.items.clone();
    all.extend(items::own(input, &previous.items));
    let edits = [
        ("previous_response_id".to_owned(), None),
        (
            "input".to_owned(),
            Some(Value::from(items::sent(&all)).to_string()),
        ),
    ];
    let text = splice::patch_document(&request.body, &edits);
    let body = Document::parse(Bytes::from(text));
    request.body =
        Arc::new(body.map_err(|cause| {
            Fault::ours("the response cannot be gone on from", cause.to_string())
        })?);
    request.controls.previous = Some(Arc::new(previous));
    Ok(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pipeline::Operation;

    fn request(input: &Value) -> ClientRequest {
        let body =
            json!({"model": "m", "input": input, "previous_response_id": "resp_1", "store": true});
        let body = body.to_string().into();
        ClientRequest::parse(Operation::Responses, body, None, Vec::new()).unwrap()
    }

    fn stored() -> StoredResponse {
        let said = json!([{"type": "message", "id": "msg_1", "role": "user", "content": "a"}]);
        let output =
            json!([{"type": "message", "id": "msg_2", "role": "assistant", "content": "b"}]);
        StoredResponse {
            place: ResponsePlace::Here {
                input: said.to_string(),
                response: json!({"id": "resp_1", "output": output}).to_string(),
            },
            ..StoredResponse::clone(&crate::store::tests::response("resp_1"))
        }
    }

    #[test]
    fn the_conversation_stands_before_what_is_said_now() {
        let items = conversation(&stored()).unwrap();
        let ids: Vec<&Value> = items.iter().map(|it| &it["id"]).collect();
        assert_eq!(ids, ["msg_1", "msg_2"]);
        let previous = Previous {
            id: "resp_1".to_owned(),
            items,
        };
        let request = continued(Box::new(request(&json!("c"))), previous).unwrap();
        let body: Value = serde_json::from_str(request.body.text()).unwrap();
        let said: Vec<&Value> = body["input"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["role"])
            .collect();
        assert_eq!(said, ["user", "assistant", "user"]);
        assert_eq!(body["input"][2]["content"][0]["text"], "c");
        assert!(body["input"][0].get("id").is_none() && body["store"] == true);
        assert!(body.get("previous_response_id").is_none());
        assert_eq!(request.controls.previous.unwrap().id, "resp_1");
    }

    #[test]
    fn an_input_that_is_none_is_refused() {
        let previous = Previous {
            id: "resp_1".to_owned(),
            items: Vec::new(),
        };
        let fault = continued(Box::new(request(&json!(5))), previous).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("input"));
    }

    #[test]
    fn what_is_kept_and_cannot_be_read_is_no_conversation() {
        let mut broken = stored();
        if let ResponsePlace::Here { input, .. } = &mut broken.place {
            *input = "[".to_owned();
        }
        assert!(conversation(&broken).is_none());
    }
}
