//! Requests that are passed on to a provider, or to an address of the operator's, as they are. What the
//! gateway adds is the credential, and what it takes is the caller's key; of what passes it reads the
//! model and the usage, on the side.

mod guarded;
mod headers;
mod lines;
mod order;
mod place;
mod relay;
mod run;
mod tail;
mod watch;

pub use lines::{Through, groups_of};
pub use order::{Order, Sent};
pub use run::{Passed, PassedBody};
pub use tail::Tail;

use super::request::Dialect;

/// First segments of paths whose rest is passed on, and to which provider.
pub const ROUTES: [(&str, &str); 11] = [
    ("anthropic", "anthropic"),
    ("azure", "azure"),
    ("azure_ai", "azure_ai"),
    ("bedrock", "bedrock"),
    ("cohere", "cohere"),
    ("gemini", "gemini"),
    ("mistral", "mistral"),
    ("openai", "openai"),
    ("openai_passthrough", "openai"),
    ("vertex-ai", "vertex_ai"),
    ("vertex_ai", "vertex_ai"),
];

/// Where a request is passed on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Provider(&'static str),
    /// The place in `general_settings.pass_through_endpoints`.
    Endpoint(usize),
}

impl Route {
    /// The route of a provider's path (`/anthropic/v1/messages`), and what stands below it.
    pub fn of(path: &str) -> Option<(Self, &str)> {
        let rest = path.strip_prefix('/')?;
        let at = rest.find('/')?;
        let (first, tail) = rest.split_at(at);
        let (_, provider) = ROUTES.iter().find(|it| it.0 == first)?;
        Some((Self::Provider(provider), tail))
    }

    pub const fn provider(self) -> Option<&'static str> {
        match self {
            Self::Provider(name) => Some(name),
            Self::Endpoint(_) => None,
        }
    }

    /// How the gateway's own refusals are written there.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Provider("anthropic") => Dialect::Anthropic,
            Self::Provider("gemini" | "vertex_ai") => Dialect::Google,
            Self::Provider(_) | Self::Endpoint(_) => Dialect::OpenAi,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_whole_first_segment() {
        let anthropic = Route::Provider("anthropic");
        assert_eq!(
            Route::of("/anthropic/v1/messages"),
            Some((anthropic, "/v1/messages"))
        );
        let vertex = Route::Provider("vertex_ai");
        assert_eq!(Route::of("/vertex-ai/v1/x"), Some((vertex, "/v1/x")));
        for path in [
            "/anthropic",
            "/anthropics/v1",
            "/v1/messages",
            "anthropic/v1",
        ] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }
}
