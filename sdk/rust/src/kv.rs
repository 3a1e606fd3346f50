//! A small store of the plugin's own, for guardrails and callbacks: shared by its instances,
//! apart for each tenant. Values are lost without notice. In a native build it is a test's own.
//!
//! ```
//! use sluice_sdk::{kv, testing::Played};
//!
//! Played::silent().run(|| {
//!     kv::set("seen", b"yes", 60);
//!     assert_eq!(kv::get("seen").as_deref(), Some(&b"yes"[..]));
//!     assert_eq!(kv::add("calls", 2, 60) + kv::add("calls", 1, 60), 5);
//! });
//! ```

/// The value of a key.
pub fn get(key: &str) -> Option<Vec<u8>> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::sluice::plugin::kv::get(key);
    #[cfg(not(target_arch = "wasm32"))]
    return crate::native::get(key);
}

/// Sets a value, at most 64 KiB, for so many seconds.
pub fn set(key: &str, value: &[u8], ttl_seconds: u32) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::sluice::plugin::kv::set(key, value, ttl_seconds);
    #[cfg(not(target_arch = "wasm32"))]
    crate::native::set(key, value, ttl_seconds);
}

/// Adds and gives the sum; a missing key counts as 0. The time is that of the first `add`, so that
/// a sum counts a window.
pub fn add(key: &str, delta: i64, ttl_seconds: u32) -> i64 {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::sluice::plugin::kv::add(key, delta, ttl_seconds);
    #[cfg(not(target_arch = "wasm32"))]
    return crate::native::add(key, delta, ttl_seconds);
}
