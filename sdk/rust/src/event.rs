//! Builders for canonical stream events.
