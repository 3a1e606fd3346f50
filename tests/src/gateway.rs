//! The real gateway on loopback, in the test's own process.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sluice::config::{Config, Env, Taken};
use sluice::http::server::{Entrance, Stop};
use sluice::serve::{self, ServeError};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A gateway that serves until [`stop`](Self::stop) or until it is dropped.
pub struct TestGateway {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    /// Its folder, with `config.yaml` and `plugins`.
    folder: TempDir,
    client: reqwest::Client,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

/// An answer of the gateway, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl TestGateway {
    /// Starts one with this config and these files in its plugins directory. `machine_code` is
    /// shared by the gateways of a test binary, so that components are compiled once.
    ///
    /// # Panics
    /// If the config is wrong or no socket can be opened.
    pub async fn start(config: Value, plugins: &[(&str, &[u8])], machine_code: &Path) -> Self {
        Self::start_in(config, plugins, machine_code, &[]).await
    }

    /// As [`Self::start`], with these variables in its environment.
    ///
    /// # Panics
    /// If the config is wrong or no socket can be opened.
    pub async fn start_in(
        mut config: Value,
        plugins: &[(&str, &[u8])],
        machine_code: &Path,
        variables: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dropped = folder.path().join("plugins");
        std::fs::create_dir(&dropped).expect("a plugins folder");
        for (name, bytes) in plugins {
            std::fs::write(dropped.join(name), bytes).expect("a plugin");
        }
        let section = &mut config["plugins"];
        section["directory"] = dropped.display().to_string().into();
        section["data_directory"] = machine_code.display().to_string().into();
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, config.to_string()).expect("a config");
        let state = folder.path().join("state").display().to_string();
        let mut environment = vec![("SLUICE_STATE_DIR", state.as_str())];
        environment.extend_from_slice(variables);
        let env = Env::of(&environment);
        let (config, remarks) = Config::load(&path, env.clone()).expect("a config that loads");
        let wrong: Vec<_> = remarks
            .iter()
            .filter(|it| it.taken == Taken::Wrong)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stop = CancellationToken::new();
        let stopping = Stop {
            soon: stop.clone(),
            ..Stop::default()
        };
        let entrance = Entrance::plain(listener);
        let serving = serve::run(entrance, path, env, config, stopping);
        #[expect(clippy::disallowed_methods, reason = "awaited by `stop`")]
        let task = tokio::spawn(serving);
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "this one is a client of the gateway"
        )]
        let client = reqwest::Client::new();
        Self {
            url,
            folder,
            client,
            stop,
            task,
        }
    }

    /// A file of its plugins directory.
    pub fn plugin(&self, file: &str) -> PathBuf {
        self.folder.path().join("plugins").join(file)
    }

    /// `POST`s JSON.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .body(body.to_string());
        read(request.send().await).await
    }

    /// `GET`s.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn get(&self, path: &str) -> Answer {
        read(self.client.get(format!("{}{path}", self.url)).send().await).await
    }

    /// Stops it and gives what serving came to.
    ///
    /// # Panics
    /// If the gateway panicked.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.stop.cancel();
        self.task.await.expect("the gateway ends")
    }
}

async fn read(sent: reqwest::Result<reqwest::Response>) -> Answer {
    let response = sent.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a whole answer");
    Answer {
        status,
        headers,
        text,
    }
}
