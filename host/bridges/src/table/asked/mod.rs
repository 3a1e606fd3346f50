//! What becomes of requests.

mod content;
mod settings;
mod tools;

use super::Feature;

/// Every feature, in the order of the documentation.
pub const FEATURES: [&[Feature]; 3] = [content::ROWS, tools::ROWS, settings::ROWS];
