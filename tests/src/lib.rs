//! Tests that look at the whole house; see `it/` and `sdk/`.
