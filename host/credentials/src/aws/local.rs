//! Keys that the machine itself has: of its container (ECS, EKS pod identity) or its instance (EC2,
//! metadata service version 2).

use std::net::IpAddr;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderName, Method, Response};
use serde_json::Value;
use url::{Host, Url};

use super::Credentials;
use crate::answer::{document, said, text};
use crate::cache::Lease;
use crate::clock::moment;
use crate::error::{Error, Kind};
use crate::fetch::{Ask, Reach, failed};
use crate::given::Given;
use crate::secret::Secret;
use crate::tokens::Tokens;

const CONTAINER: &str = "the container's credentials endpoint";
const INSTANCE: &str = "the instance metadata service";

const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

/// Where ECS and EKS answer over plain HTTP.
const CONTAINER_HOSTS: &[&str] = &["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const ZONE: &str = "/latest/meta-data/placement/availability-zone";

pub(super) fn has_container(given: &Given) -> bool {
    given.variable(FULL).is_some() || given.variable(RELATIVE).is_some()
}

pub(super) async fn container(given: &Given, tokens: &Tokens) -> Result<Lease<Credentials>, Error> {
    let url = match (given.text(&[], &[RELATIVE]), given.text(&[], &[FULL])) {
        (Some(path), _) => format!("http://169.254.170.2{path}"),
        (None, Some(url)) => checked(url)?,
        (None, None) => {
            return Err(Error::missing(format!(
                "the container has no credentials: neither `{RELATIVE}` nor `{FULL}` is set"
            )));
        }
    };
    let mut ask = Ask::get(&url, Reach::Metadata, CONTAINER)?;
    let file = given.text(&[], &["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]);
    let proof = match file {
        Some(path) => Some(
            given
                .file(&path, "the container's authorization token")
                .await?,
        ),
        None => given.first(&[], &["AWS_CONTAINER_AUTHORIZATION_TOKEN"]),
    };
    if let Some(proof) = proof {
        ask = ask.header(AUTHORIZATION, proof.reveal().trim());
    }
    let answer = ask.answer(tokens.fetch()).await?;
    keys(&answer, CONTAINER, "check the task's or the pod's role")
}

/// A plain address gets the container's token, so it has to be one of the machine.
fn checked(url: String) -> Result<String, Error> {
    let read = Url::parse(&url).ok();
    let host = read.as_ref().and_then(Url::host);
    let local = host.is_some_and(|host| match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => is_local(ip.into()),
        Host::Ipv6(ip) => is_local(ip.into()),
    });
    if local || read.is_some_and(|it| it.scheme() == "https") {
        return Ok(url);
    }
    Err(Error::missing(format!(
        "`{FULL}` must be `https`, or lead to this machine or AWS's link-local addresses"
    )))
}

fn is_local(ip: IpAddr) -> bool {
    ip.is_loopback() || CONTAINER_HOSTS.contains(&ip.to_string().as_str())
}

pub(super) async fn instance(given: &Given, tokens: &Tokens) -> Result<Lease<Credentials>, Error> {
    let nowhere = |why: &str| {
        Error::missing(format!(
            "no AWS keys are found ({why}): set `aws_access_key_id` and `aws_secret_access_key`, \
             `aws_role_name` with `aws_web_identity_token`, `aws_profile_name`, or the environment's \
             `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; or give this machine a role"
        ))
    };
    if given.says("AWS_EC2_METADATA_DISABLED") {
        return Err(nowhere("the instance metadata service is switched off"));
    }
    let imds = Imds::open(given, tokens).await;
    let imds = imds.map_err(|error| match error.kind {
        Kind::Unreachable => nowhere("and there is no instance metadata service"),
        _ => error,
    })?;
    let roles = imds.get(ROLES).await?;
    if roles.status().as_u16() == 404 {
        return Err(nowhere("this instance has no role"));
    }
    let cure = "give this instance a role";
    if !roles.status().is_success() {
        return Err(failed(&roles, INSTANCE, "", cure));
    }
    let names = String::from_utf8_lossy(roles.body()).into_owned();
    let role = names.lines().map(str::trim).find(|it| !it.is_empty());
    let role = role.ok_or_else(|| nowhere("this instance has no role"))?;
    let answer = imds.get(&format!("{ROLES}{role}")).await?;
    keys(&answer, INSTANCE, cure)
}

/// The availability zone of this instance.
pub(crate) async fn zone(given: &Given, tokens: &Tokens) -> Result<String, Error> {
    let answer = Imds::open(given, tokens).await?.get(ZONE).await?;
    let text = String::from_utf8_lossy(answer.body()).trim().to_owned();
    if !answer.status().is_success() || text.is_empty() {
        return Err(failed(&answer, INSTANCE, "", "set `AWS_REGION`"));
    }
    Ok(text)
}

/// A session of the metadata service.
struct Imds<'t> {
    base: String,
    reach: Reach,
    token: Secret,
    tokens: &'t Tokens,
}

impl<'t> Imds<'t> {
    async fn open(given: &Given, tokens: &'t Tokens) -> Result<Self, Error> {
        let own = given.text(&[], &["AWS_EC2_METADATA_SERVICE_ENDPOINT"]);
        let six = given
            .text(&[], &["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"])
            .is_some_and(|it| it.eq_ignore_ascii_case("ipv6"));
        let base = own.unwrap_or_else(|| match six {
            true => "http://[fd00:ec2::254]".to_owned(),
            false => "http://169.254.169.254".to_owned(),
        });
        let base = base.trim_end_matches('/').to_owned();
        let reach = Reach::Metadata;
        let url = format!("{base}/latest/api/token");
        let life = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
        let ask = Ask::new(Method::PUT, &url, reach, INSTANCE)?.header(life, "300");
        let answer = ask.answer(tokens.fetch()).await?;
        if !answer.status().is_success() {
            let cure = "allow its version 2, with a hop limit that reaches this container";
            return Err(failed(&answer, INSTANCE, "", cure));
        }
        let token = String::from_utf8_lossy(answer.body()).trim().to_owned();
        Ok(Self {
            base,
            reach,
            token: Secret::new(token),
            tokens,
        })
    }

    async fn get(&self, path: &str) -> Result<Response<Bytes>, Error> {
        let ask = Ask::get(&format!("{}{path}", self.base), self.reach, INSTANCE)?;
        let name = HeaderName::from_static("x-aws-ec2-metadata-token");
        let ask = ask.header(name, self.token.reveal());
        ask.answer(self.tokens.fetch()).await
    }
}

/// The document that both kinds of endpoints answer.
fn keys(answer: &Response<Bytes>, whom: &str, cure: &str) -> Result<Lease<Credentials>, Error> {
    if !answer.status().is_success() {
        return Err(failed(answer, whom, &said(answer.body()), cure));
    }
    let body = document(answer, whom)?;
    let code = body.get("Code").and_then(Value::as_str);
    if let Some(code) = code.filter(|it| *it != "Success") {
        let code = crate::error::quote(code);
        return Err(Error::new(
            Kind::Refused,
            format!("{whom} answers {code}; {cure}"),
        ));
    }
    let id = text(&body, "AccessKeyId", whom)?;
    let secret = text(&body, "SecretAccessKey", whom)?;
    let token = body.get("Token").and_then(Value::as_str);
    let expires = body.get("Expiration").and_then(Value::as_str);
    Ok(Lease {
        value: Credentials::new(id.reveal(), secret.reveal(), token),
        expires: expires.map(|it| moment(it, whom)).transpose()?,
    })
}
