//! Every scheme against loopback servers that play its token server.

mod aws;
mod azure;
mod captured;
mod google;
mod jwt;
mod keeping;
mod oauth2;
mod rig;
mod sigv4;
