//! Which deployment is asked, how often, and where a call goes when its group fails. Pure: it
//! knows neither HTTP nor a clock; the time and the dice come in.

mod affinity;
mod choice;
mod cooling;
mod fallback;
mod place;
mod retry;
mod standing;
mod window;

pub use affinity::{Affinity, Tie};
pub use choice::{Ask, Decision, Reason, choose};
pub use cooling::{Cooling, Failure};
pub use fallback::fallbacks;
pub use place::{Place, Terms};
pub use retry::{Next, next};
pub use standing::{Counted, Flight, Landed, Standing};
pub use window::Minute;

#[cfg(test)]
mod choice_tests;
#[cfg(test)]
mod strategy_tests;
