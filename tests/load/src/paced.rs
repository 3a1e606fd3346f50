//! Requests at a steady rate. A request's latency counts from the moment it was due, so that a
//! stall is seen by every request that it delays.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::http::Connection;
use crate::{Failure, percentile};

pub(crate) struct Plan {
    pub request: Vec<u8>,
    /// Requests a second, over all connections.
    pub rate: u32,
    pub connections: usize,
    pub length: Duration,
}

pub(crate) async fn run(address: &str, plan: Plan) -> Result<String, Failure> {
    let wanted = plan.rate as usize * plan.length.as_secs() as usize;
    let gap = Duration::from_secs(1) / plan.rate.max(1);
    let next = Arc::new(AtomicUsize::new(0));
    let request = Arc::new(plan.request);
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        connections.push(Connection::open(address).await?);
    }
    let begin = Instant::now() + Duration::from_millis(100);
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (next, request) = (Arc::clone(&next), Arc::clone(&request));
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= wanted {
                    return Ok::<_, Failure>(latencies);
                }
                let due = begin + gap * u32::try_from(number)?;
                tokio::time::sleep_until(due).await;
                connection.write(&request).await?;
                connection.answer().await?;
                latencies.push(due.elapsed());
            }
        });
    }
    let mut all = Vec::with_capacity(wanted);
    while let Some(done) = tasks.join_next().await {
        all.extend(done??);
    }
    all.sort_unstable();
    Ok(format!(
        "requests={} p50_ms={:.3} p99_ms={:.3}",
        all.len(),
        percentile(&all, 0.5),
        percentile(&all, 0.99)
    ))
}
