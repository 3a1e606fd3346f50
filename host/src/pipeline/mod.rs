//! The life of a call: from a request that was read to an answer that is settled. It introduces
//! the services to each other and speaks neither HTTP to clients nor SQL.

pub mod accounting;
mod allowances;
mod aloft;
mod answer;
mod answered;
mod attempt;
mod audio;
mod backoff;
mod bodies;
mod bridge;
mod cached;
mod choose;
mod counted;
mod course;
mod detour;
pub mod embedded;
mod exchange;
mod fleet;
mod givens;
pub mod health;
mod kept;
mod left;
mod mock;
mod nested;
mod opening;
mod operation;
mod params;
mod passed;
mod plain;
mod plugin_faults;
mod prepare;
mod preview;
mod priced;
mod reached;
mod refusal;
#[cfg(test)]
mod relayed;
pub mod remote;
mod request;
mod roster;
mod run;
mod seen;
mod sending;
mod settle;
mod shape;
mod sound;
mod source;
mod standings;
mod stream;
mod through;
mod ties;
#[cfg(test)]
mod timing_tests;
mod together;
#[cfg(test)]
mod told_tests;
mod trial;
mod types;
mod uploads;
mod why;
mod writer;
mod written;

pub use answer::{Answer, AnswerBody, ByteStream, Failure, FileStream, Trail};
pub use bodies::BodySettings;
pub use fleet::{Fleet, check_settings};
pub use kept::ResponseSettings;
pub use left::{Known, Told};
pub use preview::Preview;
pub use request::{ClientRequest, Controls, Dialect, Operation, no_mock};
pub use run::Pipeline;
pub use seen::Watchers;
pub use sluice_bridges::Embed;
pub use stream::FaultWriter;
pub use through::{Order, Passed, PassedBody, ROUTES, Route, Sent, groups_of};
pub use uploads::{FileContent, Spools, Upload, Uploads};
