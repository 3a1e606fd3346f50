//! Every scheme against loopback servers that play its token server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod aws;
mod aws_machine;
mod azure;
mod captured;
mod google;
mod google_federation;
mod jwt;
mod keeping;
mod oauth2;
mod rig;
mod sigv4;
