//! Streams held open: an upstream of its own sends one event a second on each, with the time it
//! was sent; the client says how late it came.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::http::{self, Connection};
use crate::{Failure, percentile};

pub(crate) struct Plan {
    pub model: String,
    pub streams: usize,
    pub length: Duration,
}

/// Streams that are being opened at the same time.
const OPENING: usize = 100;

const PATH: &str = "/v1/chat/completions";

pub(crate) async fn run(
    gateway: &str,
    key: &str,
    upstream: &str,
    plan: Plan,
) -> Result<String, Failure> {
    let origin = Instant::now();
    let listener = TcpListener::bind(upstream).await?;
    let mut served = JoinSet::new();
    served.spawn(serve(listener, origin, plan.length));
    let body = format!(
        r#"{{"model":"{}","stream":true,"messages":[{{"role":"user","content":"hold"}}]}}"#,
        plan.model
    );
    let request = Arc::new(http::post(PATH, key, body.as_bytes()));
    let opening = Arc::new(Semaphore::new(OPENING));
    let mut clients = JoinSet::new();
    let (opened, mut all_open) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..plan.streams {
        let (request, opening) = (Arc::clone(&request), Arc::clone(&opening));
        let (gateway, opened) = (gateway.to_owned(), opened.clone());
        clients.spawn(async move {
            let turn = opening.acquire_owned().await?;
            let mut connection = Connection::open(&gateway).await?;
            connection.write(&request).await?;
            let head = connection.head().await?;
            if !head.starts_with("http/1.1 200") {
                return Err(head.into());
            }
            let first = connection.chunk().await?;
            drop((turn, first));
            let _ = opened.send(());
            listen(connection, origin).await
        });
    }
    for _ in 0..plan.streams {
        tokio::select! {
            _ = all_open.recv() => {}
            Some(failed) = clients.join_next() => return Err(failed?.err().unwrap_or("a stream ended too early".into())),
        }
    }
    // Whoever started this looks at the gateway's memory now.
    println!("held");
    let mut delays = Vec::new();
    while let Some(done) = clients.join_next().await {
        delays.extend(done??);
    }
    delays.sort_unstable();
    Ok(format!(
        "streams={} events={} p50_ms={:.3} p99_ms={:.3} max_ms={:.3}",
        plan.streams,
        delays.len(),
        percentile(&delays, 0.5),
        percentile(&delays, 0.99),
        percentile(&delays, 1.0)
    ))
}

/// Reads a stream to its end, and how late each event was.
async fn listen(mut connection: Connection, origin: Instant) -> Result<Vec<Duration>, Failure> {
    let mut delays = Vec::new();
    loop {
        let chunk = connection.chunk().await?;
        if chunk.is_empty() {
            return Err("a stream ended without its end marker".into());
        }
        let now = origin.elapsed();
        let text = String::from_utf8_lossy(&chunk);
        for (_, rest) in text
            .match_indices("\"content\":\"at ")
            .map(|(at, it)| (at, text.get(at + it.len()..).unwrap_or_default()))
        {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            delays.push(now.saturating_sub(Duration::from_nanos(digits.parse()?)));
        }
        if text.contains("[DONE]") {
            return Ok(delays);
        }
    }
}

async fn serve(listener: TcpListener, origin: Instant, length: Duration) -> Result<(), Failure> {
    let mut streams = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        streams.spawn(hold(Connection::from(stream), origin, length));
        while streams.try_join_next().is_some() {}
    }
}

async fn hold(mut client: Connection, origin: Instant, length: Duration) -> Result<(), Failure> {
    let head = client.head().await?;
    client.take(http::length(&head).unwrap_or(0)).await?;
    let start = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    client.write(start.as_bytes()).await?;
    // A token at once: the gateway gives nothing on before it.
    client.write(&event("held", "null")).await?;
    let begun = Instant::now();
    let mut due = begun;
    while begun.elapsed() < length {
        due += Duration::from_secs(1);
        tokio::time::sleep_until(due).await;
        let said = format!("at {}", origin.elapsed().as_nanos());
        client.write(&event(&said, "null")).await?;
    }
    client.write(&event("", "\"stop\"")).await?;
    client.write(&chunk("data: [DONE]\n\n")).await?;
    client.write(b"0\r\n\r\n").await
}

fn event(content: &str, finish: &str) -> Vec<u8> {
    chunk(&format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o\",\
         \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":{finish}}}]}}\n\n"
    ))
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}
