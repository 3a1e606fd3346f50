//! The life of a call: from a request that was read to an answer that is settled. It introduces
//! the services to each other and speaks neither HTTP to clients nor SQL.

pub mod accounting;
mod allowances;
mod answer;
mod answered;
mod attempt;
mod backoff;
mod cached;
mod choose;
mod fleet;
mod mock;
mod nested;
mod params;
mod prepare;
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
mod writer;
mod written;

pub use answer::{Answer, AnswerBody, ByteStream, Failure, Trail};
pub use fleet::{Fleet, check_settings};
pub use request::{ClientRequest, Controls, Dialect, Operation};
pub use run::Pipeline;
pub use stream::FaultWriter;
