//! Which URLs a plugin may name, and which addresses they may lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::target::Target;
use crate::domain::{ErrorKind, Fault, host_pattern};

/// A URL that may be called, and whether its address still has to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    pub url: Url,
    /// Private addresses are refused.
    pub guarded: bool,
}

/// The URL an outbound means: a path on the base URL, or a whole URL on a host that is allowed.
pub(super) fn resolve(target: &Target, given: &str) -> Result<Destination, Fault> {
    if given.starts_with("http://") || given.starts_with("https://") {
        return whole(target, given);
    }
    let base = target.base_url.as_ref().ok_or_else(|| {
        let provider = &target.provider;
        let message = format!(
            "provider `{provider}` needs an `api_base` in the deployment's `litellm_params`"
        );
        Fault::operator(ErrorKind::InvalidRequest, message)
    })?;
    let url = join(base, given).ok_or_else(|| {
        Fault::plugin("the plugin named a path that is none").with_log(format!("path {given:?}"))
    })?;
    let guarded = !target.base_trusted && !target.allow_private;
    check(Destination { url, guarded })
}

fn whole(target: &Target, given: &str) -> Result<Destination, Fault> {
    let url = Url::parse(given).map_err(|cause| {
        Fault::plugin("the plugin named a URL that is none").with_log(cause.to_string())
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::plugin(
            "the plugin put a name or password into a URL",
        ));
    }
    if target
        .base_url
        .as_ref()
        .is_some_and(|base| base.origin() == url.origin())
    {
        let guarded = !target.base_trusted && !target.allow_private;
        return check(Destination { url, guarded });
    }
    let mut further = target.further.iter();
    if let Some((_, trusted)) = further.find(|(it, _)| it.origin() == url.origin()) {
        let guarded = !trusted && !target.allow_private;
        return check(Destination { url, guarded });
    }
    let host = url.host_str().unwrap_or_default();
    let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or(0));
    let granted = target
        .granted_hosts
        .iter()
        .any(|it| host_pattern::fits(it, host) || host_pattern::fits(it, &with_port));
    if !granted {
        let message = format!(
            "the plugin wants to reach `{host}`, which is neither the deployment's `api_base` nor \
             granted: list it under `plugins.grants.<plugin>.hosts`"
        );
        return Err(Fault::operator(ErrorKind::Permission, message).breaching());
    }
    if url.scheme() != "https" && !target.allow_private {
        let message = format!("`{host}` is only reached over https");
        return Err(Fault::operator(ErrorKind::Permission, message).breaching());
    }
    let guarded = !target.allow_private;
    check(Destination { url, guarded }).map_err(Fault::breaching)
}

/// The URL of a medium that a client names.
pub(super) fn medium(given: &str, allow_private: bool) -> Result<Url, Fault> {
    let url = Url::parse(given).map_err(|cause| {
        Fault::caller(
            ErrorKind::InvalidRequest,
            format!("a medium's URL is none: {cause}"),
        )
        .with_param("messages")
    })?;
    check(Destination {
        url,
        guarded: !allow_private,
    })
    .map(|checked| checked.url)
    .map_err(|refused| of_medium(given, refused))
}

/// A URL of the gateway's own: a webhook, a collector.
pub(super) fn own(url: Url, guarded: bool) -> Result<Url, String> {
    let checked = check(Destination { url, guarded });
    checked.map(|it| it.url).map_err(|_| {
        "it is a private, local or metadata address, which only the config file may name".to_owned()
    })
}

/// What a client may know of it: the cure is the operator's, and stands in the log.
fn of_medium(given: &str, refused: Fault) -> Fault {
    let host = Url::parse(given).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    let message = format!(
        "the medium at `{host}` cannot be used: it is a private, local or metadata address"
    );
    Fault::caller(ErrorKind::InvalidRequest, message)
        .with_param("messages")
        .with_log(refused.message)
}

/// Addresses written as numbers do not pass the resolver, so they are judged here.
fn check(destination: Destination) -> Result<Destination, Fault> {
    let literal = match destination.url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(_)) | None => None,
    };
    match literal {
        Some(address) if destination.guarded && !is_public(address) => {
            Err(private(&address.to_string()))
        }
        _ => Ok(destination),
    }
}

fn private(host: &str) -> Fault {
    let message = format!(
        "`{host}` is a private, local or metadata address, which is reached only if the `api_base` \
         of a model in the config file names it; for models made through the API set \
         `general_settings.trust_stored_api_base: true`, for other hosts of a plugin \
         `plugins.grants.<plugin>.private_addresses`"
    );
    Fault::operator(ErrorKind::Permission, message)
}

/// The URL of what a client asks for below a base: of the same origin, and below the same path.
pub(super) fn below(
    target: &Target,
    base: &Url,
    (tail, shares_version): (&str, bool),
) -> Result<Destination, Fault> {
    let url = if shares_version {
        join(base, tail)
    } else {
        let mut url = base.clone();
        let own = base.path().trim_end_matches('/');
        url.set_path(&format!("{own}{tail}"));
        Some(url)
    };
    let own = base.path().trim_end_matches('/');
    let is_below = |it: &Url| {
        let rest = it.path().strip_prefix(own);
        let rest = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        rest && it.origin() == base.origin()
    };
    let url = url.filter(is_below).ok_or_else(|| {
        let message = "the path leads out of what is passed on";
        Fault::caller(ErrorKind::InvalidRequest, message).with_log(format!("path {tail:?}"))
    })?;
    let trusted = target.base_trusted && target.base_url.as_ref() == Some(base);
    let guarded = !trusted && !target.allow_private;
    check(Destination { url, guarded })
}

/// `base` and a path. Operators write bases with and without the version that plugins begin their
/// paths with, so a segment that both share is taken once.
pub(super) fn join(base: &Url, path: &str) -> Option<Url> {
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    let base_path = base.path().trim_end_matches('/');
    let path = path.trim_start_matches('/');
    let shared = base_path.rsplit('/').next().unwrap_or_default();
    let first = path.split('/').next().unwrap_or_default();
    let path = if !shared.is_empty() && shared == first {
        path.get(first.len()..)
            .unwrap_or_default()
            .trim_start_matches('/')
    } else {
        path
    };
    if path.split('/').any(|segment| segment == "..") || path.contains(['#', '\\']) {
        return None;
    }
    let separator = if path.is_empty() { "" } else { "/" };
    url.set_path(&format!("{base_path}{separator}{path}"));
    match (url.query().map(str::to_owned), query) {
        (Some(own), Some(more)) => url.set_query(Some(&format!("{own}&{more}"))),
        (None, Some(more)) => url.set_query(Some(more)),
        (_, None) => {}
    }
    Some(url)
}

/// Whether an address is on the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let segments = address.segments();
    let [first, second, ..] = segments;
    let embedded =
        |high: u16, low: u16| is_public_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match first {
        // NAT64 and 6to4 carry an IPv4 address.
        0x64 if second == 0xff9b => embedded(segments[6], segments[7]),
        0x2002 => embedded(segments[1], segments[2]),
        // Documentation, Teredo.
        0x2001 if second == 0xdb8 || second == 0 => false,
        // Only 2000::/3 is global unicast.
        _ => first & 0xe000 == 0x2000,
    }
}

/// Resolves names, and leaves out addresses that are not public: what was judged is what is
/// connected to.
#[derive(Debug, Clone, Default)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| is_public(it.ip())).collect();
            if public.is_empty() {
                return Err(Box::new(NotPublic(name.as_str().to_owned())) as _);
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// A name that leads to no public address.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` has no public address")]
pub(super) struct NotPublic(String);

/// The fault behind a medium that could not be fetched, if its name was refused by [`PublicOnly`].
pub(super) fn refused_medium(
    given: &str,
    cause: &(dyn std::error::Error + 'static),
) -> Option<Fault> {
    refused(cause).map(|fault| of_medium(given, fault))
}

/// The fault behind a failed connection, if a name was refused by [`PublicOnly`].
pub(super) fn refused(cause: &(dyn std::error::Error + 'static)) -> Option<Fault> {
    let mut next = Some(cause);
    while let Some(error) = next {
        if let Some(NotPublic(host)) = error.downcast_ref::<NotPublic>() {
            return Some(private(host));
        }
        next = error.source();
    }
    None
}

/// For clients.
pub(super) fn public_only() -> Arc<PublicOnly> {
    Arc::new(PublicOnly)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, path: &str) -> Option<String> {
        join(&Url::parse(base).unwrap(), path).map(|url| url.to_string())
    }

    #[test]
    fn bases_are_written_with_and_without_their_version() {
        for (base, path, want) in [
            (
                "https://api.openai.com/v1",
                "/chat/completions",
                "https://api.openai.com/v1/chat/completions",
            ),
            (
                "https://api.openai.com/v1/",
                "chat/completions",
                "https://api.openai.com/v1/chat/completions",
            ),
            (
                "https://api.anthropic.com",
                "/v1/messages",
                "https://api.anthropic.com/v1/messages",
            ),
            (
                "https://api.anthropic.com/v1",
                "/v1/messages",
                "https://api.anthropic.com/v1/messages",
            ),
            (
                "https://x.test/a?k=1",
                "/b?c=2",
                "https://x.test/a/b?k=1&c=2",
            ),
        ] {
            assert_eq!(joined(base, path).as_deref(), Some(want));
        }
        assert_eq!(joined("https://x.test/a", "/../b"), None);
    }

    #[test]
    fn only_public_addresses_are_public() {
        for text in ["1.1.1.1", "2606:4700::1111"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "255.255.255.255",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
