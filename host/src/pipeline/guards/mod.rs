//! Guardrails in a call: the one place that every operation passes, whatever its dialect. What goes
//! to the model is looked at before and beside it, what comes of it after, whole or as it streams,
//! kept answers too.
//!
//! A guardrail sees spans of text and says what becomes of them. Which of them look at a call is
//! decided before it is admitted (`choose`); what one that fails means is its own policy (`look`).

mod apply;
mod asked;
mod call;
mod choose;
mod gate;
mod look;
mod report;
mod set;
mod stored;
mod stream;
mod texts;

pub use call::Guarded;
pub use choose::Wanted;
pub use gate::{may_look, of_model};
pub use report::Report;
pub use set::{Guards, check_guardrails};
pub use stored::LogGuard;
pub use stream::Passing;

/// What is shown of a body that nobody can read text from: no text, which guardrails that fail closed
/// refuse.
pub const UNREADABLE: &[u8] = &[0xff];
