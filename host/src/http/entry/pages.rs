//! `GET /ui` and below: the pages that were built with the gateway. Every address that is no file is
//! the one page, whose script knows what to show there.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use sluice_bundled::{PAGES, Page};

use super::answers::{plain_page, told};
use super::{disabled, root, shield};
use crate::http::Doors;

const INDEX: &str = "index.html";

/// Files with a hash of what is in them in their name: they never change.
const HASHED: &str = "assets/";

/// One of the pages, or why there is none.
pub async fn page(State(doors): State<Doors>, request: Request) -> Response {
    let fleet = doors.pipeline.fleet();
    if fleet.config.general.ui.disabled {
        return told(&disabled());
    }
    if PAGES.all.is_empty() {
        return missing();
    }
    let path = request.uri().path();
    let path = path.strip_prefix("/ui").unwrap_or_default();
    let path = path.trim_start_matches('/');
    let find = |path: &str| PAGES.all.iter().find(|it| it.path == path);
    match find(path).filter(|it| it.path != INDEX) {
        Some(file) => of_file(file, request.headers()),
        None if is_file(path) => plain_page(
            StatusCode::NOT_FOUND,
            "Not found",
            "There is no such file. After an update of the gateway, load the page anew.",
        ),
        None => match find(INDEX) {
            Some(index) => of_index(index, &root(&fleet)),
            None => missing(),
        },
    }
}

/// Whether an address means a file, and no place in the one page.
fn is_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.starts_with(HASHED) || (name.contains('.') && kind_of(name) != UNKNOWN)
}

fn missing() -> Response {
    let text = format!(
        "The pages of the admin UI are not in this build: {}. With Node.js 20 or later and npm, \
         build the gateway again (cargo build --release), or name a folder of built pages by \
         SLUICE_UI_DIR while it is built. Everything else works without them: docs/ui.md.",
        PAGES.missing
    );
    plain_page(StatusCode::NOT_FOUND, "No admin UI", &text)
}

fn of_file(file: &Page, headers: &HeaderMap) -> Response {
    let (bytes, encoding) = encoded(file, headers);
    let mut response = Response::new(Body::from(bytes));
    let answer = response.headers_mut();
    if let Some(encoding) = encoding {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    let kind = kind_of(file.path);
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let cached = if file.path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    answer.insert(CACHE_CONTROL, HeaderValue::from_static(cached));
    shield::add(answer, None);
    response
}

/// The smallest form that the browser takes.
fn encoded(file: &Page, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|it| it.to_str().ok());
    let takes = |name: &str| {
        accepted.unwrap_or_default().split(',').any(|it| {
            let (own, weight) = it.split_once(';').unwrap_or((it, ""));
            let none = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
            own.trim().eq_ignore_ascii_case(name) && !none
        })
    };
    match (file.brotli, file.gzip) {
        (Some(bytes), _) if takes("br") => (bytes, Some("br")),
        (_, Some(bytes)) if takes("gzip") => (bytes, Some("gzip")),
        _ => (file.bytes, None),
    }
}

/// The one page, with a nonce of its own and the path under which the gateway is served.
fn of_index(index: &Page, root: &str) -> Response {
    let nonce = nonce();
    let text = String::from_utf8_lossy(index.bytes);
    let mut response = Response::new(Body::from(filled(&text, root, &nonce)));
    let answer = response.headers_mut();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    answer.insert(CONTENT_TYPE, kind);
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    shield::add(answer, Some(&nonce));
    response
}

/// `<head>` and what the page's script reads there. Addresses are written as the build has them,
/// below `/ui/`; where a proxy serves the gateway under a path, they begin with it.
fn filled(text: &str, root: &str, nonce: &str) -> String {
    let (root, mut told) = (escaped(root), String::new());
    if !root.is_empty() {
        told.push_str(&format!("<base href=\"{root}/ui/\">"));
    }
    told.push_str(&format!(
        "<meta name=\"csp-nonce\" content=\"{nonce}\"><meta name=\"sluice-root\" content=\"{root}\">"
    ));
    let text = if root.is_empty() {
        text.to_owned()
    } else {
        text.replace("=\"/ui/", &format!("=\"{root}/ui/"))
    };
    text.replacen("<head>", &format!("<head>{told}"), 1)
}

/// A text inside an attribute or between tags.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

fn nonce() -> String {
    let random: [u8; 18] = rand::random();
    STANDARD.encode(random)
}

const UNKNOWN: &str = "application/octet-stream";

fn kind_of(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map(|it| it.1);
    match ending.unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Page = Page {
        path: "assets/a-1.js",
        bytes: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    #[test]
    fn the_smallest_form_that_is_taken_is_sent() {
        for (accepts, form) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("br;q=0, gzip;q=0.5", Some("gzip")),
            ("identity", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, accepts.parse().unwrap());
            assert_eq!(encoded(&FILE, &headers).1, form, "{accepts}");
        }
    }

    #[test]
    fn the_page_is_told_its_nonce_and_its_path() {
        let page = "<html><head><script src=\"/ui/assets/a.js\"></script></head></html>";
        let here = filled(page, "", "abc");
        assert!(here.starts_with("<html><head><meta name=\"csp-nonce\" content=\"abc\">"));
        assert!(here.contains("src=\"/ui/assets/a.js\"") && !here.contains("<base"));
        let below = filled(page, "/llm", "abc");
        assert!(below.contains("<base href=\"/llm/ui/\">"));
        assert!(below.contains("src=\"/llm/ui/assets/a.js\""));
        assert!(!filled(page, "/a\"><script>", "n").contains("\"><script>\""));
        assert_ne!(nonce(), nonce());
    }

    #[test]
    fn places_in_the_page_are_no_files() {
        for place in ["", "keys", "users/ann@x.test", "logs/call.id/9"] {
            assert!(!is_file(place), "{place}");
        }
        for file in ["assets/x", "mark.svg", "favicon.ico", "assets/a.js.map"] {
            assert!(is_file(file), "{file}");
        }
    }
}
