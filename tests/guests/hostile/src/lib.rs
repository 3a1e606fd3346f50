//! A provider that does, by model name, what no provider should. The engine's tests show that
//! each is contained.

use std::hint::black_box;

use sluice_sdk::serde_json::json;
use sluice_sdk::{Call, Error, Outbound, Provider, Response, Step, fault, provider};

/// The provider.
pub struct Hostile;

impl Provider for Hostile {
    fn describe() -> String {
        json!({"name": "hostile", "version": "0.1.0", "providers": [{"name": "hostile", "operations": {"chat": {}}}]}).to_string()
    }

    fn start(call: &Call, _body: &str) -> Result<Step, Error> {
        let answer = match call.model.as_str() {
            "fine" => "fine".to_owned(),
            "loop" => endless(),
            "bomb" => bomb().to_string(),
            "recurse" => recurse(0).to_string(),
            "trap" => trap(),
            "panic" => panics(),
            "invalid" => {
                return Ok(Response {
                    body: sluice_sdk::Payload::Text("{\"choices\": [".into()),
                    content_type: None,
                    headers: Vec::new(),
                    usage: None,
                }
                .respond());
            }
            "large-output" => "x".repeat(40 << 20),
            "large-state" => return Ok(Outbound::get("/x").state("s".repeat(2 << 20)).send()),
            "log-flood" => {
                for line in 0..1_000 {
                    eprintln!("line {line}");
                }
                "flooded".to_owned()
            }
            "environment" => format!(
                "{:?} {:?}",
                std::env::vars().count(),
                std::env::var("HOME").is_ok()
            ),
            "files" => format!("{:?}", std::fs::read("/etc/passwd").map_err(|_| "refused")),
            "sockets" => format!(
                "{:?}",
                std::net::TcpStream::connect("127.0.0.1:80")
                    .map(drop)
                    .map_err(|_| "refused")
            ),
            other => return Err(fault::invalid_request(format!("no such deed: {other}"))),
        };
        Ok(Response::json(&json!({ "said": answer })).respond())
    }
}

fn endless() -> String {
    let mut number = 0u64;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}

fn bomb() -> usize {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(black_box(vec![1; 1 << 20]));
        if held.len() == usize::MAX {
            return held.len();
        }
    }
}

#[expect(unconditional_recursion, reason = "that is the deed")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth + 1) + frame[(depth % 64) as usize]
}

fn trap() -> String {
    std::process::abort()
}

#[expect(clippy::panic, reason = "that is the deed")]
fn panics() -> String {
    panic!("on purpose")
}

provider!(Hostile);
