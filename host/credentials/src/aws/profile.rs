//! AWS's shared files: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::origin::Origin;
use super::sts::Role;
use crate::error::Error;
use crate::given::Given;
use crate::secret::Secret;

/// Profiles by name, with their settings. Those of the credentials file win.
#[derive(Default)]
pub(super) struct Profiles(HashMap<String, HashMap<String, Secret>>);

impl Profiles {
    /// Reads both files. One that is not there has no profiles.
    pub async fn read(given: &Given) -> Result<Self, Error> {
        let home = given.text(&[], &["HOME"]);
        let path = |variable, name| {
            let named = given.text(&[], &[variable]).map(PathBuf::from);
            named.or_else(|| Some(Path::new(home.as_deref()?).join(".aws").join(name)))
        };
        let mut profiles = Self::default();
        let config = path("AWS_CONFIG_FILE", "config");
        let credentials = path("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        for (path, is_config) in [(config, true), (credentials, false)] {
            if let Some(path) = path {
                profiles.add(&contents(&path).await?, is_config);
            }
        }
        Ok(profiles)
    }

    fn add(&mut self, text: &str, is_config: bool) {
        let mut section = None;
        for line in text.lines() {
            // An indented line belongs to the setting above it, and none of those is ours.
            if line.starts_with([' ', '\t']) {
                continue;
            }
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(title) = line.strip_prefix('[') {
                let title = title.split(']').next().unwrap_or_default();
                section = profile_of(title.trim(), is_config);
                continue;
            }
            if let (Some(name), Some((key, value))) = (&section, line.split_once('=')) {
                let value = value.split(" #").next().unwrap_or_default().trim();
                let settings = self.0.entry(name.clone()).or_default();
                settings.insert(key.trim().to_ascii_lowercase(), value.into());
            }
        }
    }

    pub fn value(&self, profile: &str, name: &str) -> Option<&str> {
        let value = self.0.get(profile)?.get(name)?.reveal();
        Some(value).filter(|it| !it.is_empty())
    }

    /// Where a profile's keys come from. None: it says nothing of keys.
    pub fn origin(&self, profile: &str, given: &Given) -> Result<Option<Origin>, Error> {
        let value = |name| self.value(profile, name);
        if let Some(arn) = value("role_arn") {
            return self.role(profile, arn, given).map(Some);
        }
        if let (Some(id), Some(secret)) =
            (value("aws_access_key_id"), value("aws_secret_access_key"))
        {
            let keys = [id.to_owned(), secret.to_owned()];
            return Ok(Some(Origin::keys(&keys, value("aws_session_token"))));
        }
        for other in [
            "credential_process",
            "sso_session",
            "sso_start_url",
            "login_session",
        ] {
            if value(other).is_some() {
                return Err(Error::unsupported(format!(
                    "the AWS profile `{profile}` has `{other}`, which this gateway does not do: \
                     give it keys, a role or a web identity"
                )));
            }
        }
        Ok(None)
    }

    fn role(&self, profile: &str, arn: &str, given: &Given) -> Result<Origin, Error> {
        let value = |name| self.value(profile, name);
        let own = |name| value(name).map(str::to_owned);
        let mut role = Role::given(given, arn.to_owned());
        role.session = own("role_session_name").unwrap_or(role.session);
        role.external_id = own("external_id");
        role.region = role.region.or_else(|| own("region"));
        if let Some(path) = value("web_identity_token_file") {
            let token = Secret::new(format!("oidc/file/{path}"));
            return Ok(Origin::WebIdentity { role, token });
        }
        let from = match (value("source_profile"), value("credential_source")) {
            // A profile may be its own source, by the keys beside its role.
            (Some(source), _) if source == profile => {
                let keys = (value("aws_access_key_id"), value("aws_secret_access_key"));
                let (Some(id), Some(secret)) = keys else {
                    return Err(Error::missing(format!(
                        "the AWS profile `{profile}` is its own `source_profile` and has no keys"
                    )));
                };
                let keys = [id.to_owned(), secret.to_owned()];
                Origin::keys(&keys, value("aws_session_token"))
            }
            (Some(source), _) => Origin::Profile(source.to_owned()),
            (None, Some("Environment")) => environment(given)?,
            (None, Some("EcsContainer")) => Origin::Container,
            (None, Some("Ec2InstanceMetadata")) => Origin::Instance,
            _ => {
                return Err(Error::missing(format!(
                    "the AWS profile `{profile}` has a `role_arn`, and neither `source_profile`, \
                     `web_identity_token_file` nor a `credential_source` (Environment, \
                     EcsContainer, Ec2InstanceMetadata)"
                )));
            }
        };
        Ok(Origin::Role {
            role,
            from: Box::new(from),
        })
    }
}

fn environment(given: &Given) -> Result<Origin, Error> {
    let value = |name| given.text(&[], &[name]);
    match (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => {
            let token = value("AWS_SESSION_TOKEN");
            Ok(Origin::keys(&[id, secret], token.as_deref()))
        }
        _ => Err(Error::missing(
            "an AWS profile takes its keys from the environment: set `AWS_ACCESS_KEY_ID` and \
             `AWS_SECRET_ACCESS_KEY`",
        )),
    }
}

/// The profile that a section is of. The config file says `profile` before all but the default.
fn profile_of(title: &str, is_config: bool) -> Option<String> {
    if !is_config || title == "default" {
        return Some(title.to_owned());
    }
    let name = title.strip_prefix("profile")?;
    let trimmed = name.trim_start();
    let apart = trimmed.len() < name.len();
    apart.then(|| trimmed.trim_matches(['"', '\'']).to_owned())
}

async fn contents(path: &Path) -> Result<String, Error> {
    match tokio::fs::read_to_string(path).await {
        Ok(text) => Ok(text),
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(String::new())
        }
        Err(cause) => Err(Error::missing(format!(
            "the AWS file {} cannot be read: {cause}; correct its rights or its path",
            path.display()
        ))),
    }
}
