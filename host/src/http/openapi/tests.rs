//! The document is whole, and nothing is served that it does not have.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::listed::{self, key};
use super::{areas, document};
use crate::{manage, reports};

fn known() -> BTreeSet<String> {
    let all = listed::all().into_iter();
    all.map(|it| key(it.method.as_str(), &it.path)).collect()
}

/// Paths that are routed by a text of the sources, with the names of places left out.
fn routed(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/http")
        .join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let calls = text.split(".route(").skip(1);
    let paths = calls.filter_map(|it| it.trim_start().strip_prefix('"')?.split('"').next());
    paths.map(|it| it.replace("{*", "{")).collect()
}

#[test]
fn every_route_has_a_summary_and_an_id_of_its_own() {
    let mut ids = BTreeSet::new();
    for it in listed::all() {
        assert!(
            !it.summary().is_empty(),
            "{} {}: summaries.tsv",
            it.method,
            it.path
        );
        assert!(ids.insert(it.id()), "{} stands twice", it.id());
    }
    assert!(ids.len() > 350, "{}", ids.len());
}

#[test]
fn no_path_stands_twice_under_other_names_of_its_places() {
    let paths: BTreeSet<String> = listed::all().into_iter().map(|it| it.path).collect();
    let plain: BTreeSet<String> = paths.iter().map(|it| key("", it)).collect();
    assert_eq!(paths.len(), plain.len());
}

#[test]
fn every_operation_of_management_and_reports_is_in_the_document() {
    let known = known();
    let manage = manage::OPERATIONS
        .iter()
        .map(|it| (format!("{:?}", it.0).to_uppercase(), it.1));
    let public = manage::PUBLIC
        .iter()
        .map(|it| (format!("{:?}", it.0).to_uppercase(), it.1));
    let reports = reports::OPERATIONS
        .iter()
        .map(|it| (it.0.to_string(), it.1));
    for (method, path) in manage.chain(public).chain(reports) {
        assert!(known.contains(&key(&method, path)), "{method} {path}");
    }
}

#[test]
fn every_route_that_is_written_out_in_the_sources_is_in_the_document() {
    let paths: BTreeSet<String> = listed::all().iter().map(|it| key("", &it.path)).collect();
    // Below them the path says what is asked for.
    let open = ["/openai/deployments/{rest}", "/engines/{rest}"];
    let mut seen = 0;
    for file in [
        "routes.rs",
        "guardrails.rs",
        "entry/mod.rs",
        "openapi/mod.rs",
    ] {
        for path in routed(file) {
            seen += 1;
            let listed = paths.contains(&key("", &path)) || open.contains(&&*path);
            assert!(listed, "{file}: {path}");
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn every_group_is_described_and_used() {
    let used: BTreeSet<&str> = listed::all()
        .iter()
        .map(|it| areas::tag(it.class.area))
        .collect();
    let described: BTreeSet<&str> = areas::TAGS.iter().map(|it| it.0).collect();
    assert_eq!(used, described);
}

#[test]
fn what_operations_ask_for_is_in_the_document() {
    let document = document::whole();
    let at = |pointer: &str| document.pointer(pointer).unwrap_or(&Value::Null).clone();
    let generate = "/paths/~1key~1generate/post/requestBody/content/application~1json";
    assert_eq!(
        at(&format!("{generate}/schema/properties/max_budget/minimum")),
        0
    );
    assert_eq!(at(&format!("{generate}/example/key_alias")), "made");
    let chat = "/paths/~1v1~1chat~1completions/post/requestBody/content/application~1json/schema";
    assert_eq!(at(&format!("{chat}/properties/logprobs/type/0")), "boolean");
    assert_eq!(
        at(&format!("{chat}/required")),
        serde_json::json!(["model", "messages"])
    );
    let parameters = at("/paths/~1key~1list/get/parameters");
    let size = parameters
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "size")
        .unwrap();
    assert_eq!(size["schema"]["maximum"], 100);
    assert_eq!(
        at("/paths/~1health~1liveliness/get/security"),
        serde_json::json!([])
    );
    assert_eq!(
        at("/paths/~1team~1{team_id}/patch/parameters/0/name"),
        "team_id"
    );
}
