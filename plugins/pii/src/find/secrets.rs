//! Keys, tokens and passwords.

use super::{Found, Text};
use crate::kind::Kind;

/// What was looked for already, so that nothing is looked for twice.
#[derive(Debug, Default)]
pub struct Memory {
    /// The end of a key that lies behind what was read; none: there is none.
    key_end: Option<Option<usize>>,
    /// The end of the last word that stood behind a sign without quotes.
    word_end: usize,
}

/// Letters behind a beginning: which, how few, how many.
struct Shape {
    kind: Kind,
    beginning: &'static str,
    shortest: usize,
    longest: usize,
    /// Underscores, hyphens and such are letters of it.
    signs: &'static [u8],
    capitals_only: bool,
}

const fn shape(
    kind: Kind,
    beginning: &'static str,
    shortest: usize,
    longest: usize,
    signs: &'static [u8],
) -> Shape {
    Shape {
        kind,
        beginning,
        shortest,
        longest,
        signs,
        capitals_only: false,
    }
}

const fn capitals(kind: Kind, beginning: &'static str, length: usize) -> Shape {
    Shape {
        kind,
        beginning,
        shortest: length,
        longest: length,
        signs: b"",
        capitals_only: true,
    }
}

/// The beginnings that services give their keys, the longer before the shorter.
const SHAPES: &[Shape] = &[
    capitals(Kind::AwsKey, "AKIA", 16),
    capitals(Kind::AwsKey, "ASIA", 16),
    capitals(Kind::AwsKey, "ABIA", 16),
    capitals(Kind::AwsKey, "ACCA", 16),
    shape(Kind::GithubToken, "github_pat_", 36, 250, b"_"),
    shape(Kind::GithubToken, "ghp_", 36, 255, b""),
    shape(Kind::GithubToken, "gho_", 36, 255, b""),
    shape(Kind::GithubToken, "ghu_", 36, 255, b""),
    shape(Kind::GithubToken, "ghs_", 36, 1024, b"_.-"),
    shape(Kind::GithubToken, "ghr_", 36, 255, b""),
    shape(Kind::GitlabToken, "glpat-", 20, 300, b"_-."),
    shape(Kind::GitlabToken, "gldt-", 20, 64, b"_-"),
    shape(Kind::GitlabToken, "glrt-", 20, 64, b"_-."),
    shape(Kind::AnthropicKey, "sk-ant-", 24, 200, b"_-"),
    shape(Kind::ServiceToken, "sk-or-v1-", 64, 64, b""),
    shape(Kind::OpenAiKey, "sk-proj-", 20, 250, b"_-"),
    shape(Kind::OpenAiKey, "sk-svcacct-", 20, 250, b"_-"),
    shape(Kind::OpenAiKey, "sk-admin-", 20, 250, b"_-"),
    shape(Kind::OpenAiKey, "sk-", 20, 250, b"_-"),
    shape(Kind::GoogleKey, "AIza", 35, 35, b"_-"),
    shape(Kind::GoogleKey, "GOCSPX-", 28, 28, b"_-"),
    shape(Kind::GoogleKey, "ya29.", 20, 1024, b"_-"),
    shape(Kind::SlackToken, "xoxb-", 20, 255, b"-"),
    shape(Kind::SlackToken, "xoxp-", 20, 255, b"-"),
    shape(Kind::SlackToken, "xoxa-", 20, 255, b"-"),
    shape(Kind::SlackToken, "xoxo-", 20, 255, b"-"),
    shape(Kind::SlackToken, "xoxr-", 20, 255, b"-"),
    shape(Kind::SlackToken, "xoxs-", 20, 255, b"-"),
    shape(Kind::SlackToken, "xoxe-", 20, 255, b"-"),
    shape(Kind::SlackToken, "xoxe.", 20, 255, b"-"),
    shape(Kind::SlackToken, "xapp-", 20, 255, b"-"),
    shape(Kind::SlackToken, "hooks.slack.com/services/", 30, 100, b"/"),
    shape(Kind::StripeKey, "sk_live_", 10, 255, b""),
    shape(Kind::StripeKey, "sk_test_", 10, 255, b""),
    shape(Kind::StripeKey, "rk_live_", 10, 255, b""),
    shape(Kind::StripeKey, "rk_test_", 10, 255, b""),
    shape(Kind::StripeKey, "whsec_", 24, 255, b"+/="),
    shape(Kind::ServiceToken, "hf_", 34, 40, b""),
    shape(Kind::ServiceToken, "npm_", 36, 36, b""),
    shape(Kind::ServiceToken, "pypi-AgEIcHlwaS5vcmc", 50, 255, b"_-"),
    shape(Kind::ServiceToken, "SG.", 60, 80, b"_-."),
    shape(Kind::ServiceToken, "gsk_", 40, 64, b""),
    shape(Kind::ServiceToken, "xai-", 60, 100, b""),
    shape(Kind::ServiceToken, "dop_v1_", 64, 64, b""),
    shape(Kind::ServiceToken, "shpat_", 32, 32, b""),
    shape(Kind::ServiceToken, "r8_", 37, 37, b""),
    shape(Kind::ServiceToken, "pplx-", 40, 64, b""),
    shape(Kind::ServiceToken, "hvs.", 24, 255, b"_-"),
];

/// A token that begins here with letters of a service, or a JSON web token.
pub fn token(text: &Text, start: usize, all: &mut Vec<Found>) {
    let rest = text.rest(start);
    if rest.starts_with(b"eyJ") && text.kinds.has(Kind::Jwt) {
        jwt(text, start, all);
    }
    let before = start.checked_sub(1).and_then(|it| text.byte(it));
    let first = rest.first();
    let known = SHAPES
        .iter()
        .filter(|it| it.beginning.as_bytes().first() == first);
    for shape in known.filter(|it| text.kinds.has(it.kind)) {
        // Inside of a longer word nothing begins; that word was looked at from its own beginning.
        let inside = before.is_some_and(|it| b"_-.".contains(&it) && shape.signs.contains(&it));
        if inside || !rest.starts_with(shape.beginning.as_bytes()) {
            continue;
        }
        let body = start + shape.beginning.len();
        let of = |it: u8| match shape.capitals_only {
            true => it.is_ascii_uppercase() || it.is_ascii_digit(),
            false => it.is_ascii_alphanumeric() || shape.signs.contains(&it),
        };
        let run = text.run(body, shape.longest + 1, of);
        let letters = std::str::from_utf8(run).unwrap_or_default();
        let letters = letters.trim_end_matches(['.', '-']);
        let fits = (shape.shortest..=shape.longest).contains(&letters.len());
        if fits && text.ends(body + letters.len()) && (shape.capitals_only || is_random(letters)) {
            let range = start..body + letters.len();
            all.push(Found {
                kind: shape.kind,
                range,
            });
            return;
        }
    }
}

/// Whether letters are such as nobody says: `sk-learn-pipeline-components` is a name.
fn is_random(letters: &str) -> bool {
    let digits = letters.bytes().filter(u8::is_ascii_digit).count();
    let capitals = letters.bytes().filter(u8::is_ascii_uppercase).count();
    let small = letters.bytes().filter(u8::is_ascii_lowercase).count();
    digits > 1 || (capitals > 2 && small > 2)
}

/// Header and claims are JSON objects in base64url; an unsigned one has nothing behind the second
/// dot.
fn jwt(text: &Text, start: usize, all: &mut Vec<Found>) {
    const LONGEST: usize = 8192;
    // Where a run goes on before, it was looked at from its beginning.
    let before = start.checked_sub(1).and_then(|it| text.byte(it));
    if matches!(before, Some(b'.' | b'-' | b'_')) {
        return;
    }
    let of = |it: u8| it.is_ascii_alphanumeric() || b"_-.".contains(&it);
    let run = std::str::from_utf8(text.run(start, LONGEST, of)).unwrap_or_default();
    let mut parts = run.splitn(3, '.');
    let (Some(header), Some(claims)) = (parts.next(), parts.next()) else {
        return;
    };
    if header.len() < 12 || !claims.starts_with("eyJ") {
        return;
    }
    let signature = parts.next().unwrap_or_default();
    let signature = signature.split('.').next().unwrap_or_default();
    let end = start + header.len() + 1 + claims.len() + 1 + signature.len();
    let range = start..end.min(start + run.len());
    all.push(Found {
        kind: Kind::Jwt,
        range,
    });
}

/// A block of a private key: PEM (RFC 7468), OpenSSH, PGP. One without an end goes to the end of
/// the text or of what a key may have.
pub fn private_key(text: &Text, start: usize, memory: &mut Memory, all: &mut Vec<Found>) {
    const LONGEST: usize = 16 << 10;
    const BEGIN: &[u8] = b"-----BEGIN ";
    let rest = text.rest(start);
    if !text.kinds.has(Kind::PrivateKey) || !rest.starts_with(BEGIN) {
        return;
    }
    let title = text.run(start + BEGIN.len(), 40, |it| {
        it.is_ascii_uppercase() || it == b' '
    });
    let title = std::str::from_utf8(title).unwrap_or_default();
    if !title.contains("PRIVATE KEY") {
        return;
    }
    let end = match memory.key_end {
        Some(Some(end)) if end > start => Some(end),
        Some(None) => None,
        _ => {
            let found = text.text.get(start..).and_then(|it| it.find("-----END "));
            let found = found.map(|it| start + it);
            memory.key_end = Some(found);
            found
        }
    };
    let end = end.filter(|it| it - start <= LONGEST).map(|it| {
        let title = text
            .run(it + 9, 40, |it| it.is_ascii_uppercase() || it == b' ')
            .len();
        let dashes = text.run(it + 9 + title, 5, |it| it == b'-').len();
        it + 9 + title + dashes
    });
    let mut end = end.unwrap_or_else(|| text.bytes.len().min(start + LONGEST));
    while !text.text.is_char_boundary(end) {
        end -= 1;
    }
    let range = start..end;
    all.push(Found {
        kind: Kind::PrivateKey,
        range,
    });
}

/// Words at the end of a name whose value is a secret.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "access-key",
    "accesskey",
    "accountkey",
    "account_key",
    "private_key",
    "secret_key",
    "secretkey",
    "auth_key",
    "client_secret",
    "credential",
    "credentials",
    "密码",
    "密碼",
    "口令",
    "パスワード",
];

/// What stands behind `=` or `:` where a name before it says that it is a secret, and the password
/// of a URL.
pub fn assigned(text: &Text, sign: usize, memory: &mut Memory, all: &mut Vec<Found>) {
    if text.kinds.has(Kind::UrlPassword) && text.rest(sign).starts_with(b"://") {
        url_password(text, sign + 3, all);
        return;
    }
    if !text.kinds.has(Kind::Secret) || !is_named(text, sign) {
        return;
    }
    let mut start = sign + 1;
    // `:=`, `=>`, `==`.
    while text.byte(start).is_some_and(|it| matches!(it, b'=' | b'>')) && start < sign + 3 {
        start += 1;
    }
    start += text.run(start, 4, |it| it == b' ' || it == b'\t').len();
    let quote = text
        .byte(start)
        .filter(|it| matches!(it, b'"' | b'\'' | b'`'));
    start += usize::from(quote.is_some());
    for scheme in [b"Bearer ".as_slice(), b"Basic "] {
        if text.rest(start).starts_with(scheme) {
            start += scheme.len();
        }
    }
    let is_word = |it: u8| it.is_ascii_graphic() && !b"\"'`,;()<>[]{}\\".contains(&it);
    let run = match quote {
        Some(quote) => text.run(start, LONGEST_VALUE + 1, |it| it != quote && it >= b' '),
        None => {
            if start >= memory.word_end {
                memory.word_end = start + text.run(start, usize::MAX, is_word).len();
            }
            text.bytes.get(start..memory.word_end).unwrap_or_default()
        }
    };
    if run.len() > LONGEST_VALUE {
        return;
    }
    let value = std::str::from_utf8(run).unwrap_or_default();
    let value = match quote {
        Some(_) => value,
        None => value.trim_end_matches(['.', '!', '?', ':']),
    };
    let length = value.len();
    if is_secret(value, quote.is_some()) && text.text.is_char_boundary(start + length) {
        let range = start..start + length;
        all.push(Found {
            kind: Kind::Secret,
            range,
        });
    }
}

const LONGEST_VALUE: usize = 512;

/// Whether the name before this sign is one of a secret.
fn is_named(text: &Text, sign: usize) -> bool {
    const NEAR_BYTES: usize = 40;
    let near = text
        .bytes
        .get(sign.saturating_sub(4)..sign)
        .unwrap_or_default();
    if !near
        .iter()
        .any(|it| it.is_ascii_alphabetic() || !it.is_ascii())
    {
        return false;
    }
    let mut from = sign.saturating_sub(NEAR_BYTES);
    while !text.text.is_char_boundary(from) {
        from += 1;
    }
    let before = text.text.get(from..sign).unwrap_or_default();
    let name = before.trim_end_matches(['"', '\'', '`', ' ', '\t', ']', '*', ':']);
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|it| name.ends_with(it))
}

/// Long and mixed enough to be no word, and no stand-in for a secret.
fn is_secret(value: &str, quoted: bool) -> bool {
    const STAND_INS: &[&str] = &[
        "your",
        "example",
        "placeholder",
        "redacted",
        "changeme",
        "xxxx",
        "****",
        "....",
        "<",
        "${",
        "{{",
        "%(",
        "$(",
        "process.env",
        "os.environ",
        "getenv",
        "env.",
        "null",
        "none",
        "undefined",
        "true",
        "false",
        "[redacted",
    ];
    let small = value.to_ascii_lowercase();
    let letters = value.bytes().any(|it| it.is_ascii_alphabetic());
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let signs = value
        .bytes()
        .any(|it| it.is_ascii_punctuation() && !b"._-/".contains(&it));
    let long = value.len() >= 8;
    let mixed = letters && (digits > 0 || signs);
    let blanks = value.contains(' ');
    long && !blanks
        && !STAND_INS.iter().any(|it| small.starts_with(it))
        && (mixed || (quoted && value.len() >= 12 && bits(value) > 3.0) || bits(value) > 4.0)
}

/// Shannon's entropy of the letters, in bits for each.
fn bits(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let all = value.len() as f64;
    let share = |count: u32| f64::from(count) / all;
    let used = counts.into_iter().filter(|it| *it > 0);
    used.map(|it| -share(it) * share(it).log2()).sum()
}

/// `scheme://user:password@host`.
fn url_password(text: &Text, start: usize, all: &mut Vec<Found>) {
    const LONGEST: usize = 200;
    let of = |it: u8| it.is_ascii_graphic() && !b"/@?#\"'<> ".contains(&it);
    let run = text.run(start, LONGEST, of);
    if text.byte(start + run.len()) != Some(b'@') {
        return;
    }
    let run = std::str::from_utf8(run).unwrap_or_default();
    if let Some((user, password)) = run.split_once(':')
        && password.len() > 2
        && !["<", "${", "{{", "***", "xxx"]
            .iter()
            .any(|it| password.starts_with(it))
    {
        let from = start + user.len() + 1;
        let range = from..start + run.len();
        all.push(Found {
            kind: Kind::UrlPassword,
            range,
        });
    }
}
