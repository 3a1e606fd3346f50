//! Dialects that more than one provider speaks: Anthropic's Messages and Google's
//! `generateContent`, translated from and into the canonical chat.
//!
//! A plugin cannot be the dependency of another, since both would export the contract. What they
//! share stands here, and knows no address, no credential and no name of a provider: those are
//! the plugins'.

pub mod anthropic;
pub mod gemini;
pub mod vectors;
