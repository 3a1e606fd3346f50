//! The database and Redis.

use crate::cli::report::Report;
use crate::config::{CachePlace, Config, Env, RedisAddress};
use crate::pipeline::accounting::now_ms;
use crate::redis_link::{Link, Words, cmd};
use crate::services;
use crate::store::Store;

const WORDS: Words = Words {
    lost: "Redis does not answer",
    back: "Redis answers",
    refused: "Redis refuses",
};

/// Whether the database answers, and would take this version's schema. Nothing of it is changed.
pub async fn database(config: &Config, env: &Env, report: &mut Report) {
    const ROW: &str = "database";
    let address = match services::address(config, env) {
        Ok(address) => address,
        Err(cause) => return report.wrong(ROW, cause.to_string()),
    };
    for remark in &address.remarks {
        report.remark(ROW, remark.clone());
    }
    if address.path().is_some_and(|it| !it.exists()) {
        return report.fine(ROW, format!("{address}, which the first start makes"));
    }
    match Store::rehearse(&address, now_ms()).await {
        // Dropped, it leaves nothing behind.
        Ok(_change) => report.fine(ROW, address.to_string()),
        Err(cause) => report.wrong(ROW, cause.to_string()),
    }
}

/// Whether every Redis that the config names answers.
pub async fn redis(config: &Config, report: &mut Report) {
    let kept = match &config.caching.place {
        CachePlace::Redis(address) => Some(address),
        CachePlace::Memory => None,
    };
    let mut all: Vec<&RedisAddress> = config.shared_redis().into_iter().chain(kept).collect();
    all.dedup();
    if all.is_empty() {
        report.fine("Redis", "none is named, which only replicas need");
    }
    for address in all {
        let link = Link::new(address, WORDS);
        match link.ask::<String>(&cmd("PING")).await {
            Ok(_) => report.fine("Redis", link.shown()),
            Err(cause) => report.wrong(
                "Redis",
                format!(
                    "{}: {cause}; is it there, and are host, port and password (`REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD`, or the config's) right?",
                    link.shown()
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_answer_is_told_with_what_to_look_at() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().display().to_string();
        let env = Env::of(&[("SLUICE_STATE_DIR", &state)]);
        // A port that nobody listens at.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let text = format!(
            "{{model_list: [], router_settings: {{redis_host: 127.0.0.1, redis_port: {port}}},
             general_settings: {{database_url: 'postgres://u:p@127.0.0.1:{port}/d'}}}}"
        );
        let (config, _) = Config::parse(&text, env.clone()).unwrap();
        let mut report = Report::default();
        database(&config, &env, &mut report).await;
        redis(&config, &mut report).await;
        let (of_database, of_redis) = (report.wrongs("database"), report.wrongs("Redis"));
        assert!(
            of_database[0].contains("does not answer"),
            "{of_database:?}"
        );
        assert!(of_redis[0].contains("REDIS_HOST"), "{of_redis:?}");

        let (config, _) = Config::parse("model_list: []", env.clone()).unwrap();
        let mut report = Report::default();
        database(&config, &env, &mut report).await;
        redis(&config, &mut report).await;
        assert!(report.is_good(), "{}", report.render());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
