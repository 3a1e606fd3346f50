//! What is in a release, as a CycloneDX document: every crate that is linked into the binary or into
//! one of the components that it carries, with its licence, the checksum that `Cargo.lock` holds it to,
//! and what it depends on. Cargo itself says what that is (`cargo tree`), so nothing has to be installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;

use crate::sh;

/// A crate by name and version.
type Package = (String, String);

/// Everything that cargo tells of what is linked.
#[derive(Debug, Default)]
struct Linked {
    licences: BTreeMap<Package, String>,
    uses: BTreeMap<Package, BTreeSet<Package>>,
}

/// The document of this version, built for `triple`.
///
/// # Errors
/// Cargo cannot tell what is linked.
pub fn of_release(version: &str, triple: &str) -> Result<String, String> {
    let root = ("sluice".to_owned(), version.to_owned());
    let mut linked = Linked::default();
    linked.read(&tree(&["sluice".to_owned()], triple)?)?;
    let components = tree(&plugins()?, "wasm32-wasip2")?;
    linked.read(&components)?;
    // The components are carried by the binary.
    let carried = components
        .lines()
        .filter_map(|line| line.strip_prefix("0\t"));
    let carried = carried.map(package).collect::<Result<Vec<_>, _>>()?;
    linked.uses.entry(root.clone()).or_default().extend(carried);
    let path = sh::root().join("Cargo.lock");
    let lock = std::fs::read_to_string(path).map_err(|cause| format!("Cargo.lock: {cause}"))?;
    linked.document(&root, &checksums(&lock))
}

/// The packages of the plugins that ship.
fn plugins() -> Result<Vec<String>, String> {
    let folder = sh::root().join("plugins");
    let entries = std::fs::read_dir(&folder).map_err(|cause| format!("plugins: {cause}"))?;
    let folders = entries
        .flatten()
        .filter(|it| it.path().join("Cargo.toml").is_file());
    let name = |it: std::fs::DirEntry| it.file_name().to_string_lossy().replace('_', "-");
    let mut names: Vec<String> = folders
        .map(|it| format!("sluice-plugin-{}", name(it)))
        .collect();
    names.sort();
    Ok(names)
}

/// Lines of depth, package and licence, with tabs between.
fn tree(packages: &[String], triple: &str) -> Result<String, String> {
    let mut command = Command::new(sh::cargo_program());
    command
        .current_dir(sh::root())
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "depth"])
        .args(["--format", "\t{p}\t{l}\t", "--target", triple]);
    for name in packages {
        command.args(["--package", name]);
    }
    sh::output(&mut command)
}

/// `serde v1.0.1`, with words of cargo's behind it.
fn package(text: &str) -> Result<Package, String> {
    let mut words = text.split_whitespace();
    let name = words.next();
    let version = words.next().and_then(|it| it.strip_prefix('v'));
    name.zip(version)
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .ok_or_else(|| format!("cargo tree says `{text}`, which names no package"))
}

impl Linked {
    fn read(&mut self, tree: &str) -> Result<(), String> {
        let mut path: Vec<Package> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let mut parts = line.split('\t');
            let depth = parts.next().and_then(|it| it.parse::<usize>().ok());
            let depth = depth.ok_or_else(|| format!("cargo tree says `{line}`"))?;
            let this = package(parts.next().unwrap_or_default())?;
            let licence = parts.next().unwrap_or_default().replace('/', " OR ");
            path.truncate(depth);
            if let Some(user) = path.last() {
                let used = self.uses.entry(user.clone()).or_default();
                used.insert(this.clone());
            }
            self.licences.insert(this.clone(), licence);
            path.push(this);
        }
        Ok(())
    }

    fn document(
        &self,
        root: &Package,
        checksums: &BTreeMap<Package, String>,
    ) -> Result<String, String> {
        let mut parts = Vec::new();
        for (package, licence) in self.licences.iter().filter(|(it, _)| *it != root) {
            parts.push(component(
                "library",
                package,
                licence,
                checksums.get(package),
            ));
        }
        let nothing = BTreeSet::new();
        let mut edges = Vec::new();
        for package in self.licences.keys() {
            let uses = self.uses.get(package).unwrap_or(&nothing);
            let uses: Vec<String> = uses.iter().map(|it| quoted(&purl(it))).collect();
            let uses = uses.join(", ");
            edges.push(format!(
                "{{\"ref\": {}, \"dependsOn\": [{uses}]}}",
                quoted(&purl(package))
            ));
        }
        let licence = self
            .licences
            .get(root)
            .ok_or_else(|| format!("cargo tree does not name {} {}", root.0, root.1))?;
        Ok(format!(
            "{{\n\"bomFormat\": \"CycloneDX\",\n\"specVersion\": \"1.5\",\n\"version\": 1,\n\
             \"metadata\": {{\"component\": {}}},\n\"components\": [\n{}\n],\n\"dependencies\": [\n{}\n]\n}}\n",
            component("application", root, licence, None),
            parts.join(",\n"),
            edges.join(",\n"),
        ))
    }
}

fn component(kind: &str, package: &Package, licence: &str, sum: Option<&String>) -> String {
    let (name, version) = (quoted(&package.0), quoted(&package.1));
    let purl = quoted(&purl(package));
    let mut text = format!(
        "{{\"type\": \"{kind}\", \"bom-ref\": {purl}, \"name\": {name}, \"version\": {version}, \"purl\": {purl}"
    );
    // Writing to a string does not fail.
    if !licence.is_empty() {
        let _ = write!(
            text,
            ", \"licenses\": [{{\"expression\": {}}}]",
            quoted(licence)
        );
    }
    if let Some(sum) = sum {
        let _ = write!(
            text,
            ", \"hashes\": [{{\"alg\": \"SHA-256\", \"content\": {}}}]",
            quoted(sum)
        );
    }
    text.push('}');
    text
}

fn purl((name, version): &Package) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// As JSON writes a text. Names, versions and licences have no control characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// By package, what `Cargo.lock` says a crate's archive hashes to.
fn checksums(lock: &str) -> BTreeMap<Package, String> {
    let mut found = BTreeMap::new();
    for part in lock.split("[[package]]").skip(1) {
        let value = |name: &str| {
            let line = part.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.strip_prefix(" = ")?.trim_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(sum)) =
            (value("name"), value("version"), value("checksum"))
        {
            found.insert((name, version), sum);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0\tsluice v0.1.0 (/home/me/sluice/host)\tMIT OR Apache-2.0\t\n\
                        1\tone v1.0.0\tMIT/Apache-2.0\t\n2\ttwo v2.0.0+x (proc-macro)\t\t\n1\ttwo v2.0.0+x (proc-macro)\t\t (*)\n";
    const LOCK: &str = "[[package]]\nname = \"one\"\nversion = \"1.0.0\"\nchecksum = \"abc\"\n\n\
                        [[package]]\nname = \"sluice\"\nversion = \"0.1.0\"\n";

    fn document() -> String {
        let mut linked = Linked::default();
        linked.read(TREE).unwrap();
        let root = ("sluice".to_owned(), "0.1.0".to_owned());
        linked.document(&root, &checksums(LOCK)).unwrap()
    }

    #[test]
    fn every_crate_stands_once_with_its_licence_and_checksum_and_no_path_of_the_machine() {
        let document = document();
        assert!(!document.contains("/home/me"), "{document}");
        assert_eq!(document.matches("\"type\": \"library\"").count(), 2);
        assert!(document.contains("{\"expression\": \"MIT OR Apache-2.0\"}], \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"abc\"}]"));
        assert!(document.contains("pkg:cargo/two@2.0.0%2Bx"));
    }

    #[test]
    fn what_depends_on_what_is_said() {
        let uses = "{\"ref\": \"pkg:cargo/sluice@0.1.0\", \"dependsOn\": [\"pkg:cargo/one@1.0.0\", \"pkg:cargo/two@2.0.0%2Bx\"]}";
        let document = document();
        assert!(document.contains(uses), "{document}");
    }

    #[test]
    fn what_is_no_tree_is_an_error() {
        assert!(Linked::default().read("nonsense").is_err());
        assert!(Linked::default().read("0\tnameless\t\t").is_err());
    }
}
