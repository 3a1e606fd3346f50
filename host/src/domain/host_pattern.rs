//! Hosts that a plugin may name where the host's name has a region or an account in it.
//!
//! A `*` stands for one or more letters, digits or hyphens; a `*` that is the whole first name
//! stands for several names too, as accounts may have a region behind a point.

/// Whether a host, or a host and its port, is what the pattern says.
pub fn fits(pattern: &str, host: &str) -> bool {
    let Some(domain) = pattern.strip_prefix("*.") else {
        return matches(pattern, host);
    };
    let mut ends = host.match_indices('.').map(|(at, _)| at);
    ends.any(|at| {
        let (before, after) = host.split_at(at);
        before.split('.').all(is_label) && after.get(1..).is_some_and(|it| matches(domain, it))
    })
}

/// Whether a pattern names somebody's hosts: behind its last `*` stands a domain of two names at
/// least. A name without a `*` is one as well.
pub fn is_bounded(pattern: &str) -> bool {
    match pattern.rsplit_once('*') {
        None => true,
        Some((_, tail)) => {
            let domain = tail.split_once('.').map_or("", |(_, domain)| domain);
            domain.split('.').filter(|it| !it.is_empty()).count() >= 2
        }
    }
}

/// Within one name each.
fn matches(pattern: &str, text: &str) -> bool {
    let (mut names, mut parts) = (text.split('.'), pattern.split('.'));
    loop {
        match (parts.next(), names.next()) {
            (None, None) => return true,
            (Some(part), Some(name)) if name_fits(part, name) => {}
            _ => return false,
        }
    }
}

fn name_fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            let rest = name.strip_prefix(before);
            let middle = rest.and_then(|it| it.strip_suffix(after));
            middle.is_some_and(is_label)
        }
    }
}

fn is_label(text: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'-';
    !text.is_empty() && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_its_name_unless_it_begins_the_host() {
        for (pattern, host, want) in [
            ("a.example", "a.example", true),
            ("a.example", "b.a.example", false),
            ("*-api.example.com", "eu-api.example.com", true),
            ("*-api.example.com", "-api.example.com", false),
            ("*-api.example.com", "x.eu-api.example.com", false),
            ("rt.*.example.com", "rt.eu-1.example.com", true),
            ("rt.*.example.com", "rt.bucket.s3.example.com", false),
            ("rt.*.example.com", "rt..example.com", false),
            ("*.example.com", "acct.example.com", true),
            ("*.example.com", "acct.eu-1.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "a_b.example.com", false),
            ("*.example.com", "evil-example.com", false),
            ("*.example.com", "acct.example.com.evil.org", false),
            ("*.example.com:8443", "a.example.com:8443", true),
            ("*.example.com", "a.example.com:8443", false),
        ] {
            assert_eq!(fits(pattern, host), want, "{pattern} {host}");
        }
    }

    #[test]
    fn a_pattern_has_a_domain_behind_its_last_star() {
        for (pattern, want) in [
            ("a.example", true),
            ("*.example.com", true),
            ("*-x.example.com", true),
            ("a.*.example.com", true),
            ("*", false),
            ("*.com", false),
            ("*.com.", false),
            ("a.example.*", false),
            ("*.example.*", false),
            ("*x.com", false),
        ] {
            assert_eq!(is_bounded(pattern), want, "{pattern}");
        }
    }
}
