//! Words between replicas. One that is missed costs time and nothing else: limits that are not given
//! back end with their window, and what changed is read from the database every two seconds.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::limits::{LimitType, Scope, ScopeKind};
use crate::redis_link::cmd;

/// What one replica says to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Nothing is left of this limit: give back what is not used.
    Wanted { scope: Scope, limit_type: LimitType },
    /// The database has news.
    News,
}

const NEWS: &str = "news";

impl Word {
    pub(super) fn wanted(scope: &Scope, limit_type: LimitType) -> Self {
        let scope = scope.clone();
        Self::Wanted { scope, limit_type }
    }

    /// As it is said. Of a limit it is the limit's name too: JSON, so that no two are the same.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Wanted { scope, limit_type } => {
                let (kind, what) = (scope.kind.as_str(), limit_type.as_str());
                json!([what, kind, &*scope.id, scope.model.as_deref()]).to_string()
            }
            Self::News => NEWS.to_owned(),
        }
    }

    /// None: a replica of another version says something that this one does not know.
    fn parse(said: &[u8]) -> Option<Self> {
        if said == NEWS.as_bytes() {
            return Some(Self::News);
        }
        let [what, kind, id, model]: [Value; 4] = serde_json::from_slice(said).ok()?;
        let kind = ScopeKind::ALL.into_iter().find(|it| kind == it.as_str())?;
        let limit_type = LimitType::ALL.into_iter().find(|it| what == it.as_str())?;
        let mut scope = Scope::new(kind, id.as_str()?);
        if let Some(model) = model.as_str() {
            scope = scope.on_model(model);
        }
        Some(Self::Wanted { scope, limit_type })
    }
}

impl Shared {
    pub(super) fn channel(&self) -> String {
        self.key("words", "all")
    }

    /// Says something to every replica, this one among them. Nobody may hear it.
    pub(super) async fn say(&self, word: &Word) {
        let mut command = cmd("PUBLISH");
        command.arg(self.channel()).arg(word.text());
        drop(self.inner.link.ask::<i64>(&command).await);
    }

    /// This replica changed the database: the others will be told.
    pub fn has_news(&self) {
        self.inner.news.notify_one();
    }

    /// Tells the others of news until `stop`. News that come while it tells are told once more.
    pub async fn tell_news(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.inner.news.notified() => {}
            }
            self.say(&Word::News).await;
        }
    }

    /// Calls `heard` with all that replicas say, until `stop`. Whenever it begins to listen there
    /// may be news that nobody heard of.
    pub async fn listen(&self, heard: impl Fn(Word), stop: CancellationToken) {
        let joined = || heard(Word::News);
        let said = |said: &[u8]| {
            if let Some(word) = Word::parse(said) {
                heard(word);
            }
        };
        let channel = self.channel();
        self.inner.link.listen(&channel, joined, said, stop).await;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_said_is_understood(
            kind in 0..ScopeKind::ALL.len(), what in 0..LimitType::ALL.len(),
            id in "\\PC*", model in proptest::option::of("\\PC*"),
        ) {
            let mut scope = Scope::new(ScopeKind::ALL[kind], id);
            scope.model = model.map(Into::into);
            let word = Word::wanted(&scope, LimitType::ALL[what]);
            prop_assert_eq!(Word::parse(word.text().as_bytes()), Some(word));
        }

        #[test]
        fn nothing_else_is_understood(said in proptest::collection::vec(any::<u8>(), 0..99)) {
            prop_assert_eq!(Word::parse(&said), None);
        }
    }
}
