//! Sound as samples, and in a file that says what they are.

/// Samples of 16 bits, one channel, `rate` of them a second, as a WAV file.
pub fn of_pcm(samples: &[u8], rate: u32) -> Vec<u8> {
    const BYTES_A_SAMPLE: u16 = 2;
    let length = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(samples.len() + 44);
    file.extend(b"RIFF");
    file.extend(length.saturating_add(36).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    // Uncompressed, one channel.
    file.extend(1u16.to_le_bytes());
    file.extend(1u16.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend(rate.saturating_mul(u32::from(BYTES_A_SAMPLE)).to_le_bytes());
    file.extend(BYTES_A_SAMPLE.to_le_bytes());
    file.extend(16u16.to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file
}

/// Whether it is such a file.
pub fn is(sound: &[u8]) -> bool {
    sound.starts_with(b"RIFF") && sound.get(8..12) == Some(b"WAVE")
}

/// The samples of such a file. A length beyond its end, as of a file that was written while it was
/// made, is that of what there is.
pub fn samples(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.get(12..).filter(|_| is(file))?;
    loop {
        let (head, body) = rest.split_at_checked(8)?;
        let (name, length) = head.split_at_checked(4)?;
        let length = u32::from_le_bytes(length.try_into().ok()?);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if name == b"data" {
            return Some(body.get(..length).unwrap_or(body));
        }
        rest = body.get(length.saturating_add(length % 2)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_told_by_their_header_and_found_behind_it() {
        let file = of_pcm(&[1, 2, 3, 4], 24_000);
        assert_eq!(file.len(), 48);
        assert_eq!(file.get(24..28), Some(&24_000u32.to_le_bytes()[..]));
        assert_eq!(file.get(28..32), Some(&48_000u32.to_le_bytes()[..]));
        assert_eq!(samples(&file), Some(&[1, 2, 3, 4][..]));
        let mut more = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0data\xff\xff\xff\xff".to_vec();
        more.extend([9, 8]);
        assert_eq!(samples(&more), Some(&[9, 8][..]));
        for broken in [
            &b"RIFF"[..],
            b"RIFF\0\0\0\0WAVE",
            b"RIFF\0\0\0\0WAVEdata",
            b"ID3",
        ] {
            assert_eq!(samples(broken), None);
        }
    }
}
