//! What is in force: the deployments and settings that the gateway runs with, file and database
//! together. This room writes rows; whoever runs them answers here.

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::auth::Caller;
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

/// A setting of `general_settings`, for a form.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    pub name: &'static str,
    /// `String`, `Integer`, `Float`, `Boolean`, `List` or `Dict`.
    pub type_name: &'static str,
    pub description: &'static str,
    /// The value in force; secrets masked.
    pub value: Value,
    pub default: Value,
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

    /// Whether the gateway would run with this section of settings as a whole.
    ///
    /// # Errors
    /// Why not, naming the field.
    fn check_settings(&self, section: &str, settings: &Map<String, Value>) -> Result<(), Fault>;

    /// The settings of `general_settings` that can be set through the API.
    fn settings(&self) -> Vec<Setting>;

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

    fn price_table(&self) -> PriceTable;

    /// Every price in force, in LiteLLM's format. Takes a while: for a thread of its own.
    fn price_map(&self) -> Map<String, Value>;

    /// Fetches prices now; `request` is when somebody asked for it.
    ///
    /// # Errors
    /// There is no address to fetch from, or it gave no price table; the old one stays in force.
    fn fetch_prices(&self, request: i64) -> BoxFuture<'_, Result<(), Fault>>;
}
