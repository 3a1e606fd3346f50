//! What a browser sends and is sent: cookies, and whether a request is meant by one of our pages.

use std::net::SocketAddr;
use std::time::Duration;

use http::header::{COOKIE, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue};
use url::Url;

use crate::auth::ProxyTrust;
use crate::domain::{ErrorKind, Fault};

/// The cookie of a session.
pub const SESSION: &str = "sluice_session";

/// The cookie of somebody who is at the identity provider.
pub const AWAY: &str = "sluice_sso";

/// What our pages say with every request. A form or a link of another site cannot, and a script
/// there would have to ask first.
const MARK: &str = "x-sluice-ui";

/// What is known of the way a request came.
#[derive(Debug, Clone, Copy)]
pub struct Connection<'c> {
    pub peer: Option<SocketAddr>,
    /// TLS ends at this gateway.
    pub encrypted: bool,
    /// What the request line calls the host, in HTTP/2.
    pub authority: Option<&'c str>,
    pub trust: &'c ProxyTrust,
    /// `PROXY_BASE_URL`.
    pub base_url: Option<&'c str>,
}

impl Connection<'_> {
    /// Whether the browser's own connection is encrypted: here, at a proxy that is believed, or at the
    /// address that the operator says browsers use.
    pub fn is_secure(&self, headers: &HeaderMap) -> bool {
        let forwarded = || self.forwarded(headers, "x-forwarded-proto") == Some("https");
        let base = || {
            let url = Url::parse(self.base_url?).ok()?;
            let own = authority(&url)?;
            Some(url.scheme() == "https" && self.hosts(headers).any(|it| it == own))
        };
        self.encrypted || forwarded() || base().unwrap_or(false)
    }

    /// Where the browser finds the gateway, without a path.
    pub fn origin(&self, headers: &HeaderMap) -> Option<String> {
        let scheme = if self.is_secure(headers) {
            "https"
        } else {
            "http"
        };
        let host = self.hosts(headers).next()?;
        Some(format!("{scheme}://{host}"))
    }

    /// A header of a proxy that is believed: what the nearest one wrote.
    fn forwarded<'h>(&self, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        self.peer.filter(|it| self.trust.believes(*it))?;
        let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        value.rsplit(',').next().map(str::trim)
    }

    /// Names that the browser may have for this gateway, the likeliest first.
    fn hosts(&self, headers: &HeaderMap) -> impl Iterator<Item = String> {
        let forwarded = self.forwarded(headers, "x-forwarded-host");
        let host = headers.get(HOST).and_then(|it| it.to_str().ok());
        let all = [forwarded, host, self.authority].into_iter().flatten();
        let all: Vec<String> = all.map(str::to_ascii_lowercase).collect();
        all.into_iter()
    }
}

/// The value of a cookie; the first where there are several.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter();
    let mut pairs = lines
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(';'));
    pairs.find_map(|pair| {
        let (own, value) = pair.trim().split_once('=')?;
        (own == name && !value.is_empty()).then_some(value)
    })
}

/// A cookie to be set, or with no time left, forgotten.
#[derive(Debug, Clone, Copy)]
pub struct NewCookie<'c> {
    pub name: &'c str,
    pub value: &'c str,
    pub path: &'c str,
    pub lasts: Duration,
    pub secure: bool,
    /// Sent when another site leads here, as an identity provider does; else to our own pages only.
    pub from_elsewhere: bool,
}

impl NewCookie<'_> {
    /// As `set-cookie` writes it. Scripts never see it. None: a value that no cookie holds.
    pub fn header(&self) -> Option<HeaderValue> {
        let site = if self.from_elsewhere { "Lax" } else { "Strict" };
        let secure = if self.secure { "; Secure" } else { "" };
        let Self {
            name, value, path, ..
        } = self;
        let lasts = self.lasts.as_secs();
        let text = format!(
            "{name}={value}; Path={path}; Max-Age={lasts}; HttpOnly; SameSite={site}{secure}"
        );
        HeaderValue::from_str(&text).ok()
    }
}

/// Whether one of our pages means a request that the browser proves by itself.
///
/// # Errors
/// It does not say so, or comes from another site.
pub fn judge_meant(headers: &HeaderMap, connection: &Connection<'_>) -> Result<(), Fault> {
    if headers.get(MARK).map(HeaderValue::as_bytes) != Some(b"1") {
        let message = "a request that a session's cookie proves needs the header `x-sluice-ui: 1`; \
                       programs use a key instead";
        return Err(foreign(message, MARK));
    }
    judge_site(headers, connection)
}

/// Whether a request comes from a page of ours, or from no page at all. What the browser itself says
/// of the site decides, where it says it; a proxy may have changed the host.
///
/// # Errors
/// It comes from another site.
pub fn judge_site(headers: &HeaderMap, connection: &Connection<'_>) -> Result<(), Fault> {
    let text = |name: &str| headers.get(name).map(|it| it.to_str().unwrap_or_default());
    match text("sec-fetch-site") {
        Some("same-origin") => return Ok(()),
        Some(_) => return Err(foreign(ELSEWHERE, "origin")),
        None => {}
    }
    let Some(origin) = text(ORIGIN.as_str()) else {
        return Ok(());
    };
    let url = Url::parse(origin).ok();
    let own = url.as_ref().and_then(authority);
    let ours = own.as_ref().is_some_and(|own| {
        let base = connection.base_url.and_then(|it| Url::parse(it).ok());
        let base = base.as_ref().and_then(authority);
        base.as_ref() == Some(own) || connection.hosts(headers).any(|it| it == *own)
    });
    if ours {
        return Ok(());
    }
    Err(foreign(ELSEWHERE, "origin"))
}

const ELSEWHERE: &str = "this request comes from a page of another site; if it is the gateway's own \
                         behind a proxy, set PROXY_BASE_URL to the address that browsers use";

fn foreign(message: &str, param: &str) -> Fault {
    Fault::caller(ErrorKind::Permission, message)
        .with_param(param)
        .with_type("auth_error")
}

/// The host of a URL with its port, as browsers write it: without the scheme's own.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?.to_ascii_lowercase();
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Networks;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn plain(trust: &ProxyTrust) -> Connection<'_> {
        Connection {
            peer: Some("10.0.0.1:9".parse().unwrap()),
            encrypted: false,
            authority: None,
            trust,
            base_url: None,
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let sent = headers(&[
            ("cookie", "a=1; sluice_session_x=no"),
            ("cookie", " sluice_session=abc ;b=2"),
        ]);
        assert_eq!(cookie(&sent, SESSION), Some("abc"));
        assert_eq!(
            cookie(&headers(&[("cookie", "sluice_session=")]), SESSION),
            None
        );
        assert_eq!(cookie(&sent, AWAY), None);
    }

    #[test]
    fn a_cookie_is_kept_from_scripts_and_other_sites() {
        let set = NewCookie {
            name: SESSION,
            value: "abc",
            path: "/",
            lasts: Duration::from_secs(60),
            secure: false,
            from_elsewhere: false,
        };
        let text = |it: NewCookie<'_>| it.header().unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            text(set),
            "sluice_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"
        );
        let away = NewCookie {
            secure: true,
            from_elsewhere: true,
            ..set
        };
        assert!(text(away).ends_with("HttpOnly; SameSite=Lax; Secure"));
        let split = NewCookie {
            value: "a\r\nx: y",
            ..set
        };
        assert!(split.header().is_none());
    }

    #[test]
    fn a_connection_is_secure_where_tls_ends_or_a_believed_proxy_says_so() {
        let sent = headers(&[("x-forwarded-proto", "http, https"), ("host", "gw.test")]);
        let stranger = ProxyTrust::default();
        assert!(!plain(&stranger).is_secure(&sent));
        let trusted = ProxyTrust {
            use_forwarded: true,
            trusted: Networks::parse(["10.0.0.0/8"]).ok(),
        };
        assert!(plain(&trusted).is_secure(&sent));
        let elsewhere = Connection {
            peer: Some("192.168.0.1:9".parse().unwrap()),
            ..plain(&trusted)
        };
        assert!(!elsewhere.is_secure(&sent));
        let own = Connection {
            encrypted: true,
            ..plain(&stranger)
        };
        assert!(own.is_secure(&headers(&[])));
        for (base, secure) in [
            ("https://gw.test", true),
            ("https://other.test", false),
            ("http://gw.test", false),
        ] {
            let named = Connection {
                base_url: Some(base),
                ..plain(&stranger)
            };
            assert_eq!(named.is_secure(&sent), secure, "{base}");
        }
    }

    #[test]
    fn a_request_is_meant_by_its_mark_and_comes_from_our_own_site() {
        let trust = ProxyTrust::default();
        let meant = |pairs: &[(&'static str, &str)]| {
            let host = [("host", "gw.test:4000")];
            let all: Vec<_> = host.iter().chain(pairs).copied().collect();
            judge_meant(&headers(&all), &plain(&trust)).is_ok()
        };
        let mark = (MARK, "1");
        assert!(meant(&[mark]));
        assert!(!meant(&[]) && !meant(&[(MARK, "0")]));
        assert!(meant(&[mark, ("sec-fetch-site", "same-origin")]));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!meant(&[mark, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(meant(&[mark, ("origin", "http://GW.test:4000")]));
        for origin in ["http://gw.test", "http://evil.test:4000", "null", ""] {
            assert!(!meant(&[mark, ("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn behind_a_proxy_the_address_that_browsers_use_is_ours() {
        let trust = ProxyTrust::default();
        let named = Connection {
            base_url: Some("https://gw.example/llm"),
            ..plain(&trust)
        };
        let sent = headers(&[("host", "inner:4000"), ("origin", "https://gw.example")]);
        assert!(judge_site(&sent, &named).is_ok());
        assert!(judge_site(&sent, &plain(&trust)).is_err());
    }
}
