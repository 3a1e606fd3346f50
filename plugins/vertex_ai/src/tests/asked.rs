//! Calls as the host makes them, and what the plugin wants sent.

use sluice_sdk::{Body, Outbound};

use super::*;

pub struct Asked<'a> {
    pub operation: &'a str,
    pub model: &'a str,
    pub streaming: bool,
    pub config: Value,
    pub secrets: &'a [&'a str],
    pub base: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub fn of(operation: &'a str, model: &'a str) -> Self {
        Self {
            operation,
            model,
            streaming: false,
            config: json!({"vertex_project": "p", "vertex_location": "us-east5"}),
            secrets: &["vertex_credentials"],
            base: None,
        }
    }

    pub fn start(&self, body: &Value) -> Result<Step, Error> {
        let context = match self.base {
            Some(base) => json!({ "base_url": base }),
            None => json!({}),
        };
        let call = Call {
            id: "t".into(),
            operation: self.operation.into(),
            provider: "vertex_ai".into(),
            model: self.model.into(),
            streaming: self.streaming,
            config: self.config.to_string(),
            secrets: self.secrets.iter().map(|it| (*it).to_owned()).collect(),
            params: Vec::new(),
            headers: Vec::new(),
            files: Vec::new(),
            context: context.to_string(),
        };
        VertexAi::start(&call, &body.to_string())
    }

    pub fn sent(&self, body: &Value) -> Outbound {
        match self.start(body).unwrap() {
            Step::Send(outbound) => outbound,
            other => panic!("{other:?}"),
        }
    }

    pub fn url(&self) -> String {
        self.sent(&question()).url
    }
}

pub fn question() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "input": "a", "prompt": "p"})
}

pub fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

pub fn patch_of(outbound: &Outbound) -> Value {
    let Body::Patch(members) = &outbound.body else {
        panic!("{:?}", outbound.body);
    };
    let read = |text: &Option<String>| {
        text.as_ref()
            .map_or(Value::Null, |it| serde_json::from_str(it).unwrap())
    };
    members
        .iter()
        .map(|(name, value)| (name.clone(), read(value)))
        .collect()
}
