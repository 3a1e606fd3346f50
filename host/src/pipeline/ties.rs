//! What binds a call to the deployment that served its caller before: a response that it goes on
//! from, its session, the beginning of its prompt, its key.

use memchr::memmem;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::opening::is_opening;
use super::reached::Reached;
use super::request::{ClientRequest, Operation};
use crate::config::Affinities;
use crate::domain::json;
use crate::router::Tie;

/// What a client marks for a provider's cache.
const MARK: &[u8] = b"\"cache_control\"";

/// Marks that count, the last ones of a request. Providers take four.
const MARKS: usize = 4;

/// The ties of a call, the strongest first. A response lies at one deployment only, so it counts
/// always.
pub fn of(
    request: &ClientRequest,
    key: &str,
    session: Option<&str>,
    affinities: Affinities,
) -> Vec<Tie> {
    let mut ties = Vec::new();
    if request.operation.goes_on() {
        let id = request.text_member("previous_response_id");
        ties.extend(id.map(|id| Tie::Response { id }));
    }
    if let Some(id) = session.filter(|_| affinities.session) {
        ties.push(Tie::Session {
            key: key.to_owned(),
            id: id.to_owned(),
        });
    }
    if affinities.prompt {
        ties.extend(
            prompts(request.body.text())
                .into_iter()
                .map(|digest| Tie::Prompt { digest }),
        );
    }
    if affinities.key {
        let key = key.to_owned();
        ties.push(Tie::Key { key });
    }
    ties
}

/// A digest of everything up to each mark, the longest first: the next turn of a conversation
/// begins with what was marked in this one.
fn prompts(body: &str) -> Vec<[u8; 32]> {
    let messages = ["\"system\":", "\"messages\":", "\"tools\":", "\"input\":"];
    let begin = messages.iter().filter_map(|it| body.find(it)).min();
    let text = begin.and_then(|at| body.get(at..)).unwrap_or_default();
    let marks: Vec<usize> = memmem::find_iter(text.as_bytes(), MARK).collect();
    let counted = marks.get(marks.len().saturating_sub(MARKS)..);
    let mut digests = Vec::new();
    let (mut hasher, mut done) = (Sha256::new(), 0);
    for at in counted.unwrap_or_default() {
        hasher.update(text.as_bytes().get(done..*at).unwrap_or_default());
        done = *at;
        digests.push(hasher.clone().finalize().into());
    }
    digests.reverse();
    digests
}

/// The tie of a response that another may go on from.
pub fn of_answer(request: &ClientRequest, reached: &Reached) -> Option<Tie> {
    let id = response_id(request, reached)?;
    Some(Tie::Response { id })
}

/// The id of the response that was made, if one was.
pub fn response_id(request: &ClientRequest, reached: &Reached) -> Option<String> {
    if request.operation != Operation::Responses {
        return None;
    }
    match reached {
        Reached::Whole { body, .. } => {
            let text = std::str::from_utf8(body).ok()?;
            let members = json::members_lenient(text).ok()?;
            let id = members.iter().find(|it| it.name == "id")?;
            serde_json::from_str(text.get(id.value.clone())?).ok()
        }
        Reached::Stream { first, .. } => {
            let event = first.events.first().filter(|it| is_opening(it))?;
            let created: Created = serde_json::from_str(&event.data).ok()?;
            Some(created.response.id)
        }
        Reached::Sound(_) | Reached::Bytes(_) | Reached::Live(_) => None,
    }
}

#[derive(Deserialize)]
struct Created {
    response: Id,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn request(operation: Operation, body: &serde_json::Value) -> ClientRequest {
        ClientRequest::parse(operation, Bytes::from(body.to_string()), None, Vec::new()).unwrap()
    }

    #[test]
    fn each_tie_counts_only_where_it_is_asked_for_but_a_response_always() {
        let body =
            serde_json::json!({"model": "m", "input": "x", "previous_response_id": "resp_1"});
        let request = request(Operation::Responses, &body);
        let response = Tie::Response {
            id: "resp_1".into(),
        };
        let none = of(&request, "k", Some("s"), Affinities::default());
        assert_eq!(none, std::slice::from_ref(&response));
        let all = Affinities {
            session: true,
            key: true,
            prompt: true,
        };
        let session = Tie::Session {
            key: "k".into(),
            id: "s".into(),
        };
        let key = Tie::Key { key: "k".into() };
        assert_eq!(of(&request, "k", Some("s"), all), [response, session, key]);
    }

    #[test]
    fn the_next_turn_of_a_conversation_shares_the_beginning_that_was_marked() {
        let marked = |text: &str| serde_json::json!({"role": "user", "content": [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]});
        let turn = |messages: &[serde_json::Value], seed: u32| {
            let body = serde_json::json!({"model": "m", "seed": seed, "messages": messages});
            prompts(request(Operation::Chat, &body).body.text())
        };
        let first = turn(&[marked("a long text")], 1);
        let second = turn(&[marked("a long text"), marked("and more")], 2);
        let other = turn(&[marked("another text")], 1);
        assert_eq!((first.len(), second.len()), (1, 2));
        assert!(second.contains(&first[0]) && !second.contains(&other[0]));
    }
}
