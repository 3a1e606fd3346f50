//! Texts cut to the size that a service takes, and packed into requests.

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'t> {
    /// Where it begins in the text, in characters (Unicode code points).
    pub at: usize,
    /// The piece itself.
    pub text: &'t str,
}

/// The weight of a letter where a service counts characters.
pub fn characters(_: char) -> usize {
    1
}

/// The weight of a letter in bytes of the JSON body that carries it.
pub fn json_bytes(letter: char) -> usize {
    match letter {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        control if control < ' ' => 6,
        other => other.len_utf8(),
    }
}

/// Cuts a text into pieces of at most `longest` by `weight`, each of one letter at least. A cut is at
/// white space if the second half of a piece has some. Each piece begins `overlap` characters
/// before the end of the one before it, at most at its middle: what stands across a cut is whole in
/// one of them. No overlap: the pieces together are the text.
pub fn cut(
    text: &str,
    weight: fn(char) -> usize,
    longest: usize,
    overlap: usize,
) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut at, mut rest) = (0, text);
    loop {
        let (piece, letters) = first(rest, weight, longest);
        pieces.push(Piece { at, text: piece });
        if piece.len() >= rest.len() {
            return pieces;
        }
        let back = overlap.min(letters / 2);
        let shared = back.checked_sub(1);
        let shared = shared.and_then(|nth| piece.char_indices().rev().nth(nth));
        let next = shared.map_or(piece.len(), |(byte, _)| byte);
        at += letters - back;
        rest = rest.get(next..).unwrap_or_default();
    }
}

/// The first piece of a text, and its length in letters.
fn first(text: &str, weight: fn(char) -> usize, longest: usize) -> (&str, usize) {
    let (mut sum, mut letters) = (0, 0);
    // Behind the last white space: letters and bytes.
    let mut blank = (0, 0);
    for (byte, letter) in text.char_indices() {
        sum += weight(letter);
        if sum > longest && letters > 0 {
            let (near, end) = match blank.0 * 2 > letters {
                true => blank,
                false => (letters, byte),
            };
            return (text.get(..end).unwrap_or_default(), near);
        }
        letters += 1;
        if letter.is_whitespace() {
            blank = (letters, byte + letter.len_utf8());
        }
    }
    (text, letters)
}

/// Packs things into batches in their order: at most `most` each, and of `largest` in sum by `size`.
/// One that is larger by itself is a batch of its own.
pub fn pack<T>(
    things: impl IntoIterator<Item = T>,
    size: impl Fn(&T) -> usize,
    (most, largest): (usize, usize),
) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut sum = 0;
    for thing in things {
        let more = size(&thing);
        match batches.last_mut() {
            Some(batch) if batch.len() < most && sum + more <= largest => {
                sum += more;
                batch.push(thing);
            }
            _ => {
                sum = more;
                batches.push(vec![thing]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, longest: usize, overlap: usize) -> Vec<&str> {
        let pieces = cut(text, characters, longest, overlap);
        pieces.iter().map(|it| it.text).collect()
    }

    #[test]
    fn a_short_text_is_one_piece_and_a_long_one_is_cut_at_its_blanks() {
        assert_eq!(texts("", 3, 0), [""]);
        assert_eq!(texts("abc", 3, 0), ["abc"]);
        assert_eq!(texts("aaa bbb ccc", 8, 0), ["aaa bbb ", "ccc"]);
        assert_eq!(texts("aaaaaaa", 3, 0), ["aaa", "aaa", "a"]);
    }

    #[test]
    fn pieces_without_overlap_are_the_text() {
        let text = "Zoë schreibt: 𝔘nicode, \"quotes\"\nand lines. ".repeat(40);
        for longest in 1..60 {
            for weight in [characters as fn(char) -> usize, json_bytes] {
                let pieces = cut(&text, weight, longest, 0);
                let joined: String = pieces.iter().map(|it| it.text).collect();
                assert_eq!(joined, text, "{longest}");
                let weigh = |it: &str| it.chars().map(weight).sum::<usize>();
                let fits =
                    |it: &Piece<'_>| weigh(it.text) <= longest || it.text.chars().nth(1).is_none();
                assert!(pieces.iter().all(fits), "{longest}");
            }
        }
    }

    #[test]
    fn what_stands_across_a_cut_is_whole_in_the_next_piece_and_places_are_in_characters() {
        let text = "ééééé Ada Lovelace ééééé";
        let pieces = cut(text, characters, 14, 7);
        assert!(pieces.iter().any(|it| it.text.contains("Lovelace")));
        for piece in &pieces {
            let same: String = text.chars().skip(piece.at).collect();
            assert!(same.starts_with(piece.text), "{piece:?}");
        }
    }

    #[test]
    fn json_bytes_are_those_that_are_sent() {
        let text = "a\"b\\c\n\u{1}é𝔘";
        let sent = serde_json::Value::from(text).to_string().len() - 2;
        assert_eq!(text.chars().map(json_bytes).sum::<usize>(), sent);
    }

    #[test]
    fn batches_have_a_number_and_a_size() {
        let size = |it: &&str| it.len();
        let packed = pack(["aa", "b", "cccccc", "d", "e"], size, (2, 4));
        assert_eq!(packed, [vec!["aa", "b"], vec!["cccccc"], vec!["d", "e"]]);
        assert!(pack(Vec::<&str>::new(), size, (2, 4)).is_empty());
    }
}
