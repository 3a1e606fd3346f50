//! The life of a call: from a request that was read to an answer that is settled. It introduces
//! the services to each other and speaks neither HTTP to clients nor SQL.

pub mod accounting;
mod allowances;
mod answer;
mod attempt;
mod backoff;
mod bodies;
mod choose;
mod fleet;
mod mock;
mod nested;
mod params;
mod prepare;
mod preview;
mod priced;
mod reached;
#[cfg(test)]
mod relayed;
mod request;
mod run;
mod sending;
mod settle;
mod shape;
mod source;
mod stream;
#[cfg(test)]
mod told_tests;
mod types;
mod writer;
mod written;

pub use answer::{Answer, AnswerBody, ByteStream, Failure, Trail};
pub use bodies::BodySettings;
pub use fleet::{Fleet, check_settings};
pub use preview::Preview;
pub use request::{ClientRequest, Controls, Dialect, Operation};
pub use run::Pipeline;
pub use stream::FaultWriter;
