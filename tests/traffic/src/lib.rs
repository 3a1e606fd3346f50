//! Real traffic through every provider's component, natively and compiled: the crate is its tests (`it/`).
