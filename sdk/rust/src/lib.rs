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
//! One that translates reads [`chat::ChatRequest`], answers [`chat::ChatAnswer`] in
//! [`Provider::resume`], and streams with [`event`] from [`Provider::decode`].
#![deny(missing_docs)]

pub mod chat;
pub mod event;
pub mod fault;
#[cfg(feature = "testing")]
mod gather;
pub mod host;
mod outbound;
mod provider;
mod stored;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "provider-plugin-full",
        path: "../../wit",
        pub_export_macro: true,
        export_macro_name: "export_provider",
        default_bindings_module: "sluice_sdk::bindings",
        additional_derives: [PartialEq],
        generate_all,
    });
}

pub use bindings::exports::sluice::plugin::provider::{
    Call, Continuation, Decoded, File, Frame, Head, Outbound, Reply, ReplyMode, Response, Step,
};
pub use bindings::sluice::plugin::types::{Auth, Body, Error, Part, PartData, Payload};
pub use provider::{Provider, parse_body, parse_state, write_json};

pub use serde_json;
