//! A server's address as the client crate reads it.

use crate::config::RedisAddress;

pub(super) fn url_of(address: &RedisAddress) -> Option<url::Url> {
    let scheme = if address.tls { "rediss" } else { "redis" };
    let (host, port) = (&address.host, address.port);
    let bare = host.contains(':') && !host.starts_with('[');
    let host = if bare {
        format!("[{host}]")
    } else {
        host.clone()
    };
    let text = format!("{scheme}://{host}:{port}/{}", address.database);
    let mut url = url::Url::parse(&text).ok()?;
    // A percent sign would be read as the beginning of an escaped letter.
    let plain = |text: &str| text.replace('%', "%25");
    let username = address.username.as_deref().map(plain);
    let password = address.password.as_ref().map(|it| plain(it.reveal()));
    url.set_username(&username.unwrap_or_default()).ok()?;
    url.set_password(password.as_deref()).ok()?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Secret;

    #[test]
    fn an_address_is_written_so_that_it_is_read_back() {
        let it = RedisAddress {
            host: "::1".to_owned(),
            port: 7,
            username: Some("u:1".to_owned()),
            password: Some(Secret::new("p@/%")),
            database: 2,
            tls: true,
            sentinels: None,
        };
        let url = url_of(&it).unwrap();
        assert_eq!(url.as_str(), "rediss://u%3A1:p%40%2F%25@[::1]:7/2");
        let no_host = RedisAddress {
            host: "a b".to_owned(),
            ..it
        };
        assert!(url_of(&no_host).is_none());
    }
}
