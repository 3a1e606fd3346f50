//! PgBouncer in transaction mode before a PostgreSQL server, for one run of the tests.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::services::{self, Owner};
use crate::tools::{self, Tool};

/// Where the tests find it.
pub const POOLED_URL: &str = "SLUICE_TEST_PGBOUNCER_URL";

const PROGRAM: Tool = Tool {
    program: "pgbouncer",
    packages: &["pgbouncer"],
};

/// A PgBouncer on a loopback port.
#[derive(Debug)]
pub struct Bouncer {
    folder: PathBuf,
    server: Child,
    url: String,
}

/// Where the server is that it stands before.
struct Before<'a> {
    user: &'a str,
    password: &'a str,
    host: &'a str,
    port: &'a str,
    rest: &'a str,
}

impl<'a> Before<'a> {
    /// Reads `postgres://user:password@host:port/database`.
    fn read(url: &'a str) -> Option<Self> {
        let (_, after) = url.split_once("://")?;
        let (who, place) = after.rsplit_once('@')?;
        let (user, password) = who.split_once(':')?;
        let (place, rest) = place.split_once('/')?;
        let (host, port) = place.split_once(':').unwrap_or((place, "5432"));
        Some(Self {
            user,
            password,
            host,
            port,
            rest,
        })
    }
}

impl Bouncer {
    /// Starts one before the server of this URL, installing it first where that is allowed. An error
    /// says what is missing.
    pub fn start(server: &str) -> Result<Self, String> {
        let before = Before::read(server).ok_or("the server's URL has not all of its parts")?;
        tools::ensure(PROGRAM)?;
        let owner = services::owner()?;
        let folder = services::folder("pgbouncer", owner)?;
        let started = Self::start_in(folder.clone(), &before, owner);
        if started.is_err() && folder.exists() && fs::remove_dir_all(&folder).is_err() {
            eprintln!("xtask: {} is left over", folder.display());
        }
        started
    }

    fn start_in(
        folder: PathBuf,
        before: &Before<'_>,
        owner: Option<Owner>,
    ) -> Result<Self, String> {
        let said = |cause: std::io::Error| format!("PgBouncer could not be prepared: {cause}");
        let port = services::free_port().map_err(said)?;
        let users = folder.join("users");
        let config = folder.join("config");
        let settings = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\n\
             pool_mode = transaction\nmax_client_conn = 1000\ndefault_pool_size = 4\n\
             server_idle_timeout = 5\n",
            before.host,
            before.port,
            users.display()
        );
        let user = format!("\"{}\" \"{}\"\n", before.user, before.password);
        for (path, text) in [(&config, settings), (&users, user)] {
            fs::write(path, text).map_err(said)?;
            if let Some(owner) = owner {
                chown(path, Some(owner.user), Some(owner.group)).map_err(said)?;
            }
        }
        // Debian keeps it where only root looks.
        let path = std::env::var("PATH").unwrap_or_default();
        let mut program = Command::new(PROGRAM.program);
        program.env("PATH", format!("{path}:/usr/sbin"));
        program.current_dir(&folder).arg(&config);
        if let Some(owner) = owner {
            program.uid(owner.user).gid(owner.group);
        }
        program.stdout(Stdio::null()).stderr(Stdio::piped());
        let server = program.spawn();
        let mut server = server.map_err(|cause| format!("PgBouncer did not start: {cause}"))?;
        let ready = server.stderr.take();
        let ready = ready.map(|log| services::until_said(log, "process up"));
        let Before {
            user,
            password,
            rest,
            ..
        } = before;
        let this = Self {
            folder,
            server,
            url: format!("postgres://{user}:{password}@127.0.0.1:{port}/{rest}"),
        };
        match ready {
            Some(Ok(())) => Ok(this),
            Some(Err(log)) => Err(format!("PgBouncer did not start:\n{log}")),
            None => Err("PgBouncer did not start".to_owned()),
        }
    }

    /// Its address, with the user and database of the server behind it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        if self.server.kill().is_err() || self.server.wait().is_err() {
            eprintln!(
                "xtask: PgBouncer still runs as process {}",
                self.server.id()
            );
        }
        if fs::remove_dir_all(&self.folder).is_err() {
            eprintln!("xtask: {} is left over", self.folder.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_url_falls_into_its_parts() {
        let read = Before::read("postgres://u:p@127.0.0.1:5433/postgres").unwrap();
        let parts = (read.user, read.password, read.host, read.port, read.rest);
        assert_eq!(parts, ("u", "p", "127.0.0.1", "5433", "postgres"));
        assert_eq!(Before::read("postgres://u:p@h/d?a=b").unwrap().port, "5432");
        assert!(Before::read("postgres://h/d").is_none());
    }
}
