//! Every recording through its component.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::components;
use crate::judge::{Verdict, judge};
use crate::play::play;
use crate::recordings::{self, Recording};

/// Each recording and what came of it.
pub fn all() -> Vec<(Recording, Verdict)> {
    let components = components::all();
    let judged = |recording: Recording| {
        let verdict = catch_unwind(AssertUnwindSafe(|| {
            judge(&recording, &play(&components, &recording)?)
        }));
        let verdict = verdict.unwrap_or_else(|cause| {
            let text = cause.downcast_ref::<String>().cloned();
            let text = text.or_else(|| cause.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            Err(text.unwrap_or_default())
        });
        (recording, verdict)
    };
    recordings::all().into_iter().map(judged).collect()
}
