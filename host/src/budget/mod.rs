//! Budgets: no call begins that its payers cannot pay for, and the last cent can be spent.
//!
//! A call holds money before it is sent and settles what it cost when it ends: reserve, then
//! settle, against every account on its path or against none. The rule, as an operator needs it,
//! stands in `docs/budgets.md`.
//!
//! The room keeps sums in memory and nothing else. It does not know the store (the caller loads an
//! account's standing and writes spend rows), prices (amounts come in), HTTP (a refusal says who
//! and how much) or a clock: times come in as milliseconds since 1970 in UTC. Only the bounded
//! wait near a limit uses the runtime's timer.

mod account;
mod calendar;
mod error;
mod lease;
mod ledger;
mod path;
mod period;
mod quote;
mod reservation;
mod terms;

pub use calendar::Calendar;
pub use error::{BadCalendar, BadDuration, Exceeded, Reason, Refusal};
pub use lease::{LeaseGrant, LeaseNeed};
pub use ledger::{DEFAULT_LONGEST_WAIT, Ledger, Settings, UnknownPrice};
pub use path::Path;
pub use period::Period;
pub use quote::{DEFAULT_SLICE_TOKENS, Portion, Quote};
pub use reservation::{Hold, Reservation, Settled};
pub use terms::{AccountId, Increase, Reset, Snapshot, SoftCrossing, Standing, Terms, Window};

#[cfg(test)]
mod crowd_tests;
#[cfg(test)]
mod lease_tests;
#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod sum_tests;
#[cfg(test)]
mod time_tests;
