//! Where a request goes: the path of its operation on the deployment's base URL, or on a base that
//! the provider's own settings make.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Call, Error, Outbound, fault};

use crate::access;
use crate::row::Row;
use crate::{ranks, remote, run, vectors};

/// The outbound request without its body: path, headers, key.
pub fn outbound(call: &Call, row: &Row, own_row: bool) -> Result<Outbound, Error> {
    let config = call.config();
    let setting = settings(&config, row);
    let method = match call.operation.as_str() {
        "models" => "GET",
        about if remote::knows(about) => remote::address(call, row)?.0,
        _ => "POST",
    };
    let mut outbound = Outbound::new(method, url(call, row)?);
    for (name, template) in &row.headers {
        if let Ok(value) = filled(template, &setting) {
            outbound = outbound.header(name, value);
        }
    }
    access::granted(call, row, own_row, outbound)
}

/// A path, or a whole URL where the base is another one.
fn url(call: &Call, row: &Row) -> Result<String, Error> {
    let base = Base::of(call, row)?;
    match call.operation.as_str() {
        _ if run::serves(call, row) => return run::url(call, &base),
        "embeddings" if row.embeddings.as_deref() == Some("feature-extraction") => {
            return vectors::feature_extraction(call, &base);
        }
        "rerank" if row.rerank.as_deref().is_some_and(|it| it != ranks::DATA) => {
            return ranks::url(call, row, &base);
        }
        "chat" => {
            let path = row
                .catalog_path
                .as_ref()
                .filter(|_| in_catalog(&call.model));
            if let Some((path, origin)) = path.zip(base.origin()) {
                return Ok(format!("{origin}{path}"));
            }
        }
        _ => {}
    }
    let path = path(call, row, &base)?;
    Ok(match &base.other {
        Some(other) => format!("{other}{path}"),
        None => path,
    })
}

fn path(call: &Call, row: &Row, base: &Base) -> Result<String, Error> {
    let config = call.config();
    let setting = settings(&config, row);
    let operation = call.operation.as_str();
    let usual = match operation {
        "chat" => "/chat/completions",
        "completions" if row.fim.is_some() => "/fim/completions",
        "completions" => "/completions",
        "embeddings" => "/embeddings",
        "responses" => "/responses",
        "messages" => "/messages",
        "rerank" => "/rerank",
        "moderations" => "/moderations",
        "images.generate" => "/images/generations",
        "images.edit" => "/images/edits",
        "audio.speech" => "/audio/speech",
        "audio.transcribe" => "/audio/transcriptions",
        "audio.translate" => "/audio/translations",
        "models" => "/models",
        about if remote::knows(about) => return Ok(remote::address(call, row)?.1),
        other => {
            let message = format!("{} has no operation `{other}`", row.name);
            return Err(fault::unsupported(message));
        }
    };
    let Some(template) = row.paths.get(operation) else {
        return Ok(usual.to_owned());
    };
    // A base URL of the operator's own may hold what the template is for.
    let begins = template.split('{').next().unwrap_or_default();
    let is_held = base.url.as_deref().is_some_and(|it| it.contains(begins));
    let is_held = is_held && begins != "/";
    if template.contains('{') && base.own && is_held {
        return Ok(usual.to_owned());
    }
    let model = escaped(deployment_of(row, &call.model));
    let value = |name: &str| match name {
        "model" => Some(model.as_str()),
        _ => setting(name),
    };
    match filled(template, value) {
        Ok(path) => Ok(path),
        Err(_) if base.own && base.url.is_some() => Ok(usual.to_owned()),
        Err(name) => Err(missing(row, name)),
    }
}

/// What stands for `{model}` in a path: where the path names a deployment, the name up to its first
/// slash.
fn deployment_of<'m>(row: &Row, model: &'m str) -> &'m str {
    match row.model_route.as_deref() {
        Some("path") => model.split('/').next().unwrap_or_default(),
        _ => model,
    }
}

/// What the deployment says, or else the row.
pub fn settings<'s>(config: &'s Value, row: &'s Row) -> impl Fn(&str) -> Option<&'s str> {
    move |name| {
        let told = config.get(name).and_then(Value::as_str);
        told.or_else(|| row.settings_default.get(name).map(String::as_str))
    }
}

fn missing(row: &Row, name: &str) -> Error {
    let message = format!(
        "provider `{}` needs `{name}` in the deployment's `litellm_params`",
        row.name
    );
    fault::invalid_request(message)
}

/// The base URL of a call.
pub struct Base {
    /// As the deployment has it, without a slash at its end.
    pub url: Option<String>,
    /// It is not the row's; unknown counts as the operator's own.
    pub own: bool,
    /// What serves in its place.
    other: Option<String>,
}

impl Base {
    pub fn of(call: &Call, row: &Row) -> Result<Self, Error> {
        let context = call.context();
        let url = context.get("base_url").and_then(Value::as_str);
        let url = url.map(|it| it.trim_end_matches('/').to_owned());
        let mut other = None;
        if let (None, Some(template)) = (&url, &row.account_base) {
            let config = call.config();
            let setting = settings(&config, row);
            let label = |name: &str| setting(name).filter(|it| is_label(it));
            other = Some(filled(template, label).map_err(|name| missing(row, name))?);
        }
        let of_operation = row.bases.get(&call.operation).into_iter().flatten();
        for (end, instead) in row.base_endings.iter().chain(of_operation) {
            let known = url.as_deref().or(other.as_deref());
            let known = known.or(row.base_url.as_deref());
            let start = known.and_then(|it| it.strip_suffix(end.as_str()));
            if let Some(start) = start {
                other = Some(format!("{start}{instead}"));
            }
        }
        Ok(Self {
            own: url.as_deref() != row.base_url.as_deref().map(|it| it.trim_end_matches('/')),
            url,
            other,
        })
    }

    /// The operator's own, and other than what the row knows.
    pub fn is_elsewhere(&self, row: &Row) -> bool {
        let is_known = row.base_url.is_some() || !row.bases.is_empty();
        is_known && self.own && self.url.is_some() && self.other.is_none()
    }

    /// The region that the host's name tells, where it is a host of the service's own or an endpoint
    /// for it in a private network (`vpce-1.SERVICE.REGION.vpce.amazonaws.com`).
    pub fn region(&self, service: &str) -> Option<&str> {
        let url = self.other.as_deref().or(self.url.as_deref())?;
        let (_, rest) = url.split_once("://")?;
        let host = rest.split(['/', ':']).next()?;
        let mut labels = host.split('.');
        labels.find(|it| *it == service)?;
        labels.next().filter(|it| is_region(it))
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> Option<&str> {
        let url = self.url.as_deref()?;
        let host = url.find("://")? + 3;
        let end = url.get(host..)?.find('/').map_or(url.len(), |at| host + at);
        url.get(..end)
    }
}

/// `eu-west-1`, `us-gov-east-1`.
fn is_region(label: &str) -> bool {
    label.contains('-') && label.ends_with(|it: char| it.is_ascii_digit())
}

/// Part of a host's name: nothing in it leads to another host.
fn is_label(text: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
    !text.is_empty() && text.bytes().all(plain)
}

/// `catalog.schema.model`: a version as in `gpt-4.1` has a digit behind its point.
fn in_catalog(model: &str) -> bool {
    let parts: Vec<&str> = model.split('.').collect();
    let name =
        |it: &&str| it.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    parts.len() == 3 && parts.iter().all(name)
}

/// `template` with its `{names}` filled in, of `{one|another}` the first that is there, or the first
/// name that has no value.
fn filled<'t, 'v>(
    template: &'t str,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Result<String, &'t str> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        let first = name.split('|').next().unwrap_or_default();
        out.push_str(name.split('|').find_map(&value).ok_or(first)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// A model's name in a path: what is no letter, digit or plain mark is escaped, slashes stay.
pub fn escaped(model: &str) -> String {
    let mut out = String::with_capacity(model.len());
    for byte in model.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
