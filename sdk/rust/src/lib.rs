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

pub mod chat;
pub mod event;
pub mod fault;
#[cfg(feature = "testing")]
mod gather;
pub mod host;
mod outbound;
mod provider;
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
