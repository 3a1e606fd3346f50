//! By which deployment a request is passed on: one that the operator marked, else what the environment
//! knows of the provider. Built with the fleet.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{ROUTES, Route};
use crate::config::{self, Config, Deployment, ENDPOINT};
use crate::domain::{DeploymentId, ErrorKind, Fault, glob};
use crate::pipeline::fleet::{Fleet, Line, Rows};
use crate::plugins::Table;
use crate::plugins::row::{self, GENERIC};
use crate::prices::{Entry, Overrides, Prices, Wanted};

type Ready = Result<Arc<Line>, Fault>;

/// Makes a line of a deployment, by these rows if there are any.
pub type Make<'m> = dyn Fn(&Arc<Deployment>, &Rows) -> Result<Line, Fault> + 'm;

/// What requests are passed on by.
#[derive(Default)]
pub struct Through {
    /// Of each provider, the marked deployments first, in the config's order.
    providers: HashMap<&'static str, Vec<Way>>,
    /// In the config's order.
    endpoints: Vec<Ready>,
    /// What costs nothing.
    free: Option<Overrides>,
}

/// A deployment by which requests may be passed on.
struct Way {
    /// For its own model: its prices hold.
    own: Option<Ready>,
    model: String,
    /// For every other model of its provider.
    any: Ready,
    /// `model_info.team_id`: nobody else's requests go there.
    team: Option<String>,
}

impl Through {
    pub fn build(
        config: &Config,
        table: &Table,
        lines: &HashMap<DeploymentId, Ready>,
        make: &Make<'_>,
    ) -> Self {
        let none = Rows::new();
        let ready = |deployment: Deployment, rows: &Rows| -> Ready {
            make(&Arc::new(deployment), rows).map(Arc::new)
        };
        let mut through = Self {
            free: free(),
            ..Self::default()
        };
        for (_, provider) in ROUTES {
            let ways = through.providers.entry(provider).or_default();
            if !ways.is_empty() {
                continue;
            }
            let marked = config.groups.deployments();
            let marked = marked.filter(|it| {
                it.passes_through && !it.info.blocked && canonical(&it.provider) == provider
            });
            ways.extend(marked.map(|it| Way {
                own: lines.get(&it.id).cloned(),
                model: it.model.clone(),
                any: ready(of_any_model(it), &none),
                team: team_of(it),
            }));
            let of_environment = config::of_environment(provider, &config.env);
            ways.extend(of_environment.map(|it| Way {
                own: None,
                model: String::new(),
                any: ready(it, &none),
                team: None,
            }));
        }
        let rows = endpoint_rows(table);
        let endpoints = config.general.endpoints.iter();
        through.endpoints = endpoints
            .map(|endpoint| {
                let deployment = endpoint.deployment(&config.env);
                let deployment = deployment.ok_or_else(|| {
                    Fault::ours("the endpoint cannot be used", "it gives no deployment")
                })?;
                ready(deployment, &rows)
            })
            .collect();
        through
    }

    /// The line of a request. `team` is the caller's.
    ///
    /// # Errors
    /// There is none that is ready.
    pub fn line(&self, route: Route, model: Option<&str>, team: Option<&str>) -> Ready {
        let provider = match route {
            Route::Endpoint(place) => {
                let gone = || Err(Fault::ours("the endpoint is gone", format!("no {place}")));
                return self.endpoints.get(place).cloned().unwrap_or_else(gone);
            }
            Route::Provider(provider) => provider,
        };
        let ways = self.providers.get(provider).into_iter().flatten();
        let ways = ways.filter(|it| it.team.is_none() || it.team.as_deref() == team);
        let ways: Vec<&Way> = ways.collect();
        let mut own = ways
            .iter()
            .filter_map(|it| Some((it.own.as_ref()?, &it.model)));
        let own = model.and_then(|model| own.find(|(_, it)| glob::matches(it, model)));
        let found = own.map(|it| it.0).or(ways.first().map(|it| &it.any));
        let line = found.cloned().unwrap_or_else(|| Err(nobody(provider)))?;
        match lacks_key(&line) {
            true => Err(nobody(provider)),
            false => Ok(line),
        }
    }

    /// The price of what costs nothing.
    pub fn free(&self, prices: &Prices) -> Option<Arc<Entry>> {
        prices.find_for(&Wanted::default(), self.free.as_ref())
    }
}

/// The model groups that stand for a provider's model.
pub fn groups_of(fleet: &Fleet, provider: &str, model: &str) -> Vec<String> {
    let deployments = fleet.config.groups.deployments();
    let of_it = deployments.filter(|it| {
        let group = it.group.as_str();
        let same = it.model == model && canonical(&it.provider) == provider;
        same && !it.info.blocked && !group.contains('*')
    });
    let mut groups: Vec<String> = of_it.map(|it| it.group.as_str().to_owned()).collect();
    groups.dedup();
    groups
}

/// LiteLLM has more than one name for some providers.
fn canonical(provider: &str) -> &str {
    match provider {
        "azure_text" => "azure",
        "bedrock_converse" => "bedrock",
        "cohere_chat" => "cohere",
        "vertex_ai_beta" => "vertex_ai",
        other => other,
    }
}

/// The deployment without what holds for its own model only.
fn of_any_model(deployment: &Arc<Deployment>) -> Deployment {
    let mut any = Deployment::clone(deployment);
    "*".clone_into(&mut any.model);
    any.info.base_model = None;
    any.info.rest.retain(|name, _| name == "db_model");
    any
}

fn team_of(deployment: &Deployment) -> Option<String> {
    let team = deployment.info.rest.get("team_id").and_then(Value::as_str);
    team.map(str::to_owned)
}

/// The provider of endpoints: a row, as there is no plugin of theirs, which takes nothing from the
/// environment.
fn endpoint_rows(table: &Table) -> Rows {
    let generic = table.providers.get(GENERIC);
    let plugin = generic.map_or("", |it| it.generation.describe.name.as_str());
    let row = config::Row {
        plugin: plugin.to_owned(),
        row: json!({"env": [], "base_url_env": [], "key_optional": true}),
    };
    let provider = row::provider(table, ENDPOINT, &row).map(Arc::new);
    Rows::from([(ENDPOINT.to_owned(), provider)])
}

fn free() -> Option<Overrides> {
    let prices = json!({"input_cost_per_token": 0, "output_cost_per_token": 0});
    Overrides::read(prices.as_object()?).ok().flatten()
}

/// Whether its provider takes a plain key, and there is none.
fn lacks_key(line: &Line) -> bool {
    let target = &line.target;
    let plain = matches!(target.auth.scheme.as_str(), "bearer" | "header" | "query");
    let name = target.auth.param("secret").unwrap_or("api_key");
    let required = line.provider.describe.secrets.get(name);
    let required = required.is_some_and(|it| it.required);
    plain && required && !target.secrets.contains_key(name)
}

fn nobody(provider: &str) -> Fault {
    let message = format!(
        "nothing is passed through to `{provider}`: set its key in the environment, or \
         `use_in_pass_through: true` in the `litellm_params` of one of its models"
    );
    Fault::operator(ErrorKind::Authentication, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Env;

    fn fleet(model_list: Value) -> Fleet {
        let file = json!({ "model_list": model_list });
        let (config, _) = Config::parse(&file.to_string(), Env::default()).unwrap();
        Fleet::build(config, &Table::default())
    }

    #[test]
    fn groups_stand_for_the_models_of_their_deployments() {
        let entry = |name: &str, model: &str| json!({"model_name": name, "litellm_params": {"model": model}});
        let fleet = fleet(json!([
            entry("claude", "anthropic/claude-x"),
            entry("claude", "anthropic/claude-x"),
            entry("mine", "anthropic/claude-x"),
            entry("gpt", "openai/claude-x"),
            entry("anthropic/*", "anthropic/*"),
            entry("google", "vertex_ai_beta/gemini-x"),
        ]));
        assert_eq!(
            groups_of(&fleet, "anthropic", "claude-x"),
            ["claude", "mine"]
        );
        assert_eq!(groups_of(&fleet, "vertex_ai", "gemini-x"), ["google"]);
        assert!(groups_of(&fleet, "anthropic", "claude-y").is_empty());
    }

    #[test]
    fn a_marked_deployment_loses_what_holds_for_its_own_model_only() {
        let fleet = fleet(
            json!([{"model_name": "c", "litellm_params": {"model": "anthropic/c",
            "use_in_pass_through": true, "input_cost_per_token": 1}, "model_info": {"base_model": "d", "id": "7"}}]),
        );
        let deployment = fleet.config.groups.deployments().next().unwrap();
        assert!(deployment.passes_through);
        let any = of_any_model(deployment);
        assert_eq!((any.model.as_str(), any.id.as_str()), ("*", "7"));
        assert!(any.info.base_model.is_none() && any.info.rest.is_empty());
    }

    #[test]
    fn without_a_plugin_nothing_passes_and_the_cure_is_said() {
        let fleet = fleet(json!([]));
        let fault = fleet.through.line(Route::Provider("anthropic"), None, None);
        let fault = fault.err().unwrap();
        assert!(
            fault.message.contains("no plugin serves"),
            "{}",
            fault.message
        );
        let gone = fleet.through.line(Route::Endpoint(0), None, None);
        assert!(gone.is_err());
    }
}
