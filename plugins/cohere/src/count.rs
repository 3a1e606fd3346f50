//! Tokens of a request in Anthropic's form. Cohere splits texts into tokens and does not count
//! chats: what its template adds to the texts (a few tokens a message) is not in the number.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault};
use sluice_wire::anthropic::said::{said, shows};

use crate::path;

/// Cohere takes no more in one request.
const MAX_CHARS: usize = 65_536;

pub fn request(call: &Call, body: &Map<String, Value>) -> Result<Step, Error> {
    let given = |name: &str| body.get(name).unwrap_or(&Value::Null);
    let messages = given("messages").as_array();
    let messages = messages.ok_or_else(|| fault::invalid_request("`messages` is no list"))?;
    let contents = messages.iter().filter_map(|it| it.get("content"));
    let parts: Vec<&Value> = [given("system"), given("tools")]
        .into_iter()
        .chain(contents)
        .collect();
    if parts.iter().any(|it| shows(it)) {
        return Err(fault::unsupported(
            "Cohere counts the tokens of texts: there are images or documents in `messages`",
        ));
    }
    let texts: Vec<String> = parts.into_iter().map(said).collect();
    let asked = |text: &str| {
        let body = json!({"text": text, "model": call.model});
        Outbound::post(path::of(call, "/v1/tokenize")).json(&body)
    };
    let mut all: Vec<Outbound> = pieces(&texts.join("\n")).into_iter().map(asked).collect();
    match all.pop() {
        Some(only) if all.is_empty() => Ok(only.send()),
        Some(last) => {
            all.push(last);
            Ok(Step::SendAll(all))
        }
        None => Err(fault::invalid_request("`messages` says nothing")),
    }
}

pub fn answer(replies: &[Reply]) -> Result<Step, Error> {
    let mut count = 0;
    for reply in replies {
        let answer = reply.json()?;
        let tokens = answer.get("tokens").and_then(Value::as_array);
        count += tokens
            .ok_or_else(|| fault::upstream("the provider's answer has no `tokens`"))?
            .len();
    }
    Ok(Response::json(&json!({"input_tokens": count})).respond())
}

/// A text in pieces that are short enough, cut between words where there are any.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while let Some((end, _)) = rest.char_indices().nth(MAX_CHARS) {
        let (fits, _) = rest.split_at(end);
        let at = fits.rfind(char::is_whitespace).filter(|at| *at > 0);
        let (piece, more) = rest.split_at(at.unwrap_or(end));
        out.push(piece);
        rest = more;
    }
    if !rest.is_empty() {
        out.push(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk::Payload;

    #[test]
    fn a_long_text_is_counted_in_pieces_that_are_cut_between_words() {
        let word = "a".repeat(40_000);
        let text = format!("{word} {word}");
        let cut = pieces(&text);
        let lengths: Vec<usize> = cut.iter().map(|it| it.chars().count()).collect();
        assert_eq!(lengths, [40_000, 40_001]);
        let solid = "\u{e9}".repeat(MAX_CHARS + 1);
        assert_eq!(pieces(&solid).len(), 2);
        assert!(pieces(" \n").is_empty());
    }

    #[test]
    fn counts_of_pieces_are_added_and_what_is_no_count_is_a_failure() {
        let reply = |body: Value| Reply {
            status: 200,
            headers: Vec::new(),
            body: Payload::Text(body.to_string()),
            state: String::new(),
        };
        let both = [
            reply(json!({"tokens": [1, 2]})),
            reply(json!({"tokens": [3]})),
        ];
        let Ok(Step::Respond(response)) = answer(&both) else {
            panic!("no answer")
        };
        assert!(matches!(response.body, Payload::Text(text) if text == r#"{"input_tokens":3}"#));
        assert_eq!(answer(&[reply(json!({}))]).unwrap_err().kind, "upstream");
    }
}
