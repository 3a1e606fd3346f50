//! Authenticates requests to providers by what lasts an hour or less: AWS signatures, OAuth 2.0
//! tokens, Google's and Microsoft's identities, signed JWTs, and tokens captured from answers.
//!
//! It knows schemes and their parameters, not deployments, plugins or the config; it opens no
//! connection (the gateway lends its client as [`Fetch`]) and reads no environment (see [`Given`]).
//! Tokens are kept by everything that they depend on, renewed before they end while the old one
//! still serves, fetched once for all who wait, and after a failure not asked for at once again.

mod answer;
mod aws;
mod azure;
mod cache;
mod captured;
mod clock;
mod error;
mod fetch;
mod given;
mod google;
mod jwt;
mod key;
mod oauth2;
mod secret;
mod signer;
mod tokens;

pub use captured::{Capture, Captured};
pub use clock::{Clock, SystemClock};
pub use error::{Error, Kind};
pub use fetch::{Fetch, Reach};
pub use given::{Given, Trust};
pub use google::project as google_project;
pub use key::{Key, KeyMaker};
pub use secret::Secret;
pub use signer::{Body, Signer, Unsigned};
pub use tokens::Tokens;
