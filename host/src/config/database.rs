//! How the database is connected to, beside its address.

use std::time::Duration;

use super::section::Section;

/// What stands in `general_settings`, which goes before what the address says of the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DatabaseUse {
    /// `database_connection_pool_limit`.
    pub connections: Option<u32>,
    /// `database_connection_timeout`: how long a connection is waited for.
    pub wait: Option<Duration>,
    /// `database_connect_timeout`: how long making one may take.
    pub connect: Option<Duration>,
    /// `database_disable_prepared_statements`: as behind PgBouncer.
    pub unprepared: bool,
}

impl DatabaseUse {
    pub fn read(section: &mut Section<'_>) -> Self {
        const LIMIT: &str = "database_connection_pool_limit";
        let connections = section.count(LIMIT);
        if connections == Some(0) {
            let text = "is 0, expected connections, at least 1";
            section.say(super::remarks::Taken::Wrong, LIMIT, text);
        }
        Self {
            connections: connections.filter(|it| *it > 0),
            wait: section.seconds("database_connection_timeout"),
            connect: section.seconds("database_connect_timeout"),
            unprepared: section.flag("database_disable_prepared_statements") == Some(true),
        }
    }

    /// Whether nothing is said.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}
