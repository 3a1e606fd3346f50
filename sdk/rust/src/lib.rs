//! Write sluice plugins in Rust.
//!
//! A provider is a type that implements [`Provider`] and one line, [`provider!`]. Every function
//! is pure: what has to survive from one call to the next goes through the `state` string, which
//! the host hands back. Nothing here opens a connection or sees a credential.
//!
//! The types are those of the contract (`wit/sluice-plugin.wit`), generated; this crate adds
//! builders for requests ([`Outbound`]), errors ([`fault`]) and stream events ([`event`]), and
//! views of the canonical (OpenAI-shaped) documents that keep every member they do not know
//! ([`chat`]).
//!
//! A provider that speaks OpenAI's dialect never touches the conversation:
//!
//! ```
//! use sluice_sdk::{Call, Error, Outbound, Provider, Step, provider};
//!
//! struct Acme;
//!
//! impl Provider for Acme {
//!     fn describe() -> String {
//!         r#"{"name": "acme", "version": "1.0.0", "providers": [{
//!             "name": "acme",
//!             "auth": {"scheme": "bearer", "secret": "api_key"}, "secrets": {"api_key": {}},
//!             "operations": {"chat": {"stream": true, "body": "head"}}
//!         }]}"#
//!         .to_owned()
//!     }
//!
//!     fn start(_call: &Call, _body: &str) -> Result<Step, Error> {
//!         let members = vec![("store".to_owned(), Some("false".to_owned()))];
//!         Ok(Outbound::post("/chat/completions").patch(members).canonical().send())
//!     }
//! }
//!
//! provider!(Acme);
//! # let step = Acme::start(&testing_call(), "{}");
//! # assert!(matches!(step, Ok(Step::Send(it)) if it.url == "/chat/completions"));
//! # fn testing_call() -> Call {
//! #     let text = String::new;
//! #     Call { id: text(), operation: text(), provider: text(), model: text(), streaming: false,
//! #         config: text(), secrets: vec![], params: vec![], headers: vec![], files: vec![],
//! #         context: text() }
//! # }
//! ```
//!
//! A guardrail is a type that implements [`Guardrail`] and one line, [`guardrail!`]; with
//! [`StreamGuardrail`] and [`stream_guardrail!`] it looks at answers while they stream. What gets
//! the records of finished requests implements [`Callback`] ([`callback!`]). They may ask services
//! elsewhere ([`FetchRequest`]) and keep a little between calls ([`kv`]).
//!
//! One that translates reads [`chat::ChatRequest`], answers [`chat::ChatAnswer`] in
//! [`Provider::resume`], and streams with [`event`] from [`Provider::decode`].
#![deny(missing_docs)]

mod callback;
pub mod chat;
mod decision;
mod describe;
pub mod event;
pub mod fault;
mod fetch;
#[cfg(feature = "testing")]
mod gather;
mod guardrail;
mod held;
pub mod host;
pub mod kv;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod outbound;
mod provider;
mod stored;
#[cfg(feature = "testing")]
pub mod testing;

/// The contract's types and functions, of all worlds, so that they are the same in each. What a
/// component says that it exports comes from its own world alone ([`worlds`]).
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "package sluice:sdk;
            world everything {
                include sluice:plugin/provider-plugin-full@0.1.0;
                include sluice:plugin/guardrail-stream-plugin@0.1.0;
                include sluice:plugin/callback-plugin@0.1.0;
            }",
        world: "sluice:sdk/everything",
        pub_export_macro: true,
        export_macro_name: "export_everything",
        default_bindings_module: "sluice_sdk::bindings",
        additional_derives: [PartialEq],
        generate_all,
    });
}

/// One crate for each world: the macros that export one have the same names.
#[doc(hidden)]
pub mod worlds {
    pub use sluice_world_callback as callback;
    pub use sluice_world_guardrail as guardrail;
    pub use sluice_world_guardrail_stream as guardrail_stream;
    pub use sluice_world_provider as provider;
}

pub use bindings::exports::sluice::plugin::guardrail::{
    Decision, Edit, Inspection, Refusal, Span, Verdict,
};
pub use bindings::exports::sluice::plugin::guardrail_stream::{Passed, Piece, StreamVerdict};
pub use bindings::exports::sluice::plugin::provider::{
    Call, Continuation, Decoded, File, Frame, Head, Outbound, Reply, ReplyMode, Response, Step,
};
pub use bindings::sluice::plugin::http::{Request as FetchRequest, Response as FetchResponse};
pub use bindings::sluice::plugin::types::{Auth, Body, Error, Part, PartData, Payload};
pub use callback::Callback;
#[doc(hidden)]
pub use callback::parse_batch;
pub use decision::{channel, in_json, role, stage, unmasked};
pub use describe::described;
pub use guardrail::{Guardrail, StreamGuardrail};
pub use held::{Held, Lane};
pub use provider::{Provider, parse_body, parse_state, write_json};

pub use serde_json;
