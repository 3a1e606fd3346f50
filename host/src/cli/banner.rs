//! What somebody who started the gateway at a terminal sees first.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What runs, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// None: it could not be asked.
    pub address: Option<SocketAddr>,
    pub tls: bool,
    /// `SERVER_ROOT_PATH`; empty: none.
    pub root_path: String,
    pub config: String,
    /// Without its password.
    pub database: String,
    pub groups: usize,
    pub deployments: usize,
    /// Plugins from the binary, and from the plugins directory.
    pub plugins: (usize, usize),
    pub guardrails: usize,
    pub callbacks: usize,
    /// Why only this machine may come in, if so.
    pub loopback_only: Option<&'static str>,
    pub has_ui: bool,
}

impl Banner {
    /// The address as a browser of this machine takes it.
    fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let Some(address) = self.address else {
            return format!("{scheme}, unknown");
        };
        let port = address.port();
        let root = self.root_path.trim_end_matches('/');
        match address.ip() {
            ip if ip.is_unspecified() || ip.is_loopback() => {
                format!("{scheme}://localhost:{port}{root}")
            }
            IpAddr::V6(ip) => format!("{scheme}://[{ip}]:{port}{root}"),
            ip => format!("{scheme}://{ip}:{port}{root}"),
        }
    }

    /// Who may come in.
    fn door(&self) -> String {
        match self.loopback_only {
            Some(why) => format!("this machine only: {why}"),
            None => "whoever has a key".to_owned(),
        }
    }
}

impl fmt::Display for Banner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url();
        writeln!(out)?;
        writeln!(out, "  sluice {}", env!("CARGO_PKG_VERSION"))?;
        writeln!(out)?;
        writeln!(out, "  API        {url}/v1")?;
        if self.has_ui {
            writeln!(out, "  Admin UI   {url}/ui")?;
        }
        writeln!(out, "  open to    {}", self.door())?;
        writeln!(out, "  config     {}", self.config)?;
        writeln!(out, "  database   {}", self.database)?;
        let (groups, deployments) = (self.groups, self.deployments);
        writeln!(
            out,
            "  models     {groups} model groups, {deployments} deployments"
        )?;
        let (bundled, files) = self.plugins;
        writeln!(out, "  plugins    {bundled} bundled, {files} from files")?;
        let (guardrails, callbacks) = (self.guardrails, self.callbacks);
        if guardrails + callbacks > 0 {
            writeln!(
                out,
                "  hooks      {guardrails} guardrails, {callbacks} callbacks"
            )?;
        }
        writeln!(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner() -> Banner {
        Banner {
            address: Some("0.0.0.0:4000".parse().unwrap()),
            tls: false,
            root_path: String::new(),
            config: "config.yaml".into(),
            database: "sqlite file a.db".into(),
            groups: 2,
            deployments: 3,
            plugins: (38, 1),
            guardrails: 0,
            callbacks: 0,
            loopback_only: None,
            has_ui: true,
        }
    }

    #[test]
    fn a_browser_of_this_machine_can_follow_it() {
        let text = banner().to_string();
        assert!(text.contains("http://localhost:4000/v1\n"), "{text}");
        assert!(text.contains("http://localhost:4000/ui\n"), "{text}");
        assert!(
            text.contains("38 bundled, 1 from files") && !text.contains("hooks"),
            "{text}"
        );
        let of = |address: &str, root: &str| {
            let (address, root_path) = (address.parse().ok(), root.to_owned());
            Banner {
                address,
                root_path,
                tls: true,
                ..banner()
            }
            .url()
        };
        assert_eq!(
            of("[2001:db8::1]:443", "/llm/"),
            "https://[2001:db8::1]:443/llm"
        );
        assert_eq!(of("10.0.0.5:80", ""), "https://10.0.0.5:80");
    }

    #[test]
    fn it_says_why_only_this_machine_comes_in() {
        let closed = Banner {
            loopback_only: Some("there is no master key"),
            has_ui: false,
            ..banner()
        };
        let text = closed.to_string();
        assert!(
            text.contains("this machine only: there is no master key"),
            "{text}"
        );
        assert!(!text.contains("/ui"), "{text}");
    }
}
