//! Media by URL, for providers that take bytes only: downloaded by the host, under the same rules
//! as any address a plugin names, and put into the request as data URIs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use super::{Upstream, address};
use crate::domain::{ErrorKind, Fault};

/// Bytes of one download, and downloads of one request.
const MAX_BYTES: usize = 20 << 20;
const MAX_FILES: usize = 20;

/// How long one download may take.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// Members of a content part that may hold a URL.
const PLACES: [&str; 6] = [
    "/image_url/url",
    "/image_url",
    "/file/file_data",
    "/file/file_url",
    "/file/file_id",
    "/video_url/url",
];

/// The chat request with every `http` or `https` medium in it replaced by its bytes. Files that
/// lie at the provider itself (`own_host`) are its to read.
pub async fn inline(
    upstream: &Upstream,
    body: String,
    allow_private: bool,
    own_host: Option<&str>,
) -> Result<String, Fault> {
    if !body.contains("http://") && !body.contains("https://") {
        return Ok(body);
    }
    let Ok(mut document) = serde_json::from_str::<Value>(&body) else {
        return Ok(body);
    };
    let mut found = urls(&document);
    found.retain(|(_, url)| !is_at(url, own_host));
    if found.len() > MAX_FILES {
        let message = format!("a request may name {MAX_FILES} media by URL at most");
        return Err(Fault::caller(ErrorKind::InvalidRequest, message).with_param("messages"));
    }
    if found.is_empty() {
        return Ok(body);
    }
    for (pointer, url) in found {
        let data = download(upstream, &url, allow_private).await?;
        if let Some(place) = document.pointer_mut(&pointer) {
            *place = data.into();
        }
    }
    Ok(document.to_string())
}

fn is_at(url: &str, host: Option<&str>) -> bool {
    let parsed = url::Url::parse(url).ok();
    host.is_some() && parsed.as_ref().and_then(url::Url::host_str) == host
}

/// Where media stand by URL: JSON pointers with the URLs.
fn urls(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let messages = document
        .get("messages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for (at, message) in messages.enumerate() {
        let parts = message
            .get("content")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for (index, part) in parts.enumerate() {
            for place in PLACES {
                let url = part.pointer(place).and_then(Value::as_str);
                let remote =
                    url.filter(|it| it.starts_with("http://") || it.starts_with("https://"));
                if let Some(url) = remote {
                    found.push((
                        format!("/messages/{at}/content/{index}{place}"),
                        url.to_owned(),
                    ));
                }
            }
        }
    }
    found
}

async fn download(upstream: &Upstream, url: &str, allow_private: bool) -> Result<String, Fault> {
    let parsed = address::medium(url, allow_private)?;
    let failed = |what: String| {
        let message = format!(
            "the medium {} cannot be used: {what}",
            parsed.origin().ascii_serialization()
        );
        Fault::caller(ErrorKind::InvalidRequest, message).with_param("messages")
    };
    let client = upstream
        .usual
        .client(!allow_private, parsed.scheme() == "https");
    let sent = tokio::time::timeout(TIMEOUT, client.get(parsed.clone()).send()).await;
    let mut response = match sent {
        Ok(Ok(response)) => response,
        Ok(Err(cause)) => {
            let refused = address::refused_medium(url, &cause);
            return Err(refused.unwrap_or_else(|| failed("it does not answer".into())));
        }
        Err(_) => return Err(failed("it does not answer in time".into())),
    };
    if !response.status().is_success() {
        return Err(failed(format!("it answers {}", response.status().as_u16())));
    }
    let declared = response
        .headers()
        .get(http::header::CONTENT_TYPE)
        .and_then(|it| it.to_str().ok());
    let declared = declared.map(|it| it.split(';').next().unwrap_or(it).trim().to_owned());
    let mut bytes = Vec::new();
    loop {
        let chunk: Option<Bytes> = tokio::time::timeout(TIMEOUT, response.chunk())
            .await
            .map_err(|_| failed("it stalls".into()))?
            .map_err(|_| failed("it breaks off".into()))?;
        let Some(chunk) = chunk else { break };
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(failed(format!("it is larger than {} MiB", MAX_BYTES >> 20)));
        }
        bytes.extend_from_slice(&chunk);
    }
    let kind = kind_of(&bytes)
        .map(str::to_owned)
        .or(declared)
        .unwrap_or_else(|| "application/octet-stream".into());
    if kind.contains("html") {
        return Err(failed("it is a web page".into()));
    }
    Ok(format!("data:{kind};base64,{}", STANDARD.encode(&bytes)))
}

/// The media type that the first bytes tell; servers often tell another.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_medium_at_a_private_address_is_refused() {
        let upstream = Upstream::new().unwrap();
        for url in [
            "http://127.0.0.1/a.png",
            "http://localhost/a.png",
            "http://169.254.169.254/latest",
        ] {
            let body = serde_json::json!({"messages": [{"content": [{"type": "image_url", "image_url": {"url": url}}]}]});
            let fault = inline(&upstream, body.to_string(), false, None)
                .await
                .unwrap_err();
            assert!(
                fault.message.contains("private"),
                "{url}: {}",
                fault.message
            );
            assert!(!fault.message.contains("plugins."), "{}", fault.message);
            assert_eq!(fault.kind, ErrorKind::InvalidRequest);
            assert_eq!(fault.param.as_deref(), Some("messages"));
        }
    }

    #[tokio::test]
    async fn a_file_at_the_provider_itself_is_not_downloaded() {
        let url = "http://127.0.0.1/v1beta/files/abc";
        let body = serde_json::json!({"messages": [{"content": [{"type": "file", "file": {"file_id": url}}]}]});
        let upstream = Upstream::new().unwrap();
        let kept = inline(&upstream, body.to_string(), false, Some("127.0.0.1")).await;
        assert_eq!(kept.unwrap(), body.to_string());
        let fetched = inline(&upstream, body.to_string(), false, Some("127.0.0.2")).await;
        assert!(fetched.is_err());
    }

    #[tokio::test]
    async fn a_request_without_urls_keeps_its_bytes() {
        let body = r#"{ "messages" : [] , "n": 1.0 }"#.to_owned();
        assert_eq!(
            inline(&Upstream::new().unwrap(), body.clone(), false, None)
                .await
                .unwrap(),
            body
        );
    }
}
