//! Servers that the tests talk to, started for one run and gone after it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::{sh, tools};

/// Where the tests find their PostgreSQL.
pub const DATABASE_URL: &str = "SLUICE_TEST_DATABASE_URL";

/// Where Debian keeps the server's programs, one folder a version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// For tests: whether a server survives a power cut is not what they ask.
pub const FORGETFUL: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
];

/// A PostgreSQL server on a loopback port, with its data in a folder of its own.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    owner: Option<Owner>,
    server: Child,
    url: String,
}

/// Who runs a server where we are root, which it refuses to run as.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    pub user: u32,
    pub group: u32,
}

impl Postgres {
    /// Starts a server with settings beside its defaults, installing it first where that is
    /// allowed. An error says what is missing.
    pub fn start(settings: &[&str]) -> Result<Self, String> {
        let programs = programs()?;
        let owner = owner()?;
        let folder = folder("postgres", owner)?;
        let started = Self::start_in(folder.clone(), programs, owner, settings);
        if started.is_err() && folder.exists() && fs::remove_dir_all(&folder).is_err() {
            eprintln!("xtask: {} is left over", folder.display());
        }
        started
    }

    fn start_in(
        folder: PathBuf,
        programs: PathBuf,
        owner: Option<Owner>,
        settings: &[&str],
    ) -> Result<Self, String> {
        let said = |cause: std::io::Error| format!("PostgreSQL could not be prepared: {cause}");
        let password = password().map_err(said)?;
        let word = folder.join("password");
        fs::write(&word, &password).map_err(said)?;
        if let Some(owner) = owner {
            chown(&word, Some(owner.user), Some(owner.group)).map_err(said)?;
        }
        let data = folder.join("data");
        let mut initdb = command(&programs, "initdb", &folder, owner);
        initdb.args(["--no-sync", "--no-locale", "--encoding=UTF8"]);
        initdb.args(["--auth=scram-sha-256", "--username=sluice", "--pwfile"]);
        initdb.arg(&word).arg("-D").arg(&data);
        sh::run(initdb.stdout(Stdio::null()))?;
        let port = free_port().map_err(said)?;
        let program = command(&programs, "postgres", &folder, owner);
        let mut server = serve(program, &folder, port, settings)?;
        let ready = server.stderr.take();
        let ready = ready.map(|log| until_said(log, "ready to accept connections"));
        let this = Self {
            programs,
            folder,
            owner,
            server,
            url: format!("postgres://sluice:{password}@127.0.0.1:{port}/postgres"),
        };
        match ready {
            Some(Ok(())) => Ok(this),
            Some(Err(log)) => Err(format!("PostgreSQL did not start:\n{log}")),
            None => Err("PostgreSQL did not start".to_owned()),
        }
    }

    /// Its address, as a user who may do everything.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = command(&self.programs, "pg_ctl", &self.folder, self.owner);
        stop.args(["stop", "-s", "-m", "immediate", "-D"]);
        let stopped = sh::run(stop.arg(self.folder.join("data")));
        if stopped.is_err() && self.server.kill().is_err() {
            eprintln!(
                "xtask: PostgreSQL still runs as process {}",
                self.server.id()
            );
        }
        if self.server.wait().is_err() || fs::remove_dir_all(&self.folder).is_err() {
            eprintln!("xtask: {} is left over", self.folder.display());
        }
    }
}

fn serve(
    mut server: Command,
    folder: &Path,
    port: u16,
    settings: &[&str],
) -> Result<Child, String> {
    server.arg("-D").arg(folder.join("data"));
    server.args(["-p", &port.to_string()]);
    let always = [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=300",
    ];
    for setting in always.iter().chain(settings) {
        server.args(["-c", setting]);
    }
    server
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| format!("postgres could not be started: {cause}"))
}

/// Waits until a server says that it is ready, then reads on so that it can. An error is what it
/// said instead.
pub fn until_said(log: ChildStderr, ready: &str) -> Result<(), String> {
    let mut lines = BufReader::new(log).lines();
    let mut said = String::new();
    for line in lines.by_ref() {
        let line = line.map_err(|cause| cause.to_string())?;
        if line.contains(ready) {
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(());
        }
        said.push_str(&line);
        said.push('\n');
    }
    Err(said)
}

/// A program of the server, run as its owner in its folder.
fn command(programs: &Path, name: &str, folder: &Path, owner: Option<Owner>) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir(folder);
    if let Some(owner) = owner {
        command.uid(owner.user).gid(owner.group);
    }
    command
}

/// The folder of `initdb` and the rest, the newest version there is.
fn programs() -> Result<PathBuf, String> {
    if let Some(found) = newest() {
        return Ok(found);
    }
    println!("\n== PostgreSQL is missing: apt-get install postgresql");
    let installed = tools::install(&["postgresql"]);
    newest().ok_or_else(|| {
        let why = installed.err().unwrap_or_default();
        format!("PostgreSQL is missing and could not be installed ({why}); install: postgresql")
    })
}

fn newest() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let newest = versions
        .map(|it| it.path().join("bin"))
        .filter(|it| it.join("initdb").is_file())
        .max_by_key(|it| {
            let version = it.parent().and_then(Path::file_name)?;
            version.to_str()?.parse::<u32>().ok()
        });
    newest.or_else(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).find(|it| it.join("initdb").is_file())
    })
}

/// None: we are not root, and run the server ourselves.
pub fn owner() -> Result<Option<Owner>, String> {
    let us = fs::metadata("/proc/self").map_err(|cause| cause.to_string())?;
    if us.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|cause| cause.to_string())?;
    let find = |name: &str| {
        let line = users
            .lines()
            .find(|it| it.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some(Owner {
            user: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
        })
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .map(Some)
        .ok_or_else(|| "servers do not run as root, and there is no other user".to_owned())
}

/// A new folder for a server alone.
pub fn folder(name: &str, owner: Option<Owner>) -> Result<PathBuf, String> {
    let folder = std::env::temp_dir().join(format!("sluice-{name}-{}", std::process::id()));
    let make = || {
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        match owner {
            Some(owner) => chown(&folder, Some(owner.user), Some(owner.group)),
            None => Ok(()),
        }
    };
    make().map_err(|cause| format!("{} could not be made: {cause}", folder.display()))?;
    Ok(folder)
}

pub fn password() -> std::io::Result<String> {
    let mut bytes = [0u8; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
