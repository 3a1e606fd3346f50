//! Which deployment of the orchestration service is asked, and with what. A deployment that the
//! settings do not name is looked up first: the newest that runs.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Value};
use sluice_sdk::{Body, Call, Error, Outbound, ReplyMode, Step, fault, write_json};

/// Where the token server stands on the authentication host.
const TOKENS: &str = "/oauth/token";

pub struct Place {
    /// What stands before the API's paths: nothing where the base URL has the version.
    version: &'static str,
    /// The path of the deployment, if it is known.
    deployment: Option<String>,
    group: String,
    token_url: Option<String>,
}

/// The call that waits for its deployment.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waiting {
    path: String,
    body: String,
    streamed: bool,
    state: String,
}

impl Place {
    pub fn of(call: &Call) -> Result<Self, Error> {
        let (config, context) = (call.config(), call.context());
        let setting = |name: &str| {
            let value = config.get(name).and_then(Value::as_str);
            value.filter(|it| !it.is_empty())
        };
        let base = context.get("base_url").and_then(Value::as_str);
        let base = base.unwrap_or_default().trim_end_matches('/');
        let version = if base.ends_with("/v2") { "" } else { "/v2" };
        let deployment = match setting("deployment_id") {
            // The base URL is the deployment's own.
            _ if base.contains("/inference/deployments/") => Some(String::new()),
            Some(id) => Some(path_of(version, id)?),
            None => None,
        };
        let token_url = setting("aicore_auth_url").map(|it| {
            let it = it.trim_end_matches('/');
            match it.ends_with(TOKENS) {
                true => it.to_owned(),
                false => format!("{it}{TOKENS}"),
            }
        });
        Ok(Self {
            version,
            deployment,
            group: setting("resource_group").unwrap_or("default").to_owned(),
            token_url,
        })
    }

    /// The call as its first step: itself, or the look for a deployment.
    pub fn first(&self, mut outbound: Outbound) -> Result<Step, Error> {
        if let Some(deployment) = &self.deployment {
            outbound.url = format!("{deployment}{}", outbound.url);
            return Ok(self.granted(outbound).send());
        }
        let Body::Json(body) = outbound.body else {
            return Err(fault::internal("the call has no body"));
        };
        let waiting = Waiting {
            path: outbound.url,
            body,
            streamed: outbound.reply == ReplyMode::Frames,
            state: outbound.state,
        };
        let url = format!(
            "{}/lm/deployments?scenarioId=orchestration&status=RUNNING",
            self.version
        );
        let look = Outbound::get(url).state(write_json(&waiting));
        Ok(self.granted(look).send())
    }

    /// The call, if this answer is to the look for its deployment.
    pub fn then(&self, answer: &Value, state: &str) -> Result<Option<Step>, Error> {
        let Ok(waiting) = serde_json::from_str::<Waiting>(state) else {
            return Ok(None);
        };
        let all = answer.get("resources").and_then(Value::as_array);
        let text = |it: &Value, name: &str| {
            let value = it.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        // Times are written so that later ones are greater.
        let newest = all
            .into_iter()
            .flatten()
            .max_by_key(|it| text(it, "createdAt"));
        let id = newest.map(|it| text(it, "id")).unwrap_or_default();
        if id.is_empty() {
            let group = &self.group;
            return Err(fault::error(
                fault::kind::NOT_FOUND,
                format!(
                    "no deployment of the orchestration service runs in the resource group `{group}`"
                ),
            ));
        }
        let url = format!("{}{}", path_of(self.version, &id)?, waiting.path);
        let mut next = Outbound::post(url).state(waiting.state);
        next.body = Body::Json(waiting.body);
        if waiting.streamed {
            next = next.frames();
        }
        Ok(Some(self.granted(next).send()))
    }

    fn granted(&self, outbound: Outbound) -> Outbound {
        let outbound = outbound.header("ai-resource-group", self.group.clone());
        match &self.token_url {
            Some(url) => outbound.auth("oauth2", &[("token-url", url)]),
            None => outbound,
        }
    }
}

fn path_of(version: &str, id: &str) -> Result<String, Error> {
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
    if id.is_empty() || !id.chars().all(plain) {
        return Err(fault::invalid_request(format!(
            "`{id}` is not the id of a deployment"
        )));
    }
    Ok(format!("{version}/inference/deployments/{id}"))
}
