//! Where the guardrail is, and how a request to it is signed.

use sluice_sdk::{Error, fault};

use crate::settings::Settings;

#[derive(Debug)]
pub struct Place {
    url: String,
    region: String,
}

impl Place {
    /// # Errors
    /// No region is named, or what is named is none.
    pub fn of(settings: &Settings) -> Result<Self, Error> {
        let own = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim);
            text.filter(|it| !it.is_empty()).map(str::to_owned)
        };
        let region = arn_region(&settings.identifier).or_else(|| own(&settings.aws_region_name));
        let region = region.filter(|it| is_region(it)).ok_or_else(|| {
            fault::invalid_request("no AWS region is named: set `aws_region_name`")
        })?;
        let endpoint = own(&settings.aws_bedrock_runtime_endpoint);
        let endpoint = endpoint.unwrap_or_else(|| {
            let china = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://bedrock-runtime.{region}.amazonaws.com{china}")
        });
        let url = format!(
            "{}/guardrail/{}/version/{}/apply",
            endpoint.trim_end_matches('/'),
            encoded(&settings.identifier),
            encoded(&settings.version)
        );
        Ok(Self { url, region })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The parameters of `sigv4`.
    pub fn signature(&self) -> [(&str, &str); 2] {
        [("service", "bedrock"), ("region", &self.region)]
    }
}

/// An ARN is good in its own region only: `arn:aws:bedrock:REGION:ACCOUNT:guardrail/ID`.
fn arn_region(identifier: &str) -> Option<String> {
    let mut parts = identifier.split(':');
    let is_arn = parts.next() == Some("arn");
    let region = parts.nth(2).filter(|it| is_arn && !it.is_empty());
    region.map(str::to_owned)
}

/// It stands in a host's name.
fn is_region(region: &str) -> bool {
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    !region.is_empty() && region.len() <= 32 && region.bytes().all(plain)
}

/// As one segment of a path.
fn encoded(text: &str) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~".contains(&it);
    let bytes = text.bytes();
    bytes.fold(String::new(), |mut out, it| {
        match plain(it) {
            true => out.push(char::from(it)),
            false => out.push_str(&format!("%{it:02X}")),
        }
        out
    })
}
