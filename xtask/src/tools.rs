//! Programs that the tests need and cargo does not bring.

use std::path::Path;
use std::process::Command;

use crate::sh;

/// A program, and the Debian packages that have it; none: Debian has none that is new enough.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    pub program: &'static str,
    pub packages: &'static [&'static str],
}

pub const PYTHON: Tool = Tool {
    program: "python3",
    packages: &["python3", "python3-venv"],
};
pub const NPM: Tool = Tool {
    program: "npm",
    packages: &["nodejs", "npm"],
};

/// For the guide that is run as it stands.
pub const CURL: Tool = Tool {
    program: "curl",
    packages: &["curl"],
};

/// 1.25 or newer, for the examples in Go; Debian 12 has 1.19.
pub const GO: Tool = Tool {
    program: "go",
    packages: &[],
};

pub const REDIS: Tool = Tool {
    program: "redis-server",
    packages: &["redis-server"],
};

/// Whether what the tests need must be there: elsewhere than in CI a part may be left out, and
/// is named.
pub fn must_run_all() -> bool {
    std::env::var("CI").is_ok_and(|it| !it.is_empty() && it != "false" && it != "0")
}

/// Installs programs where that is allowed; an error says what to install.
pub fn ensure_all(tools: &[Tool]) -> Result<(), String> {
    tools.iter().try_for_each(|tool| ensure(*tool))
}

/// Installs a program where that is allowed; an error says what to install.
pub fn ensure(tool: Tool) -> Result<(), String> {
    if found(tool.program) {
        return Ok(());
    }
    if tool.packages.is_empty() {
        let program = tool.program;
        return Err(format!(
            "`{program}` is missing and is in no package of Debian that is new enough; install it by hand"
        ));
    }
    let packages = tool.packages.join(" ");
    println!(
        "\n== {} is missing: apt-get install {packages}",
        tool.program
    );
    if install(tool.packages).is_ok() && found(tool.program) {
        return Ok(());
    }
    Err(format!(
        "`{}` is missing and could not be installed; install: {packages}",
        tool.program
    ))
}

/// Installs Debian packages, if this is a Debian and we may.
pub fn install(packages: &[&str]) -> Result<(), String> {
    sh::run(Command::new("apt-get").args(["update", "-qq"]))?;
    sh::run(
        Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// Whether a program is on the path, or where servers stand.
pub fn found(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([Path::new("/usr/sbin").to_owned()])
        .any(|folder| folder.join(program).is_file())
}
