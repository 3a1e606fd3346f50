//! What is in force: the deployments and settings that the gateway runs with, file and database
//! together. This room writes rows; whoever runs them answers here.

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::config::Setting;
use crate::domain::Fault;

/// One deployment as the gateway runs it.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// `model_info.id`.
    pub id: String,
    pub model_name: String,
    /// The team whose own it is.
    pub team_id: Option<String>,
    /// `litellm_params` without secrets.
    pub litellm_params: Map<String, Value>,
    /// Prices, limits and abilities, with `id` and `db_model`.
    pub model_info: Map<String, Value>,
}

/// The prices in force, and where they come from.
#[derive(Debug, Clone, Default)]
pub struct PriceTable {
    pub version: String,
    pub models: usize,
    /// The address that prices are fetched from, without secrets.
    pub url: Option<String>,
    /// The operator's own file.
    pub file: Option<String>,
    /// Whether prices of the address are in force.
    pub is_remote: bool,
    /// `LITELLM_LOCAL_MODEL_COST_MAP`: nothing is fetched.
    pub local_only: bool,
    /// Why the address gave none when it was asked last.
    pub failure: Option<String>,
    /// When it gave some, in milliseconds since 1970.
    pub fetched_ms: Option<i64>,
}

/// What is asked of the response cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheAsk {
    /// Whether answers can be kept.
    Ping,
    /// What its Redis says of itself.
    Redis,
    /// To forget answers by their keys.
    Delete(Vec<String>),
    /// To forget every answer.
    Clear,
}

/// The running gateway, as far as management has to know it.
pub trait InForce: Send + Sync + std::fmt::Debug {
    /// The deployments that the caller may use.
    fn deployments(&self, caller: &Caller) -> Vec<Deployment>;

    /// The model groups that the caller may use, each as `/model_group/info` shows it, with
    /// `model_group`.
    fn groups(&self, caller: &Caller) -> Vec<Value>;

    /// Whether a deployment could be run: provider known, parameters readable. `params` is whole,
    /// with its secrets.
    ///
    /// # Errors
    /// Why not, naming the field.
    fn check_model(&self, name: &str, params: &Map<String, Value>) -> Result<(), Fault>;

    /// Whether the gateway would run with these sections of settings, each whole and with its
    /// secrets, in place of what the database has of them. `named` are the settings that a change
    /// is about, by their paths. What is to be said of those gives sentences.
    ///
    /// # Errors
    /// Why not, naming the field; or nothing knows a setting that is named.
    fn check_settings<'a>(
        &'a self,
        sections: &'a Map<String, Value>,
        named: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<String>, Fault>>;

    /// Waits until what was changed by now is in force.
    ///
    /// # Errors
    /// It is not taken over, and why.
    fn taken_over(&self) -> BoxFuture<'_, Result<(), Fault>>;

    /// Reads the configuration anew, file and database.
    ///
    /// # Errors
    /// It is not taken over, and why; the old one stays in force.
    fn reload(&self) -> BoxFuture<'_, Result<(), Fault>>;

    /// The settings of a section: all that have an effect, and what else is written there.
    fn settings(&self, section: &str) -> Vec<Setting>;

    /// One of them.
    fn setting(&self, section: &str, name: &str) -> Option<Setting>;

    /// A section of the configuration in force, file and database together, secrets masked.
    fn section(&self, name: &str) -> Map<String, Value>;

    /// The whole configuration in force, secrets masked.
    fn document(&self) -> Map<String, Value>;

    /// Asks the response cache.
    ///
    /// # Errors
    /// No answers are kept, or what keeps them does not answer.
    fn cache(&self, ask: CacheAsk) -> BoxFuture<'_, Result<Value, Fault>>;

    /// Whether a plugin serves the provider.
    fn serves(&self, provider: &str) -> bool;

    /// Whether a plugin has a callback, by its name in the config or the plugin's own.
    fn knows_callback(&self, name: &str) -> bool;

    /// Why a callback of the config is not called; None: it is. The outer one: no list names it.
    fn callback_fault(&self, name: &str) -> Option<Option<String>>;

    fn price_table(&self) -> PriceTable;

    /// Every price in force, in LiteLLM's format. Takes a while: for a thread of its own.
    fn price_map(&self) -> Map<String, Value>;

    /// Fetches prices now; `request` is when somebody asked for it.
    ///
    /// # Errors
    /// There is no address to fetch from, or it gave no price table; the old one stays in force.
    fn fetch_prices(&self, request: i64) -> BoxFuture<'_, Result<(), Fault>>;
}
