//! Where a call goes: the version in the query, and a model in a project or space, or a deployment.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, fault};

/// The version of the API, unless the deployment says otherwise.
const VERSION: &str = "2024-03-13";

pub struct Place {
    version: String,
    /// The id of a deployment.
    deployment: Option<String>,
    model: String,
    /// `project_id` or `space_id`, and its value.
    owner: Option<(&'static str, String)>,
}

impl Place {
    pub fn of(call: &Call) -> Result<Self, Error> {
        let config = call.config();
        let setting = |name: &str| {
            let value = config.get(name).and_then(Value::as_str);
            value.filter(|it| !it.is_empty()).map(str::to_owned)
        };
        let version = setting("api_version").unwrap_or_else(|| VERSION.to_owned());
        if !version.chars().all(|it| it.is_ascii_digit() || it == '-') {
            return Err(fault::invalid_request("`api_version` is not a date"));
        }
        let owners = [
            ("project_id", "project_id"),
            ("space_id", "space_id"),
            ("watsonx_deployment_space_id", "space_id"),
            ("default_project_id", "project_id"),
            ("default_space_id", "space_id"),
        ];
        let owner = owners
            .into_iter()
            .find_map(|(name, member)| Some((member, setting(name)?)));
        let deployment = match call.model.strip_prefix("deployment/") {
            Some(id) => {
                let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
                if id.is_empty() || !id.chars().all(plain) {
                    return Err(fault::invalid_request(format!(
                        "`{id}` is not the id of a deployment"
                    )));
                }
                Some(id.to_owned())
            }
            None => None,
        };
        Ok(Self {
            version,
            deployment,
            model: call.model.clone(),
            owner,
        })
    }

    /// The path of `chat`, `generation`, `embeddings`, ...
    pub fn path(&self, name: &str) -> Result<String, Error> {
        let version = &self.version;
        match &self.deployment {
            None => Ok(format!("/ml/v1/text/{name}?version={version}")),
            Some(id) if !matches!(name, "embeddings" | "rerank") => Ok(format!(
                "/ml/v1/deployments/{id}/text/{name}?version={version}"
            )),
            Some(_) => Err(fault::unsupported(format!(
                "watsonx has no `{name}` of deployments"
            ))),
        }
    }

    pub fn transcriptions(&self) -> Result<String, Error> {
        if self.deployment.is_some() {
            return Err(fault::unsupported(
                "watsonx has no transcriptions of deployments",
            ));
        }
        let version = &self.version;
        Ok(format!("/ml/v1/audio/transcriptions?version={version}"))
    }

    pub fn models(&self) -> String {
        let version = &self.version;
        format!("/ml/v1/foundation_model_specs?version={version}&limit=200")
    }

    /// A body that names the model and who pays; a deployment knows both.
    pub fn body(&self) -> Result<Map<String, Value>, Error> {
        let mut body = Map::new();
        if self.deployment.is_some() {
            return Ok(body);
        }
        let (name, value) = self.owner.clone().ok_or_else(|| {
            fault::invalid_request(
                "watsonx needs `project_id` or `space_id` in the deployment's settings",
            )
        })?;
        body.insert("model_id".into(), self.model.clone().into());
        body.insert(name.into(), value.into());
        Ok(body)
    }
}
