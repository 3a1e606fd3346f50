//! The types of the contract, as `wit/sluice-plugin.wit` has them.

pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "provider-plugin-full",
        exports: { default: async },
    });
}

/// Guardrails, and what they import. The types are those of `bindings`.
pub(crate) mod guards {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "guardrail-stream-plugin",
        with: {
            "sluice:plugin/types": super::bindings::sluice::plugin::types,
            "sluice:plugin/host": super::bindings::sluice::plugin::host,
            "sluice:plugin/files": super::bindings::sluice::plugin::files,
        },
        imports: { "sluice:plugin/http": async, "sluice:plugin/kv": async },
        exports: { default: async },
    });
}

/// Callbacks. What they import is the guardrails'.
pub(crate) mod callbacks {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "callback-plugin",
        with: {
            "sluice:plugin/types": super::bindings::sluice::plugin::types,
            "sluice:plugin/host": super::bindings::sluice::plugin::host,
            "sluice:plugin/http": super::guards::sluice::plugin::http,
            "sluice:plugin/kv": super::guards::sluice::plugin::kv,
        },
        exports: { default: async },
    });
}

pub use bindings::exports::sluice::plugin::provider::{
    Call, Continuation, Decoded, File, Frame, Head, Outbound, Reply, ReplyMode, Response, Step,
};
pub use bindings::sluice::plugin::types::{Auth, Body, Error, Part, PartData, Payload};
pub use guards::exports::sluice::plugin::guardrail::{
    Decision, Edit, Inspection, Refusal, Span, Verdict,
};
pub use guards::exports::sluice::plugin::guardrail_stream::{Passed, Piece, StreamVerdict};
pub use guards::sluice::plugin::http::{Request as FetchRequest, Response as FetchResponse};
