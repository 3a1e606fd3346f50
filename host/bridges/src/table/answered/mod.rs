//! What becomes of answers.

mod said;
mod told;

use super::Feature;

/// Every feature, in the order of the documentation.
pub const ANSWERS: [&[Feature]; 2] = [said::ROWS, told::ROWS];
