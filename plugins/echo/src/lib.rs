//! The echo provider.
