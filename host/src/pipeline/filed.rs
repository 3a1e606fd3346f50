//! Where the bytes of a file come from: an upstream that is relayed, or lines that a plugin writes of
//! the upstream's.

use bytes::Bytes;

use super::source::Source;
use crate::domain::Fault;
use crate::upstream::UpstreamReply;

/// The bytes of a file, as they come.
pub enum Filed {
    Relayed(Box<UpstreamReply>),
    Lines(Box<Lines>),
}

/// Events, each a line.
pub struct Lines {
    source: Source,
    /// What the upstream failed with after the last lines.
    failure: Option<Fault>,
    ended: bool,
}

impl Filed {
    pub fn relayed(reply: UpstreamReply) -> Self {
        Self::Relayed(Box::new(reply))
    }

    pub fn lines(source: Source) -> Self {
        Self::Lines(Box::new(Lines {
            source,
            failure: None,
            ended: false,
        }))
    }

    pub fn content_type(&self) -> &str {
        match self {
            Self::Relayed(reply) => reply.content_type(),
            Self::Lines(_) => "application/jsonl",
        }
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// The upstream broke off, or the plugin cannot read what it sends.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        match self {
            Self::Relayed(reply) => reply.chunk().await,
            Self::Lines(lines) => lines.next().await,
        }
    }
}

impl Lines {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        while self.failure.is_none() && !self.ended {
            let read = self.source.next().await?;
            (self.failure, self.ended) = (read.failure, read.last);
            let mut text = String::new();
            for event in read.events {
                text.push_str(&event.data);
                text.push('\n');
            }
            if !text.is_empty() {
                return Ok(Some(Bytes::from(text)));
            }
        }
        self.failure.take().map_or(Ok(None), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ErrorKind;
    use crate::pipeline::source::Events;
    use crate::pipeline::writer::Event;

    fn lines(texts: &[&str], failure: Option<Fault>) -> Filed {
        let events = texts.iter().map(|it| Event {
            name: String::new(),
            data: (*it).to_owned(),
        });
        Filed::lines(Source::Ready(Box::new(Events {
            events: events.collect(),
            failure,
            last: true,
            ..Events::default()
        })))
    }

    #[tokio::test]
    async fn each_event_is_a_line_and_a_failure_ends_the_file_behind_them() {
        let mut whole = lines(&["{1}", "{2}"], None);
        assert_eq!(whole.chunk().await.unwrap().unwrap(), "{1}\n{2}\n");
        assert_eq!(whole.chunk().await.unwrap(), None);
        let broken = Fault::upstream(ErrorKind::Upstream, "no");
        let mut cut = lines(&["{1}"], Some(broken));
        assert_eq!(cut.chunk().await.unwrap().unwrap(), "{1}\n");
        assert!(cut.chunk().await.is_err());
        assert_eq!(lines(&[], None).chunk().await.unwrap(), None);
    }
}
