//! Events of a stream, and how they are written.

use serde_json::Value;

/// One event to a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// With an event name, which is also the data's `type`.
    Named(&'static str, Value),
    /// Data alone.
    Data(Value),
    /// `[DONE]`.
    Done,
}

impl Event {
    /// As a server-sent event.
    pub fn sse(&self) -> String {
        match self {
            Self::Named(name, data) => format!("event: {name}\ndata: {data}\n\n"),
            Self::Data(data) => format!("data: {data}\n\n"),
            Self::Done => "data: [DONE]\n\n".to_owned(),
        }
    }

    /// The data, if it has some.
    pub const fn data(&self) -> Option<&Value> {
        match self {
            Self::Named(_, data) | Self::Data(data) => Some(data),
            Self::Done => None,
        }
    }
}

/// Writes events as one JSON array, as Google's API streams without `alt=sse`.
#[derive(Debug, Default)]
pub struct JsonArray {
    begun: bool,
}

impl JsonArray {
    /// The next entry.
    pub fn write(&mut self, event: &Event) -> String {
        let Some(data) = event.data() else {
            return String::new();
        };
        let before = if std::mem::replace(&mut self.begun, true) {
            ",\r\n"
        } else {
            "["
        };
        format!("{before}{data}")
    }

    /// The end. A stream that was cut off is not to get one.
    pub const fn end(&self) -> &'static str {
        if self.begun { "]" } else { "[]" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_of_events_is_json() {
        let mut array = JsonArray::default();
        let mut out = array.write(&Event::Data(1.into()));
        out += &array.write(&Event::Data(2.into()));
        out += array.end();
        assert_eq!(out, "[1,\r\n2]");
        assert_eq!(JsonArray::default().end(), "[]");
    }
}
