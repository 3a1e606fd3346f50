//! Shapes of answers, one into the other. Pure: no I/O, no clock, no state of the house.

pub mod assemble;
pub mod envelope;
pub mod gather;
pub mod spread;
