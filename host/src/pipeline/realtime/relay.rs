//! A session under way. Each direction waits for its own receiver only, so that a client that is slow
//! to listen may go on speaking, and none is read faster than it is heard.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, interval_at, sleep_until, timeout, timeout_at};

use super::dial::{Live, died};
use super::ending::Ending;
use super::event::{self, Event, Names, Told};
use super::tally::Tally;
use super::{Opened, Session, Stopping, Times};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::request::Dialect;
use crate::pipeline::settle::Settlement;
use crate::pipeline::stream::FaultWriter;
use crate::upstream::{Broken, Incoming, Message, Outgoing, Socket};

/// How often each side is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);

/// How long a side may say nothing, not even that it is there.
const SILENCE: Duration = Duration::from_secs(60);

/// Refusals of a client's events that wait to be told; it is not read on while there are more.
const REFUSALS: usize = 8;

/// How long an upstream may take to say farewell.
const FAREWELL: Duration = Duration::from_secs(2);

impl Opened {
    /// Passes events on until one side, or the gateway, ends the session; then it is counted and
    /// charged, and both sides are closed.
    pub async fn relay(self, mut client: Socket, stop: &Stopping) {
        let Self {
            live: Live { mut socket, first },
            mut session,
            ..
        } = self;
        let ending = session.run((&mut client, &mut socket), first, stop).await;
        // Before anybody hears of the end.
        let parting = session.end(ending);
        tokio::join!(parting.tell(client), leave(socket));
    }
}

async fn leave(mut upstream: Socket) {
    let left = async {
        let sent = upstream.outgoing.send(Message::Close(None)).await;
        while let (Ok(()), Some(Ok(_))) = (&sent, upstream.incoming.next().await) {}
    };
    let _ = timeout(FAREWELL, left).await;
}

/// What both directions know of.
struct Shared<'s> {
    tally: &'s Mutex<Tally>,
    names: &'s Names,
    write_fault: FaultWriter,
    /// When an event came last.
    spoke: Mutex<Instant>,
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    async fn run(
        &mut self,
        (client, upstream): (&mut Socket, &mut Socket),
        first: Option<Message>,
        stop: &Stopping,
    ) -> Ending {
        let shared = Shared {
            tally: &self.tally,
            names: &self.names,
            write_fault: self.write_fault,
            spoke: Mutex::new(Instant::now()),
        };
        let (refuse, refusals) = mpsc::channel(REFUSALS);
        let down = Down {
            shared: &shared,
            settlement: &mut self.settlement,
            refusals,
            stop,
        };
        tokio::select! {
            // What an upstream said at its end is heard before the end.
            biased;
            ending = down.run(first, &mut upstream.incoming, &mut client.outgoing) => ending,
            ending = up(&shared, refuse, (&mut client.incoming, &mut upstream.outgoing)) => ending,
            ending = clock(&shared, self.times, stop) => ending,
        }
    }
}

/// What the client says, to the upstream.
async fn up(
    shared: &Shared<'_>,
    refuse: mpsc::Sender<String>,
    (client, upstream): (&mut Incoming, &mut Outgoing),
) -> Ending {
    let (mut pings, mut there) = (pings(), Instant::now());
    loop {
        let sent = tokio::select! {
            came = timeout_at(there + SILENCE, client.next()) => {
                there = Instant::now();
                match came {
                    Ok(Some(Ok(Message::Text(text)))) => {
                        *locked(&shared.spoke) = there;
                        match shared.hear(&text) {
                            Ok(None) => upstream.send(Message::Text(text)).await,
                            Ok(Some(instead)) => upstream.send(Message::Text(instead.into())).await,
                            Err(fault) => {
                                let event = (shared.write_fault)(&fault, Dialect::Realtime);
                                // Nobody hears it where the session ends.
                                let _ = refuse.send(event).await;
                                Ok(())
                            }
                        }
                    }
                    Ok(Some(Ok(Message::Binary(_)))) => {
                        let message = "events are sent as text, not as bytes";
                        let fault = Fault::caller(ErrorKind::InvalidRequest, message);
                        let event = (shared.write_fault)(&fault, Dialect::Realtime);
                        let _ = refuse.send(event).await;
                        Ok(())
                    }
                    Ok(Some(Ok(Message::Ping | Message::Pong))) => Ok(()),
                    Ok(Some(Ok(Message::Close(_)))) => return Ending::ClientClosed,
                    Ok(Some(Err(Broken::TooLarge))) => return Ending::TooLarge,
                    Ok(Some(Err(Broken::Cut(_))) | None) | Err(_) => return Ending::ClientGone,
                }
            }
            _ = pings.tick() => upstream.send(Message::Ping).await,
        };
        if sent.is_err() {
            // Why it does not listen is heard by whoever reads it.
            std::future::pending::<()>().await;
        }
    }
}

impl Shared<'_> {
    /// Reads an event of the client; gives what goes on in its place, where that differs.
    fn hear(&self, text: &[u8]) -> Result<Option<String>, Fault> {
        let text = std::str::from_utf8(text).unwrap_or_default();
        let said = event::of_client(text, self.names)?;
        locked(self.tally).hear(&said);
        Ok(said.instead)
    }
}

/// What the upstream says, to the client.
struct Down<'s> {
    shared: &'s Shared<'s>,
    settlement: &'s mut Settlement,
    refusals: mpsc::Receiver<String>,
    stop: &'s Stopping,
}

impl Down<'_> {
    async fn run(
        mut self,
        first: Option<Message>,
        upstream: &mut Incoming,
        client: &mut Outgoing,
    ) -> Ending {
        let (mut pings, mut there) = (pings(), Instant::now());
        if let Some(Message::Text(text)) = first
            && let Err(ending) = self.pass(text, client).await
        {
            return ending;
        }
        loop {
            let answering = locked(self.shared.tally).is_answering();
            let sent = tokio::select! {
                came = timeout_at(there + SILENCE, upstream.next()) => {
                    there = Instant::now();
                    match came {
                        Ok(Some(Ok(Message::Text(text)))) => match self.pass(text, client).await {
                            Ok(()) => Ok(()),
                            Err(ending) => return ending,
                        },
                        Ok(Some(Ok(Message::Binary(bytes)))) => {
                            client.send(Message::Binary(bytes)).await
                        }
                        Ok(Some(Ok(Message::Ping | Message::Pong))) => Ok(()),
                        Ok(Some(Ok(Message::Close(said)))) => return Ending::UpstreamClosed(said),
                        Ok(Some(Err(broken))) => return Ending::UpstreamDied(died(&broken)),
                        Ok(None) => {
                            let broken = Broken::Cut("it ended without a word".to_owned());
                            return Ending::UpstreamDied(died(&broken));
                        }
                        Err(_) => return Ending::UpstreamDied(silent()),
                    }
                }
                Some(refusal) = self.refusals.recv() => {
                    client.send(Message::Text(refusal.into())).await
                }
                _ = pings.tick() => client.send(Message::Ping).await,
                () = self.stop.soon.cancelled(), if !answering => return Ending::Stopping,
            };
            if sent.is_err() {
                return Ending::ClientGone;
            }
        }
    }

    /// Counts an event, and passes it on.
    async fn pass(&mut self, text: bytes::Bytes, client: &mut Outgoing) -> Result<(), Ending> {
        *locked(&self.shared.spoke) = Instant::now();
        let (shown, over) = self.count(&text);
        let text = shown.map_or(text, bytes::Bytes::from);
        let sent = client.send(Message::Text(text)).await;
        match (over, sent) {
            (Some(fault), _) => Err(Ending::OverBudget(fault)),
            (None, Ok(())) => Ok(()),
            (None, Err(_)) => Err(Ending::ClientGone),
        }
    }

    /// Charges what an event tells; gives what the client gets in its place, where that differs, and
    /// whether a budget is used up by it.
    fn count(&mut self, text: &[u8]) -> (Option<String>, Option<Fault>) {
        let text = std::str::from_utf8(text).unwrap_or_default();
        let Some(event) = Event::of(text) else {
            return (None, None);
        };
        let told = event::told(&event);
        let used = locked(self.shared.tally).tell(&told);
        let mut over = None;
        if let Some((permit, trail)) = self.settlement.open_permit() {
            if matches!(told, Told::Begun) {
                permit.answering(trail);
            }
            if let Some(used) = used {
                over = permit.used(used, trail).err();
            }
        }
        let shown = match told {
            Told::Session(_) => event::to_client(&event, self.shared.names),
            Told::Error => self.without_key(text),
            _ => None,
        };
        (shown, over)
    }

    /// Some errors repeat the key.
    fn without_key(&mut self, text: &str) -> Option<String> {
        let line = self.settlement.trail().line.clone()?;
        let mut shown = text.to_owned();
        line.target.redact_text(&mut shown);
        (shown != text).then_some(shown)
    }
}

/// Ends a session by the clock, or with the gateway.
async fn clock(shared: &Shared<'_>, times: Times, stop: &Stopping) -> Ending {
    loop {
        let idle = *locked(&shared.spoke) + times.idle;
        tokio::select! {
            () = sleep_until(times.ends) => return Ending::TooLong,
            () = stop.now.cancelled() => return Ending::Stopping,
            () = sleep_until(idle) => {
                if *locked(&shared.spoke) + times.idle <= Instant::now() {
                    return Ending::Idle;
                }
            }
        }
    }
}

fn pings() -> Interval {
    interval_at(Instant::now() + PING, PING)
}

fn silent() -> Fault {
    let message = "the upstream of this session is not there any more";
    Fault::upstream(ErrorKind::Timeout, message)
}
