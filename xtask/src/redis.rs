//! A Redis server for the tests, started for one run and gone after it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::services::{free_port, password};
use crate::tools::{self, REDIS};

/// Where the tests find their Redis.
pub const REDIS_URL: &str = "SLUICE_TEST_REDIS_URL";

/// A Redis server on a loopback port, which writes nothing to disk.
#[derive(Debug)]
pub struct Redis {
    folder: PathBuf,
    server: Child,
    url: String,
}

impl Redis {
    /// Starts a server, installing it first where that is allowed. An error says what is missing.
    pub fn start() -> Result<Self, String> {
        tools::ensure(REDIS)?;
        let said = |cause: std::io::Error| format!("Redis could not be prepared: {cause}");
        let folder = std::env::temp_dir().join(format!("sluice-redis-{}", std::process::id()));
        fs::create_dir(&folder).map_err(said)?;
        let (password, port) = (password().map_err(said)?, free_port().map_err(said)?);
        let mut server = Command::new(REDIS.program);
        server.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        server.args(["--port", &port.to_string(), "--requirepass", &password]);
        server.arg("--dir").arg(&folder).current_dir(&folder);
        let server = server
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|cause| format!("redis-server could not be started: {cause}"))?;
        let url = format!("redis://:{password}@127.0.0.1:{port}/0");
        let mut this = Self {
            folder,
            server,
            url,
        };
        match this.server.stdout.take().map(until_ready) {
            Some(Ok(())) => Ok(this),
            Some(Err(log)) => Err(format!("Redis did not start:\n{log}")),
            None => Err("Redis did not start".to_owned()),
        }
    }

    /// Its address, with its password.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It holds nothing that somebody wants to see again.
        let killed = self.server.kill().and_then(|()| self.server.wait());
        if killed.is_err() {
            eprintln!("xtask: Redis still runs as process {}", self.server.id());
        }
        if fs::remove_dir_all(&self.folder).is_err() {
            eprintln!("xtask: {} is left over", self.folder.display());
        }
    }
}

/// Waits until the server says that it is ready, then reads on so that it can. An error is what it
/// said instead.
fn until_ready(log: ChildStdout) -> Result<(), String> {
    let mut lines = BufReader::new(log).lines();
    let mut said = String::new();
    for line in lines.by_ref() {
        let line = line.map_err(|cause| cause.to_string())?;
        if line.contains("eady to accept connections") {
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(());
        }
        said.push_str(&line);
        said.push('\n');
    }
    Err(said)
}
