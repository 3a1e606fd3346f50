//! What a deployment gives: its settings and the environment, with the names that LiteLLM has.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::fetch::Reach;
use crate::key::{Key, KeyMaker};
use crate::secret::Secret;

/// Largest file of credentials, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Values by name. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The deployment's `litellm_params`, secret or not, and the secrets that its plugin found in
    /// the environment.
    pub settings: Arc<HashMap<String, Secret>>,
    /// The environment, as far as the operator lets this deployment read it.
    pub env: Arc<HashMap<String, Secret>>,
    pub trust: Trust,
}

/// Who wrote the settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trust {
    /// The operator, in the config file: they may name files, variables and any address.
    #[default]
    Operator,
    /// Somebody who may make models through the API: they may be values only, so that none is sent
    /// a file, a variable or the machine's identity. Where they say nothing, the environment and the
    /// machine serve.
    Stored,
    /// A client, for its own request: values only, and nothing else serves.
    Client,
}

/// Settings that name addresses, files and profiles.
const OPERATORS: &[&str] = &[
    "aws_sts_endpoint",
    "aws_profile_name",
    "azure_authority_host",
    "azure_certificate_path",
    "iam_url",
    "token_url",
];

/// Settings that are a document or the path of one.
const DOCUMENTS: &[&str] = &["vertex_credentials", "vertex_ai_credentials"];

impl Given {
    /// A setting. An empty value is none.
    pub fn setting(&self, name: &str) -> Option<&Secret> {
        let found = self.settings.get(name);
        found.filter(|it| !it.reveal().trim().is_empty())
    }

    /// A variable of the environment. An empty value is none.
    pub fn variable(&self, name: &str) -> Option<&Secret> {
        if self.trust == Trust::Client {
            return None;
        }
        let found = self.env.get(name);
        found.filter(|it| !it.reveal().trim().is_empty())
    }

    /// The first that is there: of the settings, then of the environment.
    pub fn first(&self, settings: &[&str], variables: &[&str]) -> Option<Secret> {
        let setting = settings.iter().find_map(|name| self.setting(name));
        let found = setting.or_else(|| variables.iter().find_map(|name| self.variable(name)));
        found.cloned()
    }

    /// The same, of what is no secret.
    pub(crate) fn text(&self, settings: &[&str], variables: &[&str]) -> Option<String> {
        let found = self.first(settings, variables)?;
        Some(found.reveal().trim().to_owned())
    }

    /// Whether a variable says yes.
    pub(crate) fn says(&self, variable: &str) -> bool {
        let value = self.variable(variable).map(|it| it.reveal().trim());
        value.is_some_and(|it| it == "1" || it.eq_ignore_ascii_case("true"))
    }

    /// Where the addresses of a document among the settings may lead.
    pub(crate) fn reach(&self) -> Reach {
        match self.trust {
            Trust::Operator => Reach::Operator,
            Trust::Stored | Trust::Client => Reach::Client,
        }
    }

    /// Where an address may lead that is well known, or that an operator alone can have set.
    pub(crate) fn usual_reach(&self) -> Reach {
        match self.trust {
            Trust::Operator | Trust::Stored => Reach::Operator,
            Trust::Client => Reach::Client,
        }
    }

    /// Refuses settings that go beyond those who wrote them.
    pub(crate) fn judge(&self) -> Result<(), Error> {
        if self.trust == Trust::Operator {
            return Ok(());
        }
        let refused = |name: &str, what: &str| {
            Err(Error::missing(format!(
                "`{name}` {what}, which only the config file may do: give the credential itself"
            )))
        };
        for name in OPERATORS {
            if self.setting(name).is_some() {
                return refused(name, "names an address, a file or a profile");
            }
        }
        for name in DOCUMENTS {
            let value = self.setting(name).map(|it| it.reveal().trim());
            if value.is_some_and(|it| !it.starts_with('{')) {
                return refused(name, "names a file");
            }
        }
        let mut names: Vec<&String> = self.settings.keys().collect();
        names.sort();
        for name in names {
            let value = self.setting(name).map(|it| it.reveal().trim());
            if value.is_some_and(|it| it.starts_with("oidc/")) {
                return refused(name, "names a variable or a file");
            }
        }
        Ok(())
    }

    /// The machine's own identity may be used.
    pub(crate) fn ambient(&self, what: &str) -> Result<(), Error> {
        if self.trust == Trust::Client {
            return Err(Error::missing(format!(
                "{what}: give the credential with the request; that of the gateway's machine is \
                 not used for credentials of clients"
            )));
        }
        Ok(())
    }

    /// A token that is given as it is, or as LiteLLM's `oidc/env/NAME`, `oidc/env_path/NAME` or
    /// `oidc/file/PATH`. Files are read anew each time, because they are renewed in place.
    pub(crate) async fn token(&self, value: &Secret, what: &str) -> Result<Secret, Error> {
        let text = value.reveal().trim();
        if let Some(name) = text.strip_prefix("oidc/env/") {
            let found = self.variable(name).cloned();
            return found.ok_or_else(|| {
                Error::missing(format!("{what} is taken from `{name}`, which is not set"))
            });
        }
        if let Some(name) = text.strip_prefix("oidc/env_path/") {
            let path = self.variable(name).ok_or_else(|| {
                Error::missing(format!(
                    "the file of {what} is named by `{name}`, which is not set"
                ))
            })?;
            return self.file(path.reveal(), what).await;
        }
        if let Some(path) = text.strip_prefix("oidc/file/") {
            return self.file(path, what).await;
        }
        if let Some(rest) = text.strip_prefix("oidc/") {
            let source = rest.split('/').next().unwrap_or_default();
            return Err(Error::unsupported(format!(
                "{what} is taken from `oidc/{source}`, which this gateway does not have: have the \
                 token written to a file and name it as `oidc/file/PATH`"
            )));
        }
        Ok(Secret::new(text))
    }

    /// A small file of text, without space at its ends.
    pub(crate) async fn file(&self, path: &str, what: &str) -> Result<Secret, Error> {
        read(Path::new(path), what).await
    }

    /// Tells a key all that these names can be.
    pub(crate) fn tell(&self, key: KeyMaker, names: &[&str]) -> KeyMaker {
        let key = key.text(&format!("{:?}", self.trust));
        names.iter().fold(key, |key, name| {
            key.secret(self.setting(name)).secret(self.variable(name))
        })
    }
}

async fn read(path: &Path, what: &str) -> Result<Secret, Error> {
    let shown = path.display();
    let cannot = |why: String| {
        Error::missing(format!(
            "{what} cannot be read from {shown}: {why}; mount the file or correct its path"
        ))
    };
    let found = tokio::fs::metadata(path).await;
    let found = found.map_err(|cause| cannot(cause.to_string()))?;
    if !found.is_file() || found.len() > MAX_FILE {
        return Err(cannot("it is no small file".to_owned()));
    }
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|cause| cannot(cause.to_string()))?;
    match text.trim() {
        "" => Err(cannot("it is empty".to_owned())),
        text => Ok(Secret::new(text)),
    }
}

/// A scheme's parameters, as a plugin names them.
pub(crate) struct Params<'p>(pub &'p [(String, String)]);

impl Params<'_> {
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|it| !it.is_empty())
    }

    /// The secret whose name a parameter holds.
    pub fn secret(&self, param: &str, usual: &str, given: &Given) -> Result<Secret, Error> {
        let name = self.get(param).unwrap_or(usual);
        given.setting(name).cloned().ok_or_else(|| {
            Error::missing(format!(
                "the deployment has no `{name}`: set it in `litellm_params` or in the provider's \
                 environment variable"
            ))
        })
    }
}

impl Key {
    pub(crate) fn with_params(kind: &str, params: &Params<'_>) -> KeyMaker {
        let all = params.0.iter();
        all.fold(Self::of(kind), |key, (name, value)| {
            key.text(name).text(value)
        })
        .text("end")
    }
}
