//! `cargo xtask release`: what is handed out of a version. A stripped binary in an archive with what an
//! operator needs beside it, a list of everything that is in the binary (CycloneDX), and checksums.
//! The same sources give the same archive, but for the binary, which is the compiler's.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{sbom, sh};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What goes with the binary, from the top of the repository.
const BESIDE: [&str; 11] = [
    "README.md",
    "README.zh-CN.md",
    "CHANGELOG.md",
    "LICENSE",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "config.example.yaml",
    "docs",
    "examples/grafana",
    "examples/prometheus",
    "examples/systemd",
];

/// What is asked for.
#[derive(Debug, Default)]
struct Options {
    /// A binary that is built already.
    binary: Option<PathBuf>,
    /// Where the files go; `target/dist` unless said.
    out: Option<PathBuf>,
}

/// Builds, unless a binary is given, and writes the files of the release.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let options = read(arguments)?;
    let triple = host_triple()?;
    let out = options.out.unwrap_or_else(|| sh::target_dir().join("dist"));
    let name = format!("sluice-{VERSION}-{triple}");
    let inside = out.join(&name);
    if inside.exists() {
        std::fs::remove_dir_all(&inside).map_err(|cause| at(&inside, &cause))?;
    }
    std::fs::create_dir_all(&inside).map_err(|cause| at(&inside, &cause))?;

    let list = sbom::of_release(VERSION, &triple)?;
    for path in [
        inside.join("sluice.cdx.json"),
        out.join(format!("{name}.cdx.json")),
    ] {
        std::fs::write(&path, &list).map_err(|cause| at(&path, &cause))?;
    }
    let binary = options.binary.map_or_else(build, Ok)?;
    stripped(&binary)?;
    let copy = inside.join("sluice");
    std::fs::copy(&binary, &copy).map_err(|cause| at(&binary, &cause))?;

    pack(&out, &name)?;
    std::fs::remove_dir_all(&inside).map_err(|cause| at(&inside, &cause))?;
    sum(&out, &name)?;
    println!("\n== {}", out.display());
    Ok(())
}

fn read(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut left = arguments.iter();
    while let Some(name) = left.next() {
        let place = match name.as_str() {
            "--binary" => &mut options.binary,
            "--out" => &mut options.out,
            _ => {
                return Err(format!(
                    "`{name}`: release takes --binary FILE and --out FOLDER"
                ));
            }
        };
        let value = left.next().ok_or_else(|| format!("{name} needs a value"))?;
        *place = Some(PathBuf::from(value));
    }
    Ok(options)
}

/// The binary without its symbols.
fn build() -> Result<PathBuf, String> {
    let stripped = [("CARGO_PROFILE_RELEASE_STRIP", "symbols")];
    sh::cargo_with(
        &["build", "--release", "--locked", "-p", "sluice"],
        stripped,
    )?;
    Ok(sh::target_dir().join("release/sluice"))
}

/// Refuses a binary that has its symbols, which nobody runs.
fn stripped(binary: &Path) -> Result<(), String> {
    let bytes = std::fs::read(binary).map_err(|cause| at(binary, &cause))?;
    match has_symbols(&bytes) {
        true => Err(format!(
            "{}: its symbols are in it; build it with CARGO_PROFILE_RELEASE_STRIP=symbols",
            binary.display()
        )),
        false => Ok(()),
    }
}

/// Whether this is a program of Linux (ELF, 64 bits, the low byte first) with a table of symbols.
fn has_symbols(bytes: &[u8]) -> bool {
    const MAGIC: &[u8] = b"\x7fELF\x02\x01";
    // Where the header has the place of the sections, the length of each, and their number.
    const PLACE: (usize, usize) = (0x28, 8);
    const LENGTH: (usize, usize) = (0x3a, 2);
    const NUMBER: (usize, usize) = (0x3c, 2);
    const SYMBOLS: usize = 2;
    let number = |(from, length): (usize, usize)| {
        let part = bytes.get(from..from.checked_add(length)?)?;
        let add = |sum: usize, byte: &u8| (sum << 8) | usize::from(*byte);
        Some(part.iter().rev().fold(0, add))
    };
    let kind = |section: usize| {
        let from = number(PLACE)?.checked_add(section.checked_mul(number(LENGTH)?)?)?;
        number((from.checked_add(4)?, 4))
    };
    bytes.starts_with(MAGIC) && (0..number(NUMBER).unwrap_or(0)).any(|it| kind(it) == Some(SYMBOLS))
}

/// The machine that is built for.
fn host_triple() -> Result<String, String> {
    let told = sh::output(Command::new("rustc").arg("-vV"))?;
    let line = told.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned)
        .ok_or_else(|| "rustc does not say its host".to_owned())
}

/// Names in their order, nobody's, and of no hour: the archive depends on its files alone.
fn pack(out: &Path, name: &str) -> Result<(), String> {
    let inside = format!("s,^,{name}/,");
    let mut command = Command::new("tar");
    command
        .args([
            "--create",
            "--sort=name",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
        ])
        .args([
            "--numeric-owner",
            "--mode=go=rX,u+rw",
            "--use-compress-program=gzip -n",
        ])
        .arg(format!("--transform={inside}"))
        .arg("--file")
        .arg(out.join(format!("{name}.tar.gz")))
        .arg("-C")
        .arg(out.join(name))
        .args(["sluice", "sluice.cdx.json", "-C"])
        .arg(sh::root())
        .args(BESIDE);
    sh::run(&mut command)
}

fn sum(out: &Path, name: &str) -> Result<(), String> {
    let files = [format!("{name}.cdx.json"), format!("{name}.tar.gz")];
    let sums = sh::output(Command::new("sha256sum").args(files).current_dir(out))?;
    let path = out.join("SHA256SUMS");
    std::fs::write(&path, sums).map_err(|cause| at(&path, &cause))
}

fn at(path: &Path, cause: &std::io::Error) -> String {
    format!("{}: {cause}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn an_option_that_there_is_not_or_that_lacks_its_value_is_named() {
        assert!(read(&words("--fast")).unwrap_err().contains("--fast"));
        assert!(read(&words("--out")).unwrap_err().contains("--out"));
        let read = read(&words("--binary a --out b")).unwrap();
        assert_eq!(read.binary, Some(PathBuf::from("a")));
        assert_eq!(read.out, Some(PathBuf::from("b")));
    }

    #[test]
    fn a_binary_with_its_symbols_is_refused_and_one_without_is_taken() {
        let ours = std::env::current_exe().unwrap();
        let folder = std::env::temp_dir().join(format!("sluice-release-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let less = folder.join("stripped");
        sh::run(Command::new("strip").arg("-o").arg(&less).arg(&ours)).unwrap();
        assert!(stripped(&ours).unwrap_err().contains("symbols"));
        assert_eq!(stripped(&less), Ok(()));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_goes_with_the_binary_is_there() {
        for name in BESIDE {
            assert!(sh::root().join(name).exists(), "{name}");
        }
    }
}
