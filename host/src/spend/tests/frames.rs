use proptest::prelude::*;

use super::super::frame::{Frame, Piece, scan};
use super::super::record::RecordRef;
use super::{Mark, opened, row};

/// A file of records, each with the place where it ends.
fn file(records: &[(bool, String)]) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    for (number, (settled, id)) in records.iter().enumerate() {
        let number = number as u64;
        let mut frame = if *settled {
            Frame::of(RecordRef::Settled(&row(id, number, 5))).unwrap()
        } else {
            Frame::of(RecordRef::Opened(&opened(id, number, 5))).unwrap()
        };
        bytes.extend_from_slice(frame.stamp(Mark(number + 1)));
        ends.push(bytes.len());
    }
    (bytes, ends)
}

fn records(bytes: &[u8]) -> Vec<(Mark, Vec<u8>)> {
    let found = scan(bytes).filter_map(|piece| match piece {
        Piece::Record { mark, payload, .. } => Some((mark, payload.to_vec())),
        Piece::Gap { .. } | Piece::Unused { .. } => None,
    });
    found.collect()
}

fn some_records() -> impl Strategy<Value = Vec<(bool, String)>> {
    proptest::collection::vec((any::<bool>(), "\\PC{0,12}"), 1..6)
}

proptest! {
    #[test]
    fn every_prefix_holds_a_prefix_of_the_records(written in some_records(), cut in any::<proptest::sample::Index>()) {
        let (bytes, ends) = file(&written);
        let cut = cut.index(bytes.len() + 1);

        let whole = ends.iter().filter(|end| **end <= cut).count();
        let found = records(&bytes[..cut]);
        prop_assert_eq!(&found[..], &records(&bytes)[..whole]);

        let rest: Vec<bool> = scan(&bytes[..cut])
            .filter_map(|piece| match piece {
                Piece::Gap { torn, .. } => Some(torn),
                Piece::Record { .. } | Piece::Unused { .. } => None,
            })
            .collect();
        let clean = cut == 0 || ends.contains(&cut);
        prop_assert_eq!(rest, if clean { vec![] } else { vec![true] });
    }

    #[test]
    fn a_flipped_byte_costs_its_record_and_no_other(written in some_records(), at in any::<proptest::sample::Index>(), flip in 1..=255u8) {
        let (mut bytes, ends) = file(&written);
        let mut expected = records(&bytes);
        let at = at.index(bytes.len());

        bytes[at] ^= flip;

        expected.remove(ends.iter().filter(|end| **end <= at).count());
        prop_assert_eq!(records(&bytes), expected);
        let length = |piece: Piece<'_>| match piece {
            Piece::Record { at, .. } | Piece::Gap { at, .. } | Piece::Unused { at } => at.len(),
        };
        prop_assert_eq!(scan(&bytes).map(length).sum::<usize>(), bytes.len());
    }

    #[test]
    fn any_bytes_can_be_scanned(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(records(&bytes), vec![]);
    }
}

#[test]
fn zeros_at_the_end_were_never_written() {
    let (mut bytes, ends) = file(&[(true, "a".to_owned())]);
    bytes.extend([0; 100]);
    let last = scan(&bytes).last().unwrap();
    let at = ends[0]..bytes.len();
    assert_eq!(last, Piece::Unused { at });
}

#[test]
fn a_record_is_torn_also_where_zeros_stand_behind_it() {
    let (whole, ends) = file(&[(true, "a".to_owned()), (false, "b".to_owned())]);
    for cut in ends[0] + 1..ends[1] {
        let mut bytes = whole[..cut].to_vec();
        bytes.extend([0; 5000]);
        let pieces: Vec<Piece<'_>> = scan(&bytes).skip(1).collect();
        let [Piece::Gap { at, torn: true }, Piece::Unused { at: unused }] = &pieces[..] else {
            panic!("cut at {cut}: {pieces:?}");
        };
        assert!(at.start == ends[0] && at.end <= cut && at.end == unused.start);
    }
}
