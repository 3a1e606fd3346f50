//! Who may come in, and which models are theirs: made anew when the fleet changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use serde_json::Value;

use crate::auth::{
    BodyRules, Catalog, CatalogModel, Door, Fetch, Issuer, Keys, Networks, ProxyTrust, RouteList,
    RouteRules, TeamModel, TokenSettings, Tokens, class_of,
};
use crate::config::General;
use crate::pipeline::Fleet;
use http::Method;

/// What the door needs of one config.
pub struct Gate {
    of: Weak<Fleet>,
    /// What was fetched of the identity provider, for the gate that follows.
    tokens: Option<Tokens>,
    pub door: Door,
    pub routes: RouteRules,
    pub bodies: BodyRules,
    pub catalog: Catalog,
}

/// The rules of a config for callers, understood.
pub struct Rules {
    routes: RouteRules,
    bodies: BodyRules,
    allowed_ips: Option<Networks>,
    trust: ProxyTrust,
    tokens: Option<(TokenSettings, Issuer)>,
    /// Settings that change nothing, for the log.
    pub idle: Vec<String>,
}

impl Rules {
    /// Reads the rules.
    ///
    /// # Errors
    /// One of them cannot be understood; the text begins with its path.
    pub fn read(general: &General) -> Result<Self, String> {
        let access = &general.access;
        let texts = |list: &'_ Option<Vec<String>>| list.clone().unwrap_or_default();
        let routes = |name: &str, list: &Option<Vec<String>>| {
            let list = texts(list);
            RouteList::parse(list.iter().map(String::as_str)).map_err(|entry| {
                format!(
                    "general_settings.{name}: `{entry}` is neither a path nor a group of routes"
                )
            })
        };
        let networks = |name: &str, list: &Option<Vec<String>>| {
            let read = list
                .as_ref()
                .map(|it| Networks::parse(it.iter().map(String::as_str)));
            read.transpose().map_err(|entry| {
                format!("general_settings.{name}: `{entry}` is no address and no range")
            })
        };
        let mut idle = Vec::new();
        idle.extend(hidden(general));
        let tokens = match &access.tokens {
            None => None,
            Some(tokens) => {
                let (settings, without) = TokenSettings::read(tokens.settings.clone())
                    .map_err(|cause| format!("general_settings.litellm_jwtauth: {cause}"))?;
                if tokens.key_urls.is_empty() {
                    let text = "general_settings.enable_jwt_auth: set JWT_PUBLIC_KEY_URL";
                    return Err(text.to_owned());
                }
                idle.extend(
                    without
                        .iter()
                        .map(|it| format!("general_settings.litellm_jwtauth.{it}")),
                );
                let issuer = Issuer {
                    key_urls: tokens.key_urls.clone(),
                    audience: tokens.audience.clone(),
                    issuer: tokens.issuer.clone(),
                };
                Some((settings, issuer))
            }
        };
        Ok(Self {
            routes: RouteRules {
                admin_only: routes("admin_only_routes", &access.admin_only_routes)?,
                public: routes("public_routes", &access.public_routes)?,
                allowed: routes("allowed_routes", &access.allowed_routes)?,
                pass_through: endpoints(general, true),
                open: endpoints(general, false),
                public_metrics: general.public_metrics,
            },
            bodies: BodyRules {
                enforced_params: access
                    .enforced_params
                    .iter()
                    .map(|it| it.as_str().into())
                    .collect(),
                enforce_user_param: access.enforce_user_param,
                reject_client_tags: access.reject_client_tags,
            },
            allowed_ips: networks("allowed_ips", &access.allowed_ips)?,
            trust: ProxyTrust {
                use_forwarded: access.use_x_forwarded_for,
                trusted: networks("trusted_proxy_ranges", &access.trusted_proxy_ranges)?,
            },
            tokens,
            idle,
        })
    }

    /// Nobody comes in: for rules that nobody understands. They are judged before a config is
    /// taken over.
    fn closed() -> Self {
        Self {
            routes: RouteRules::default(),
            bodies: BodyRules::default(),
            allowed_ips: Some(Networks::none()),
            trust: ProxyTrust::default(),
            tokens: None,
            idle: Vec::new(),
        }
    }
}

impl Gate {
    /// `before` is the gate of the fleet before: what did not change of it is kept, so that a new
    /// plugin costs no look at an identity provider.
    pub fn new(
        fleet: &Arc<Fleet>,
        keys: Keys,
        fetch: &Arc<dyn Fetch>,
        before: Option<&Self>,
    ) -> Self {
        let general = &fleet.config.general;
        let rules = Rules::read(general).unwrap_or_else(|cause| {
            tracing::error!("nobody is let in: {cause}");
            Rules::closed()
        });
        let known = before.and_then(|it| it.tokens.as_ref());
        let tokens = rules.tokens.map(|(settings, issuer)| {
            let same = known.filter(|it| it.are_of(&settings, &issuer));
            same.cloned()
                .unwrap_or_else(|| Tokens::new(settings, issuer, Arc::clone(fetch)))
        });
        let door = Door::new(general.master_key.clone(), keys)
            .with_key_header(general.key_header.clone())
            .with_addresses(rules.allowed_ips, rules.trust)
            .with_tokens(tokens.clone());
        Self {
            of: Arc::downgrade(fleet),
            tokens,
            door,
            routes: rules.routes,
            bodies: rules.bodies,
            catalog: catalog(fleet),
        }
    }

    pub fn is_of(&self, fleet: &Arc<Fleet>) -> bool {
        std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(fleet))
    }
}

/// Paths of the operator's endpoints, with or without `auth`.
fn endpoints(general: &General, auth: bool) -> RouteList {
    let these = general.endpoints.iter().filter(|it| it.auth == auth);
    let paths = these.flat_map(|it| {
        let below = it.include_subpath.then(|| format!("{}/{{*rest}}", it.path));
        [Some(it.path.clone()), below].into_iter().flatten()
    });
    let paths: Vec<String> = paths.collect();
    // All of them are paths, which a list takes.
    RouteList::parse(paths.iter().map(String::as_str)).unwrap_or_default()
}

/// Endpoints at a path that the gateway itself has a route for.
fn hidden(general: &General) -> impl Iterator<Item = String> {
    let is_known = |path: &str| {
        let methods = [Method::GET, Method::POST, Method::DELETE];
        methods.iter().any(|it| class_of(it, path).is_some())
    };
    let paths = general.endpoints.iter().map(|it| it.path.as_str());
    let setting = "general_settings.pass_through_endpoints";
    let hidden = paths.enumerate().filter(move |(_, path)| is_known(path));
    hidden.map(move |(place, path)| {
        format!("{setting}[{place}], as `{path}` is a route of the gateway,")
    })
}

/// The models of a fleet, as access to them is judged.
pub fn catalog(fleet: &Fleet) -> Catalog {
    let groups = &fleet.config.groups;
    let mut models: BTreeMap<&str, CatalogModel> = BTreeMap::new();
    let mut ids = Vec::new();
    for name in groups.names() {
        models.insert(name, empty(name));
    }
    for deployment in groups.deployments() {
        let name = deployment.group.as_str();
        let model = models.entry(name).or_insert_with(|| empty(name));
        ids.push((deployment.id.as_str().into(), Arc::clone(&model.name)));
        for group in &deployment.info.access_groups {
            if !model.access_groups.iter().any(|it| **it == **group) {
                model.access_groups.push(group.as_str().into());
            }
        }
        let said = |name: &str| deployment.info.rest.get(name).and_then(Value::as_str);
        match said("team_id") {
            None => model.is_open = true,
            Some(team) => model.teams.push(TeamModel {
                team_id: team.into(),
                public_name: said("team_public_model_name").unwrap_or(name).into(),
            }),
        }
    }
    Catalog::new(models.into_values(), ids)
}

fn empty(name: &str) -> CatalogModel {
    CatalogModel {
        name: name.into(),
        access_groups: Vec::new(),
        teams: Vec::new(),
        is_open: false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use futures_util::future::BoxFuture;
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::auth::{KeySettings, Knock};
    use crate::config::{Config, Env};
    use crate::plugins::Table;

    /// An identity provider without keys, which counts how often it is asked.
    #[derive(Debug, Default)]
    struct Provider(AtomicUsize);

    impl Fetch for Provider {
        fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Err("down".to_owned()) })
        }
    }

    fn fleet(claim: &str) -> Arc<Fleet> {
        let file = serde_json::json!({"general_settings": {"master_key": "sk-0f3c9a",
            "enable_jwt_auth": true, "litellm_jwtauth": {"user_id_jwt_field": claim}}});
        let env = Env::of(&[("JWT_PUBLIC_KEY_URL", "https://idp.example.com/keys")]);
        let (config, _) = Config::parse(&file.to_string(), env).unwrap();
        Arc::new(Fleet::build(config, &Table::default()))
    }

    async fn knock(gate: &Gate) {
        let mut headers = HeaderMap::new();
        // {"alg":"RS256","kid":"k"}.{}
        let token = "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.c2ln";
        headers.insert("authorization", HeaderValue::from_static(token));
        let knock = Knock {
            headers: &headers,
            path: "/v1/models",
            query: None,
            peer: Some(SocketAddr::from(([127, 0, 0, 1], 1))),
            now_ms: 0,
        };
        gate.door.prove(knock).await.unwrap_err();
    }

    #[tokio::test]
    async fn a_new_fleet_keeps_what_was_fetched_of_an_unchanged_identity_provider() {
        let provider = Arc::new(Provider::default());
        let fetch: Arc<dyn Fetch> = provider.clone();
        let keys = || Keys::new(None, KeySettings::default());
        let first = Gate::new(&fleet("sub"), keys(), &fetch, None);
        knock(&first).await;
        let second = Gate::new(&fleet("sub"), keys(), &fetch, Some(&first));
        knock(&second).await;
        // The provider was asked a moment ago: nobody asks again.
        assert_eq!(provider.0.load(Ordering::Relaxed), 1);
        let other = Gate::new(&fleet("oid"), keys(), &fetch, Some(&second));
        knock(&other).await;
        assert_eq!(provider.0.load(Ordering::Relaxed), 2);
    }
}
