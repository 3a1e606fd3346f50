//! Sound on its way to the client as it is made: no event holds it, so none can say that it broke
//! off, and the connection is broken off in its place.

use bytes::Bytes;
use tokio::time::Instant;

use super::answer::{CutOff, SoundStream};
use super::settle::Settlement;
use super::stream::MadeBy;
use crate::domain::{ErrorKind, Fault};
use crate::plugins::Outcome;
use crate::upstream::{Pieces, UpstreamReply};

/// Sound whose beginning is there.
pub struct Sound {
    first: Bytes,
    rest: Pieces,
    /// As the upstream names it.
    pub content_type: Option<String>,
}

impl Sound {
    /// Waits for the first piece.
    ///
    /// # Errors
    /// There is none.
    pub async fn begin(reply: UpstreamReply) -> Result<Self, Fault> {
        let content_type = Some(reply.content_type().to_owned());
        let mut rest = reply.pieces();
        let first = rest.next().await?.filter(|it| !it.is_empty());
        let first = first.ok_or_else(|| {
            Fault::upstream(ErrorKind::Upstream, "the upstream answered no sound")
        })?;
        Ok(Self {
            first,
            rest,
            content_type: content_type.filter(|it| !it.is_empty()),
        })
    }

    /// The pieces. The call is settled after the last one.
    pub fn into_stream(
        self,
        mut settlement: Box<Settlement>,
        (plugins, by): MadeBy,
    ) -> SoundStream {
        let Self {
            first, mut rest, ..
        } = self;
        Box::pin(async_stream::stream! {
            let mut next = Ok(Some(first));
            loop {
                match next {
                    Ok(Some(piece)) => yield Ok(piece),
                    Ok(None) => {
                        settlement.done(200);
                        break;
                    }
                    Err(mut fault) => {
                        if let Some(line) = &settlement.trail().line {
                            line.target.redact(&mut fault);
                            fault.provider = Some(line.provider.name.clone());
                        }
                        settlement.failed(200, &fault);
                        yield Err(CutOff);
                        break;
                    }
                }
                let began = Instant::now();
                next = rest.next().await;
                settlement.trail().upstream_time += began.elapsed();
            }
            plugins.report(&by, Outcome::Fine);
        })
    }
}
