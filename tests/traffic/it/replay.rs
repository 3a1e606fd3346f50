//! Every recording through its component.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sluice_sdk::serde_json::{self, Value};

use crate::components;
use crate::judge::{Verdict, judge};
use crate::play::play;
use crate::recordings::{self, Recording};

/// Each recording and what came of it.
pub fn all() -> Vec<(Recording, Verdict)> {
    let components = components::all();
    let judged = |recording: Recording| {
        let verdict = guarded(|| judge(&recording, &play(&components, &recording)?));
        (recording, verdict)
    };
    recordings::all().into_iter().map(judged).collect()
}

/// A reader that finds what it cannot read panics, and that is its verdict.
pub fn guarded(judge: impl Fn() -> Verdict) -> Verdict {
    catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().cloned();
        let text = text.or_else(|| cause.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        Err(text.unwrap_or_default())
    })
}

/// The JSON documents of a stream of server-sent events.
pub fn data(body: &str) -> Vec<Value> {
    let lines = body.lines().filter_map(|it| it.strip_prefix("data:"));
    lines
        .filter_map(|it| serde_json::from_str(it.trim()).ok())
        .collect()
}
