//! Providers that trade a lasting secret for a token of half an hour: the exchange goes out first,
//! the gateway keeps its token, and the call follows with it.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Body, Call, Error, Outbound, Reply, ReplyMode, Step, fault, write_json};

use crate::place::Base;
use crate::row::{Exchange, Row};

/// What the token is called in the call's secrets.
const TOKEN: &str = "exchanged_token";

/// The call that waits for its token.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waiting {
    exchange: String,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    patch: Option<Vec<(String, Option<String>)>>,
    reply: String,
    state: String,
}

const MODES: [(&str, ReplyMode); 3] = [
    ("whole", ReplyMode::Whole),
    ("canonical", ReplyMode::Canonical),
    ("frames", ReplyMode::Frames),
];

/// The call as its first step: itself, or the exchange that it needs.
pub fn first(call: &Call, row: &Row, outbound: Outbound) -> Step {
    let exchange = row.exchange.as_ref();
    // A token that is there already needs none.
    let exchange = exchange.filter(|it| call.has_secret(&it.secret) && !call.has_secret("api_key"));
    match exchange {
        Some(exchange) => begin(call, row, exchange, outbound),
        None => outbound.send(),
    }
}

fn begin(call: &Call, row: &Row, exchange: &Exchange, outbound: Outbound) -> Step {
    let mode = MODES.iter().find(|(_, mode)| *mode == outbound.reply);
    let waiting = Waiting {
        exchange: row.name.clone(),
        method: outbound.method,
        url: outbound.url,
        headers: outbound.headers,
        patch: match outbound.body {
            Body::Patch(patch) => Some(patch),
            _ => None,
        },
        reply: mode.map_or("whole", |(name, _)| name).to_owned(),
        state: outbound.state,
    };
    let config = call.config();
    let own = config.get(&exchange.setting).and_then(Value::as_str);
    let mut first = Outbound::get(own.unwrap_or(&exchange.url))
        .header("accept", "application/json")
        .auth(
            "header",
            &[
                ("name", "authorization"),
                ("prefix", &exchange.prefix),
                ("secret", &exchange.secret),
            ],
        )
        .option(
            "capture",
            json!({"secret": TOKEN, "pointer": exchange.token, "expires": exchange.expires, "once": "exchange"}),
        )
        .state(write_json(&waiting));
    for (name, value) in &waiting.headers {
        first = first.header(name, value.clone());
    }
    first.send()
}

/// The call, if this answer is to its exchange.
pub fn then(call: &Call, row: &Row, reply: &Reply) -> Result<Option<Step>, Error> {
    let Some(exchange) = row.exchange.as_ref() else {
        return Ok(None);
    };
    let Ok(waiting) = sluice_sdk::serde_json::from_str::<Waiting>(&reply.state) else {
        return Ok(None);
    };
    if !call.has_secret(TOKEN) {
        return Err(fault::internal("the exchanged token is not there"));
    }
    let answer = reply.json()?;
    let base = answer.pointer(&exchange.base).and_then(Value::as_str);
    // An account may have an endpoint of its own; one that the row does not know is not followed.
    let own_base = Base::of(call, row)?.own;
    let base = base.filter(|it| {
        let host = it.strip_prefix("https://").unwrap_or_default();
        row.hosts.iter().any(|known| known == host) && !own_base
    });
    let mut next = Outbound::new(
        &waiting.method,
        format!("{}{}", base.unwrap_or_default(), waiting.url),
    );
    next.headers = waiting.headers;
    if let Some(patch) = waiting.patch {
        next = next.patch(patch);
    }
    let mode = MODES.iter().find(|(name, _)| *name == waiting.reply);
    next.reply = mode.map_or(ReplyMode::Whole, |(_, mode)| *mode);
    let next = next.auth("bearer", &[("secret", TOKEN)]);
    Ok(Some(next.state(waiting.state).send()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpenAiCompatible;
    use sluice_sdk::serde_json;
    use sluice_sdk::testing::replay;

    const HOME: &str = "https://api.githubcopilot.com";

    /// The call with these secrets, whose requests have to go to these addresses.
    fn goes(secrets: &[&str], base: &str, config: &Value, endpoint: &str, urls: &[&str]) {
        let message = json!({"role": "assistant", "content": "hi"});
        let chat = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]});
        let token =
            json!({"token": "tid=1;exp=2", "expires_at": 2, "endpoints": {"api": endpoint}});
        let exchange = |url: &&str| {
            let reply = if url.ends_with("/token") {
                &token
            } else {
                &chat
            };
            json!({"request": {"url": url, "headers": {"copilot-integration-id": "vscode-chat"}},
                "reply": {"status": 200, "body": {"json": reply}}})
        };
        let exchanges: Vec<Value> = urls.iter().map(exchange).collect();
        let fixture = json!({
            "name": "copilot", "provider": "github_copilot", "operation": "chat", "model": "gpt-4o",
            "secrets": secrets, "config": config, "context": {"base_url": base}, "exchanges": exchanges,
            "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}, "expect": {}
        });
        let fixture = serde_json::from_value(fixture).unwrap();
        let outcome = replay::<OpenAiCompatible>(&fixture).unwrap();
        let answer = outcome.response.unwrap();
        assert_eq!(answer["choices"][0]["message"]["content"], "hi");
    }

    #[test]
    fn a_github_token_is_traded_and_the_call_goes_to_the_accounts_endpoint() {
        let github = "https://api.github.com/copilot_internal/v2/token";
        let business = "https://api.business.githubcopilot.com";
        let at_business = format!("{business}/chat/completions");
        let none = json!({});
        goes(
            &["github_token"],
            HOME,
            &none,
            business,
            &[github, &at_business],
        );
        let unknown = "https://elsewhere.test";
        goes(
            &["github_token"],
            HOME,
            &none,
            unknown,
            &[github, "/chat/completions"],
        );
        let own = json!({"github_copilot_token_url": "http://own.test/token"});
        let asked = ["http://own.test/token", "/chat/completions"];
        goes(&["github_token"], "http://own.test", &own, business, &asked);
    }

    #[test]
    fn a_key_that_is_there_is_used_as_it_is() {
        let secrets = ["api_key", "github_token"];
        goes(&secrets, HOME, &json!({}), HOME, &["/chat/completions"]);
    }
}
