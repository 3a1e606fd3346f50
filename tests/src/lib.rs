//! The harness for tests of the running gateway.
