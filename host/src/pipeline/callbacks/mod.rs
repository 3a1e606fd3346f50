//! Who is told of calls that have ended: callbacks of the config, and those of keys and teams.
//!
//! A call lays aside what it has anyway if somebody listens, and hands it over when it is settled;
//! all else is done beside the calls. One task deals notes out to lanes; a lane is one callback with
//! the settings of the gateway, or of one tenant: it has a bounded queue, makes batches, and has them
//! carried to the plugin one at a time. So nobody waits for a log, no log waits for another, and no
//! tenant's records meet another's settings.

mod carry;
mod counts;
mod deal;
mod heard;
mod hub;
mod inbox;
mod lane;
mod own;
mod payload;
mod set;
mod settings;
#[cfg(test)]
mod tests;
mod trial;
mod words;
mod worker;

pub use carry::Carrier;
pub use heard::{Came, Heard};
pub use hub::Callbacks;
pub use set::{Sinks, check_callbacks};
