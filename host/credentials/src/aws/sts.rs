//! AWS's Security Token Service: keys of a role.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, Response};
use url::Url;

use super::{Credentials, chain, sign};
use crate::cache::Lease;
use crate::clock::moment;
use crate::error::Error;
use crate::fetch::{Ask, failed};
use crate::given::Given;
use crate::secret::Secret;
use crate::signer::{Body, Unsigned};
use crate::tokens::Tokens;

const WHOM: &str = "AWS STS";

const VERSION: &str = "2011-06-15";

/// What AWS's trail shows where no name is set.
const SESSION: &str = "sluice";

/// A role to take on.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub arn: String,
    pub session: String,
    pub external_id: Option<String>,
    /// The region whose STS is asked.
    pub region: Option<String>,
}

impl Role {
    pub fn given(given: &Given, arn: String) -> Self {
        let session = given.text(
            &["aws_session_name"],
            &["AWS_SESSION_NAME", "AWS_ROLE_SESSION_NAME"],
        );
        Self {
            arn,
            session: session.unwrap_or_else(|| SESSION.to_owned()),
            external_id: given.text(&["aws_external_id"], &["AWS_EXTERNAL_ID"]),
            region: chain::region(given),
        }
    }

    /// The STS that is asked, and the region that it signs for.
    fn endpoint(&self, given: &Given) -> (String, String) {
        let region = self.region.as_deref();
        let own = given.text(
            &["aws_sts_endpoint"],
            &["AWS_STS_ENDPOINT", "AWS_ENDPOINT_URL_STS"],
        );
        let url = own.unwrap_or_else(|| match region {
            Some(region) if region.starts_with("cn-") => {
                format!("https://sts.{region}.amazonaws.com.cn")
            }
            Some(region) => format!("https://sts.{region}.amazonaws.com"),
            None => "https://sts.amazonaws.com".to_owned(),
        });
        (url, region.unwrap_or("us-east-1").to_owned())
    }
}

/// `AssumeRoleWithWebIdentity`, which is not signed.
pub(super) async fn by_web_identity(
    role: &Role,
    token: &Secret,
    given: &Given,
    tokens: &Tokens,
) -> Result<Lease<Credentials>, Error> {
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", VERSION),
        ("RoleArn", &role.arn),
        ("RoleSessionName", &role.session),
        ("WebIdentityToken", token.reveal()),
    ];
    let (url, _) = role.endpoint(given);
    let ask = Ask::form(&url, given.usual_reach(), WHOM, &fields)?.header(ACCEPT, "text/xml");
    let answer = ask.answer(tokens.fetch()).await?;
    read(&answer, role).map_err(|error| error.without(&[token]))
}

/// `AssumeRole`, signed with other keys.
pub(super) async fn by_keys(
    role: &Role,
    keys: &Credentials,
    given: &Given,
    tokens: &Tokens,
) -> Result<Lease<Credentials>, Error> {
    let mut fields = vec![
        ("Action", "AssumeRole"),
        ("Version", VERSION),
        ("RoleArn", role.arn.as_str()),
        ("RoleSessionName", &role.session),
    ];
    if let Some(id) = &role.external_id {
        fields.push(("ExternalId", id));
    }
    let (url, region) = role.endpoint(given);
    let ask = Ask::form(&url, given.usual_reach(), WHOM, &fields)?.header(ACCEPT, "text/xml");
    let ask = signed(ask, keys, "sts", &region, tokens.clock().now())?;
    let answer = ask.answer(tokens.fetch()).await?;
    let secrets = [Some(&keys.secret_access_key), keys.session_token.as_ref()];
    let secrets: Vec<&Secret> = secrets.into_iter().flatten().collect();
    read(&answer, role).map_err(|error| error.without(&secrets))
}

/// Signs what is about to be asked.
fn signed(
    mut ask: Ask,
    keys: &Credentials,
    service: &str,
    region: &str,
    time: SystemTime,
) -> Result<Ask, Error> {
    let headers: HeaderMap = ask.plain_headers()?;
    let url: &Url = ask.url();
    let request = Unsigned {
        method: ask.method(),
        url,
        headers: &headers,
        body: Body::Bytes(ask.body()),
    };
    let added = sign(keys, service, region, time, &request)?;
    for (name, value) in &added {
        let value = value.to_str().unwrap_or_default().to_owned();
        ask = ask.header(name.clone(), value);
    }
    Ok(ask)
}

fn read(answer: &Response<Bytes>, role: &Role) -> Result<Lease<Credentials>, Error> {
    let body = String::from_utf8_lossy(answer.body());
    if !answer.status().is_success() {
        let parts = [element(&body, "Code"), element(&body, "Message")];
        let said: Vec<String> = parts.into_iter().flatten().collect();
        let cure = format!(
            "check that `{}` exists and that its trust policy lets this identity take it on",
            role.arn
        );
        return Err(failed(answer, WHOM, &said.join(": "), &cure));
    }
    let need = |name| {
        element(&body, name)
            .ok_or_else(|| Error::malformed(format!("{WHOM} answers without `{name}`")))
    };
    let (id, secret) = (need("AccessKeyId")?, need("SecretAccessKey")?);
    let token = need("SessionToken")?;
    let mut keys = Credentials::new(&id, &secret, Some(&token));
    keys.region.clone_from(&role.region);
    Ok(Lease {
        value: keys,
        expires: Some(moment(&need("Expiration")?, WHOM)?),
    })
}

/// The text of the first element of this name: STS's answers are flat, and have no attributes or
/// comments in the elements that are read here.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    let text = plain
        .iter()
        .fold(text.trim().to_owned(), |text, (from, to)| {
            text.replace(from, to)
        });
    Some(text).filter(|it| !it.is_empty())
}
