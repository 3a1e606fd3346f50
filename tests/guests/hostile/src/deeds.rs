//! What the guest does to itself and tries with the host. None: no such deed.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sluice_sdk::host::{Level, log};

static CALLS: AtomicU32 = AtomicU32::new(0);
static HEARD: Mutex<String> = Mutex::new(String::new());

/// Says what the caller before said.
pub fn gossip(body: &str) -> String {
    let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *heard, body.to_owned())
}

pub fn commit(deed: &str) -> Option<String> {
    Some(match deed {
        "loop" => endless(),
        "sleep" => {
            std::thread::sleep(Duration::from_secs(86_400));
            "rested".to_owned()
        }
        "bomb" => bomb().to_string(),
        "recurse" => recurse(0).to_string(),
        "trap" => std::process::abort(),
        "panic" => panics(),
        "large-output" => "x".repeat(40 << 20),
        // Little enough that its own copies of it fit into its memory.
        "long-output" => "x".repeat(4 << 20),
        "log-flood" => flood(),
        "log-forgery" => {
            log(Level::Info, "fine\nERROR all is lost\r\u{1b}[2J");
            log(Level::Info, &"long ".repeat(10_000));
            "forged".to_owned()
        }
        // What is kept in a global may meet another caller.
        "remember" => CALLS.fetch_add(1, Ordering::Relaxed).to_string(),
        "environment" => environment(),
        "files" => format!("{:?}", std::fs::read("/etc/passwd").map_err(|_| "refused")),
        "sockets" => connected("127.0.0.1:80"),
        other => connected(other.strip_prefix("connect-")?),
    })
}

#[expect(clippy::print_stderr, reason = "that is the deed")]
fn flood() -> String {
    for line in 0..1_000 {
        eprintln!("line {line}");
    }
    "flooded".to_owned()
}

#[expect(clippy::disallowed_methods, reason = "that is the deed")]
fn environment() -> String {
    let home = std::env::var("HOME").is_ok();
    format!("{} {home}", std::env::vars().count())
}

fn connected(address: &str) -> String {
    let connected = std::net::TcpStream::connect(address).map(drop);
    format!("{:?}", connected.map_err(|_| "refused"))
}

/// What an earlier call has left in the memory of this instance, where this one leaves its own.
pub fn remember(body: &str) -> String {
    static LEFT: Mutex<String> = Mutex::new(String::new());
    let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *left, body.to_owned())
}

fn endless() -> String {
    let mut number = 0u64;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}

/// Asks for memory and does not touch it: whatever the machine is doing, the limit on memory is
/// reached long before that on time.
fn bomb() -> usize {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(black_box(Vec::with_capacity(1 << 20)));
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

#[expect(clippy::panic, reason = "that is the deed")]
fn panics() -> String {
    panic!("on purpose")
}
