//! What the gateway runs with, as the management API asks for it; and what it does when something
//! was changed there.

mod counted;
mod guardrails;
mod heard;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use heard::{Heard, SystemClock};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use crate::auth::{Caller, allow_model};
use crate::budget::{AccountId, Terms};
use crate::config::{Config, Env, Setting, Taken, defaults};
use crate::domain::{CallId, ErrorKind, Fault, SpendRow, Usage, Usd};
use crate::held::{Held, Word};
use crate::http::catalog;
use crate::judge::Judge;
use crate::manage::{CacheAsk, Deployment, InForce, PriceTable};
use crate::pipeline::accounting::now_ms;
use crate::pipeline::{ClientRequest, Fleet, Operation, Pipeline};
use crate::price_tables::PriceTables;
use crate::prices::{self, Cost, Wanted, cost};
use crate::reports::{Counted, Outside, Preview, ProviderBudget};

/// The running gateway.
#[derive(Clone)]
pub struct Running {
    pipeline: Pipeline,
    tables: PriceTables,
    judge: Judge,
    held: Held,
    /// Of changes of models, credentials, guardrails and settings in the database.
    word: Word,
}

impl Running {
    pub fn new(pipeline: Pipeline, tables: PriceTables, (judge, held): (Judge, Held)) -> Self {
        Self {
            pipeline,
            tables,
            judge,
            held,
            word: Word::default(),
        }
    }

    /// Carries word of changes in the database.
    pub const fn word(&self) -> &Word {
        &self.word
    }

    fn deployment(&self, fleet: &Fleet, it: &crate::config::Deployment) -> Deployment {
        let mut params = it.settings.clone();
        let full = format!("{}/{}", it.provider, it.model);
        params.insert("model".into(), full.into());
        if let Ok(line) = fleet.line(&it.id)
            && let Some(base) = &line.api_base
        {
            params.insert("api_base".into(), base.as_str().into());
        }
        for (name, limit) in [("rpm", it.rpm), ("tpm", it.tpm), ("weight", it.weight)] {
            if let Some(limit) = limit {
                params.insert(name.into(), limit.into());
            }
        }
        let prices = self.pipeline.accounting().prices();
        let line = fleet.line(&it.id).ok();
        let entry = line.and_then(|line| line.price(&prices, &it.model));
        let mut info = entry.map(|it| prices.info(&it)).unwrap_or_default();
        info.extend(it.info.rest.clone());
        if let Some(mode) = &it.info.mode {
            info.insert("mode".into(), mode.as_str().into());
        }
        if let Some(base) = &it.info.base_model {
            info.insert("base_model".into(), base.as_str().into());
        }
        if !it.info.access_groups.is_empty() {
            info.insert("access_groups".into(), json!(it.info.access_groups));
        }
        info.insert("id".into(), it.id.as_str().into());
        info.entry("db_model").or_insert(false.into());
        let team = info.get("team_id").and_then(Value::as_str);
        Deployment {
            id: it.id.as_str().to_owned(),
            model_name: it.group.as_str().to_owned(),
            team_id: team.map(str::to_owned),
            litellm_params: params,
            model_info: info,
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Running")
    }
}

/// What groups show of their first deployment that says it.
const SHOWN: [&str; 6] = [
    "max_input_tokens",
    "max_output_tokens",
    "max_tokens",
    "input_cost_per_token",
    "output_cost_per_token",
    "mode",
];

impl InForce for Running {
    fn deployments(&self, caller: &Caller) -> Vec<Deployment> {
        let fleet = self.pipeline.fleet();
        let catalog = catalog(&fleet);
        let all = fleet.config.groups.deployments();
        let own = all.filter(|it| allow_model(caller, &catalog, it.group.as_str()).is_ok());
        own.map(|it| self.deployment(&fleet, it)).collect()
    }

    fn groups(&self, caller: &Caller) -> Vec<Value> {
        let mut groups: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for it in self.deployments(caller) {
            let group = groups.entry(it.model_name.clone()).or_insert_with(|| {
                let mut group = Map::new();
                group.insert("model_group".into(), it.model_name.as_str().into());
                group.insert("providers".into(), json!([]));
                group
            });
            let provider = it.litellm_params.get("model").and_then(Value::as_str);
            let provider = provider.and_then(|it| it.split('/').next()).unwrap_or("");
            if let Some(Value::Array(providers)) = group.get_mut("providers")
                && !providers.iter().any(|it| it == provider)
            {
                providers.push(provider.into());
            }
            for (name, value) in it.model_info {
                if SHOWN.contains(&name.as_str()) || name.starts_with("supports_") {
                    group.entry(name).or_insert(value);
                }
            }
        }
        groups.into_values().map(Value::Object).collect()
    }

    fn check_model(&self, name: &str, params: &Map<String, Value>) -> Result<(), Fault> {
        let fleet = self.pipeline.fleet();
        let file = json!({"model_list": [{"model_name": name, "litellm_params": params}]});
        let config = checked(&file, "model_list[0].")?;
        let unserved = |provider: &str| {
            let message = format!("no plugin serves provider `{provider}`");
            Fault::caller(ErrorKind::InvalidRequest, message).with_param("litellm_params.model")
        };
        let mut all = config.groups.deployments();
        match all.find(|it| !fleet.serves(&it.provider)) {
            Some(it) => Err(unserved(&it.provider)),
            None => Ok(()),
        }
    }

    fn check_settings<'a>(
        &'a self,
        sections: &'a Map<String, Value>,
        named: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        Box::pin(settings::check(self, sections, named))
    }

    fn guardrails(&self) -> Vec<Value> {
        self.pipeline.guardrails()
    }

    fn check_guardrail<'a>(
        &'a self,
        entry: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(guardrails::check(self, entry))
    }

    fn taken_over(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async {
            self.word.settled().await.map_err(|why| {
                let message = format!("it is written down, but not in force: {why}");
                Fault::operator(ErrorKind::Internal, message).with_status(503)
            })
        })
    }

    fn reload(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async {
            self.word.tell_anew();
            self.word.settled().await.map_err(|why| {
                let message = format!("the config is not taken over: {why}");
                let fault = Fault::caller(ErrorKind::InvalidRequest, message);
                fault.with_param("config").with_status(400)
            })
        })
    }

    fn settings(&self, section: &str) -> Vec<Setting> {
        self.pipeline.fleet().config.written.all(section)
    }

    fn setting(&self, section: &str, name: &str) -> Option<Setting> {
        self.pipeline.fleet().config.written.one(section, name)
    }

    fn section(&self, name: &str) -> Map<String, Value> {
        let fleet = self.pipeline.fleet();
        let section = fleet.config.shown.get(name).and_then(Value::as_object);
        section.cloned().unwrap_or_default()
    }

    fn document(&self) -> Map<String, Value> {
        (*self.pipeline.fleet().config.shown).clone()
    }

    fn cache(&self, ask: CacheAsk) -> BoxFuture<'_, Result<Value, Fault>> {
        let cache = self.pipeline.cache();
        Box::pin(async move {
            match ask {
                CacheAsk::Ping => cache.report_ping().await,
                CacheAsk::Redis => cache.report_redis().await,
                CacheAsk::Delete(keys) => cache.report_delete(&keys).await,
                CacheAsk::Clear => cache.report_clear().await,
            }
        })
    }

    fn serves(&self, provider: &str) -> bool {
        self.pipeline.fleet().serves(provider)
    }

    fn knows_callback(&self, name: &str) -> bool {
        self.pipeline.fleet().callbacks.knows(name)
    }

    fn callback_fault(&self, name: &str) -> Option<Option<String>> {
        let fault = self.pipeline.callback_fault(name)?;
        Some(fault.map(|it| it.message))
    }

    fn price_table(&self) -> PriceTable {
        let (prices, state) = (self.pipeline.accounting().prices(), self.tables.state());
        PriceTable {
            version: prices.version().to_string(),
            models: prices.names().count(),
            url: state.sources.url.as_deref().map(without_secrets),
            is_remote: state.is_remote(),
            file: state.sources.file.map(|it| it.display().to_string()),
            local_only: state.sources.local_only,
            failure: state.failure,
            fetched_ms: state.fetched_ms,
        }
    }

    fn price_map(&self) -> Map<String, Value> {
        self.pipeline.accounting().prices().map()
    }

    fn fetch_prices(&self, request: i64) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            let sources = self.tables.state().sources;
            if sources.url.is_none() || sources.local_only {
                let message = "there is no address to fetch prices from: set \
                               `litellm_settings.model_cost_map_url`, and not \
                               `LITELLM_LOCAL_MODEL_COST_MAP`";
                let fault = Fault::caller(ErrorKind::InvalidRequest, message);
                return Err(fault.with_param("model_cost_map_url").with_status(400));
            }
            self.tables.fetch(Some(request)).await.map_err(|why| {
                let message = format!("no prices were fetched, the old ones stay: {why}");
                let fault = Fault::upstream(ErrorKind::Upstream, message);
                fault.with_param("model_cost_map_url").with_status(502)
            })
        })
    }
}

/// An address without user, password and query.
fn without_secrets(address: &str) -> String {
    let plain = url::Url::parse(address).ok().and_then(|mut it| {
        it.set_query(None);
        it.set_fragment(None);
        it.set_username("").ok()?;
        it.set_password(None).ok()?;
        Some(it.to_string())
    });
    plain.unwrap_or_default()
}

impl Outside for Running {
    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn keeps_bodies(&self) -> bool {
        let rows = &self.pipeline.fleet().config.money.rows;
        rows.bodies && !rows.off
    }

    fn slow_ms(&self) -> i64 {
        let fleet = self.pipeline.fleet();
        let alerting = fleet.config.general.seeing.alerting.as_ref();
        let said = alerting.and_then(|it| it.threshold);
        let threshold = said.unwrap_or(defaults::ALERTING_THRESHOLD);
        i64::try_from(threshold.as_millis()).unwrap_or(i64::MAX)
    }

    fn price(&self, model: &str, usage: &Usage) -> Option<Usd> {
        let prices = self.pipeline.accounting().prices();
        let fleet = self.pipeline.fleet();
        let of_group = fleet.config.groups.resolve(model).and_then(|resolved| {
            let (deployment, model) = resolved.deployments.into_iter().next()?;
            fleet.line(&deployment.id).ok()?.price(&prices, &model)
        });
        let by_name = || {
            let (provider, model) = model.split_once('/').unwrap_or(("", model));
            let wanted = Wanted {
                provider,
                model,
                ..Wanted::default()
            };
            prices.find(&wanted)
        };
        let entry = of_group.or_else(by_name);
        cost(entry.as_deref(), usage, &prices::Terms::default()).map(|it| it.total)
    }

    fn bill(&self, row: &SpendRow) -> Option<Cost> {
        let fleet = self.pipeline.fleet();
        self.pipeline.accounting().bill_again(&fleet, row)
    }

    fn model(&self, caller: &Caller, model: &str) -> Result<Option<(String, Value)>, Fault> {
        let fleet = self.pipeline.fleet();
        allow_model(caller, &catalog(&fleet), model)?;
        let Some(resolved) = fleet.config.groups.resolve(model) else {
            return Ok(None);
        };
        let mut deployments = resolved.deployments.into_iter();
        Ok(deployments.next().map(|(deployment, model)| {
            let info = self.deployment(&fleet, &deployment).model_info;
            let full = format!("{}/{model}", deployment.provider);
            (full, Value::Object(info))
        }))
    }

    fn params(&self, model: &str) -> Vec<&'static str> {
        let fleet = self.pipeline.fleet();
        let resolved = fleet.config.groups.resolve(model);
        let first = resolved.and_then(|it| it.deployments.into_iter().next());
        let line = first.and_then(|(it, model)| Some((fleet.line(&it.id).ok()?, model)));
        line.map(|(line, model)| line.openai_params(&model))
            .unwrap_or_default()
    }

    fn preview(
        &self,
        call_type: &str,
        body: Map<String, Value>,
    ) -> BoxFuture<'_, Result<Preview, Fault>> {
        let operation = Operation::of_call_type(call_type);
        Box::pin(async move {
            let operation = operation.ok_or_else(|| {
                let message = "`call_type` must be `completion`, `text_completion`, `embedding`, \
                               `responses` or `anthropic_messages`";
                let fault = Fault::caller(ErrorKind::InvalidRequest, message);
                fault.with_param("call_type").with_status(400)
            })?;
            let body = Value::Object(body).to_string().into();
            let request = ClientRequest::parse(operation, body, None, Vec::new())?;
            let sent = self.pipeline.preview(&request).await?;
            Ok(Preview {
                address: sent.address,
                headers: sent.headers,
                body: sent.body,
            })
        })
    }

    fn count<'a>(
        &'a self,
        who: (&'a Caller, Option<CallId>),
        body: Map<String, Value>,
        asks: bool,
    ) -> BoxFuture<'a, Result<Counted, Fault>> {
        Box::pin(counted::count(&self.pipeline, who, body, asks))
    }

    fn max_budget(&self) -> Option<Usd> {
        let fleet = self.pipeline.fleet();
        Usd::from_dollars(fleet.config.money.max_budget?)
    }

    fn provider_budgets(&self) -> Vec<ProviderBudget> {
        let fleet = self.pipeline.fleet();
        let ledger = self.pipeline.accounting().ledger();
        let budget = |(id, terms): (AccountId, Terms)| ProviderBudget {
            provider: id.entity.id.as_ref().to_owned(),
            max: terms.max_budget.unwrap_or_default(),
            period: terms.period.map(|it| it.to_string()),
            running: ledger
                .snapshot(&id, now_ms())
                .map(|it| (it.spend, it.resets_at_ms)),
        };
        fleet.provider_budgets().into_iter().map(budget).collect()
    }

    fn spend_was_reset(&self) {
        self.pipeline.accounting().forget_spend();
    }
}

/// A config as the gateway would read it; what is wrong with it names its key.
fn checked(file: &Value, cut: &str) -> Result<Arc<Config>, Fault> {
    let read = Config::parse(&file.to_string(), Env::default());
    let (config, remarks) = read.map_err(|cause| {
        Fault::caller(ErrorKind::InvalidRequest, cause.to_string()).with_param("request_body")
    })?;
    match remarks.into_iter().find(|it| it.taken == Taken::Wrong) {
        Some(wrong) => {
            let path = wrong
                .path
                .strip_prefix(cut)
                .unwrap_or(&wrong.path)
                .to_owned();
            let message = format!("`{path}` {}", wrong.text);
            Err(Fault::caller(ErrorKind::InvalidRequest, message).with_param(path))
        }
        None => Ok(config),
    }
}
