//! One suite for both engines, on the real store: what each caller may do, what is refused by
//! name, what is written and what is not.

mod beside;
mod cursor;
mod every;
mod foreign;
mod guardrails;
mod holders;
mod hostile;
mod keys;
mod keys_auto;
mod keys_foreign;
mod keys_guarded;
mod keys_list;
mod keys_rules;
mod logging;
mod organizations;
mod rig;
mod running;
mod samples;
mod settings;
mod sso;
mod table;
mod teams;
mod users;
