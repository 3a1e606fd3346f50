//! What the machine has: files that may be open, folders, the port.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use tokio::net::TcpListener;

use crate::cli::Doctor;
use crate::cli::report::Report;
use crate::config::{Config, Env};
use crate::loading::{data_directory, default_data_directory};
use crate::services::state_directory;
use crate::upstream::Upstream;

/// A call has its client's connection and its upstream's, and the gateway has some of its own.
const FILES_A_CALL: u64 = 3;
/// Below this a busy gateway meets the limit before anything else.
const ENOUGH_FILES: u64 = 4096;

/// How many files and connections may be open at the same time.
pub fn open_files(report: &mut Report) {
    const ROW: &str = "open files";
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    match soft_limit(&limits) {
        None => report.fine(ROW, "as many as this system has"),
        Some(soft) if soft >= ENOUGH_FILES => report.fine(ROW, format!("{soft}")),
        Some(soft) => report.remark(
            ROW,
            format!(
                "{soft}, which is enough for some {} calls at once: `ulimit -n 65536` before the start, `LimitNOFILE=65536` in a unit of systemd, `--ulimit nofile=65536` for a container",
                soft / FILES_A_CALL
            ),
        ),
    }
}

/// The limit that counts, of Linux's table; none: there is no such limit.
fn soft_limit(limits: &str) -> Option<u64> {
    let mut lines = limits.lines();
    let line = lines.find_map(|it| it.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Where spend is journaled, and where machine code is kept.
pub fn folders(config: Option<&Config>, env: &Env, report: &mut Report) {
    let data = config.map_or_else(default_data_directory, data_directory);
    let state = state_directory(env);
    for (path, what, variable) in [
        (
            &state,
            "spend and the embedded database",
            "SLUICE_STATE_DIR",
        ),
        (&data, "machine code of plugins", "SLUICE_DATA_DIR"),
    ] {
        let shown = path.display();
        match writable(path) {
            Ok(()) => report.fine("folder", format!("{shown}: {what}")),
            Err(cause) => report.wrong(
                "folder",
                format!("{shown}: {cause}; {what} go there: let this user write it, or name another by `{variable}`"),
            ),
        }
    }
}

/// Tries to make a file there, or where the folder would be made.
fn writable(folder: &Path) -> std::io::Result<()> {
    let there = folder.ancestors().find(|it| it.is_dir());
    let there = there.unwrap_or_else(|| Path::new("."));
    let probe = there.join(format!(".doctor.{}", std::process::id()));
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&probe)?;
    std::fs::remove_file(&probe)
}

/// Whether the gateway could listen.
pub async fn port(options: &Doctor, config: &Config, report: &mut Report) {
    const ROW: &str = "port";
    let usual = match config.general.loopback_only() {
        Some(_) => Ipv4Addr::LOCALHOST,
        None => Ipv4Addr::UNSPECIFIED,
    };
    let host = options.host.unwrap_or(IpAddr::V4(usual));
    let address = SocketAddr::new(host, options.port);
    let cause = match TcpListener::bind(address).await {
        Ok(_) => return report.fine(ROW, format!("{address} is free")),
        Err(cause) => cause,
    };
    match cause.kind() {
        ErrorKind::AddrInUse if is_gateway(address).await => {
            report.fine(ROW, format!("{address}: a gateway answers there already"));
        }
        ErrorKind::AddrInUse => report.wrong(
            ROW,
            format!(
                "{address} is another program's: stop that, or name another with `--port` (`PORT`)"
            ),
        ),
        ErrorKind::PermissionDenied => report.wrong(
            ROW,
            format!(
                "{address} is not this user's to take: a port above 1023, and a proxy before it"
            ),
        ),
        _ => report.wrong(
            ROW,
            format!("{address}: {cause}; name an address of this machine with `--host` (`HOST`)"),
        ),
    }
}

/// Whether what listens there says that it is alive, as a gateway does.
async fn is_gateway(address: SocketAddr) -> bool {
    let host = match address.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    let url = format!(
        "http://{}/health/liveliness",
        SocketAddr::new(host, address.port())
    );
    let Ok(upstream) = Upstream::new() else {
        return false;
    };
    let said = upstream.fetch(&url).await;
    said.is_ok_and(|it| it.as_ref() == b"\"I'm alive!\"")
}

#[cfg(test)]
mod tests {
    use super::port as port_of;
    use super::*;

    const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units\n\
        Max processes             31000                31000                processes\n\
        Max open files            1024                 524288               files\n";

    #[test]
    fn the_limit_that_counts_is_the_first_one() {
        assert_eq!(soft_limit(LIMITS), Some(1024));
        assert_eq!(soft_limit(&LIMITS.replace("1024  ", "unlimited")), None);
        assert_eq!(soft_limit(""), None);
    }

    #[test]
    fn a_folder_that_is_not_there_is_made_where_one_may_write() {
        let folder = tempfile::tempdir().unwrap();
        assert!(writable(&folder.path().join("a/b")).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        // Not even root makes a file there.
        assert!(writable(Path::new("/proc/self/sluice")).is_err());
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_said_to_be_whose() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (config, _) = Config::parse("model_list: []", Env::default()).unwrap();
        let of = async |port: u16, host: &str| {
            let options = Doctor {
                config: None,
                host: host.parse().ok(),
                port,
                offline: true,
            };
            let mut report = Report::default();
            port_of(&options, &config, &mut report).await;
            report.render()
        };
        let port = taken.local_addr().unwrap().port();
        let hangs_up = async {
            while taken.accept().await.is_ok() {}
            String::new()
        };
        let said = tokio::select! {
            said = of(port, "127.0.0.1") => said,
            none = hangs_up => none,
        };
        assert!(
            said.contains("another program's") && said.contains("--port"),
            "{said}"
        );
        assert!(of(0, "127.0.0.1").await.contains("is free"));
        // An address of documents, which no machine has.
        assert!(of(0, "192.0.2.1").await.contains("--host"));
    }
}
