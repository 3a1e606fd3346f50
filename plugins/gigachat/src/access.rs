//! The token: it is fetched with the authorisation key first, kept by the gateway for its half
//! hour, and the call follows with it.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::{self, kind};
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Body, Call, Error, Outbound, Reply, ReplyMode, Step, write_json};

/// Sber's token server.
const TOKENS: &str = "https://ngw.devices.sberbank.ru:9443/api/v2/oauth";

/// Of private persons; companies have `GIGACHAT_API_B2B` and `GIGACHAT_API_CORP`.
const SCOPE: &str = "GIGACHAT_API_PERS";

/// What the token is called in the call's secrets.
const TOKEN: &str = "exchanged_token";

/// The call that waits for its token.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waiting {
    method: String,
    url: String,
    patch: Option<Vec<(String, Option<String>)>>,
    streamed: bool,
    state: String,
}

/// The call as its first step: itself with a token that is there, or the exchange for one.
pub fn first(call: &Call, outbound: Outbound) -> Result<Step, Error> {
    if call.has_secret("access_token") {
        return Ok(outbound
            .auth("bearer", &[("secret", "access_token")])
            .send());
    }
    if !call.has_secret("api_key") {
        return Err(fault::error(
            kind::AUTHENTICATION,
            "gigachat needs an `api_key` (the authorisation key) or an `access_token`",
        ));
    }
    let waiting = Waiting {
        method: outbound.method,
        url: outbound.url,
        patch: match outbound.body {
            Body::Patch(patch) => Some(patch),
            _ => None,
        },
        streamed: outbound.reply == ReplyMode::Frames,
        state: outbound.state,
    };
    let config = call.config();
    let setting = |name: &str, default: &str| {
        let value = config.get(name).and_then(Value::as_str);
        value
            .filter(|it| !it.is_empty())
            .unwrap_or(default)
            .to_owned()
    };
    let params = [
        ("name", "authorization"),
        ("prefix", "Basic "),
        ("secret", "api_key"),
    ];
    let mut exchange = Outbound::post(setting("gigachat_auth_url", TOKENS))
        .header("accept", "application/json")
        .header("rquid", uuid(&sluice_sdk::host::random(16)))
        .auth("header", &params)
        .option(
            "capture",
            json!({"secret": TOKEN, "pointer": "/access_token", "expires": "/expires_at", "once": "token"}),
        )
        .state(write_json(&waiting));
    exchange.body = Body::Form(vec![("scope".into(), setting("gigachat_scope", SCOPE))]);
    Ok(exchange.send())
}

/// The call, if this answer is to its exchange.
pub fn then(call: &Call, reply: &Reply) -> Result<Option<Step>, Error> {
    let Ok(waiting) = serde_json::from_str::<Waiting>(&reply.state) else {
        return Ok(None);
    };
    if !call.has_secret(TOKEN) {
        return Err(fault::internal("the exchanged token is not there"));
    }
    let mut next = Outbound::new(&waiting.method, waiting.url);
    if let Some(patch) = waiting.patch {
        next = next.patch(patch);
    }
    if waiting.streamed {
        next = next.frames();
    }
    let next = next.auth("bearer", &[("secret", TOKEN)]);
    Ok(Some(next.state(waiting.state).send()))
}

/// A random UUID, by which Sber tells requests for tokens apart.
fn uuid(random: &[u8]) -> String {
    let mut bytes = [0u8; 16];
    bytes
        .iter_mut()
        .zip(random)
        .for_each(|(place, byte)| *place = *byte);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_the_fourth_version() {
        assert_eq!(uuid(&[0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid(&[]), "00000000-0000-4000-8000-000000000000");
    }
}
