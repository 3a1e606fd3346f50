//! The types of the contract, as `wit/sluice-plugin.wit` has them.

pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "provider-plugin-full",
        exports: { default: async },
    });
}

pub use bindings::exports::sluice::plugin::provider::{
    Call, Continuation, Decoded, File, Frame, Head, Outbound, Reply, ReplyMode, Response, Step,
};
pub use bindings::sluice::plugin::types::{Auth, Body, Error, Part, PartData, Payload};
