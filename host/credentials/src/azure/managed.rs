//! Managed identities.

use http::HeaderName;
use url::form_urlencoded::Serializer;

use crate::answer;
use crate::cache::Lease;
use crate::error::{Error, Kind};
use crate::fetch::{Ask, Reach};
use crate::given::Given;
use crate::tokens::{Bearer, Tokens};

const MACHINE: &str = "the managed identity endpoint";
const IMDS: &str = "http://169.254.169.254";

/// The identity that the machine has: of App Service and its like, else of the virtual machine.
pub(super) async fn managed(
    client: Option<&str>,
    scope: &str,
    given: &Given,
    tokens: &Tokens,
) -> Result<Lease<Bearer>, Error> {
    let resource = scope.strip_suffix("/.default").unwrap_or(scope);
    let endpoint = given.text(&[], &["IDENTITY_ENDPOINT"]);
    let header = given.first(&[], &["IDENTITY_HEADER"]);
    let (base, version, name, value) = match (endpoint, header) {
        (Some(endpoint), Some(header)) => (endpoint, "2019-08-01", "x-identity-header", header),
        (Some(_), None) => {
            return Err(Error::unsupported(
                "the managed identity of Azure Arc is not supported: set `tenant_id`, `client_id` \
                 and `client_secret`",
            ));
        }
        _ => {
            let host = given.text(&[], &["AZURE_POD_IDENTITY_AUTHORITY_HOST"]);
            let host = host.unwrap_or_else(|| IMDS.to_owned());
            let host = host.trim_end_matches('/');
            let base = format!("{host}/metadata/identity/oauth2/token");
            (base, "2018-02-01", "metadata", "true".into())
        }
    };
    let joint = if base.contains('?') { '&' } else { '?' };
    let query = [("api-version", version), ("resource", resource)].into_iter();
    let query = query.chain(client.map(|it| ("client_id", it)));
    let query = Serializer::new(String::new()).extend_pairs(query).finish();
    let url = format!("{base}{joint}{query}");
    let ask = Ask::get(&url, Reach::Metadata, MACHINE)?;
    let ask = ask.header(HeaderName::from_static(name), value.reveal());
    let cure = "assign an identity to this machine and let it use the resource; of several, name \
                one by `client_id`";
    let asked = answer::ask(ask, tokens, cure, &[&value]).await;
    asked.map_err(|error| match error.kind {
        Kind::Unreachable if error.retry_after.is_none() => Error::new(
            Kind::Unreachable,
            format!(
                "no Azure credential is found: set `api_key`, or `tenant_id`, `client_id` and \
                 `client_secret`, or run with a managed identity ({error})"
            ),
        ),
        _ => error,
    })
}
