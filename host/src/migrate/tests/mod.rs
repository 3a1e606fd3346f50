//! A small LiteLLM is moved into both engines, once and again.

mod again;
mod moved;
mod refused;
mod rig;
