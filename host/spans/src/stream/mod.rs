//! The text of a stream, as it comes and as it goes on.
//!
//! Events go in, their text is taken out as pieces; what a guardrail gives back is put into events
//! again. An event without text keeps its place: what ends a text waits until all of it is out, and
//! what repeats a text says what was written, never what came.

mod added;
mod chat;
mod chunk;
mod entry;
mod google;
mod lane;
mod messages;
mod other;
mod queue;
mod responses;

use serde_json::Value;

use queue::Queue;

/// A piece of a streamed answer's text, in the contract's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub choice: u32,
    /// As in [`Span`](crate::Span).
    pub channel: String,
    /// The tool call's id, else empty. Text that is whole in its event, or that stands beside the
    /// text of its channel, has the place behind a `#`: it is not the continuation of anything.
    pub call: String,
    pub text: String,
}

/// What a dialect knows of its events.
trait Events {
    /// Queues an event; gives its text.
    fn take(&mut self, event: &Value, queue: &mut Queue) -> Vec<Piece>;

    /// Events for text, with its channel, that came back when its place had ended. `ends`: the
    /// events of the end, which may have to say it again.
    fn added(&mut self, _texts: Vec<(String, String)>, _ends: Vec<&mut Value>) -> Vec<Value> {
        Vec::new()
    }

    /// The event as it is written.
    fn written(&mut self, event: Value) -> Value {
        event
    }
}

/// A stream on its way through a guardrail.
///
/// For each batch of events: [`take`](Self::take) each, give the pieces to the guardrail,
/// [`put`](Self::put) what it gives back (also if that is nothing), and write the events that come.
/// At the end, after the guardrail's last pieces were put: [`finish`](Self::finish).
///
/// A piece that comes back belongs where its choice, channel and call say. It may be shorter, longer,
/// later or not come at all. What comes back for a text that the stream does not have goes to the
/// text of its channel, or nowhere.
///
/// ```
/// use serde_json::json;
/// use sluice_spans::Stream;
///
/// let mut stream = Stream::new("chat");
/// let mut pieces = stream.take(&json!({"choices": [{"index": 0, "delta": {"content": "I am <N1>"}}]}));
/// pieces[0].text = pieces[0].text.replace("<N1>", "Ada");
/// let events = stream.put(pieces);
/// assert_eq!(events[0]["choices"][0]["delta"]["content"], "I am Ada");
/// assert!(stream.finish().is_empty());
/// ```
pub struct Stream {
    events: Box<dyn Events + Send>,
    queue: Queue,
}

impl Stream {
    /// A stream of an operation's answer, in the client's dialect.
    pub fn new(operation: &str) -> Self {
        let mut queue = Queue::default();
        queue.strict = !matches!(operation, "chat" | "completions");
        let events: Box<dyn Events + Send> = match operation {
            "chat" | "completions" => Box::new(chat::Chunks::of(operation)),
            "messages" => Box::new(messages::Blocks::default()),
            "responses" => Box::new(responses::Items::default()),
            "generate-content" => Box::new(google::Parts::default()),
            _ => Box::new(other::Wholes::of(operation)),
        };
        Self { events, queue }
    }

    /// An event came: its text. The event itself comes out of [`put`](Self::put).
    pub fn take(&mut self, event: &Value) -> Vec<Piece> {
        self.events.take(event, &mut self.queue)
    }

    /// Text was let through: the events that may be written.
    pub fn put(&mut self, pieces: Vec<Piece>) -> Vec<Value> {
        for piece in &pieces {
            self.queue.pass(piece);
        }
        let out = self.queue.drain();
        self.written(out)
    }

    /// All text was let through: the rest of the events.
    pub fn finish(&mut self) -> Vec<Value> {
        let mut out = self.queue.drain_text();
        let stranded = self.queue.stranded();
        if !stranded.is_empty() {
            out.extend(self.events.added(stranded, self.queue.ends()));
        }
        out.extend(self.queue.drain_end());
        self.written(out)
    }

    fn written(&mut self, out: Vec<Value>) -> Vec<Value> {
        out.into_iter().map(|it| self.events.written(it)).collect()
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}
