//! Calls as the host makes them, and what the plugin wants sent.

use sluice_sdk::{Body, Outbound};

use super::*;

pub struct Asked<'a> {
    pub provider: &'a str,
    pub operation: &'a str,
    pub model: &'a str,
    pub streaming: bool,
    pub config: Value,
    pub secrets: &'a [&'a str],
    pub base: &'a str,
    pub intent: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub fn of(provider: &'a str, operation: &'a str, model: &'a str) -> Self {
        let base = match provider {
            "azure" => "https://r.openai.azure.com",
            _ => "https://r.services.ai.azure.com",
        };
        Self {
            provider,
            operation,
            model,
            streaming: false,
            config: json!({}),
            secrets: &["api_key"],
            base,
            intent: None,
        }
    }

    pub fn start(&self, body: &Value) -> Result<Outbound, Error> {
        let intent = self.intent.map(|it| ("intent".into(), it.to_owned()));
        let id = ("id".into(), "file-1".into());
        let call = Call {
            id: "t".into(),
            operation: self.operation.into(),
            provider: self.provider.into(),
            model: self.model.into(),
            streaming: self.streaming,
            config: self.config.to_string(),
            secrets: self.secrets.iter().map(|it| (*it).to_owned()).collect(),
            params: [id].into_iter().chain(intent).collect(),
            headers: Vec::new(),
            files: vec![sluice_sdk::File {
                id: 3,
                field: "file".into(),
                filename: "a.wav".into(),
                content_type: "audio/wav".into(),
                size: 9,
            }],
            context: json!({"base_url": self.base}).to_string(),
        };
        match Azure::start(&call, &body.to_string())? {
            Step::Send(outbound) => Ok(outbound),
            other => panic!("{other:?}"),
        }
    }

    pub fn url(&self) -> String {
        self.start(&json!({"model": "m", "messages": []}))
            .unwrap()
            .url
    }
}

/// The body with what is changed in it.
pub fn patched(outbound: &Outbound, body: &Value) -> Value {
    let Body::Patch(members) = &outbound.body else {
        panic!("{:?}", outbound.body);
    };
    let mut body = body.clone();
    let all = body.as_object_mut().unwrap();
    for (name, value) in members {
        match value {
            Some(value) => drop(all.insert(name.clone(), serde_json::from_str(value).unwrap())),
            None => drop(all.shift_remove(name)),
        }
    }
    body
}
