//! What a call may leave behind: the response that it makes, for its caller.

use serde_json::{Value, json};
use sluice_bridges::Keep;

use super::super::accounting::now_ms;
use super::super::reached::Reached;
use super::super::request::{ClientRequest, Operation};
use super::super::ties;
use super::{ResponseSettings, Responses, is_plain, items};
use crate::domain::{DeploymentId, ResponsePlace, StoredResponse};

/// Where the responses of one caller are kept.
#[derive(Clone)]
pub struct Memory {
    pub responses: Responses,
    pub settings: ResponseSettings,
    pub owner: String,
}

impl Memory {
    /// Remembers which deployment has the response that it made. `account`: whom one is charged to
    /// that is not done yet; true: it is, when somebody sees it done.
    pub fn made_there(
        &self,
        request: &ClientRequest,
        reached: &Reached,
        (deployment, model): (&DeploymentId, &str),
        account: Option<String>,
    ) -> bool {
        let mut members = request.body.entries();
        let unwanted = members.any(|(name, raw)| name == "store" && raw == "false");
        let id = ties::response_id(request, reached);
        let Some(id) = id.filter(|it| !unwanted && is_plain(it)) else {
            return false;
        };
        let place = ResponsePlace::There {
            deployment: deployment.clone(),
            model: model.to_owned(),
        };
        let is_charged = account.is_some();
        let kept = self.keep(id, request.controls.asked.clone(), (place, account));
        kept && is_charged
    }

    fn keep(
        &self,
        id: String,
        model_group: String,
        (place, account): (ResponsePlace, Option<String>),
    ) -> bool {
        self.responses.keep(StoredResponse {
            id,
            owner: self.owner.clone(),
            created_ms: now_ms(),
            model_group,
            place,
            account,
        })
    }
}

/// A response that is made of a chat, and is to be kept when it is whole.
pub struct Memo {
    /// None: nobody may ask for it.
    memory: Option<Memory>,
    model_group: String,
    /// The conversation up to it.
    earlier: Vec<Value>,
    own: Vec<Value>,
}

impl Memo {
    /// None: the client does not want it kept.
    pub fn of(memory: Option<&Memory>, request: &ClientRequest, keep: Keep) -> Option<Self> {
        if request.operation != Operation::Responses || !keep.store {
            return None;
        }
        let previous = request.controls.previous.as_ref();
        let earlier = previous.map_or_else(Vec::new, |it| it.items.clone());
        let own = keep.input.into_iter().skip(earlier.len()).collect();
        Some(Self {
            memory: memory.filter(|it| it.settings.keeps).cloned(),
            model_group: request.controls.asked.clone(),
            earlier,
            own,
        })
    }

    /// Keeps the response; one that cannot be kept says so.
    pub fn keep(self, response: &mut Value) {
        if !self.try_keep(response)
            && let Some(members) = response.as_object_mut()
        {
            members.insert("store".to_owned(), json!(false));
        }
    }

    fn try_keep(self, response: &Value) -> bool {
        let (Some(memory), Some(id)) = (self.memory, response.get("id").and_then(Value::as_str))
        else {
            return false;
        };
        let mut input = self.earlier;
        input.extend(items::listed(self.own, id));
        let (input, response) = (Value::from(input).to_string(), response.to_string());
        let bytes = input.len().saturating_add(response.len());
        if bytes > memory.settings.longest {
            tracing::warn!(
                response.id = id,
                bytes,
                "a response is not kept: with its conversation it is longer than \
                 `max_stored_response_size_mb`"
            );
            return false;
        }
        memory.keep(
            id.to_owned(),
            self.model_group,
            (ResponsePlace::Here { input, response }, None),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::pipeline::kept::Previous;
    use crate::pipeline::reached::Reached;

    fn memory() -> Memory {
        Memory {
            responses: Responses::default(),
            settings: ResponseSettings {
                longest: 1000,
                ..ResponseSettings::default()
            },
            owner: "key:k".to_owned(),
        }
    }

    fn request(more: &Value) -> ClientRequest {
        let mut body = json!({"model": "m", "input": "hi"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let body = body.to_string().into();
        ClientRequest::parse(Operation::Responses, body, None, Vec::new()).unwrap()
    }

    fn keep(request: &ClientRequest) -> Keep {
        let body: Value = serde_json::from_str(request.body.text()).unwrap();
        sluice_bridges::keep(body.as_object().unwrap()).unwrap()
    }

    fn held(memory: &Memory) -> bool {
        memory.responses.held_bytes() > 0
    }

    #[test]
    fn a_response_try_keep_unless_its_client_does_not_want_it() {
        for (more, wanted) in [(json!({}), true), (json!({"store": false}), false)] {
            let (memory, request) = (memory(), request(&more));
            let memo = Memo::of(Some(&memory), &request, keep(&request));
            let mut response = json!({"id": "resp_1", "store": true});
            if let Some(memo) = memo {
                memo.keep(&mut response);
            }
            assert_eq!(held(&memory), wanted, "{more}");
        }
    }

    #[test]
    fn where_a_response_lies_is_remembered_unless_nobody_keeps_it() {
        for (more, id, wanted) in [
            (json!({}), "resp_1", true),
            (json!({"store": true}), "resp_1", true),
            (json!({"store": false}), "resp_1", false),
            (json!({}), "../files", false),
            (json!({}), "", false),
        ] {
            let (memory, request) = (memory(), request(&more));
            let reached = Reached::Whole {
                body: json!({"id": id, "output": []}).to_string().into(),
                content_type: None,
            };
            let account = Some("{}".to_owned());
            let at = DeploymentId::new("d");
            let charged = memory.made_there(&request, &reached, (&at, "m"), account);
            assert_eq!((held(&memory), charged), (wanted, wanted), "{more} {id}");
        }
    }

    #[test]
    fn what_is_not_kept_says_so() {
        let (request, memory) = (request(&json!({})), memory());
        let off = Memory {
            settings: ResponseSettings {
                keeps: false,
                ..memory.settings
            },
            ..memory.clone()
        };
        let long = "x".repeat(1000);
        for (memory, text) in [
            (None, "x"),
            (Some(&off), "x"),
            (Some(&memory), long.as_str()),
        ] {
            let memo = Memo::of(memory, &request, keep(&request)).unwrap();
            let mut response = json!({"id": "resp_1", "store": true, "text": text});
            memo.keep(&mut response);
            assert_eq!(response["store"], false);
        }
        assert!(!held(&memory));
    }

    #[tokio::test]
    async fn what_try_keep_has_the_conversation_once() {
        let earlier =
            vec![json!({"type": "message", "id": "msg_0", "role": "user", "content": []})];
        let mut request = request(
            &json!({"input": [{"role": "user", "content": []}, {"role": "user", "content": "more"}]}),
        );
        request.controls.previous = Some(Arc::new(Previous {
            id: "resp_0".to_owned(),
            items: earlier,
        }));
        let memory = memory();
        let memo = Memo::of(Some(&memory), &request, keep(&request)).unwrap();
        memo.keep(&mut json!({"id": "resp_1"}));
        let place = crate::store::tests::Place::sqlite().await.unwrap();
        let store = place.open().await;
        let found = memory
            .responses
            .find(&store, "resp_1")
            .await
            .unwrap()
            .unwrap();
        let ResponsePlace::Here { input, .. } = &found.place else {
            panic!("it is here");
        };
        let input: Value = serde_json::from_str(input).unwrap();
        assert_eq!(input.as_array().unwrap().len(), 2);
        assert_eq!(
            (&input[0]["id"], &input[1]["id"]),
            (&json!("msg_0"), &json!("msg_10000"))
        );
        assert_eq!(
            (&found.owner, &found.model_group),
            (&"key:k".to_owned(), &"m".to_owned())
        );
        place.remove(store).await;
    }
}
