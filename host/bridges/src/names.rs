//! Names of tools that every provider takes: 64 letters of `a-z A-Z 0-9 _ -`. Longer and other ones
//! get a short name here and their own back in the answer.

use std::collections::HashMap;

/// The longest name that OpenAI takes.
const LONGEST: usize = 64;

/// Letters of the own name that a shortened one begins with.
const KEPT: usize = 55;

/// The client's names of tools whose names had to change.
#[derive(Debug, Clone, Default)]
pub struct Names {
    own: HashMap<String, String>,
}

impl Names {
    /// The name to send.
    pub fn short(&mut self, name: &str) -> String {
        let is_letter = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
        if name.len() <= LONGEST && !name.is_empty() && name.chars().all(is_letter) {
            return name.to_owned();
        }
        let letters = name.chars().map(|it| if is_letter(it) { it } else { '_' });
        let kept: String = letters.take(KEPT).collect();
        let short = format!("{kept}_{:08x}", digest(name) >> 32);
        self.own.insert(short.clone(), name.to_owned());
        short
    }

    /// Whether the name of any had to change.
    pub fn any(&self) -> bool {
        !self.own.is_empty()
    }

    /// The client's name of a tool.
    pub fn own<'n>(&'n self, name: &'n str) -> &'n str {
        self.own.get(name).map_or(name, String::as_str)
    }
}

/// FNV-1a: the same name must be shortened alike in every turn, on every machine.
pub fn digest(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_would_be_refused_change_and_come_back() {
        let mut names = Names::default();
        assert_eq!(names.short("get_weather-2"), "get_weather-2");
        let long = "mcp__".to_owned() + &"x".repeat(100);
        let other = long.clone() + "y";
        let (short, another) = (names.short(&long), names.short(&other));
        assert!(short.len() <= 64 && short != another);
        assert_eq!(names.own(&short), long);
        let dotted = names.short("files.read");
        assert!(dotted.starts_with("files_read_"));
        assert_eq!(names.own(&dotted), "files.read");
    }
}
