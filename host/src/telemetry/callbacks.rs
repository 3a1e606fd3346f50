//! How long callbacks take for a batch. Their names are the config's and the plugins', so there are
//! not many series.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::times::BOUNDS;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Label {
    callback: String,
}

/// The family.
#[derive(Debug)]
pub struct Callbacks {
    seconds: Family<Label, Histogram>,
}

impl Callbacks {
    pub fn register(ours: &mut Registry) -> Self {
        let histogram = || Histogram::new(BOUNDS);
        let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
        ours.register(
            "callback_batch_seconds",
            "How long callbacks took for a batch",
            Family::clone(&seconds),
        );
        Self { seconds }
    }

    /// Counts one batch.
    pub fn batch(&self, callback: &str, took: Duration) {
        let label = Label {
            callback: callback.to_owned(),
        };
        let seconds = self.seconds.get_or_create(&label);
        seconds.observe(took.as_secs_f64());
    }
}
