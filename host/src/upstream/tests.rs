//! Against raw sockets on loopback: what an upstream may do, and where a plugin may not go.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use sluice_engine::contract::{Body, Outbound, ReplyMode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::domain::Secret;

/// An upstream that reads one request and writes these bytes; its base URL, and a task that gives
/// what it was sent and whether the client hung up.
async fn upstream(
    answer: &'static [u8],
    then_close: bool,
) -> (Url, tokio::task::JoinHandle<(String, bool)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    #[expect(clippy::disallowed_methods, reason = "awaited by the test")]
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 65536];
        let read = stream.read(&mut seen).await.unwrap();
        // Who refuses an answer hangs up in the middle of it.
        drop(stream.write_all(answer).await);
        let request = String::from_utf8_lossy(&seen[..read]).into_owned();
        if then_close {
            return (request, false);
        }
        let hung_up = stream.read(&mut seen).await.is_ok_and(|read| read == 0);
        (request, hung_up)
    });
    (url, task)
}

fn target(base: Option<Url>, base_trusted: bool) -> Target {
    let second = Duration::from_secs(5);
    Target {
        provider: "acme".into(),
        base_url: base,
        base_trusted,
        further: Vec::new(),
        granted_hosts: Vec::new(),
        allow_private: false,
        auth: AuthScheme {
            scheme: "bearer".into(),
            params: vec![("secret".into(), "api_key".into())],
        },
        secrets: HashMap::from([("api_key".to_owned(), Secret::new("s3cret"))]),
        secret_slots: vec!["api_key".to_owned(), "user_key".to_owned()],
        given: sluice_credentials::Given::default(),
        extra_headers: Vec::new(),
        timeouts: Timeouts {
            first_byte: second,
            idle: Duration::from_millis(200),
            total: second,
        },
        verify: Verify::System,
        max_reply_bytes: 1 << 20,
        errors: errors::ErrorRules::default(),
        may_capture: false,
        sent: SentTokens::default(),
        quiet: false,
    }
}

fn get(url: &str) -> Outbound {
    Outbound {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Body::None,
        auth: Vec::new(),
        reply: ReplyMode::Whole,
        options: Vec::new(),
        state: String::new(),
    }
}

async fn send(target: &Target, outbound: Outbound) -> Result<UpstreamReply, Fault> {
    let request = Request::build(
        target,
        outbound,
        (&mut CallBodies::default(), &Captures::default()),
    )?;
    Upstream::new()
        .unwrap()
        .send(target, request, &Options::default())
        .await
}

#[tokio::test]
async fn the_credential_stands_in_its_header_and_the_answer_comes_back() {
    let (base, task) = upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", true).await;
    let reply = send(&target(Some(base), true), get("/v1/x?a=1"))
        .await
        .unwrap();
    assert_eq!(reply.read_whole(100).await.unwrap(), Bytes::from("{}"));
    let (request, _) = task.await.unwrap();
    assert!(
        request.starts_with("GET /v1/x?a=1 HTTP/1.1")
            && request.contains("authorization: Bearer s3cret")
    );
}

#[tokio::test]
async fn the_connection_of_a_refused_session_is_not_used_again() {
    let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}";
    let (base, task) = upstream(answer, false).await;
    let target = target(Some(base), true);
    let how = (&mut CallBodies::default(), &Captures::default());
    let request = Request::build(&target, get("/v1/realtime"), how).unwrap();
    let sessions = Upstream::new().unwrap();
    let options = Options::default();
    let dialled = sessions.dial(&target, request, (&options, 100)).await;
    let Ok(Dialled::Refused(reply)) = dialled else {
        panic!("it was not refused");
    };
    assert_eq!(reply.read_whole(100).await.unwrap(), Bytes::from("{}"));
    let (_, hung_up) = task.await.unwrap();
    assert!(hung_up);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer =
        b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
    let (base, _task) = upstream(answer, true).await;
    assert_eq!(
        send(&target(Some(base), true), get("/x"))
            .await
            .unwrap()
            .status,
        302
    );
}

#[tokio::test]
async fn a_host_that_is_not_granted_is_refused_with_the_cure() {
    let target = target(Some("https://api.acme.test".parse().unwrap()), true);
    let fault = send(&target, get("https://evil.test/x")).await.unwrap_err();
    assert!(
        fault.message.contains("`evil.test`") && fault.message.contains("plugins.grants"),
        "{}",
        fault.message
    );
}

#[test]
fn a_granted_pattern_leads_to_its_hosts_and_no_others() {
    let mut target = target(None, true);
    target.granted_hosts = vec!["rt.*.acme.test".into()];
    let resolve = |url: &str| super::address::resolve(&target, url).is_ok();
    assert!(resolve("https://rt.eu-1.acme.test/x"));
    for url in [
        "https://rt.evil.test/.acme.test",
        "https://rt.a.b.acme.test/x",
        "https://rt.eu-1.acme.test.evil.test/x",
        "http://rt.eu-1.acme.test/x",
    ] {
        assert!(!resolve(url), "{url}");
    }
}

#[test]
fn an_address_that_the_settings_name_is_reached_and_private_only_where_the_operator_wrote_it() {
    let mut target = target(None, true);
    let address = |url: &str, trusted| (Url::parse(url).unwrap(), trusted);
    target.further = vec![
        address("http://10.0.0.1:3000/a", true),
        address("http://10.0.0.2/", false),
    ];
    let resolve = |url: &str| super::address::resolve(&target, url).is_ok();
    assert!(resolve("http://10.0.0.1:3000/analyze"));
    for url in [
        "http://10.0.0.1/analyze",
        "http://10.0.0.2/x",
        "http://10.0.0.3:3000/x",
    ] {
        assert!(!resolve(url), "{url}");
    }
}

#[tokio::test]
async fn a_plugins_own_url_never_leads_to_a_private_address() {
    let (base, _task) = upstream(b"", true).await;
    let fault = send(&target(Some(base.clone()), false), get("/x"))
        .await
        .unwrap_err();
    assert!(fault.message.contains("private"), "{}", fault.message);
    let named = format!("http://localhost:{}", base.port().unwrap())
        .parse()
        .unwrap();
    let fault = send(&target(Some(named), false), get("/x"))
        .await
        .unwrap_err();
    assert!(
        fault.message.contains("no public address") || fault.message.contains("private"),
        "{}",
        fault.message
    );
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_a_fault() {
    let (base, _task) = upstream(
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"half\":",
        true,
    )
    .await;
    let reply = send(&target(Some(base), true), get("/x")).await.unwrap();
    let fault = reply.read_whole(1000).await.unwrap_err();
    assert!(
        fault.message.contains("before its answer was complete"),
        "{}",
        fault.message
    );
}

fn naming(urls: &[String]) -> String {
    let part = |url| serde_json::json!({"type": "image_url", "image_url": {"url": url}});
    let parts: Vec<_> = urls.iter().map(part).collect();
    serde_json::json!({"messages": [{"role": "user", "content": parts}]}).to_string()
}

/// A request with what an upstream answers to the download of a medium.
async fn with_medium(answer: &'static [u8]) -> Result<String, Fault> {
    let (url, _) = upstream(answer, true).await;
    let body = naming(&[url.to_string()]);
    inline::inline(&Upstream::new().unwrap(), body, true, None).await
}

fn png(bytes: usize) -> &'static [u8] {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n\x89PNG".to_vec();
    answer.resize(answer.len() + bytes - 4, b'x');
    answer.leak()
}

#[tokio::test]
async fn a_medium_of_twenty_mebibytes_is_put_into_the_request_and_no_larger_one() {
    let request = with_medium(png(20 << 20)).await.unwrap();
    assert!(request.contains("data:image/png;base64,iVBO"));
    let fault = with_medium(png((20 << 20) + 1)).await.unwrap_err();
    assert!(fault.message.contains("larger than 20 MiB"), "{fault:?}");
}

#[tokio::test]
async fn a_medium_that_is_none_is_told_with_the_reason() {
    let cases: [(&[u8], &str); 3] = [
        (
            b"HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n",
            "it answers 404",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>",
            "it is a web page",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n\x89PNG",
            "it breaks off",
        ),
    ];
    for (answer, why) in cases {
        let fault = with_medium(answer).await.unwrap_err();
        assert!(fault.message.contains(why), "{}", fault.message);
        assert_eq!(fault.kind, ErrorKind::InvalidRequest);
        assert_eq!(fault.param.as_deref(), Some("messages"));
    }
}

#[tokio::test]
async fn more_than_twenty_media_are_not_downloaded() {
    // Nothing listens there: a download would fail otherwise.
    let urls: Vec<String> = (0..21)
        .map(|it| format!("http://127.0.0.1:9/{it}"))
        .collect();
    let upstream = Upstream::new().unwrap();
    let refused = |urls: &[String]| inline::inline(&upstream, naming(urls), true, None);
    let many = refused(&urls).await.unwrap_err();
    assert!(many.message.contains("20 media by URL at most"), "{many:?}");
    let fewer = refused(&urls[1..]).await.unwrap_err();
    assert!(fewer.message.contains("does not answer"), "{fewer:?}");
}

#[tokio::test]
async fn an_answer_that_stalls_is_a_timeout() {
    let (base, _task) = upstream(
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"half\":",
        false,
    )
    .await;
    let reply = send(&target(Some(base), true), get("/x")).await.unwrap();
    assert_eq!(
        reply.read_whole(1000).await.unwrap_err().kind,
        ErrorKind::Timeout
    );
}

#[tokio::test]
async fn an_answer_over_the_cap_is_refused() {
    let (base, _task) = upstream(
        b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n01234567890123456789",
        true,
    )
    .await;
    let reply = send(&target(Some(base), true), get("/x")).await.unwrap();
    let fault = reply.read_whole(10).await.unwrap_err();
    assert!(fault.message.contains("larger than"));
    assert_eq!(fault.retry, crate::domain::Retry::Never);
}

#[tokio::test]
async fn dropping_an_answer_hangs_up_on_the_upstream() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nb\r\ndata: {}\n\n\n\r\n";
    let (base, task) = upstream(head, false).await;
    let reply = send(&target(Some(base), true), get("/x")).await.unwrap();
    let mut frames = reply.frames(None);
    assert_eq!(frames.next().await.unwrap().frames.len(), 1);
    drop(frames);
    assert!(task.await.unwrap().1, "the connection was closed");
}

#[tokio::test]
async fn headers_that_are_the_hosts_own_are_refused() {
    let mut outbound = get("/x");
    outbound
        .headers
        .push(("Authorization".into(), "Bearer stolen".into()));
    let fault = send(
        &target(Some("https://api.acme.test".parse().unwrap()), true),
        outbound,
    )
    .await
    .unwrap_err();
    assert!(fault.message.contains("`authorization`") && fault.plugin_at_fault);
}

#[tokio::test]
async fn a_missing_secret_and_an_unknown_scheme_are_named() {
    let mut target = target(Some("https://api.acme.test".parse().unwrap()), true);
    target.secrets.clear();
    let fault = send(&target, get("/x")).await.unwrap_err();
    assert!(
        fault.message.contains("no `api_key` for provider `acme`"),
        "{}",
        fault.message
    );
    target.auth.scheme = "sigv9".into();
    assert!(
        send(&target, get("/x"))
            .await
            .unwrap_err()
            .message
            .contains("`sigv9`")
    );
}

#[test]
fn a_credential_that_an_upstream_repeats_is_taken_out_everywhere() {
    let mut target = target(None, true);
    let key = "sk-proj-0123456789";
    target.secrets = HashMap::from([("api_key".to_owned(), Secret::new(key))]);
    target.extra_headers = vec![(
        "x-team".parse().unwrap(),
        "Basic dGVhbTpzM2NyZXQ=".parse().unwrap(),
    )];
    let document =
        serde_json::json!({"error": {"message": format!("bad key {key}"), "seen": [key]}});
    let text = format!("no such key: {key}, Basic dGVhbTpzM2NyZXQ=");
    let mut fault = Fault::upstream(ErrorKind::Authentication, text).with_log(key);
    fault.detail = Some(document);
    target.redact(&mut fault);
    assert_eq!(fault.message, "no such key: ***, ***");
    let everything = format!("{fault:?}");
    assert!(!everything.contains("0123456789"), "{everything}");
}

#[test]
fn what_a_quiet_upstream_says_is_for_the_client_alone() {
    let mut target = target(None, true);
    target.quiet = true;
    let mut said = Fault::upstream(ErrorKind::InvalidRequest, "`my prompt` is too rude");
    let mut ours = Fault::operator(ErrorKind::Authentication, "no key for provider `p`");
    target.redact(&mut said);
    target.redact(&mut ours);
    assert!(said.is_quiet && !said.to_string().contains("rude"));
    assert!(ours.to_string().contains("no key"), "{ours}");
}

#[test]
fn a_token_that_was_sent_is_taken_out_like_a_secret() {
    let target = target(None, true);
    let tokens: Vec<String> = (0..20)
        .map(|turn| format!("ya29.token-{turn:02}"))
        .collect();
    for token in &tokens {
        target.sent.note(token);
        target.sent.note(token);
    }
    let mut text = tokens[4..].join(" ");
    target.clone().redact_text(&mut text);
    assert_eq!(text, vec!["***"; 16].join(" "));
}

#[test]
fn each_scheme_puts_the_credential_in_its_place() {
    let authenticated = |scheme: &str, params: &[(&str, &str)]| {
        let mut target = target(None, true);
        target.secrets = HashMap::from([
            ("api_key".to_owned(), Secret::new("k+/=")),
            ("user".to_owned(), Secret::new("me")),
        ]);
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        target.auth = AuthScheme {
            scheme: scheme.into(),
            params: params.iter().map(own).collect(),
        };
        let (mut headers, mut url) = (
            http::HeaderMap::new(),
            "https://a.test/x?a=1".parse().unwrap(),
        );
        let captures = Captures::default();
        let known = headers::Known(&target, &captures);
        headers::authenticate(known, &[], &mut headers, &mut url).unwrap();
        assert!(headers.values().all(http::HeaderValue::is_sensitive));
        let header = headers.iter().next();
        let header = header.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        header.unwrap_or_else(|| url.to_string())
    };
    assert_eq!(authenticated("bearer", &[]), "authorization: Bearer k+/=");
    let named = [("name", "x-goog-api-key"), ("secret", "api_key")];
    assert_eq!(authenticated("header", &named), "x-goog-api-key: k+/=");
    let prefixed = [("name", "Authorization"), ("prefix", "Key ")];
    assert_eq!(
        authenticated("header", &prefixed),
        "authorization: Key k+/="
    );
    let query = "https://a.test/x?a=1&key=k%2B%2F%3D";
    assert_eq!(authenticated("query", &[]), query);
    let pair = [("user-secret", "user"), ("password-secret", "api_key")];
    // base64 of `me:k+/=`
    assert_eq!(
        authenticated("basic", &pair),
        "authorization: Basic bWU6aysvPQ=="
    );
    assert_eq!(authenticated("none", &[]), "https://a.test/x?a=1");
}

fn passed(base: &str, tail: &str, query: Option<&str>) -> Result<String, Fault> {
    let base: Url = base.parse().unwrap();
    let mut target = target(Some(base.clone()), true);
    let own = ("x-own", "operator".parse().unwrap());
    target.extra_headers = vec![(http::HeaderName::from_static(own.0), own.1)];
    let mut headers = http::HeaderMap::new();
    headers.insert("x-own", "client".parse().unwrap());
    let passed = Passed {
        method: reqwest::Method::POST,
        base: &base,
        tail,
        shares_version: true,
        query,
        headers,
        auth: Vec::new(),
        body: FileContent::Held(Bytes::new()),
    };
    let request = Request::passed(&target, passed)?;
    assert_eq!(request.headers["x-own"], "operator");
    Ok(request.destination.url.to_string())
}

#[test]
fn what_is_passed_on_stays_below_its_base() {
    let to = |base, tail, query| passed(base, tail, query).map_err(|it| it.kind);
    for (base, tail, query, want) in [
        (
            "https://a.test/v1",
            "/v1/chat",
            None,
            "https://a.test/v1/chat",
        ),
        (
            "https://a.test",
            "/v1/x%2Fy",
            Some("a=%20b"),
            "https://a.test/v1/x%2Fy?a=%20b",
        ),
        (
            "https://a.test/p?k=1",
            "/x",
            Some("b=2"),
            "https://a.test/p/x?k=1&b=2",
        ),
        ("https://a.test/p/", "", None, "https://a.test/p"),
    ] {
        assert_eq!(to(base, tail, query).as_deref(), Ok(want));
    }
    for tail in ["/../x", "/%2e%2e/x", "/v/%2E./%2e%2e/x", "/a\\..\\..\\b"] {
        let refused = to("https://a.test/p", tail, None);
        assert_eq!(refused, Err(ErrorKind::InvalidRequest), "{tail}");
    }
}
