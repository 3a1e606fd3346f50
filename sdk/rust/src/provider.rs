//! The trait a provider implements, and the line that exports it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Call, Decoded, Error, Frame, Head, Reply, Step, fault};

/// A provider: translates canonical requests into HTTP requests of a model service, and its
/// answers back. Only [`describe`](Provider::describe) and [`start`](Provider::start) are needed
/// where the answer is in the canonical form already (`ReplyMode::Canonical`).
pub trait Provider {
    /// The `describe` document: JSON that fits `wit/describe.schema.json`.
    fn describe() -> String;

    /// A new request. `body` is canonical JSON whose `model` is the provider's own name for it.
    fn start(call: &Call, body: &str) -> Result<Step, Error>;

    /// The answers to the last `Step::Send` or `Step::SendAll` with `ReplyMode::Whole`, in order.
    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let _ = (call, replies);
        Err(fault::internal("this provider reads no whole replies"))
    }

    /// More frames of the answer to the last request with `ReplyMode::Frames`. `head` comes with
    /// the first call, `last` exactly once.
    fn decode(
        head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        let _ = (head, state, frames, last);
        Err(fault::internal("this provider reads no streams"))
    }

    /// An upstream answer of 400 or above, if the host's own mapping (by the pointers in
    /// `describe`, then by status) would get it wrong.
    fn map_error(call: &Call, reply: &Reply) -> Option<Error> {
        let _ = (call, reply);
        None
    }
}

/// Exports a [`Provider`] from the component. Does nothing in a native build, so that
/// `cargo test` runs the crate's tests on the machine it is built on.
#[macro_export]
macro_rules! provider {
    ($provider:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Export;

            impl $crate::bindings::exports::sluice::plugin::plugin::Guest for Export {
                fn describe() -> String {
                    <$provider as $crate::Provider>::describe()
                }
            }

            impl $crate::bindings::exports::sluice::plugin::provider::Guest for Export {
                fn start(call: $crate::Call, body: String) -> Result<$crate::Step, $crate::Error> {
                    <$provider as $crate::Provider>::start(&call, &body)
                }

                fn resume(
                    call: $crate::Call,
                    replies: Vec<$crate::Reply>,
                ) -> Result<$crate::Step, $crate::Error> {
                    <$provider as $crate::Provider>::resume(&call, replies)
                }

                fn decode(
                    head: Option<$crate::Head>,
                    state: String,
                    frames: Vec<$crate::Frame>,
                    last: bool,
                ) -> Result<$crate::Decoded, $crate::Error> {
                    <$provider as $crate::Provider>::decode(head, state, frames, last)
                }
            }

            impl $crate::bindings::exports::sluice::plugin::provider_errors::Guest for Export {
                fn map_error(call: $crate::Call, reply: $crate::Reply) -> Option<$crate::Error> {
                    <$provider as $crate::Provider>::map_error(&call, &reply)
                }
            }

    $crate::worlds::provider::export_world!(Export with_types_in $crate::bindings);
        };
    };
}

/// Reads a canonical request body. A body that does not fit is the caller's fault
/// (`invalid-request`), with serde's message.
pub fn parse_body<T: DeserializeOwned>(body: &str) -> Result<T, Error> {
    serde_json::from_str(body).map_err(|cause| fault::invalid_request(cause.to_string()))
}

/// Reads the state this plugin wrote. The empty string gives the default.
pub fn parse_state<T: DeserializeOwned + Default>(state: &str) -> Result<T, Error> {
    if state.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(state).map_err(|cause| fault::internal(format!("own state: {cause}")))
}

/// Writes a value as JSON. The values plugins write have string keys and no failing serializers.
pub fn write_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
