//! Keys, tokens and passwords: what is one, and what only looks like it.

use super::found::{are, are_not, found};
use crate::kind::Kind;

#[test]
fn keys_of_services() {
    // Put together here, so that no scanner takes this file for a leak.
    let of = |parts: &[&str]| parts.concat();
    let long = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";
    for (kind, key) in [
        (Kind::AwsKey, of(&["AKIA", "IOSFODNN7EXAMPLE"])),
        (Kind::GithubToken, of(&["ghp", "_", &long[..36]])),
        (
            Kind::GithubToken,
            of(&["github", "_pat_", &long[..22], "_", long, &long[..19]]),
        ),
        (Kind::GitlabToken, of(&["glpat", "-", &long[..20]])),
        (Kind::OpenAiKey, of(&["sk", "-proj-", long, "_", long])),
        (Kind::OpenAiKey, of(&["sk", "-", long])),
        (
            Kind::AnthropicKey,
            of(&["sk", "-ant-api03-", long, "-", long, "AA"]),
        ),
        (Kind::GoogleKey, of(&["AI", "za", &long[..35]])),
        (
            Kind::SlackToken,
            of(&["xo", "xb-123456789012-1234567890123-", &long[..24]]),
        ),
        (Kind::StripeKey, of(&["sk", "_live_", &long[..24]])),
        (Kind::ServiceToken, of(&["h", "f_", &long[..34]])),
        (
            Kind::Jwt,
            of(&[
                "eyJhbGciOiJIUzI1NiJ9.",
                "eyJzdWIiOiIxIn0.",
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            ]),
        ),
    ] {
        are(kind, &[&key]);
    }
    are_not(
        Kind::OpenAiKey,
        &[
            "sk-learn-pipeline-components-for-everyone",
            "task-1234567890123456789012",
            "sk-short1",
        ],
    );
    are_not(
        Kind::AwsKey,
        &[
            "AKIAIOSFODNN7EXAMPL",
            "AKIAIOSFODNN7EXAMPLEE",
            "akiaiosfodnn7example",
        ],
    );
    are_not(
        Kind::Jwt,
        &["eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.abc.def"],
    );
}

#[test]
fn private_keys() {
    let begin = ["-----BEGIN ", "RSA PRIVATE KEY-----"].concat();
    let end = begin.replace("BEGIN", "END");
    let key = format!("{begin}\nMIIEpAIBAAKCAQEA\nabc+/=\n{end}");
    are(Kind::PrivateKey, &[&key]);
    assert_eq!(
        found(&format!("x\n{begin}\nMII")),
        [(Kind::PrivateKey, &*format!("{begin}\nMII"))],
        "without an end"
    );
    are_not(
        Kind::PrivateKey,
        &[
            "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
            "a PRIVATE KEY",
        ],
    );
}

#[test]
fn secrets_by_their_names() {
    for (text, value) in [
        ("API_KEY = 'sk_1234567890abcdef'", "sk_1234567890abcdef"),
        ("openai_api_key=sk-1234998222", "sk-1234998222"),
        ("\"password\": \"hunter2!hunter2\"", "hunter2!hunter2"),
        ("export DB_PASSWORD=s3cr3t-value", "s3cr3t-value"),
        ("Authorization token: Bearer abc123def456", "abc123def456"),
        (
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
        ("密码：abc12345xyz", "abc12345xyz"),
        (
            "client_secret: \"correct-horse-battery\"",
            "correct-horse-battery",
        ),
    ] {
        assert_eq!(found(text), [(Kind::Secret, value)], "{text}");
    }
    are_not(
        Kind::Secret,
        &[
            "max_tokens = 1024",
            "password: required",
            "password = os.environ['PW_1234']",
            "token: <your-token-1>",
            "secret=${SECRET_1234}",
            "api_key: YOUR_API_KEY_123",
            "The secret: be kind",
            "password: 1234567",
            "key = abc12345def",
            "token=null",
            "password: \"a long sentence 1 with blanks\"",
        ],
    );
    assert_eq!(
        found("postgres://ada:pa55w0rd@db.example/x"),
        [(Kind::UrlPassword, "pa55w0rd")]
    );
    are_not(
        Kind::UrlPassword,
        &[
            "https://example.com:8080/a@b",
            "https://ada@example.com",
            "https://a:${PW}@b",
        ],
    );
}
