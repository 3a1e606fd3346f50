//! Dialects that more than one provider speaks: Anthropic's Messages and Google's
//! `generateContent`, translated from and into the canonical chat; what batches of them have in
//! common; conversations and bytes as text.
//!
//! A plugin cannot be the dependency of another, since both would export the contract. What they
//! share stands here, and knows no address, no credential and no name of a provider: those are
//! the plugins'.

pub mod anthropic;
pub mod base64;
pub mod batches;
pub mod gemini;
pub mod prompt;
pub mod times;
pub mod uploads;
pub mod vectors;
pub mod wav;
