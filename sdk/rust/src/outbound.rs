//! Builders for what a provider sends and answers.

use serde_json::Value;

use crate::{
    Auth, Body, Call, Error, Frame, Outbound, Part, PartData, Payload, Reply, ReplyMode, Response,
    Step, fault, write_json,
};

impl Outbound {
    /// A request with this method. `url` is a path, which the host joins to the deployment's base
    /// URL, or a whole URL on a host the operator has allowed.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Body::None,
            auth: Vec::new(),
            reply: ReplyMode::Whole,
            options: Vec::new(),
            state: String::new(),
        }
    }

    /// `POST`, the answer read whole.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// `GET`, the answer read whole.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A header. Those of the connection and of authentication are the host's, and are refused.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = Body::Json(write_json(body));
        self
    }

    /// The client's own bytes with these top-level members set (`Some`) or removed (`None`).
    #[must_use]
    pub fn patch(mut self, members: Vec<(String, Option<String>)>) -> Self {
        self.body = Body::Patch(members);
        self
    }

    /// The last request's body with the values at these JSON pointers changed.
    #[must_use]
    pub fn amend(mut self, members: Vec<(String, Option<String>)>) -> Self {
        self.body = Body::Amend(members);
        self
    }

    /// A form with the members of `body`, which are a call's fields, and with the call's files under
    /// their own names. Arrays and several files of one field become `name[]`.
    #[must_use]
    pub fn form(mut self, call: &Call, body: &Value) -> Self {
        let fields = body.as_object().into_iter().flatten();
        let mut parts: Vec<Part> = Vec::new();
        for (name, value) in fields.filter(|(_, value)| !value.is_null()) {
            match value.as_array() {
                Some(values) => {
                    let name = format!("{name}[]");
                    parts.extend(values.iter().map(|it| field(&name, it)));
                }
                None => parts.push(field(name, value)),
            }
        }
        for file in &call.files {
            let several = call
                .files
                .iter()
                .filter(|it| it.field == file.field)
                .count()
                > 1;
            let name = &file.field;
            parts.push(Part {
                name: if several {
                    format!("{name}[]")
                } else {
                    name.clone()
                },
                filename: Some(file.filename.clone()),
                content_type: Some(file.content_type.clone()),
                data: PartData::File(file.id),
            });
        }
        self.body = Body::Multipart(parts);
        self
    }

    /// How to authenticate, where it is not the way `describe` gives. Parameters name secrets;
    /// they never hold values.
    #[must_use]
    pub fn auth(mut self, scheme: &str, params: &[(&str, &str)]) -> Self {
        self.auth.push(Auth {
            scheme: scheme.to_owned(),
            params: params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        });
        self
    }

    /// An option by name: `delay_ms`, `timeout_ms`, `accept_errors`, `framing`, ...
    #[must_use]
    pub fn option(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.options
            .push((name.to_owned(), value.into().to_string()));
        self
    }

    /// The answer is canonical already; the plugin is not called again.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        self.reply = ReplyMode::Canonical;
        self
    }

    /// The answer is a stream for `decode`.
    #[must_use]
    pub fn frames(mut self) -> Self {
        self.reply = ReplyMode::Frames;
        self
    }

    /// Handed to `resume` or `decode`.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = state.into();
        self
    }

    /// This request as the next step.
    pub fn send(self) -> Step {
        Step::Send(self)
    }
}

fn field(name: &str, value: &Value) -> Part {
    Part {
        name: name.to_owned(),
        filename: None,
        content_type: None,
        data: PartData::Text(match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }),
    }
}

impl Response {
    /// A canonical JSON answer. The host fills in `id`, `object`, `created` and `model` where
    /// they are missing.
    pub fn json(body: &Value) -> Self {
        Self {
            body: Payload::Text(write_json(body)),
            content_type: None,
            headers: Vec::new(),
            usage: None,
        }
    }

    /// The canonical `usage` object, where the body has none or less.
    #[must_use]
    pub fn usage(mut self, usage: &Value) -> Self {
        self.usage = Some(write_json(usage));
        self
    }

    /// This answer as the last step.
    pub fn respond(self) -> Step {
        Step::Respond(self)
    }
}

impl Frame {
    /// A nameless JSON event: the canonical form of chat chunks.
    pub fn json(data: &Value) -> Self {
        Self {
            event: String::new(),
            data: Payload::Text(write_json(data)),
        }
    }

    /// The data as text, if it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Payload::Text(text) => Some(text),
            Payload::Bytes(_) | Payload::Kept(_) => None,
        }
    }

    /// The data as JSON. Anything else is the upstream's failure.
    pub fn parse(&self) -> Result<Value, Error> {
        parsed(self.text())
    }
}

fn parsed(text: Option<&str>) -> Result<Value, Error> {
    let text = text.ok_or_else(|| fault::upstream("the upstream's answer is not text"))?;
    serde_json::from_str(text)
        .map_err(|cause| fault::upstream(format!("the upstream's answer is not JSON: {cause}")))
}

impl Reply {
    /// The body as text, if it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Payload::Text(text) => Some(text),
            Payload::Bytes(_) | Payload::Kept(_) => None,
        }
    }

    /// The body as JSON. Anything else is the upstream's failure.
    pub fn json(&self) -> Result<Value, Error> {
        parsed(self.text())
    }

    /// The first header of this name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl Call {
    /// The deployment's settings as JSON.
    pub fn config(&self) -> Value {
        serde_json::from_str(&self.config).unwrap_or_default()
    }

    /// Facts about the call as JSON.
    pub fn context(&self) -> Value {
        serde_json::from_str(&self.context).unwrap_or_default()
    }

    /// Whether the host holds a secret of this name for the deployment.
    pub fn has_secret(&self, name: &str) -> bool {
        self.secrets.iter().any(|held| held == name)
    }

    /// A path or query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first of the client's headers of this name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}
