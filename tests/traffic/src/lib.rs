//! Real traffic through every provider's component, natively: the crate is its tests (`it/`).
