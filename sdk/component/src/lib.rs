//! What authors in C and Go need beside their compiler, for exactly this contract: [`bindings::write`]
//! writes the sources that their code is compiled with, [`component::make`] turns the module that came of
//! it into a component. Rust, JavaScript and Python have tools of their own that do both.

pub mod bindings;
pub mod component;

use wit_bindgen_core::wit_parser::{Resolve, WorldId};

/// The contract, the one of this tree.
const CONTRACT: &str = include_str!("../../../wit/sluice-plugin.wit");

/// A language that bindings are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    C,
    Go,
}

/// A contract, and one of its worlds. An unknown name is an error that lists the known ones.
fn world(contract: &str, name: &str) -> Result<(Resolve, WorldId), String> {
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str("sluice-plugin.wit", contract)
        .map_err(|cause| format!("the contract: {cause:#}"))?;
    let worlds = &resolve.packages[package].worlds;
    let known = || worlds.keys().cloned().collect::<Vec<_>>().join(", ");
    let found = worlds.get(name).copied();
    let found = found.ok_or_else(|| format!("there is no world `{name}`, but {}", known()))?;
    Ok((resolve, found))
}

#[test]
fn a_world_that_is_not_there_is_told_those_that_are() {
    let said = world(CONTRACT, "provider").err().unwrap_or_default();
    assert!(said.contains("provider-plugin"), "{said}");
    assert!(said.contains("callback-plugin"), "{said}");
}
