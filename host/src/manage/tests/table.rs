//! The table of operations against the table of routes.

use std::collections::HashSet;

use crate::auth::{Gate, class_of};
use crate::manage::{Method, OPERATIONS, PUBLIC};

fn http(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    }
}

fn gate(method: Method, path: &str) -> Option<Gate> {
    let path = path.replace(['{', '}'], "");
    class_of(&http(method), &path).map(|it| it.gate)
}

#[test]
fn every_operation_has_a_gate_and_no_stranger_passes_it() {
    for (method, path, _) in OPERATIONS {
        let gate = gate(*method, path);
        assert!(
            gate.is_some_and(|it| it != Gate::Public),
            "{method:?} {path}: {gate:?}"
        );
    }
    for (method, path, _) in PUBLIC {
        assert_eq!(gate(*method, path), Some(Gate::Public), "{path}");
    }
}

#[test]
fn no_route_stands_twice() {
    let mut seen = HashSet::new();
    for (method, path, _) in OPERATIONS {
        assert!(seen.insert((*method, *path)), "{method:?} {path}");
    }
}
