//! Workload identity federation: a token of another identity provider for one of Google
//! (RFC 8693).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::document::secret;
use super::grant::{self, IMPERSONATION_SCOPE};
use crate::answer;
use crate::aws;
use crate::cache::Lease;
use crate::error::Error;
use crate::fetch::{Ask, failed};
use crate::given::{Given, Trust};
use crate::oauth2::basic;
use crate::secret::Secret;
use crate::signer::{Body, Unsigned};
use crate::tokens::{Bearer, Tokens};

const WHOM: &str = "Google's security token service";
const SOURCE: &str = "the identity provider of the workload";
const CURE: &str = "check the audience, the provider's issuer and its attribute condition";

#[derive(Deserialize)]
pub(super) struct External {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: Source,
    service_account_impersonation_url: Option<String>,
    service_account_impersonation: Option<Impersonation>,
    client_id: Option<String>,
    #[serde(default, deserialize_with = "maybe")]
    client_secret: Option<Secret>,
    workforce_pool_user_project: Option<String>,
    pub quota_project_id: Option<String>,
}

#[derive(Deserialize)]
struct Impersonation {
    token_lifetime_seconds: Option<u64>,
}

#[derive(Deserialize)]
struct Source {
    file: Option<String>,
    url: Option<String>,
    #[serde(default)]
    headers: HashMap<String, String>,
    format: Option<Format>,
    /// `aws1`: the other members are of AWS.
    environment_id: Option<String>,
    regional_cred_verification_url: Option<String>,
}

#[derive(Deserialize)]
struct Format {
    #[serde(rename = "type")]
    kind: Option<String>,
    subject_token_field_name: Option<String>,
}

fn maybe<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<Secret>, D::Error> {
    secret(reader).map(Some)
}

impl External {
    pub async fn token(
        &self,
        scope: &str,
        given: &Given,
        tokens: &Tokens,
    ) -> Result<Lease<Bearer>, Error> {
        if given.trust != Trust::Operator {
            return Err(Error::missing(
                "an `external_account` of Google takes its token from this machine, which only the \
                 config file may say: use a `service_account`",
            ));
        }
        let subject = self.subject(given, tokens).await?;
        let Some(url) = &self.service_account_impersonation_url else {
            return self.exchange(&subject, scope, given, tokens).await;
        };
        let own = self.exchange(&subject, IMPERSONATION_SCOPE, given, tokens);
        let own = own.await?.value.token;
        let life = self.service_account_impersonation.as_ref();
        let life = life.and_then(|it| it.token_lifetime_seconds);
        let life = life.map(Duration::from_secs);
        grant::impersonate(url, &own, scope, &[], life, given, tokens).await
    }

    async fn exchange(
        &self,
        subject: &Secret,
        scope: &str,
        given: &Given,
        tokens: &Tokens,
    ) -> Result<Lease<Bearer>, Error> {
        let project = self.workforce_pool_user_project.as_ref();
        let project = project.filter(|_| self.client_id.is_none());
        let options = project.map(|it| json!({"userProject": it}).to_string());
        let mut fields = vec![
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("audience", self.audience.as_str()),
            ("scope", scope),
            (
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:access_token",
            ),
            ("subject_token", subject.reveal()),
            ("subject_token_type", &self.subject_token_type),
        ];
        if let Some(options) = &options {
            fields.push(("options", options));
        }
        let mut ask = Ask::form(&self.token_url, given.reach(), WHOM, &fields)?;
        if let (Some(id), Some(secret)) = (&self.client_id, &self.client_secret) {
            ask = ask.header(AUTHORIZATION, basic(&id.as_str().into(), secret));
        }
        answer::ask(ask, tokens, CURE, &[subject]).await
    }

    /// The other provider's token.
    async fn subject(&self, given: &Given, tokens: &Tokens) -> Result<Secret, Error> {
        let source = &self.credential_source;
        if let Some(environment) = &source.environment_id {
            if environment != "aws1" {
                return Err(Error::unsupported(format!(
                    "the Google credential names the environment {environment:?}, and only `aws1` \
                     is known"
                )));
            }
            return self.of_aws(given, tokens).await;
        }
        let text = if let Some(path) = &source.file {
            given.file(path, "the subject token").await?
        } else if let Some(url) = &source.url {
            let mut ask = Ask::get(url, given.reach(), SOURCE)?;
            for (name, value) in &source.headers {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                    Error::missing("a header of the Google credential's source is none: correct it")
                })?;
                ask = ask.header(name, value.as_str());
            }
            let answer = ask.answer(tokens.fetch()).await?;
            if !answer.status().is_success() {
                let cure = "check `credential_source` of the Google credential";
                return Err(failed(&answer, SOURCE, "", cure));
            }
            Secret::new(String::from_utf8_lossy(answer.body()).trim())
        } else {
            return Err(Error::unsupported(
                "the Google credential's source is neither a file, a URL nor AWS: programs and \
                 certificates are not supported",
            ));
        };
        source.unwrap(&text)
    }

    /// A signed question to AWS, which Google asks in its turn to learn who we are.
    async fn of_aws(&self, given: &Given, tokens: &Tokens) -> Result<Secret, Error> {
        let chain = Arc::new(aws::Chain::ambient(given)?);
        let keys = match chain.keys() {
            Some(keys) => keys.clone(),
            None => tokens.aws(&chain).await?,
        };
        let region = given.text(&[], &["AWS_REGION", "AWS_DEFAULT_REGION"]);
        let region = match region.or_else(|| keys.region.clone()) {
            Some(region) => region,
            // `eu-central-1a` is a zone of `eu-central-1`.
            None => {
                let zone = aws::zone(given, tokens).await?;
                let end = |it: char| it.is_ascii_lowercase();
                zone.trim_end_matches(end).to_owned()
            }
        };
        let usual =
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
        let source = self
            .credential_source
            .regional_cred_verification_url
            .as_deref();
        let url = source.unwrap_or(usual).replace("{region}", &region);
        let wrong = || {
            Error::missing(
                "`regional_cred_verification_url` or `audience` of the Google credential cannot be \
                 used: correct it",
            )
        };
        let url = Url::parse(&url).map_err(|_| wrong())?;
        let host = url.host_str().ok_or_else(wrong)?.to_owned();
        let audience = HeaderValue::from_str(&self.audience).map_err(|_| wrong())?;
        let host = HeaderValue::from_str(&host).map_err(|_| wrong())?;
        let target = HeaderName::from_static("x-goog-cloud-target-resource");
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host);
        headers.insert(target, audience);
        let request = Unsigned {
            method: &Method::POST,
            url: &url,
            headers: &headers,
            body: Body::Bytes(&[]),
        };
        let signed = aws::sign(&keys, "sts", &region, tokens.clock().now(), &request)?;
        let all = headers.iter().chain(&signed);
        let all: Vec<Value> = all
            .filter_map(|(name, value)| {
                Some(json!({"key": name.as_str(), "value": value.to_str().ok()?}))
            })
            .collect();
        let question = json!({"url": url.as_str(), "method": "POST", "headers": all});
        let encoded: String = byte_serialize(question.to_string().as_bytes()).collect();
        // Google decodes percent signs, not pluses.
        Ok(Secret::new(encoded.replace('+', "%20")))
    }
}

impl Source {
    fn unwrap(&self, text: &Secret) -> Result<Secret, Error> {
        let format = self.format.as_ref();
        let kind = format.and_then(|it| it.kind.as_deref()).unwrap_or("text");
        let field = format.and_then(|it| it.subject_token_field_name.as_deref());
        match (kind, field) {
            ("text", _) if !text.reveal().is_empty() => Ok(text.clone()),
            ("json", Some(field)) => {
                let body: Option<Value> = serde_json::from_str(text.reveal()).ok();
                let body = body.ok_or_else(|| {
                    Error::malformed("the subject token's source is no JSON: check its `format`")
                })?;
                answer::text(&body, field, SOURCE)
            }
            _ => Err(Error::missing(
                "the subject token is empty, or its `format` in the Google credential is neither \
                 `text` nor `json` with `subject_token_field_name`",
            )),
        }
    }
}
