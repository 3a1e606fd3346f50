//! The gemini provider.

use sluice_sdk::{Call, Error, Provider, Step, fault, provider};

/// The provider.
pub struct ThisProvider;

impl Provider for ThisProvider {
    fn describe() -> String {
        String::from(
            r#"{"name":"gemini","version":"0.0.0","providers":[{"name":"gemini","operations":{"models":{}}}]}"#,
        )
    }

    fn start(call: &Call, _body: &str) -> Result<Step, Error> {
        Err(fault::unsupported(call.operation.clone()))
    }
}

provider!(ThisProvider);
