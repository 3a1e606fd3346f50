//! `google`: access tokens of Google Cloud, by Application Default Credentials: a service account's
//! key, a user's refresh token, a federated workload, an impersonated account, or the machine.

mod document;
mod external;
mod grant;

use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderName;
use url::form_urlencoded::byte_serialize;

use crate::answer;
use crate::cache::Lease;
use crate::error::{Error, Kind};
use crate::fetch::{Ask, Reach};
use crate::given::{Given, Params, Trust};
use crate::key::Key;
use crate::secret::Secret;
use crate::tokens::{Bearer, Mint, Tokens};
use document::Document;

const USUAL_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

const MACHINE: &str = "Google's metadata server";

pub(crate) const SETTINGS: &[&str] = &["vertex_credentials", "vertex_ai_credentials"];
const VARIABLES: &[&str] = &["VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"];

/// What else a credential may depend on.
const OTHERS: &[&str] = &[
    "HOME",
    "CLOUDSDK_CONFIG",
    "GCE_METADATA_HOST",
    "NO_GCE_CHECK",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

pub(crate) struct Google {
    scope: String,
    given: Given,
    key: Key,
}

impl Google {
    pub fn read(params: &Params<'_>, given: &Given) -> Result<Self, Error> {
        let scope = params.get("scope").unwrap_or(USUAL_SCOPE).to_owned();
        if given.first(SETTINGS, &[]).is_none() {
            given.ambient("Google (`vertex_credentials`)")?;
        }
        let key = Key::of("google").text(&scope);
        let key = given.tell(key, SETTINGS);
        let key = given.tell(key, VARIABLES);
        Ok(Self {
            scope,
            given: given.clone(),
            key: given.tell(key, OTHERS).done(),
        })
    }

    async fn ask(&self, tokens: &Tokens) -> Result<Lease<Bearer>, Error> {
        match found(&self.given).await? {
            Some(text) => {
                let document = Document::read(&text)?;
                let given = self.of_document();
                document.token(&self.scope, &given, tokens).await
            }
            None => self.machine(tokens).await,
        }
    }

    /// A document of the environment is the operator's, whoever wrote the settings.
    fn of_document(&self) -> Given {
        let trust = match self.given.first(SETTINGS, &[]) {
            Some(_) => self.given.trust,
            None => Trust::Operator,
        };
        Given {
            trust,
            ..self.given.clone()
        }
    }

    async fn machine(&self, tokens: &Tokens) -> Result<Lease<Bearer>, Error> {
        let nowhere = |why: String| {
            Error::missing(format!(
                "no Google credential is found{why}: set `vertex_credentials` (a file or its JSON), \
                 or `GOOGLE_APPLICATION_CREDENTIALS`, or run on Google Cloud with a service account"
            ))
        };
        if self.given.says("NO_GCE_CHECK") {
            return Err(nowhere(String::new()));
        }
        let host = self.given.text(&[], &["GCE_METADATA_HOST"]);
        let host = host.unwrap_or_else(|| "metadata.google.internal".to_owned());
        let scopes: String = byte_serialize(self.scope.replace(' ', ",").as_bytes()).collect();
        let url = format!(
            "http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={scopes}"
        );
        let flavor = HeaderName::from_static("metadata-flavor");
        let ask = Ask::get(&url, Reach::Metadata, MACHINE)?.header(flavor, "Google");
        let asked = answer::ask(ask, tokens, "give this machine a service account", &[]).await;
        asked.map_err(|error| match error.kind {
            Kind::Unreachable if error.retry_after.is_none() => nowhere(format!(" ({error})")),
            _ => error,
        })
    }
}

/// The project that the credential belongs to, for deployments that name none. None: it says none,
/// or there is no document.
///
/// # Errors
/// The credential cannot be read.
pub async fn project(given: &Given) -> Result<Option<String>, Error> {
    let Some(text) = found(given).await? else {
        return Ok(None);
    };
    Ok(Document::read(&text)?.project())
}

/// The credential's document: the JSON itself, a file, or where `gcloud` leaves it.
async fn found(given: &Given) -> Result<Option<Secret>, Error> {
    let what = "the Google credential";
    if let Some(value) = given.first(SETTINGS, VARIABLES) {
        let text = value.reveal().trim();
        if text.starts_with('{') {
            return Ok(Some(value));
        }
        return given.file(text, what).await.map(Some);
    }
    let config = given.text(&[], &["CLOUDSDK_CONFIG"]);
    let config = config.or_else(|| {
        let home = given.text(&[], &["HOME"])?;
        Some(format!("{home}/.config/gcloud"))
    });
    let Some(config) = config else {
        return Ok(None);
    };
    let path = Path::new(&config).join("application_default_credentials.json");
    match tokio::fs::try_exists(&path).await {
        Ok(true) => given
            .file(&path.display().to_string(), what)
            .await
            .map(Some),
        _ => Ok(None),
    }
}

impl Mint for Google {
    fn key(&self) -> Key {
        self.key
    }

    fn mint(self: Arc<Self>, tokens: Tokens) -> BoxFuture<'static, Result<Lease<Bearer>, Error>> {
        async move { self.ask(&tokens).await }.boxed()
    }
}
