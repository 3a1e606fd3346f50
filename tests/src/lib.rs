//! The harness of the tests that run the real gateway inside their own process: the gateway, an
//! upstream that answers as it is told, and guests. See `it/`; `sdk/` has the official clients.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness stops where a test cannot go on"
)]

pub mod gateway;
pub mod guests;
pub mod upstream;

pub use gateway::TestGateway;
pub use upstream::FakeUpstream;
